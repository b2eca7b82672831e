"""Figures over every milestone of an index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from sqlite3 import Connection
from typing import NamedTuple

from gitmilestone.query.query import BLOCKED, OPEN, Condition, overdue
from gitmilestone.query.sql import compile_condition


class Statistics(NamedTuple):
    """Figures over every milestone.

    Attributes:
        by_status: Status -> milestones; only those that occur, the most frequent first, as in the next two.
        by_project: Project -> milestones, open or closed; "" counts those without one.
        by_owner: The same for owners.
        overdue: Open ones that were due before today.
        ready: Open ones that are not blocked.
        mean_progress: Of the open ones, 0 to 1; 0 where there is none.
        dependencies: Of both types, those on nothing too.
        most_dependencies: The number that one milestone has at most.
    """

    total: int
    open: int
    by_status: Mapping[str, int]
    by_project: Mapping[str, int]
    by_owner: Mapping[str, int]
    overdue: int
    blocked: int
    ready: int
    mean_progress: float
    tasks: int
    tasks_done: int
    dependencies: int
    milestones_with_dependencies: int
    most_dependencies: int


def gather_statistics(connection: Connection, today: date) -> Statistics:
    by_status = _count_by(connection, "status")
    progress = _open_progress(connection)
    blocked = _count(connection, BLOCKED)
    ((tasks, tasks_done),) = connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(CASE status WHEN 'completed' THEN 1 ELSE 0 END), 0) FROM task"
    )
    ((dependencies, with_dependencies, most),) = connection.execute(
        "SELECT COALESCE(SUM(edges), 0), COUNT(*), COALESCE(MAX(edges), 0)"
        " FROM (SELECT COUNT(*) AS edges FROM dependency GROUP BY milestone_id) AS counted"
    )
    return Statistics(
        total=sum(by_status.values()),
        open=len(progress),
        by_status=by_status,
        by_project=_count_by(connection, "project"),
        by_owner=_count_by(connection, "owner"),
        overdue=_count(connection, overdue(today)),
        blocked=blocked,
        ready=len(progress) - blocked,
        mean_progress=_mean(progress),
        tasks=tasks,
        tasks_done=tasks_done,
        dependencies=dependencies,
        milestones_with_dependencies=with_dependencies,
        most_dependencies=most,
    )


def _count(connection: Connection, condition: Condition) -> int:
    where, parameters = compile_condition(condition)
    ((number,),) = connection.execute(f"SELECT COUNT(*) FROM milestone WHERE {where}", parameters)
    return int(number)


def _count_by(connection: Connection, column: str) -> dict[str, int]:
    name = f"COALESCE({column}, '')"
    counts = f"SELECT {name}, COUNT(*) FROM milestone GROUP BY {name} ORDER BY COUNT(*) DESC, {name}"
    return dict(connection.execute(counts).fetchall())


def _open_progress(connection: Connection) -> list[float]:
    where, parameters = compile_condition(OPEN)
    rows = connection.execute(f"SELECT progress FROM milestone WHERE {where}", parameters)
    return [progress for (progress,) in rows]


def _mean(numbers: list[float]) -> float:
    from math import fsum  # AVG's last digit depends on the order of the rows

    return fsum(numbers) / len(numbers) if numbers else 0.0
