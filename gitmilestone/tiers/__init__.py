"""What a tier is; a file each."""
