"""An index and a history of a test's own rows, for the analytics to be built from."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from gitmilestone.derived import schema
from gitmilestone.derived.analytics.load import Milestones, Source
from gitmilestone.derived.history import schema as history_schema
from gitmilestone.model.problem import Problem

DAY = 86400
MONDAY = 1767571200  # 2026-01-05
_EMPTY = {"INTEGER": 0, "REAL": 0.0, "BLOB": b"", "TEXT": ""}


class Rows:
    """Both in one database in memory; `source` is what `open_analytics` asks for."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        for statement in (*schema.create_statements(), *history_schema.create_statements()):
            self.connection.execute(statement)
        self.reads = 0
        self.problems: tuple[Problem, ...] = ()
        self._commits = self._milestones = 0
        self._empty: dict[str, dict[str, Any]] = {}

    def add(self, table: str, **values: Any) -> None:
        """A row; what is not given is NULL where it may be, else empty."""
        if table not in self._empty:
            columns = self.connection.execute(f"PRAGMA table_info({table})").fetchall()
            self._empty[table] = {name: _EMPTY[kind] if needed else None for _, name, kind, needed, *_ in columns}
        row = [*{**self._empty[table], **values}.values()]
        self.connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)

    def add_milestone(self, milestone_id: str, status: str = "planned", **values: Any) -> None:
        self._milestones += 1
        values = {"title": milestone_id, "path": f"{milestone_id}.yaml", "schema": 1, **values}
        self.add("milestone", number=self._milestones, id=milestone_id, status=status, **values)

    def add_status(self, milestone_id: str, day: float, old: str | None, new: str | None) -> None:
        """A commit on that day, counted from MONDAY, that changes a status."""
        self._commits += 1
        number, seconds = self._commits, int(MONDAY + day * DAY)
        kind = "created" if old is None else "deleted" if new is None else "changed"
        oid = number.to_bytes(20, "big")
        person = {"author": "Ana", "email": "ana@example.com"}
        self.add("commit_log", number=number, oid=oid, date=seconds, authored=seconds, **person)
        self.add("milestone_change", number=number, milestone_id=milestone_id, kind=kind, is_readable=1, status=new)
        self.add("event", number=number, milestone_id=milestone_id, field="status", old=old, new=new)

    @property
    def source(self) -> Source:
        return Source(self._read_milestones, lambda use: use(self.connection))

    def _read_milestones(self, use: Callable[[Milestones], None]) -> None:
        self.reads += 1
        use(Milestones(self.connection, self.problems, len(self.problems)))
