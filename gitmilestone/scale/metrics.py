"""What a project's size is measured by."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2
from typing import NamedTuple

MOST_COORDINATION = 10.0


class ScaleMetrics(NamedTuple):
    """Attributes:
    data_volume_mb: Of the milestones' files, in 10^6 bytes.
    dependency_depth: See `find_depth`.
    concurrent_users: Who has committed milestones lately, and who is served now.
    coordination_complexity: See `rate_coordination`.
    query_frequency: Queries a minute, in this clone.
    query_complexity: Their mean, 0 to 1.
    average_query_ms: Their mean duration.
    write_operations_per_second: Commits a second, in this clone.
    """

    milestone_count: int = 0
    data_volume_mb: float = 0.0
    dependency_depth: int = 0
    concurrent_users: int = 0
    coordination_complexity: float = 0.0
    query_frequency: float = 0.0
    query_complexity: float = 0.0
    average_query_ms: float = 0.0
    write_operations_per_second: float = 0.0


def find_depth(edges: Iterable[tuple[int, int]]) -> int:
    """How many dependencies the longest chain has: 2 where a milestone waits for one that waits for a third.

    One pass over the edges, and one over the milestones that have any. What is on a cycle, which `check` tells of, and
    what it waits for is left out.

    Args:
        edges: (who waits, for whom), in any order.
    """
    targets: dict[int, list[int]] = {}
    waiting: dict[int, int] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
        waiting[target] = waiting.get(target, 0) + 1
    level = [source for source in targets if source not in waiting]
    depth = -1 if level else 0
    while level:
        depth += 1
        following: list[int] = []
        for source in level:
            for target in targets.get(source, ()):
                waiting[target] -= 1
                if not waiting[target]:
                    following.append(target)
        level = following  # each is reached by its longest way: all others are behind us
    return depth


def rate_coordination(pairs: int) -> float:
    """How much has to be agreed upon, 0 to 10, from how many pairs of projects or of owners wait for one another.

    What a pair costs is that it has to talk at all, so each counts once, and the tenth adds less than the first:
    0 is nobody, 1 one pair, 2 three, 5 some thirty, and 10 a thousand or more.
    """
    return min(MOST_COORDINATION, log2(1 + pairs))
