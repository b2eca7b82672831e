"""Brings the events of a mirror to a commit, from the history beside the local index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.derived.history import EventRow, iter_events
from gitmilestone.derived.postgres.migrate import LOCKS
from gitmilestone.derived.schema import IDS_A_STATEMENT
from gitmilestone.errors import GitFailed
from gitmilestone.store.log import log_all
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from sqlite3 import Connection as SqliteConnection

    from psycopg import Connection

_COLUMNS = (
    "repository_id, ref, happened, commit_oid, milestone_id, position, kind, field, old, new, is_json, authored,"
    " author, email"
)
_LOGGED = "SELECT oid FROM commit_log WHERE oid IN (%s)"
_MIRRORED = (
    "SELECT DISTINCT commit_oid FROM milestone.event WHERE repository_id = %s AND ref = %s AND commit_oid = ANY(%s)"
)
_LAST_YEAR = 9999


class Place(NamedTuple):
    """Whose events."""

    repository_id: int
    ref: str


def replace_events(
    connection: Connection[tuple[Any, ...]], history: SqliteConnection, store: Store, place: Place, old: str, new: str
) -> None:
    """Takes the events of the commits that only the old history has, and writes those that only the new one has.

    Args:
        history: The local one, of `new`.
        old, new: Commits; "" is none.
    """
    difference = _find_difference(store, old, new) if old and new else None
    if difference is None:
        connection.execute("DELETE FROM milestone.event WHERE repository_id = %s AND ref = %s", place)
        _write(connection, place, iter_events(history))
        return
    # Where clocks are wrong, git also lists some that both have: what is there decides.
    gone, come = difference
    gone -= _find_among(gone, lambda some: history.execute(_LOGGED % ", ".join("?" * len(some)), some))
    if gone:
        statement = "DELETE FROM milestone.event WHERE repository_id = %s AND ref = %s AND commit_oid = ANY(%s)"
        connection.execute(statement, (*place, list(gone)))
    come -= _find_among(come, lambda some: connection.execute(_MIRRORED, (*place, some)))
    _write(connection, place, _iter_events_of(history, come))


def _find_difference(store: Store, old: str, new: str) -> tuple[set[bytes], set[bytes]] | None:
    """The commits that only the one or the other has; None where git does not know the old one any more."""
    sides: dict[str, set[bytes]] = {"<": set(), ">": set(), "-": set()}
    try:
        with log_all(store.git, new, old) as commits:
            for logged in commits:
                sides[logged.side].add(bytes.fromhex(logged.oid))
    except GitFailed:
        return None
    return sides["<"], sides[">"]


def _find_among(oids: set[bytes], select: Callable[[list[bytes]], Iterable[tuple[Any, ...]]]) -> set[bytes]:
    listed = sorted(oids)
    parts = [listed[start : start + IDS_A_STATEMENT] for start in range(0, len(listed), IDS_A_STATEMENT)]
    return {bytes(oid) for part in parts for (oid,) in select(part)}


def _iter_events_of(history: SqliteConnection, oids: set[bytes]) -> Iterator[EventRow]:
    statement = (
        "SELECT commit_log.oid, date, authored, author, email, change.milestone_id, kind, field, old, new, is_json"
        " FROM commit_log JOIN milestone_change AS change ON change.number = commit_log.number"
        " LEFT JOIN event ON event.number = change.number AND event.milestone_id = change.milestone_id"
        " WHERE commit_log.oid = ? ORDER BY change.milestone_id, position"
    )
    for wanted in sorted(oids):
        for oid, *facts, is_json in history.execute(statement, (wanted,)):
            yield EventRow._make((oid.hex(), *facts, bool(is_json)))


def _write(connection: Connection[tuple[Any, ...]], place: Place, events: Iterable[EventRow]) -> None:
    months: set[tuple[int, int]] = set()
    listed = list(_iter_records(place, events))
    for record in listed:
        months.add((record[2].year, record[2].month))
    for year, month in sorted(months):
        _make_partition(connection, year, month)
    if listed:
        statement = f"COPY milestone.event ({_COLUMNS}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for record in listed:
                copy.write_row(record)


def _iter_records(place: Place, events: Iterable[EventRow]) -> Iterator[tuple[Any, ...]]:
    for (commit, milestone_id), group in groupby(events, lambda event: (event.commit, event.milestone_id)):
        for position, event in enumerate(group):
            yield (
                *place, datetime.fromtimestamp(event.date, UTC), bytes.fromhex(commit), milestone_id, position,
                event.kind, event.field, event.old, event.new, event.is_json,
                datetime.fromtimestamp(event.authored, UTC), event.author, event.email,
            )  # fmt: skip


def _make_partition(connection: Connection[tuple[Any, ...]], year: int, month: int) -> None:
    """Makes the partition of a month, whoever else needs it just now."""
    name = f"milestone.event_{year:04}_{month:02}"
    found = connection.execute("SELECT to_regclass(%s) IS NULL", (name,)).fetchone()
    if not (found and found[0]):
        return
    connection.execute("SELECT pg_advisory_xact_lock(%s, 2)", (LOCKS,))
    after = (year + month // 12, month % 12 + 1)
    end = f"'{after[0]:04}-{after[1]:02}-01 00:00:00+00'" if after[0] <= _LAST_YEAR else "MAXVALUE"
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF milestone.event"
        f" FOR VALUES FROM ('{year:04}-{month:02}-01 00:00:00+00') TO ({end})".encode()
    )
