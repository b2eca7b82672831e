"""Figures over milestones and their history, in DuckDB."""
