"""Figures over the project and its history; every one of them is computed by DuckDB."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, NamedTuple

from gitmilestone.derived.analytics.open import Analytics
from gitmilestone.model.milestone import OPEN_STATUSES

Period = Literal["week", "month"]

WEEKS = 12
"""How far back the throughput goes, this week included."""


class Spread(NamedTuple):
    """How long something took, in days, over `measured` milestones; None where there are none."""

    measured: int
    p50: float | None
    p85: float | None
    p95: float | None


class Group(NamedTuple):
    """The milestones of a project or an owner; "" is none.

    Attributes:
        mean_days, median_days: From created to completed; None where none is completed.
    """

    name: str
    total: int
    open: int
    completed: int
    mean_days: float | None
    median_days: float | None


class Dependencies(NamedTuple):
    """Attributes:
    edges: Of both types, those on nothing too.
    milestones: That have any.
    most: The number that one milestone has at most.
    most_id: That milestone, the first of them by id; "" where there is none.
    """

    edges: int
    milestones: int
    most: int
    most_id: str


class Throughput(NamedTuple):
    """`week` is its Monday."""

    week: date
    completed: int


class Figures(NamedTuple):
    """Attributes:
    by_status: Status -> milestones; only those that occur, the most frequent first, as in the groups.
    lead: From created to completed.
    cycle: From first in progress to completed.
    throughput: Of the last WEEKS weeks, the oldest first.
    """

    total: int
    open: int
    overdue: int
    blocked: int
    mean_progress: float | None
    by_status: dict[str, int]
    by_project: tuple[Group, ...]
    by_owner: tuple[Group, ...]
    lead: Spread
    cycle: Spread
    throughput: tuple[Throughput, ...]
    dependencies: Dependencies


class Flow(NamedTuple):
    """A week or a month, by its first day: how many became open, were completed, and were open at its end."""

    start: date
    opened: int
    completed: int
    open: int


_CHOSEN = """WITH chosen AS (
    SELECT * FROM milestones JOIN activity ON activity.milestone_id = milestones.id
    WHERE $project IS NULL OR lower(project) = lower($project)
) """

_TOTALS = """SELECT count(*), count(*) FILTER (is_open), count(*) FILTER (is_open AND due < $today),
    count(*) FILTER (is_blocked), avg(progress) FILTER (is_open) FROM chosen"""
_BY_STATUS = "SELECT status, count(*) FROM chosen GROUP BY status ORDER BY 2 DESC, 1"
_GROUPS = """SELECT coalesce({0}, ''), count(*), count(*) FILTER (is_open), count(*) FILTER (status = 'completed'),
    avg(lead_days), median(lead_days) FROM chosen GROUP BY 1 ORDER BY 2 DESC, 1"""
_SPREAD = """SELECT count({0}), quantile_cont({0}, 0.5), quantile_cont({0}, 0.85), quantile_cont({0}, 0.95)
    FROM chosen"""
_THROUGHPUT = """SELECT CAST(week AS DATE), count(completed_at)
    FROM range(date_trunc('week', $today) - $weeks * INTERVAL 7 DAY + INTERVAL 7 DAY,
        date_trunc('week', $today) + INTERVAL 7 DAY, INTERVAL 7 DAY) AS weeks(week)
    LEFT JOIN chosen ON completed_at >= week AND completed_at < week + INTERVAL 7 DAY
    GROUP BY 1 ORDER BY 1"""
_DEPENDENCIES = """SELECT coalesce(sum(edges), 0), count(*), coalesce(max(edges), 0),
        coalesce(arg_max(id, (edges, -place)), '')
    FROM (SELECT id, count(*) AS edges, row_number() OVER (ORDER BY id) AS place
        FROM dependencies JOIN chosen ON chosen.id = dependencies.milestone_id GROUP BY id)"""

# Every change of a status opens, closes or does neither; the sum of the former two is how many are open.
_FLOW = """WITH steps AS (
    SELECT time, coalesce(new IN ({open}), false) AS is_open,
        coalesce(old IN ({open}), false) AS was_open, new, old
    FROM events
    WHERE field = 'status' AND ($project IS NULL OR milestone_id IN
        (SELECT id FROM milestones WHERE lower(project) = lower($project)))
), sums AS (
    SELECT date_trunc($period, time) AS start, count(*) FILTER (is_open AND NOT was_open) AS opened,
        count(*) FILTER (new = 'completed') AS completed, sum(is_open::INT - was_open::INT) AS grown
    FROM steps GROUP BY 1
), periods AS (
    SELECT unnest(range(min(start), greatest(max(start), date_trunc($period, $today)) + step, step)) AS start
    FROM sums, (SELECT CASE $period WHEN 'week' THEN INTERVAL 7 DAY ELSE INTERVAL 1 MONTH END AS step) GROUP BY step
)
SELECT CAST(start AS DATE), coalesce(opened, 0), coalesce(completed, 0),
    CAST(sum(coalesce(grown, 0)) OVER (ORDER BY start) AS BIGINT)
FROM periods LEFT JOIN sums USING (start) ORDER BY start""".format(
    open=", ".join(f"'{status}'" for status in OPEN_STATUSES)
)


def gather_figures(analytics: Analytics, today: date, project: str | None = None) -> Figures:
    """Args:
    project: Only its milestones, whatever the case.
    """

    def select(statement: str, **more: Any) -> list[tuple[Any, ...]]:
        given = {"project": project, **more}
        return analytics.select(_CHOSEN + statement, given)

    ((total, open_, overdue, blocked, mean_progress),) = select(_TOTALS, today=today)
    return Figures(
        total=total,
        open=open_,
        overdue=overdue,
        blocked=blocked,
        mean_progress=mean_progress,
        by_status={str(status): int(count) for status, count in select(_BY_STATUS)},
        by_project=tuple(Group(*row) for row in select(_GROUPS.format("project"))),
        by_owner=tuple(Group(*row) for row in select(_GROUPS.format("owner"))),
        lead=Spread(*select(_SPREAD.format("lead_days"))[0]),
        cycle=Spread(*select(_SPREAD.format("cycle_days"))[0]),
        throughput=tuple(Throughput(*row) for row in select(_THROUGHPUT, today=today, weeks=WEEKS)),
        dependencies=Dependencies(*select(_DEPENDENCIES)[0]),
    )


def gather_flow(analytics: Analytics, period: Period, today: date, project: str | None = None) -> tuple[Flow, ...]:
    """Every week or month from the first event to today, the oldest first; () without history."""
    rows = analytics.select(_FLOW, {"period": period, "today": today, "project": project})
    return tuple(Flow(*row) for row in rows if row[0] is not None)
