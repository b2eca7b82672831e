"""Branches that join: proposals, conflicts, what follows a merge."""
