"""Who changed what and when, derived from commits."""
