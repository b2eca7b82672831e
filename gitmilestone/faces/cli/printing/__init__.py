"""Answers as text, one shape a file."""
