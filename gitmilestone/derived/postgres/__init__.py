"""The mirror: milestones of many repositories in Postgres."""
