"""The names of the tiers, the smallest first: each has a module of its name in `gitmilestone.tiers`."""

from __future__ import annotations

TIERS = ("file", "sqlite", "postgresql", "distributed")
