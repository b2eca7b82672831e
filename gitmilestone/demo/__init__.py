"""A real project's history, replayed into a repository of its own."""
