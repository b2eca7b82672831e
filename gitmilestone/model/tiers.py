"""The table of the tiers, the smallest first: a row is a name, and from what on it is wanted.

Each has a module of its name in `gitmilestone.tiers`. What can be said of it in the settings, which one is decided on,
and what the commands take, derive from here.
"""

from __future__ import annotations

from collections.abc import Mapping

LIMITS: Mapping[str, Mapping[str, float]] = {
    "file": {},
    "sqlite": {
        "score": 50,
        "milestone_count": 50,
        "query_complexity": 0.7,
        "concurrent_users": 3,
        "average_query_ms": 1000,
    },
    "postgresql": {
        "score": 200,
        "milestone_count": 200,
        "data_volume_mb": 100,
        "concurrent_users": 10,
        "write_operations_per_second": 50,
    },
    "distributed": {
        "score": 500,
    },
}
"""Tier -> `score` or a metric alone -> the number, where the project's settings say no other."""

TIERS = tuple(LIMITS)
