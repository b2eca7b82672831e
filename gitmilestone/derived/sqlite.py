"""The index: milestones in SQLite, in memory or in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice

from gitmilestone.derived.rows import (
    MILESTONE_COLUMNS,
    TASK_COLUMNS,
    Record,
    decode_milestone,
    decode_task,
    encode_rows,
)
from gitmilestone.derived.schema import create_statements, insert_statements
from gitmilestone.derived.statistics import Statistics, gather_statistics
from gitmilestone.model.milestone import OPEN_STATUSES, Dependency, Milestone, Task
from gitmilestone.model.row import Row
from gitmilestone.query.query import Query
from gitmilestone.query.sql import compile_condition, compile_query

__all__ = ["Index", "Statistics"]

_BATCH = 5000
_IDS_A_STATEMENT = 500


class Index:
    """Milestones in the tables of `gitmilestone.derived.schema`.

    Args:
        connection: In autocommit mode (`isolation_level=None`), with the tables in it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def memory(cls) -> Index:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        for statement in create_statements():
            connection.execute(statement)
        return cls(connection)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def fill(self, entries: Iterable[tuple[Milestone, str]]) -> None:
        """Adds milestones, each with its path, in one transaction: all or none. No id may come twice."""
        statements = insert_statements()
        remaining = iter(entries)
        self.connection.execute("BEGIN")
        try:
            while batch := list(islice(remaining, _BATCH)):
                for table, records in encode_rows(batch).items():
                    self.connection.executemany(statements[table], records)
            self.connection.execute("COMMIT")
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def rows(self, query: Query) -> list[Row]:
        """The milestones that a query finds, whole, in its order."""
        columns = f"{MILESTONE_COLUMNS}, milestone.path, milestone.progress"
        found = self.connection.execute(*compile_query(query, columns)).fetchall()
        ids = [record[0] for record in found]
        tasks = self._find_tasks(ids)
        dependencies, blockers = self._find_dependencies(ids)
        rows = []
        for *record, path, progress in found:
            key = record[0]
            milestone = decode_milestone(record, dependencies.get(key, ()), tasks.get(key, ()))
            blocked_by = tuple(blockers.get(key, ())) if milestone.is_open else ()
            is_blocked = milestone.status == "blocked" or bool(blocked_by)
            rows.append(Row(milestone, path, progress, is_blocked, blocked_by))
        return rows

    def count(self, query: Query) -> int:
        """How many milestones a query finds, whatever its limit and offset."""
        where, parameters = compile_condition(query.where)
        ((number,),) = self.connection.execute(f"SELECT COUNT(*) FROM milestone WHERE {where}", parameters)
        return int(number)

    def statistics(self, today: date) -> Statistics:
        return gather_statistics(self.connection, today)

    def _find_tasks(self, ids: Sequence[str]) -> dict[str, list[Task]]:
        found: dict[str, list[Task]] = {}
        statement = (
            f"SELECT milestone_id, {TASK_COLUMNS} FROM task WHERE milestone_id IN (%s)"
            " ORDER BY milestone_id, position"
        )
        for milestone_id, *record in self._select(statement, ids):
            found.setdefault(milestone_id, []).append(decode_task(record))
        return found

    def _find_dependencies(
        self, ids: Sequence[str]
    ) -> tuple[dict[str, list[Dependency]], dict[str, list[str]]]:
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
        for start in range(0, len(ids), _IDS_A_STATEMENT):
            some = ids[start : start + _IDS_A_STATEMENT]
            yield from self.connection.execute(statement % ",".join("?" * len(some)), some)
