"""The index: milestones in SQLite, in memory or in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import isqrt
from typing import TYPE_CHECKING, Self, TypeVar

from gitmilestone.derived import answers
from gitmilestone.derived.answers import NAMED, ROW_COLUMNS, Unserved, Values
from gitmilestone.derived.rows import Record
from gitmilestone.derived.schema import IDS_A_STATEMENT, SCHEMA_VERSION, create_statements
from gitmilestone.model.link import Link, Outline
from gitmilestone.model.row import Row
from gitmilestone.query.query import Query
from gitmilestone.query.sql import (
    SQLITE,
    Selection,
    Sql,
    compile_condition,
    compile_pages,
    compile_query,
    iter_selections,
)

if TYPE_CHECKING:
    from gitmilestone.derived.statistics import Statistics

_WORTH_SORTING = 9
"""Of n milestones, finding m and sorting them costs about what it costs to meet 50 of them in order where m² is 9 n."""

Stamped = TypeVar("Stamped")


class Index:
    """Milestones in the tables of `gitmilestone.derived.schema`: an `Engine`.

    Args:
        connection: In autocommit mode (`isolation_level=None`), with the tables in it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def memory(cls) -> Self:
        index = cls(sqlite3.connect(":memory:", isolation_level=None))
        index.create()
        return index

    def create(self) -> None:
        """Makes the tables, in one transaction; their indexes come with their first rows."""
        import unicodedata

        from gitmilestone.derived.history import schema as history_schema

        self.connection.execute("BEGIN IMMEDIATE")
        for statement in (*create_statements(), *history_schema.create_statements()):
            self.connection.execute(statement)
        self.connection.execute("INSERT INTO stamp VALUES (NULL, 0, 0, ?)", (unicodedata.unidata_version,))
        self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self.connection.execute("COMMIT")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_on_disk(self) -> bool:
        # Not the path itself: its name need be no text.
        asked = "SELECT file <> '' FROM pragma_database_list WHERE name = 'main'"
        ((is_there,),) = self.connection.execute(asked)
        return bool(is_there)

    @property
    def is_kept(self) -> bool:
        return self.is_on_disk

    @property
    def tier(self) -> str:
        return "sqlite" if self.is_on_disk else "file"

    def close(self) -> None:
        self.connection.close()

    @property
    def version(self) -> int:
        """Of the schema; 0 where there are no tables yet."""
        ((number,),) = self.connection.execute("PRAGMA user_version")
        return int(number)

    @property
    def stamp(self) -> str | None:
        """The oid of the tree that the rows are of, "" for the empty one; None while they are of none."""
        return self._get_stamped("tree", str)

    @property
    def fits_here(self) -> bool:
        """Whether this Python folds texts as the one that wrote it."""
        import unicodedata

        return self._get_stamped("unicode", str) == unicodedata.unidata_version

    @property
    def milestones(self) -> int:
        return self._get_stamped("milestones", int) or 0

    @property
    def data_volume(self) -> int:
        return self._get_stamped("bytes", int) or 0

    def _get_stamped(self, column: str, kind: type[Stamped]) -> Stamped | None:
        found = self.connection.execute(f"SELECT {column} FROM stamp").fetchone()
        if found is None or not isinstance(found[0], kind | None):
            raise sqlite3.DatabaseError("a damaged stamp")
        value: Stamped | None = found[0]
        return value

    @property
    def retired(self) -> int:
        """How many documents are kept that are in the tree no more."""
        ((number,),) = self.connection.execute("SELECT COUNT(*) FROM retired")
        return int(number)

    def rows(self, query: Query) -> list[Row]:
        return list(self.iter_rows(query))

    def iter_rows(self, query: Query) -> Iterator[Row]:
        for found in self.iter_found(query, ROW_COLUMNS):
            yield from answers.complete(self._select, found)

    def iter_ids(self, query: Query) -> Iterator[str]:
        for found in self.iter_found(query, "milestone.id"):
            yield from (name for (name, *_) in found)

    def count(self, query: Query, at_most: int | None = None) -> int:
        if query.after is not None:
            return answers.count_following(self.connection, query, at_most, SQLITE)
        if selection := self._choose(query):
            limited = query._replace(limit=at_most, offset=0)
            text, bound = compile_query(limited, "1", selection=selection)
            ((number,),) = self.connection.execute(f"SELECT COUNT(*) FROM ({text})", bound)
            return int(number)
        where, parameters = compile_condition(query.where)
        text = f"SELECT COUNT(*) FROM milestone WHERE {where}"
        if at_most is not None:
            text = f"SELECT COUNT(*) FROM (SELECT 1 FROM milestone WHERE {where} LIMIT {int(at_most)})"
        ((number,),) = self.connection.execute(text, parameters)
        return int(number)

    def keys_of(self, query: Query, milestone_id: str) -> Values | None:
        return answers.keys_of(self.connection, query, milestone_id)

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        return answers.find_ids(self.connection, prefix, limit)

    def find_paths(self, prefix: str) -> dict[str, list[str]]:
        statement = (
            "SELECT id, CAST(path AS BLOB) FROM milestone WHERE id >= ?1 AND id < ?2"
            " UNION ALL SELECT id, path FROM unserved WHERE id >= ?1 AND id < ?2 ORDER BY 1, 2 LIMIT ?3"
        )
        return answers.group_paths(self.connection.execute(statement, (prefix, f"{prefix}\x7f", NAMED)))

    def blockers_of(self, milestone_id: str) -> list[str]:
        return answers.blockers_of(self.connection, milestone_id)

    def dependents_of(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return answers.dependents_of(self._select, ids)

    def foreign_links(self) -> list[Link]:
        return answers.foreign_links(self.connection)

    def iter_links(self) -> Iterator[Link]:
        return answers.iter_links(self.connection)

    def links_of(self, ids: Sequence[str]) -> list[Link]:
        return answers.links_of(self._select, ids)

    def links_on(self, ids: Sequence[str]) -> list[Link]:
        return answers.links_on(self._select, ids)

    def iter_outlines(self, ids: Sequence[str] | None = None) -> Iterator[Outline]:
        return answers.iter_outlines(self.connection, self._select, ids)

    def statistics(self, today: date) -> Statistics:
        from gitmilestone.derived.statistics import gather_statistics

        return gather_statistics(self.connection, today)

    def unserved(self) -> Unserved:
        return answers.find_unserved(self.connection)

    def iter_statements(self, query: Query, columns: str) -> Iterator[Sql]:
        """What finds a query's rows, one behind the other; a limit is bound last but one, and holds for all of them."""
        if query.after is None:
            return iter([compile_query(query, columns, selection=self._choose(query))])
        return compile_pages(query, columns)

    def _choose(self, query: Query) -> Selection | None:
        """What a query's answer best begins from: few rows by a label or text, else the order that it is in.

        SQLite's planner knows averages; how often a word occurs is as cheap to count as to ask.
        """
        selections = list(iter_selections(query))
        few = isqrt(_WORTH_SORTING * self.milestones) if selections else 0
        for selection in selections:
            counting = f"SELECT COUNT(*) FROM ({selection.sql} LIMIT {few + 1})"
            ((number,),) = self.connection.execute(counting, selection.parameters)
            if number <= few:
                return selection
        return None

    def iter_found(self, query: Query, columns: str, rewrite: Callable[[str], str] = str) -> Iterator[list[Record]]:
        """The records of a query, some at a time.

        Args:
            rewrite: Has the last word on each statement's text.
        """
        statements = ((rewrite(text), parameters) for text, parameters in self.iter_statements(query, columns))
        return answers.iter_found(statements, self._iter_chunks, query.limit)

    def _iter_chunks(self, statement: Sql) -> Iterator[list[Record]]:
        cursor = self.connection.execute(*statement)
        while found := cursor.fetchmany(IDS_A_STATEMENT):
            yield found

    def _select(self, statement: str, ids: Sequence[str]) -> Iterator[Record]:
        """The rows of a statement for any number of ids, which stand for its `%s`."""
        for start in range(0, len(ids), IDS_A_STATEMENT):
            some = ids[start : start + IDS_A_STATEMENT]
            yield from self.connection.execute(statement % ",".join("?" * len(some)), some)
