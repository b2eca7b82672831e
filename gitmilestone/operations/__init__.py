"""One use case a file; they return values and never print."""
