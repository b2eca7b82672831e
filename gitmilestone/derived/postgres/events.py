"""Brings the events of a mirror to a commit, from the history beside the local index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.derived.history.read import EventRow, iter_events, iter_named
from gitmilestone.derived.postgres.locks import LOCKS
from gitmilestone.derived.schema import IDS_A_STATEMENT
from gitmilestone.store.asking.moves import find_difference
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from sqlite3 import Connection as SqliteConnection

    from psycopg import Connection

_COLUMNS = (
    "repository_id, ref, happened, commit_oid, milestone_id, position, kind, field, old, new, is_json, authored,"
    " author, email, is_readable, subject"
)
_LOGGED = "SELECT oid FROM commit_log WHERE oid IN (%s)"
_OF_A_REF = "FROM milestone.event WHERE repository_id = %s AND ref = %s"
_MIRRORED = f"SELECT DISTINCT commit_oid {_OF_A_REF}"
_LAST_YEAR = 9999


class Place(NamedTuple):
    """Whose events."""

    repository_id: int
    ref: str


def replace_events(
    connection: Connection[tuple[Any, ...]],
    history: SqliteConnection,
    store: Store,
    place: Place,
    old: str,
    new: str,
    *,
    is_anew: bool,
) -> bool:
    """Takes the events of the commits that only the old history has, and writes those that only the new one has.

    What comes gets the next numbers of `arrival`, by which who listens knows it for news.

    Args:
        history: The local one, of `new`.
        old, new: Commits; "" is none.
        is_anew: Those of the commits that both have are written again too: a shallow clone knew less of them.

    Returns:
        Whether the branch was moved back or forced.
    """
    if not old:
        connection.execute(f"DELETE {_OF_A_REF}".encode(), place)
        _write(connection, place, chain(iter_events(history), iter_named(history)))
        return False
    difference = find_difference(store.git, old, new) if new else None
    again: set[bytes] = set()
    if difference is None or is_anew:
        mirrored = find_mirrored(connection, place)
        logged = {oid for (oid,) in history.execute("SELECT oid FROM commit_log")}
        come = (logged if difference is None else logged & difference.come) - mirrored
        again = logged - come if is_anew else again
        gone = mirrored if is_anew else mirrored - logged
    else:
        # Where clocks are wrong, git also lists some that both have: what is there decides.
        gone = difference.gone
        gone -= _find_among(gone, lambda some: history.execute(_LOGGED % ", ".join("?" * len(some)), some))
        come = difference.come - find_mirrored(connection, place, difference.come)
    if gone:
        connection.execute(f"DELETE {_OF_A_REF} AND commit_oid = ANY(%s)".encode(), (*place, list(gone)))
    _write(connection, place, chain(iter_events(history, again), iter_named(history, again)), is_news=False)
    _write(connection, place, chain(iter_events(history, come), iter_named(history, come)))
    return difference is None or difference.is_rewind


def find_mirrored(
    connection: Connection[tuple[Any, ...]], place: Place, oids: AbstractSet[bytes] | None = None
) -> set[bytes]:
    """Which commits of a ref, or of some, have events there."""
    if oids is None:
        return {bytes(oid) for (oid,) in connection.execute(_MIRRORED.encode(), place)}
    among = f"{_MIRRORED} AND commit_oid = ANY(%s)".encode()
    return _find_among(oids, lambda some: connection.execute(among, (*place, some)))


def _find_among(oids: AbstractSet[bytes], select: Callable[[list[bytes]], Iterable[tuple[Any, ...]]]) -> set[bytes]:
    listed = sorted(oids)
    parts = [listed[start : start + IDS_A_STATEMENT] for start in range(0, len(listed), IDS_A_STATEMENT)]
    return {bytes(oid) for part in parts for (oid,) in select(part)}


def _write(
    connection: Connection[tuple[Any, ...]], place: Place, events: Iterable[EventRow], *, is_news: bool = True
) -> None:
    months: set[tuple[int, int]] = set()
    listed = list(_iter_records(place, events))
    for record in listed:
        months.add((record[2].year, record[2].month))
    for year, month in sorted(months):
        _make_partition(connection, year, month)
    if listed:
        statement = f"COPY milestone.event ({_COLUMNS}{'' if is_news else ', arrival'}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for record in listed:
                copy.write_row(record if is_news else (*record, 0))


def _iter_records(place: Place, events: Iterable[EventRow]) -> Iterator[tuple[Any, ...]]:
    for (commit, milestone_id), group in groupby(events, lambda event: (event.commit, event.milestone_id)):
        for position, event in enumerate(group):
            yield (
                *place, datetime.fromtimestamp(event.date, UTC), bytes.fromhex(commit), milestone_id, position,
                event.kind, event.field, event.old, event.new, event.is_json,
                datetime.fromtimestamp(event.authored, UTC), event.author, event.email,
                event.is_readable, event.subject,
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
