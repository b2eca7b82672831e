"""The mirror as it is read: the milestones of one tree, in Postgres."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from gitmilestone.derived.postgres.copying import MIRRORED
from gitmilestone.derived.postgres.server.connect import Link, Server
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.derived.rows import Record
from gitmilestone.derived.schema import IDS_A_STATEMENT, SCHEMA_VERSION
from gitmilestone.derived.sqlite import ROW_COLUMNS, UNWRITTEN, Index
from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.row import Row
from gitmilestone.query.query import Query
from gitmilestone.query.sql import (
    POSTGRES,
    Parameter,
    Sql,
    compile_condition,
    compile_keys,
    compile_pages,
    compile_query,
)

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

    from gitmilestone.derived.statistics import Statistics

_STAMP = (
    "SELECT stamp.repository_id, ref, state_id, tree, commit_oid, version, unicode, milestones, bytes,"
    " history_commit, history_boundary FROM milestone.stamp JOIN milestone.repository USING (repository_id)"
    " WHERE name = %s AND "
)

_ROW = len(Milestone._fields) + 2
"""Columns that make a row: a milestone's, its path and its progress."""

NAMED = 1000
"""How many ids that begin alike are told apart."""


class MirrorStamp(NamedTuple):
    """What some rows of a mirror are of.

    Attributes:
        ref: The full name of the branch that is mirrored.
        state_id: Of the partitions that hold them.
        tree: "" for the empty one.
        commit: "" where the branch has none yet.
        version, unicode: By which they were written.
        bytes: Of all files that serve a milestone.
        history, boundary: The commit whose history the events are of, and where a shallow clone ended.
    """

    repository_id: int
    ref: str
    state_id: int
    tree: str
    commit: str
    version: int
    unicode: str
    milestones: int
    bytes: int
    history: str = ""
    boundary: str = ""

    @property
    def fits_here(self) -> bool:
        """Whether this program writes, and folds texts, as the one that wrote the rows."""
        import unicodedata

        return self.version == SCHEMA_VERSION and self.unicode == unicodedata.unidata_version


class Mirror(Index):
    """The milestones that one stamp is of, and it is read as an index is: every answer is the same.

    One transaction sees the stamp and the rows, however long it is read and whoever refreshes the mirror meanwhile.
    A context manager, which ends it.

    Args:
        link: In that transaction.
    """

    def __init__(self, link: Link, found: MirrorStamp) -> None:
        self._link = link
        self._tables = _Tables(link, found)
        self.stamped = found
        # Whatever an index asks of SQLite in SQL that both understand, it asks of these tables.
        super().__init__(cast("sqlite3.Connection", self._tables))

    @property
    def is_on_disk(self) -> bool:
        return True

    @property
    def tier(self) -> str:
        return "postgresql"

    @property
    def version(self) -> int:
        return self.stamped.version

    @property
    def stamp(self) -> str:
        return self.stamped.tree

    @property
    def fits_here(self) -> bool:
        return self.stamped.fits_here

    @property
    def milestones(self) -> int:
        return self.stamped.milestones

    @property
    def data_volume(self) -> int:
        return self.stamped.bytes

    @property
    def retired(self) -> int:
        return 0

    def close(self) -> None:
        self._link.close()

    def iter_rows(self, query: Query) -> Iterator[Row]:
        try:
            yield from super().iter_rows(query)
        except sqlite3.DatabaseError as error:  # a value that no program of ours has written
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> MirrorUnavailable:
        where = self._link.server.where
        return MirrorUnavailable(f"the mirror at {where} holds {error}", "bring it up to date again")

    def iter_keyed(self, query: Query) -> Iterator[tuple[Record, Record]]:
        """The records of a query in its order, for `complete`, each with the values that it is ordered by."""
        keys = compile_keys(query.order)
        for found in self.iter_found(query, f"{ROW_COLUMNS}, {keys}"):
            for record in found:
                yield record[_ROW:], record[:_ROW]

    def complete(self, found: Sequence[Record]) -> list[Row]:
        """The rows that records begin."""
        try:
            return list(self._complete(found))
        except UNWRITTEN as error:
            raise self._damaged(error) from error

    def count(self, query: Query, at_most: int | None = None) -> int:
        if query.after is not None:
            return self._count_following(query, at_most, POSTGRES)
        where, parameters = compile_condition(query.where, POSTGRES)
        limit = "" if at_most is None else f" LIMIT {int(at_most)}"
        counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM milestone WHERE {where}{limit}) AS found"
        ((number,),) = self._tables.execute(counted, parameters)
        return int(number)

    def find_paths(self, prefix: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        statement = (
            "SELECT id, convert_to(path, 'UTF8') FROM milestone WHERE id >= ? AND id < ?"
            " UNION ALL SELECT id, path FROM unserved WHERE id >= ? AND id < ? ORDER BY 1, 2 LIMIT ?"
        )
        for name, path in self._tables.execute(statement, (*(prefix, f"{prefix}\x7f") * 2, NAMED)):
            if not find_id_fault(name):
                found.setdefault(name, []).append(os.fsdecode(path))
        return found

    def statistics(self, today: date) -> "Statistics":
        found = super().statistics(today)
        return found._replace(dependencies=int(found.dependencies))  # a sum of counts is a numeric

    def iter_statements(self, query: Query, columns: str) -> Iterator[Sql]:
        if query.after is None:
            return iter([compile_query(query, columns, POSTGRES)])
        return compile_pages(query, columns, POSTGRES)

    def plan(self, text: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Postgres' own account of how it answers one of `iter_statements`: the topmost node of its plan."""
        found: dict[str, Any] = self._tables.explain(text, parameters)["Plan"]
        return found

    def _iter_chunks(self, statement: Sql) -> Iterator[list[Record]]:
        text, parameters = statement
        is_short = " LIMIT %s" in text and cast("int", parameters[-2]) <= IDS_A_STATEMENT
        if is_short:
            found = self._tables.execute(text, parameters).fetchall()
            if found:
                yield list(found)
            return
        yield from self._tables.iter_chunks(text, parameters)

    def _select(self, statement: str, ids: Sequence[str]) -> Iterator[Record]:
        return iter(self._tables.execute(statement.replace("IN (%s)", "= ANY(?)"), [list(ids)]).fetchall())


class _Tables:
    """The tables of an index, by the names that they have there, with the rows of one stamp alone in them."""

    def __init__(self, link: Link, found: MirrorStamp) -> None:
        self._connection = link.connection
        self._server = link.server
        self._where = f"WHERE repository_id = {found.repository_id} AND state_id = {found.state_id}"
        self._state_id = found.state_id
        self._cursors = 0

    def execute(self, text: str, parameters: Sequence[Any] = ()) -> "Cursor[tuple[Any, ...]]":
        with self._server.faults():
            return self._connection.execute(self._complete(text), parameters)

    def iter_chunks(self, text: str, parameters: Sequence[Parameter]) -> Iterator[list[Record]]:
        """Some rows at a time; the server keeps the others."""
        self._cursors += 1
        name = f"found_{self._state_id}_{self._cursors}"  # several states may be read at a time
        with self._server.faults(), self._connection.cursor(name) as cursor:
            cursor.execute(self._complete(text), parameters)
            while found := cursor.fetchmany(IDS_A_STATEMENT):
                yield list(found)

    def explain(self, text: str, parameters: Sequence[Parameter]) -> Any:
        """Postgres' own account of how it answered, as its JSON says it."""
        with self._server.faults():
            statement = b"EXPLAIN (ANALYZE, FORMAT JSON) " + self._complete(text)
            ((plans,),) = self._connection.execute(statement, parameters)
        return plans[0]

    def _complete(self, text: str) -> bytes:
        text = text.replace("?", "%s")
        named = [table for table in MIRRORED if f" {table}" in text]
        tables = ", ".join(
            [f"{table} AS NOT MATERIALIZED (SELECT * FROM milestone.{table} {self._where})" for table in named]
        )
        return (f"WITH {tables} {text}" if named else text).encode()


def open_mirror(server: Server, repository: str, tree: str) -> Mirror | None:
    """The mirror of a tree, whichever branch it is on there; None where the server holds no such state.

    Args:
        repository: Its name there.
        tree: "" for the empty one.

    Raises:
        MirrorUnavailable.
    """
    from gitmilestone.derived.postgres.migrate import migrate

    link = server.connect()
    try:
        with server.faults():
            migrate(link.connection)
            begin_reading(link.connection)
            for found in read_stamps(link.connection, repository, "tree = %s", tree):
                if found.fits_here:
                    return Mirror(link, found)
    except BaseException:
        link.close()
        raise
    link.close()
    return None


def begin_reading(connection: "Connection[tuple[Any, ...]]") -> None:
    """A transaction that sees everything as it was at one moment.

    The lock comes before that moment: partitions that this transaction may look at are not dropped before its end.
    """
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute("LOCK TABLE milestone.milestone IN ACCESS SHARE MODE")


def read_stamps(
    connection: "Connection[tuple[Any, ...]]", repository: str, condition: str, value: str
) -> list[MirrorStamp]:
    """The stamps of a repository, by its name, that a condition (trusted SQL, with one `%s`) holds of."""
    found = connection.execute((_STAMP + condition).encode(), (repository, value))
    return [MirrorStamp._make(record) for record in found]
