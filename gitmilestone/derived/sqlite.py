"""The index: milestones in SQLite, in memory or in a file."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from gitmilestone.derived.rows import (
    MILESTONE_COLUMNS,
    TASK_COLUMNS,
    Record,
    decode_milestone,
    decode_task,
)
from gitmilestone.derived.schema import FOREIGN, IDS_A_STATEMENT, SCHEMA_VERSION, create_statements
from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.layout import ROOT
from gitmilestone.model.link import Link, Outline
from gitmilestone.model.milestone import OPEN_STATUSES, Dependency, Task
from gitmilestone.model.problem import Problem
from gitmilestone.model.row import Row
from gitmilestone.query.query import Query
from gitmilestone.query.sql import (
    SQLITE,
    Dialect,
    Selection,
    Sql,
    compile_condition,
    compile_keys,
    compile_pages,
    compile_query,
    iter_selections,
)

if TYPE_CHECKING:
    from gitmilestone.derived.statistics import Statistics

_NAMED = 1000
_WORTH_SORTING = 9
"""Of n milestones, finding m and sorting them costs about what it costs to meet 50 of them in order where m² is 9 n."""

ROW_COLUMNS = f"{MILESTONE_COLUMNS}, milestone.path, milestone.progress"

Stamped = TypeVar("Stamped")
Values = tuple[str | float | None, ...]

UNWRITTEN = (ValueError, TypeError, AttributeError)
"""What comes of decoding a date, a number or JSON that nobody has written."""


class Unserved(NamedTuple):
    """Attributes:
    files: How many files no milestone stands for.
    ids: The ids that their names say.
    problems: Theirs, in the order of their paths.
    """

    files: int
    ids: frozenset[str]
    problems: tuple[Problem, ...]


class Index:
    """Milestones in the tables of `gitmilestone.derived.schema`; a context manager.

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
        ((_, _, path),) = self.connection.execute("PRAGMA database_list").fetchmany(1)
        return bool(path)

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
        """How many there are; O(1)."""
        return self._get_stamped("milestones", int) or 0

    @property
    def data_volume(self) -> int:
        """Bytes of all files that serve a milestone; O(1)."""
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
        """The milestones that a query finds, whole, in its order."""
        return list(self.iter_rows(query))

    def iter_rows(self, query: Query) -> Iterator[Row]:
        """The same, some at a time: memory follows neither the answer nor the index."""
        for found in self.iter_found(query, ROW_COLUMNS):
            try:
                yield from self._complete(found)
            except UNWRITTEN as error:
                raise sqlite3.DatabaseError(f"a damaged row: {error}") from error

    def count(self, query: Query, at_most: int | None = None) -> int:
        """How many milestones a query finds, whatever its limit and offset; counting ends at `at_most`."""
        if query.after is not None:
            return self._count_following(query, at_most)
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

    def _count_following(self, query: Query, at_most: int | None, dialect: Dialect = SQLITE) -> int:
        total = 0
        for text, parameters in compile_pages(query._replace(limit=at_most, offset=0), "1", dialect):
            ((number,),) = self.connection.execute(f"SELECT COUNT(*) FROM ({text}) AS found", parameters)
            total += number
            if at_most is not None and total >= at_most:
                return at_most
        return total

    def keys_of(self, query: Query, milestone_id: str) -> Values | None:
        """Where a milestone stands in a query's order, for `Query.after`; None where there is no such milestone."""
        statement = f"SELECT {compile_keys(query.order)} FROM milestone WHERE id = ?"
        found: Values | None = self.connection.execute(statement, (milestone_id,)).fetchone()
        return found

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        """The first ids that begin with some text."""
        statement = "SELECT id FROM milestone WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [name for (name,) in self.connection.execute(statement, (prefix, f"{prefix}\x7f", limit))]

    def find_paths(self, prefix: str) -> dict[str, list[str]]:
        """Id -> the paths of its files, readable or not, of the first 1,000 ids that begin with some text."""
        found: dict[str, list[str]] = {}
        statement = (
            "SELECT id, CAST(path AS BLOB) FROM milestone WHERE id >= ?1 AND id < ?2"
            " UNION ALL SELECT id, path FROM unserved WHERE id >= ?1 AND id < ?2 ORDER BY 1, 2 LIMIT ?3"
        )
        for name, path in self.connection.execute(statement, (prefix, f"{prefix}\x7f", _NAMED)):
            if not find_id_fault(name):
                found.setdefault(name, []).append(os.fsdecode(path))
        return found

    def blockers_of(self, milestone_id: str) -> list[str]:
        """The ids that must be closed before it, whatever their status is now."""
        statement = "SELECT target FROM dependency WHERE milestone_id = ? AND type = 'blocks' ORDER BY target"
        return [name for (name,) in self.connection.execute(statement, (milestone_id,))]

    def dependents_of(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Milestone -> those that depend on it, sorted."""
        found: dict[str, list[str]] = {}
        statement = "SELECT target, milestone_id FROM dependency WHERE target IN (%s) ORDER BY target, milestone_id"
        for target, name in self._select(statement, ids):
            found.setdefault(target, []).append(name)
        return found

    def foreign_links(self) -> list[Link]:
        """The dependencies on other repositories, in the order of their milestones; O(those), by an index of them."""
        statement = f"SELECT milestone_id, target, type FROM dependency WHERE {FOREIGN} ORDER BY milestone_id, target"
        return [Link(*record) for record in self.connection.execute(statement)]

    def iter_links(self) -> Iterator[Link]:
        """All dependencies, in no order."""
        yield from map(Link._make, self.connection.execute("SELECT milestone_id, target, type FROM dependency"))

    def links_of(self, ids: Sequence[str]) -> list[Link]:
        """What some milestones depend on."""
        statement = "SELECT milestone_id, target, type FROM dependency WHERE milestone_id IN (%s) ORDER BY 1, 2"
        return [Link(*record) for record in self._select(statement, ids)]

    def links_on(self, ids: Sequence[str]) -> list[Link]:
        """What depends on some milestones."""
        statement = "SELECT milestone_id, target, type FROM dependency WHERE target IN (%s) ORDER BY 2, 1"
        return [Link(*record) for record in self._select(statement, ids)]

    def iter_outlines(self, ids: Sequence[str] | None = None) -> Iterator[Outline]:
        """What a graph says of some milestones, in no order; None is all that are open."""
        select = "SELECT id, title, status, due, priority FROM milestone WHERE "
        all_open = self.connection.execute(f"{select}is_open = 1") if ids is None else None
        try:
            for name, title, status, due, priority in all_open or self._select(f"{select}id IN (%s)", ids or ()):
                yield Outline(name, title, status, date.fromisoformat(due) if due else None, priority)
        except UNWRITTEN as error:
            raise sqlite3.DatabaseError(f"a damaged row: {error}") from error

    def statistics(self, today: date) -> "Statistics":
        from gitmilestone.derived.statistics import gather_statistics

        return gather_statistics(self.connection, today)

    def unserved(self) -> Unserved:
        """The files that can't be read, and all but one of those that have the same id."""
        problems: list[Problem] = []
        statement = (
            "SELECT unserved.path, unserved.id, unserved.problems, milestone.path FROM unserved"
            " LEFT JOIN milestone ON milestone.id = unserved.id ORDER BY unserved.path"
        )
        found = self.connection.execute(statement).fetchall()
        if not found:
            return Unserved(0, frozenset(), ())
        from gitmilestone.derived.listing import duplicate

        for path, name, text, first in found:
            if text is None:
                second = path.decode("utf-8", "backslashreplace")
                problems += duplicate(f"{ROOT}/{first}", f"{ROOT}/{second}", name)
            else:
                problems += _decode_problems(text)
        ids = frozenset(name for _, name, text, _ in found if text is not None)
        return Unserved(len(found), ids, tuple(problems))

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
        left = query.limit
        for text, parameters in self.iter_statements(query, columns):
            if left is not None:  # what the statements before it have left of the limit, which is bound last but one
                parameters = (*parameters[:-2], left, parameters[-1])
            for found in self._iter_chunks((rewrite(text), parameters)):
                yield found
                left = None if left is None else left - len(found)
            if left == 0:
                return

    def _iter_chunks(self, statement: Sql) -> Iterator[list[Record]]:
        cursor = self.connection.execute(*statement)
        while found := cursor.fetchmany(IDS_A_STATEMENT):
            yield found

    def _complete(self, found: Sequence[Record]) -> Iterator[Row]:
        ids = [record[0] for record in found]
        tasks = self._find_tasks(ids)
        dependencies, blockers = self._find_dependencies(ids)
        for *record, path, progress in found:
            key = record[0]
            milestone = decode_milestone(record, dependencies.get(key, ()), tasks.get(key, ()))
            blocked_by = tuple(blockers.get(key, ())) if milestone.is_open else ()
            is_blocked = milestone.status == "blocked" or bool(blocked_by)
            yield Row(milestone, f"{ROOT}/{path}", progress, is_blocked, blocked_by)

    def _find_tasks(self, ids: Sequence[str]) -> dict[str, list[Task]]:
        found: dict[str, list[Task]] = {}
        columns = f"milestone_id, {TASK_COLUMNS}"
        statement = f"SELECT {columns} FROM task WHERE milestone_id IN (%s) ORDER BY milestone_id, position"
        for milestone_id, *record in self._select(statement, ids):
            found.setdefault(milestone_id, []).append(decode_task(record))
        return found

    def _find_dependencies(self, ids: Sequence[str]) -> tuple[dict[str, list[Dependency]], dict[str, list[str]]]:
        """Milestone -> its dependencies, and -> those of them that block and are open; both sorted."""
        dependencies: dict[str, list[Dependency]] = {}
        blockers: dict[str, list[str]] = {}
        statement = (
            "SELECT milestone_id, target, type, other.status FROM dependency"
            " LEFT JOIN milestone AS other ON other.id = target WHERE milestone_id IN (%s)"
            " ORDER BY milestone_id, target"
        )
        for milestone_id, target, kind, status in self._select(statement, ids):
            dependencies.setdefault(milestone_id, []).append(Dependency(target, kind))
            if kind == "blocks" and status in OPEN_STATUSES:
                blockers.setdefault(milestone_id, []).append(target)
        return dependencies, blockers

    def _select(self, statement: str, ids: Sequence[str]) -> Iterator[Record]:
        """The rows of a statement for any number of ids, which stand for its `%s`."""
        for start in range(0, len(ids), IDS_A_STATEMENT):
            some = ids[start : start + IDS_A_STATEMENT]
            yield from self.connection.execute(statement % ",".join("?" * len(some)), some)


def _decode_problems(text: str) -> list[Problem]:
    import json

    try:
        return [Problem(*values) for values in json.loads(text)]
    except UNWRITTEN as error:
        raise sqlite3.DatabaseError(f"a damaged row: {error}") from error
