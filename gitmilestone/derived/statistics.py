"""Figures over every milestone of an index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.query.query import BLOCKED, OPEN, Condition, overdue
from gitmilestone.query.sql import compile_condition

if TYPE_CHECKING:
    from gitmilestone.derived.answers import Tables


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


def gather_statistics(tables: Tables, today: date) -> Statistics:
    by_status = _count_by(tables, "status")
    progress = _open_progress(tables)
    blocked = _count(tables, BLOCKED)
    ((tasks, tasks_done),) = tables.execute(
        "SELECT COUNT(*), COALESCE(SUM(CASE status WHEN 'completed' THEN 1 ELSE 0 END), 0) FROM task"
    )
    ((dependencies, with_dependencies, most),) = tables.execute(
        "SELECT COALESCE(SUM(edges), 0), COUNT(*), COALESCE(MAX(edges), 0)"
        " FROM (SELECT COUNT(*) AS edges FROM dependency GROUP BY milestone_id) AS counted"
    )
    return Statistics(
        total=sum(by_status.values()),
        open=len(progress),
        by_status=by_status,
        by_project=_count_by(tables, "project"),
        by_owner=_count_by(tables, "owner"),
        overdue=_count(tables, overdue(today)),
        blocked=blocked,
        ready=len(progress) - blocked,
        mean_progress=_mean(progress),
        tasks=tasks,
        tasks_done=tasks_done,
        dependencies=int(dependencies),  # a sum of counts is a numeric to Postgres
        milestones_with_dependencies=with_dependencies,
        most_dependencies=most,
    )


def _count(tables: Tables, condition: Condition) -> int:
    where, parameters = compile_condition(condition)
    ((number,),) = tables.execute(f"SELECT COUNT(*) FROM milestone WHERE {where}", parameters)
    return int(number)


def _count_by(tables: Tables, column: str) -> dict[str, int]:
    name = f"COALESCE({column}, '')"
    counts = f"SELECT {name}, COUNT(*) FROM milestone GROUP BY {name} ORDER BY COUNT(*) DESC, {name}"
    return dict(tables.execute(counts).fetchall())


def _open_progress(tables: Tables) -> list[float]:
    where, parameters = compile_condition(OPEN)
    rows = tables.execute(f"SELECT progress FROM milestone WHERE {where}", parameters)
    return [progress for (progress,) in rows]


def _mean(numbers: list[float]) -> float:
    from math import fsum  # AVG's last digit depends on the order of the rows

    return fsum(numbers) / len(numbers) if numbers else 0.0
