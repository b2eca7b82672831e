"""The one way to change a project: edits as values, drafted, judged and committed."""
