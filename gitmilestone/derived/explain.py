"""How a query is answered."""

from __future__ import annotations

import re
from time import perf_counter
from typing import NamedTuple

from gitmilestone.derived.answers import ROW_COLUMNS
from gitmilestone.derived.sqlite import Index
from gitmilestone.query.query import Query


class Explanation(NamedTuple):
    """How a query is answered.

    Attributes:
        sql, parameters: Of the statement that finds the milestones.
        plan: The lines of SQLite's query plan.
        indexes: Those that serve it, in the order of the plan.
        rows_read: How many rows of `milestone` were looked at.
        rows: How many were found.
        seconds: What the answer took, with its tasks and dependencies.
    """

    sql: str
    parameters: tuple[str | float, ...]
    plan: tuple[str, ...]
    indexes: tuple[str, ...]
    rows_read: int
    rows: int
    seconds: float


def explain(index: Index, query: Query) -> Explanation:
    """Answers a query, and says how."""
    text, parameters = next(index.iter_statements(query, ROW_COLUMNS))
    explained = index.connection.execute(f"EXPLAIN QUERY PLAN {text}", parameters).fetchall()
    plan = tuple(str(line[3]) for line in explained)
    indexes = re.findall(r"USING (?:COVERING )?INDEX (\w+)", "\n".join(plan))
    begin = perf_counter()
    rows = len(index.rows(query))
    seconds = perf_counter() - begin
    rows_read = _count_read(index, query)
    return Explanation(text, parameters, plan, tuple(dict.fromkeys(indexes)), rows_read, rows, seconds)


def _count_read(index: Index, query: Query) -> int:
    """Finds the rows again, with a condition that counts how often it is asked."""
    read = 0

    def count() -> int:
        nonlocal read
        read += 1
        return 1

    def counting(text: str) -> str:
        return re.sub(r"( FROM milestone| = chosen\.\w+) WHERE ", r"\1 WHERE count_read() AND ", text, count=1)

    index.connection.create_function("count_read", 0, count)
    for _ in index.iter_found(query, "milestone.id", counting):
        pass
    return read
