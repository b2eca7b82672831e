"""The history: who changed which fields of which milestone when, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from typing import Any, Literal, NamedTuple

from gitmilestone.derived.history.catch_up import catch_up_history, read_stamp, stamp_of
from gitmilestone.derived.history.events import decode_field
from gitmilestone.derived.history.schema import create_statements
from gitmilestone.derived.schema import IDS_A_STATEMENT
from gitmilestone.model.change import FieldChange
from gitmilestone.query.words import fold

__all__ = ["History", "Selection", "catch_up_history", "create_statements", "iter_events", "read_stamp", "stamp_of"]


class Selection(NamedTuple):
    """Which of the history is asked for.

    Attributes:
        milestone_id: "" for all of them.
        since, until: Commit dates in Unix seconds, both included.
        author: A part of the author's name or address, whatever its case.
        fields: Only their changes: `tasks` is anything in a task, `x.KEY` a key of the project's own.
        limit: At most that many commits.
    """

    milestone_id: str = ""
    since: int | None = None
    until: int | None = None
    author: str = ""
    fields: tuple[str, ...] = ()
    limit: int | None = None


class CommitRow(NamedTuple):
    """A commit; `authored` in Unix seconds."""

    number: int
    oid: str
    authored: int
    author: str
    email: str
    subject: str


class ChangeRow(NamedTuple):
    """What a commit did to a milestone; `named` where its message only names it in a trailer."""

    milestone_id: str
    kind: Literal["created", "changed", "deleted", "named"]
    is_readable: bool = True
    fields: tuple[FieldChange, ...] = ()


class EventRow(NamedTuple):
    """A field's change, for who computes over all of them; a change without any, and a name in a trailer, are one too.

    Attributes:
        date: Corrected commit date, Unix seconds.
        field, old, new: NULL all three where there is none; JSON where `is_json`.
        is_readable: False where the commit left a file that can't be read.
    """

    commit: str
    date: int
    authored: int
    author: str
    email: str
    milestone_id: str
    kind: str
    field: str | None
    old: str | None
    new: str | None
    is_json: bool
    is_readable: bool
    subject: str


class History:
    """The tables of `gitmilestone.derived.history.schema`, to be read.

    Args:
        connection: In autocommit mode; closed by the end of a `with`, and with it what is not committed is gone.
        release: Called then.
    """

    def __init__(self, connection: sqlite3.Connection, release: Callable[[], None] | None = None) -> None:
        self.connection = connection
        self._release = release

    @classmethod
    def memory(cls) -> History:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        for statement in create_statements():
            connection.execute(statement)
        return cls(connection)

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if self._release is not None:
            self._release()

    def knows(self, milestone_id: str) -> bool:
        """Whether there ever was a milestone of that id."""
        statement = "SELECT 1 FROM milestone_change WHERE milestone_id = ? LIMIT 1"
        return self.connection.execute(statement, (milestone_id,)).fetchone() is not None

    def iter_changes(self, selection: Selection) -> Iterator[tuple[CommitRow, ChangeRow]]:
        """What was selected, the newest commit first, within a commit by id; O(what is taken)."""
        left = selection.limit
        for commit in self._iter_commits(selection):
            if left == 0:
                return
            found = False
            for change in self._iter_changes_of(commit.number, selection):
                yield commit, change
                found = True
            if left is not None and found:
                left -= 1

    def iter_changes_of(self, oids: Collection[bytes]) -> Iterator[tuple[CommitRow, ChangeRow]]:
        """What some commits did, the oldest first, within a commit by id; those that did nothing may be among them."""
        for some in _iter_dated(self.connection, oids):
            rows = self.connection.execute(
                "SELECT number, oid, authored, author, email, subject FROM commit_log"
                f" WHERE oid IN ({_marks(some)}) ORDER BY date, oid",
                some,
            )
            for number, oid, *facts in rows.fetchall():
                commit = CommitRow(number, oid.hex(), *facts)
                yield from ((commit, change) for change in self._iter_changes_of(number, Selection()))

    def oids(self) -> set[bytes]:
        """Of all commits that did something."""
        return {oid for (oid,) in self.connection.execute("SELECT oid FROM commit_log")}

    def has_late_commits(self) -> bool:
        """Whether some commit claims to be older than a parent, which lets git take common commits for new ones."""
        statement = "SELECT 1 FROM skewed_commit WHERE is_late LIMIT 1"
        return self.connection.execute(statement).fetchone() is not None

    def _iter_commits(self, selection: Selection) -> Iterator[CommitRow]:
        where, parameters = _compile(selection)
        rows = self.connection.execute(
            "SELECT number, oid, authored, author, email, subject FROM commit_log"
            f" WHERE {where} ORDER BY date DESC, oid DESC",
            parameters,
        )
        wanted = fold(selection.author)
        for number, oid, *facts in rows:
            commit = CommitRow(number, oid.hex(), *facts)
            if wanted in fold(commit.author) or wanted in fold(commit.email):
                yield commit

    def _iter_changes_of(self, number: int, selection: Selection) -> Iterator[ChangeRow]:
        changed = set()
        one = (selection.milestone_id,) if selection.milestone_id else ()
        rows = self.connection.execute(
            "SELECT change.milestone_id, kind, is_readable, field, old, new, is_json FROM milestone_change AS change"
            " LEFT JOIN event ON event.number = change.number AND event.milestone_id = change.milestone_id"
            f" WHERE change.number = ?{' AND change.milestone_id = ?' if one else ''}"
            " ORDER BY change.milestone_id, position",
            (number, *one),
        )
        for (milestone_id, kind, is_readable), group in groupby(rows, lambda row: row[:3]):
            changed.add(milestone_id)
            fields = tuple(decode_field(*row[3:]) for row in group if row[3] and _is_wanted(row[3], selection.fields))
            if fields or not selection.fields:
                yield ChangeRow(milestone_id, kind, bool(is_readable), fields)
        if not selection.fields:
            yield from (ChangeRow(name, "named") for name in self._find_named(number, one) if name not in changed)

    def _find_named(self, number: int, one: tuple[str, ...]) -> list[str]:
        statement = (
            f"SELECT milestone_id FROM trailer WHERE number = ?{' AND milestone_id = ?' if one else ''}"
            " ORDER BY milestone_id"
        )
        return [name for (name,) in self.connection.execute(statement, (number, *one))]


def iter_events(connection: sqlite3.Connection, oids: Collection[bytes] | None = None) -> Iterator[EventRow]:
    """Every change of every milestone, or what some commits changed, the oldest first. One pass."""
    for where, some in _iter_conditions(connection, oids):
        rows = connection.execute(
            "SELECT commit_log.oid, date, authored, author, email, change.milestone_id, kind, field, old, new, is_json,"
            " is_readable, subject"
            " FROM commit_log CROSS JOIN milestone_change AS change ON change.number = commit_log.number"
            " LEFT JOIN event ON event.number = change.number AND event.milestone_id = change.milestone_id"
            f" WHERE {where} ORDER BY date, commit_log.oid, change.milestone_id, position",
            some,
        )
        for oid, *facts, is_json, is_readable, subject in rows:
            yield EventRow._make((oid.hex(), *facts, bool(is_json), bool(is_readable), subject))


def iter_named(connection: sqlite3.Connection, oids: Collection[bytes] | None = None) -> Iterator[EventRow]:
    """What the messages of all, or of some, commits name and the commits do not change, as events of kind `named`."""
    for where, some in _iter_conditions(connection, oids):
        rows = connection.execute(
            "SELECT commit_log.oid, date, authored, author, email, trailer.milestone_id, subject"
            " FROM commit_log CROSS JOIN trailer ON trailer.number = commit_log.number"
            " LEFT JOIN milestone_change AS change"
            " ON change.number = trailer.number AND change.milestone_id = trailer.milestone_id"
            f" WHERE {where} AND change.number IS NULL ORDER BY date, commit_log.oid, trailer.milestone_id",
            some,
        )
        for oid, *facts, subject in rows:
            yield EventRow._make((oid.hex(), *facts, "named", None, None, None, False, True, subject))


def _iter_conditions(
    connection: sqlite3.Connection, oids: Collection[bytes] | None
) -> Iterator[tuple[str, list[bytes]]]:
    if oids is None:
        yield "TRUE", []
    else:
        yield from ((f"commit_log.oid IN ({_marks(some)})", some) for some in _iter_dated(connection, oids))


def _iter_dated(connection: sqlite3.Connection, oids: Collection[bytes]) -> Iterator[list[bytes]]:
    """Those that are in the history, the oldest first, as many at a time as a statement takes."""
    listed = list(oids)
    dated: list[tuple[int, bytes]] = []
    for start in range(0, len(listed), IDS_A_STATEMENT):
        some = listed[start : start + IDS_A_STATEMENT]
        dated += connection.execute(f"SELECT date, oid FROM commit_log WHERE oid IN ({_marks(some)})", some)
    dated.sort()
    for start in range(0, len(dated), IDS_A_STATEMENT):
        yield [oid for _, oid in dated[start : start + IDS_A_STATEMENT]]


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _compile(selection: Selection) -> tuple[str, list[Any]]:
    terms: list[str] = ["TRUE"]
    parameters: list[Any] = []
    if selection.milestone_id:
        terms.append(
            "number IN (SELECT number FROM milestone_change WHERE milestone_id = ?"
            " UNION SELECT number FROM trailer WHERE milestone_id = ?)"
        )
        parameters += [selection.milestone_id] * 2
    if selection.since is not None:
        terms.append("date >= ?")
        parameters.append(selection.since)
    if selection.until is not None:
        terms.append("date <= ?")
        parameters.append(selection.until)
    return " AND ".join(terms), parameters


def _is_wanted(field: str, names: tuple[str, ...]) -> bool:
    return not names or any(field == name or field.startswith(f"{name}.") for name in names)
