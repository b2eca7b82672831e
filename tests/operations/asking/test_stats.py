"""The figures are those that plain arithmetic gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmilestone.derived.analytics.open import Analytics, Stamp, open_analytics
from gitmilestone.model.milestone import OPEN_STATUSES, STATUSES
from gitmilestone.operations.asking.stats import Flow, Group, Spread, gather_figures, gather_flow
from tests.derived.analytics_source import Rows

MONDAY = date(2026, 1, 5)


def in_memory(rows: Rows) -> Analytics:
    return open_analytics("/proc/nowhere/analytics.duckdb", Stamp("", ""), rows.source, is_kept=False)


@pytest.fixture
def rows() -> Iterator[Rows]:
    found = Rows()
    found.add_milestone("store", "completed", project="Auth", owner="ana", progress=1.0)
    found.add_milestone("login", "in_progress", project="Auth", due="2026-01-10", progress=0.5)
    found.add_milestone("docs", "completed")
    found.add_milestone("later", due="2026-03-01")
    for target in ("store", "docs", "gone"):
        found.add("dependency", milestone_id="login", target=target, type="blocks")
    for target in ("login", "store", "docs"):
        found.add("dependency", milestone_id="later", target=target, type="relates")
    for milestone_id, *steps in (
        ("store", (0, None, "planned"), (1, "planned", "in_progress"), (4, "in_progress", "completed")),
        ("login", (2, None, "planned"), (8, "planned", "in_progress")),
        ("docs", (0, None, "planned"), (8, "planned", "completed")),
        ("later", (9, None, "planned")),
        ("dropped", (0, None, "planned"), (9, "planned", None)),
    ):
        for day, old, new in steps:
            found.add_status(milestone_id, day, old, new)
    yield found
    found.connection.close()


def test_figures(rows: Rows) -> None:
    with in_memory(rows) as analytics:
        found = gather_figures(analytics, date(2026, 1, 15))
    assert (found.total, found.open, found.overdue, found.blocked, found.mean_progress) == (4, 2, 1, 0, 0.25)
    assert found.by_status == {"completed": 2, "in_progress": 1, "planned": 1}
    assert found.by_project == (Group("", 2, 1, 1, 8.0, 8.0), Group("Auth", 2, 1, 1, 4.0, 4.0))
    assert found.by_owner == (Group("", 3, 2, 1, 8.0, 8.0), Group("ana", 1, 0, 1, 4.0, 4.0))
    assert found.lead == Spread(2, 6.0, pytest.approx(7.4), pytest.approx(7.8))
    assert found.cycle == Spread(1, 3.0, 3.0, 3.0)
    assert found.dependencies == (6, 2, 3, "later")
    assert len(found.throughput) == 12
    assert found.throughput[-2:] == ((MONDAY, 1), (MONDAY + timedelta(7), 1))
    assert not any(completed for _, completed in found.throughput[:-2])


def test_figures_of_a_project(rows: Rows) -> None:
    with in_memory(rows) as analytics:
        found = gather_figures(analytics, date(2026, 1, 15), "auth")
        flows = gather_flow(analytics, "week", date(2026, 1, 15), "auth")
    assert (found.total, found.open, found.lead.measured) == (2, 1, 1)
    assert found.dependencies == (3, 1, 3, "login")
    assert flows == (Flow(MONDAY, 2, 1, 1), Flow(MONDAY + timedelta(7), 0, 0, 1))


def test_flow_goes_on_until_today(rows: Rows) -> None:
    weeks = [MONDAY + timedelta(7 * number) for number in range(4)]
    with in_memory(rows) as analytics:
        assert gather_flow(analytics, "week", date(2026, 1, 28)) == (
            Flow(weeks[0], 4, 1, 3),
            Flow(weeks[1], 1, 1, 2),
            Flow(weeks[2], 0, 0, 2),
            Flow(weeks[3], 0, 0, 2),
        )
        assert gather_flow(analytics, "month", date(2026, 2, 1)) == (
            Flow(date(2026, 1, 1), 5, 2, 2),
            Flow(date(2026, 2, 1), 0, 0, 2),
        )


def test_nothing_at_all() -> None:
    rows = Rows()
    with in_memory(rows) as analytics:
        found = gather_figures(analytics, date(2026, 1, 15))
        assert gather_flow(analytics, "month", date(2026, 1, 15)) == ()
    rows.connection.close()
    assert (found.total, found.by_status, found.mean_progress) == (0, {}, None)
    assert (found.lead, found.dependencies) == ((0, None, None, None), (0, 0, 0, ""))


_histories = st.lists(
    st.lists(st.tuples(st.floats(0, 80), st.sampled_from([*STATUSES, None])), min_size=1, max_size=5), max_size=6
)


@given(_histories)
@settings(max_examples=40, deadline=None)
def test_any_history(histories: list[list[tuple[float, str | None]]]) -> None:
    rows = Rows()
    steps = []
    leads = []
    for place, history in enumerate(histories):
        days = sorted(int(day) for day, _ in history)
        old = None
        taken = []
        for day, (_, new) in zip(days, history, strict=True):
            if new != old:
                taken.append((day, old, new))
                old = new
        steps += [(day, f"m{place}", before, after) for day, before, after in taken]
        if old is not None:
            rows.add_milestone(f"m{place}", old)
            if old == "completed":
                leads.append(taken[-1][0] - taken[0][0])
    for day, name, before, after in sorted(steps, key=lambda step: step[0]):
        rows.add_status(name, day, before, after)
    with in_memory(rows) as analytics:
        flows = gather_flow(analytics, "week", MONDAY)
        figures = gather_figures(analytics, MONDAY + timedelta(80))
    rows.connection.close()
    assert sum(flow.completed for flow in flows) == sum(after == "completed" for *_, after in steps)
    assert (flows[-1].open if flows else 0) == figures.open
    for flow in flows:
        end = (flow.start + timedelta(7) - MONDAY).days
        last = {name: after for day, name, _, after in sorted(steps, key=lambda step: step[0]) if day < end}
        assert flow.open == sum(status in OPEN_STATUSES for status in last.values())
    assert figures.lead.measured == len(leads)
    assert figures.lead.p50 == (pytest.approx(median(leads)) if leads else None)
    assert sum(week.completed for week in figures.throughput) == len(leads)
