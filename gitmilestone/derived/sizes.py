"""What an index tells of the project's size beyond its stamp."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import NamedTuple

_ACTIVE = "active/"
_WEEK = 7 * 86400
_EDGES = (
    "SELECT source.number, target.number, source.is_open AND target.is_open,"
    " source.project_key, target.project_key, source.owner_key, target.owner_key"
    " FROM dependency JOIN milestone AS source ON source.id = dependency.milestone_id"
    " JOIN milestone AS target ON target.id = dependency.target WHERE dependency.type = 'blocks'"
)
_CREATED = (
    "SELECT CAST((strftime('%s', created) - :first) / :week AS INTEGER), COUNT(*) FROM milestone"
    " WHERE is_open IN (0, 1) AND created > :since AND created <= :until GROUP BY 1"
)


class Edge(NamedTuple):
    """A milestone that waits for another one, closed or not.

    Attributes:
        source, target: Who waits, for whom: their numbers in the index.
        is_open: Whether both are open.
        source_project and so on: Folded; None where unset.
    """

    source: int
    target: int
    is_open: bool
    source_project: str | None
    target_project: str | None
    source_owner: str | None
    target_owner: str | None


def find_unarchived(connection: Connection, limit: int) -> list[str]:
    """Ids of milestones that are closed and not in the archive, at most `limit`."""
    statement = "SELECT id FROM milestone WHERE is_open = 0 AND path LIKE :path LIMIT :limit"
    return [name for (name,) in connection.execute(statement, {"path": f"{_ACTIVE}%", "limit": limit})]


def iter_edges(connection: Connection) -> Iterator[Edge]:
    """In no order; not those on nothing. One pass."""
    yield from map(Edge._make, connection.execute(_EDGES))


def count_created(connection: Connection, now: int, weeks: int) -> tuple[int, ...]:
    """How many of the milestones there are came in each of the last weeks, by their own word, the oldest first.

    O(those that came). Only whole weeks since the first one came: () is a project of some days.

    Args:
        now: Unix seconds.
    """
    ((oldest,),) = connection.execute("SELECT MIN(created) FROM milestone")
    if oldest is None:
        return ()
    age = now - int(datetime.fromisoformat(oldest).timestamp())
    known = max(min(weeks, age // _WEEK), 0)
    first = now - known * _WEEK
    bounds = {"first": first, "week": _WEEK, "since": _format(first), "until": _format(now)}
    counts: dict[int, int] = dict(connection.execute(_CREATED, bounds).fetchall())
    # What came in the very last second is counted into the last week.
    counts[known - 1] = counts.get(known - 1, 0) + counts.pop(known, 0)
    return tuple(counts.get(week, 0) for week in range(known))


def _format(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
