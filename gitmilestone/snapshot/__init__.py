"""The one way to read a state."""
