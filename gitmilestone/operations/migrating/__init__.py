"""To another layout or format of the files."""
