"""What is wrong, in files, changes and ranges."""
