"""A write, step by step."""
