"""Two sides joined into one, as values and as text."""
