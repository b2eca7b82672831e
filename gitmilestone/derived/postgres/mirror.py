"""The mirror as it is read: the milestones of one tree, in Postgres."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from gitmilestone.derived import answers
from gitmilestone.derived.answers import NAMED, ROW_COLUMNS, Unserved, Values
from gitmilestone.derived.postgres.copying import MIRRORED
from gitmilestone.derived.postgres.server.connect import Link, Server
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.derived.postgres.server.patience import LOCK_SECONDS
from gitmilestone.derived.rows import Record
from gitmilestone.derived.schema import IDS_A_STATEMENT, SCHEMA_VERSION
from gitmilestone.model.link import Link as Dependency
from gitmilestone.model.link import Outline
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


class Mirror:
    """The milestones that one stamp is of, in Postgres: an `Engine`.

    One transaction sees the stamp and the rows, however long it is read and whoever refreshes the mirror meanwhile.

    Args:
        link: In that transaction.

    Raises:
        MirrorUnavailable: From every question: the server went away, or holds what no program of ours has written.
    """

    tier = "postgresql"
    is_kept = True

    def __init__(self, link: Link, found: MirrorStamp) -> None:
        self._link = link
        self._tables = _Tables(link, found)
        self.stamped = found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def fits_here(self) -> bool:
        return self.stamped.fits_here

    @property
    def milestones(self) -> int:
        return self.stamped.milestones

    @property
    def data_volume(self) -> int:
        return self.stamped.bytes

    def close(self) -> None:
        self._link.close()

    def rows(self, query: Query) -> list[Row]:
        return list(self.iter_rows(query))

    def iter_rows(self, query: Query) -> Iterator[Row]:
        for found in self._iter_found(query, ROW_COLUMNS):
            yield from self.complete(found)

    def iter_ids(self, query: Query) -> Iterator[str]:
        for found in self._iter_found(query, "milestone.id"):
            yield from (name for (name, *_) in found)

    def iter_keyed(self, query: Query) -> Iterator[tuple[Record, Record]]:
        """The records of a query in its order, for `complete`, each with the values that it is ordered by."""
        keys = compile_keys(query.order)
        for found in self._iter_found(query, f"{ROW_COLUMNS}, {keys}"):
            for record in found:
                yield record[_ROW:], record[:_ROW]

    def complete(self, found: Sequence[Record]) -> list[Row]:
        """The rows that records begin."""
        with self._tables.faults():
            return list(answers.complete(self._tables.select, found))

    def count(self, query: Query, at_most: int | None = None) -> int:
        if query.after is not None:
            return answers.count_following(self._tables, query, at_most, POSTGRES)
        where, parameters = compile_condition(query.where, POSTGRES)
        limit = "" if at_most is None else f" LIMIT {int(at_most)}"
        counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM milestone WHERE {where}{limit}) AS found"
        ((number,),) = self._tables.execute(counted, parameters)
        return int(number)

    def keys_of(self, query: Query, milestone_id: str) -> Values | None:
        return answers.keys_of(self._tables, query, milestone_id)

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        return answers.find_ids(self._tables, prefix, limit)

    def find_paths(self, prefix: str) -> dict[str, list[str]]:
        statement = (
            "SELECT id, convert_to(path, 'UTF8') FROM milestone WHERE id >= ? AND id < ?"
            " UNION ALL SELECT id, path FROM unserved WHERE id >= ? AND id < ? ORDER BY 1, 2 LIMIT ?"
        )
        return answers.group_paths(self._tables.execute(statement, (*(prefix, f"{prefix}\x7f") * 2, NAMED)))

    def blockers_of(self, milestone_id: str) -> list[str]:
        return answers.blockers_of(self._tables, milestone_id)

    def dependents_of(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return answers.dependents_of(self._tables.select, ids)

    def foreign_links(self) -> list[Dependency]:
        return answers.foreign_links(self._tables)

    def iter_links(self) -> Iterator[Dependency]:
        return answers.iter_links(self._tables)

    def links_of(self, ids: Sequence[str]) -> list[Dependency]:
        return answers.links_of(self._tables.select, ids)

    def links_on(self, ids: Sequence[str]) -> list[Dependency]:
        return answers.links_on(self._tables.select, ids)

    def iter_outlines(self, ids: Sequence[str] | None = None) -> Iterator[Outline]:
        with self._tables.faults():
            yield from answers.iter_outlines(self._tables, self._tables.select, ids)

    def statistics(self, today: date) -> "Statistics":
        from gitmilestone.derived.statistics import gather_statistics

        return gather_statistics(self._tables, today)

    def unserved(self) -> Unserved:
        with self._tables.faults():
            return answers.find_unserved(self._tables)

    def iter_statements(self, query: Query, columns: str) -> Iterator[Sql]:
        """What finds a query's rows, one behind the other; a limit is bound last but one, and holds for all of them."""
        if query.after is None:
            return iter([compile_query(query, columns, POSTGRES)])
        return compile_pages(query, columns, POSTGRES)

    def plan(self, text: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Postgres' own account of how it answers one of `iter_statements`: the topmost node of its plan."""
        found: dict[str, Any] = self._tables.explain(text, parameters)["Plan"]
        return found

    def _iter_found(self, query: Query, columns: str) -> Iterator[list[Record]]:
        return answers.iter_found(self.iter_statements(query, columns), self._tables.iter_chunks, query.limit)


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

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Says of a value that no program of ours has written that the mirror is not to be used."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            where = self._server.where
            message = f"the mirror at {where} holds {error}"
            raise MirrorUnavailable(message, "bring it up to date again") from error

    def select(self, statement: str, ids: Sequence[str]) -> Iterator[Record]:
        """The rows of a statement for any number of ids, which stand for its `%s`."""
        return iter(self.execute(statement.replace("IN (%s)", "= ANY(?)"), [list(ids)]).fetchall())

    def iter_chunks(self, statement: Sql) -> Iterator[list[Record]]:
        """Some rows at a time; the server keeps the others."""
        text, parameters = statement
        is_short = " LIMIT %s" in text and cast("int", parameters[-2]) <= IDS_A_STATEMENT
        if is_short:
            found = self.execute(text, parameters).fetchall()
            if found:
                yield list(found)
            return
        yield from self._iter_from_server(text, parameters)

    def _iter_from_server(self, text: str, parameters: Sequence[Parameter]) -> Iterator[list[Record]]:
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
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'".encode())
    connection.execute("LOCK TABLE milestone.milestone IN ACCESS SHARE MODE")


def read_stamps(
    connection: "Connection[tuple[Any, ...]]", repository: str, condition: str, value: str
) -> list[MirrorStamp]:
    """The stamps of a repository, by its name, that a condition (trusted SQL, with one `%s`) holds of."""
    found = connection.execute((_STAMP + condition).encode(), (repository, value))
    return [MirrorStamp._make(record) for record in found]
