"""Pure functions over milestones: the dependency graph."""
