"""The laws of the three-way merge."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.fields import FIELDS
from gitmilestone.model.merging.lines import split_lines
from gitmilestone.model.merging.merge import SIDES, Conflict, Decision, Given, Side, merge
from gitmilestone.model.milestone import CLOSED_STATUSES, STATUSES, Dependency, Milestone, Status, Task
from tests.model.edits import edited
from tests.strategies import milestones

ANY = milestones(st.just("x"))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Milestone, Milestone, Milestone]:
    """A base and two sides that come from it."""
    base = draw(ANY)
    return base, draw(edited(base)), draw(edited(base))


@given(ANY, ANY)
def test_one_side_alone_wins(base: Milestone, side: Milestone) -> None:
    assert merge(base, side, base) == (side, ())
    assert merge(base, base, side) == (side, ())


@given(ANY, ANY)
def test_both_sides_the_same(base: Milestone, side: Milestone) -> None:
    assert merge(base, side, side) == (side, ())


@given(histories() | st.tuples(ANY, ANY, ANY))
def test_symmetric_up_to_the_sides_of_conflicts(sides: tuple[Milestone, Milestone, Milestone]) -> None:
    base, ours, theirs = sides
    here, there = merge(base, ours, theirs), merge(base, theirs, ours)
    turned = [Conflict(field, was, our, their) for field, was, their, our in there.conflicts]
    assert sorted(here.conflicts, key=lambda conflict: conflict.field) == sorted(
        turned, key=lambda conflict: conflict.field
    )
    disputed = {conflict.field.partition(".")[0] for conflict in here.conflicts}
    for name in FIELDS.keys() - disputed:
        assert getattr(here.milestone, name) == getattr(there.milestone, name)
    if "x" not in disputed:
        assert here.milestone.extra == there.milestone.extra


@given(histories())
def test_nothing_comes_from_nowhere(sides: tuple[Milestone, Milestone, Milestone]) -> None:
    base, ours, theirs = sides
    merged = merge(base, ours, theirs).milestone
    for name in FIELDS.keys() - {"labels", "depends_on", "tasks", "description"}:
        assert getattr(merged, name) in {getattr(ours, name), getattr(theirs, name)}
    lines = {line for side in (ours, theirs) for line in split_lines(side.description or "")}
    assert set(split_lines(merged.description or "")) <= lines
    assert set(merged.labels) <= {*ours.labels, *theirs.labels}
    kept = {*ours.labels} & {*theirs.labels}
    added = ({*ours.labels} | {*theirs.labels}) - {*base.labels}
    assert set(merged.labels) == kept | added


_BASE = Milestone(
    "x",
    "T",
    labels=("a", "b"),
    depends_on=(Dependency("d"),),
    tasks=(Task("one", "One"), Task("two", "Two", "in_progress"), Task("three", "Three")),
    description="One.\nTwo.\nThree.\n",
    extra={"k": "v"},
)


def _with_task(index: int, **changes: Any) -> Callable[[Milestone], Milestone]:
    def edit(milestone: Milestone) -> Milestone:
        tasks = list(milestone.tasks)
        tasks[index] = tasks[index]._replace(**changes)
        return milestone._replace(tasks=tuple(tasks))

    return edit


def _tasks(*ids: str) -> Callable[[Milestone], Milestone]:
    known = {task.id: task for task in _BASE.tasks}
    return lambda milestone: milestone._replace(tasks=tuple(known.get(key, Task(key, key)) for key in ids))


def _set(**values: Any) -> Callable[[Milestone], Milestone]:
    return lambda milestone: milestone._replace(**values)


@pytest.mark.parametrize(
    ("ours", "theirs", "fields"),
    [
        (_set(title="U"), _set(title="V"), ["title"]),
        (_set(title="U"), _set(owner="V"), []),
        (_set(owner="U"), _set(owner="V"), ["owner"]),
        (_set(depends_on=()), _set(depends_on=(Dependency("d", "relates"),)), ["depends_on.d"]),
        (_set(labels=("a", "c")), _set(labels=("b", "d")), []),
        (_set(extra={"k": "w"}), _set(extra={}), ["x.k"]),
        (_set(extra={"k": "v", "l": None}), _set(extra={}), []),
        (_with_task(0, status="completed"), _with_task(0, status="in_progress"), []),
        (_with_task(0, weight=2.0), _with_task(0, weight=3.0), ["tasks.one.weight"]),
        (_with_task(1, status="planned"), _with_task(1, status="completed"), ["tasks.two.status"]),
        (_set(description="One.\nZwei.\nThree.\n"), _set(description="One.\nTwo.\nThree.\nFour.\n"), []),
        (_set(description="One.\nZwei.\nThree.\n"), _set(description="One.\nDos.\n"), ["description"]),
        (_set(description=None), _set(description="One.\n"), ["description"]),
        (_with_task(0, status="completed"), _with_task(0, title="Uno"), []),
        (_with_task(0, extra={"k": "1"}), _with_task(0, extra={"k": "2"}), ["tasks.one.x.k"]),
        (_tasks("two", "three"), _with_task(0, title="Uno"), ["tasks.one"]),
        (_tasks("three", "one", "two"), _tasks("two", "one", "three"), ["tasks"]),
        (_tasks("one", "two", "three", "four"), _tasks("three", "two", "one"), []),
    ],
)
def test_conflicts(
    ours: Callable[[Milestone], Milestone], theirs: Callable[[Milestone], Milestone], fields: list[str]
) -> None:
    result = merge(_BASE, ours(_BASE), theirs(_BASE))
    assert [conflict.field for conflict in result.conflicts] == fields


def test_tasks_that_both_add_follow_what_they_followed() -> None:
    ours, theirs = _tasks("one", "z", "two", "three", "y"), _tasks("one", "two", "b", "a", "three", "c")
    merged = merge(_BASE, ours(_BASE), theirs(_BASE))
    assert not merged.conflicts
    assert [task.id for task in merged.milestone.tasks] == ["one", "z", "two", "b", "a", "three", "c", "y"]


def test_without_a_base_what_both_have_alike_joins() -> None:
    ours, theirs = _BASE._replace(owner="Ana", priority="high"), _BASE._replace(owner="Bo", labels=("c",))
    merged = merge(None, ours, theirs)
    assert merged.conflicts == (Conflict("owner", None, "Ana", "Bo"),)
    assert merged.milestone == ours._replace(labels=("a", "b", "c"))


@given(histories(), st.sampled_from(SIDES))
def test_a_decided_conflict_is_none(sides: tuple[Milestone, Milestone, Milestone], side: Side) -> None:
    base, ours, theirs = sides
    left = merge(base, ours, theirs)
    decisions: dict[str, Decision] = {conflict.field: side for conflict in left.conflicts}
    decided = merge(base, ours, theirs, decisions)
    assert decided.conflicts == ()
    assert decided == merge(base, ours, theirs, otherwise=side)._replace(conflicts=())
    assert {task.id for task in decided.milestone.tasks} >= {task.id for task in ours.tasks if task in theirs.tasks}


def test_a_value_of_ones_own_takes_the_place_of_all() -> None:
    ours, theirs = _BASE._replace(title="U", owner="Ana"), _BASE._replace(title="V", owner="Bo")
    merged = merge(_BASE, ours, theirs, {"title": Given("W"), "owner": "theirs"})
    assert (merged.milestone.title, merged.milestone.owner, merged.conflicts) == ("W", "Bo", ())


def test_lines_that_do_not_conflict_are_of_no_side() -> None:
    ours = _BASE._replace(description="One!\nTwo.\nDrei.\n")
    theirs = _BASE._replace(description="One.\nTwo.\nTres.\nFour.\n")
    assert merge(_BASE, ours, theirs).milestone.description == "One!\nTwo.\nDrei.\n"
    assert merge(_BASE, ours, theirs, otherwise="theirs").milestone.description == "One!\nTwo.\nTres.\nFour.\n"
    assert merge(_BASE, ours, theirs, otherwise="base").milestone.description == "One!\nTwo.\nThree.\n"


def _merge_status(base: Status, ours: Status, theirs: Status) -> Status | None:
    """None is a conflict."""
    start = Milestone("x", "T", base)
    merged = merge(start, start._replace(status=ours), start._replace(status=theirs))
    return None if merged.conflicts else merged.milestone.status


def test_the_order_of_progress() -> None:
    joined = {
        (base, ours, theirs): status
        for base in STATUSES
        for ours in STATUSES
        for theirs in STATUSES
        if len({base, ours, theirs}) == 3
        for status in [_merge_status(base, ours, theirs)]
        if status and ours < theirs
    }
    assert joined == {
        ("planned", "blocked", "in_progress"): "blocked",
        ("planned", "blocked", "completed"): "completed",
        ("planned", "completed", "in_progress"): "completed",
        ("in_progress", "blocked", "completed"): "completed",
        ("blocked", "completed", "in_progress"): "completed",
    }
    assert not any(base in CLOSED_STATUSES for base, _, _ in joined)


def test_what_was_done_twice_was_done_first() -> None:
    early, late = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)
    ours = _with_task(0, status="completed", completed=late)(_BASE)
    theirs = _with_task(0, status="completed", completed=early)(_BASE)
    merged = merge(_BASE, ours, theirs)
    assert merged.milestone.tasks[0] == Task("one", "One", "completed", completed=early)
    assert not merged.conflicts


def test_the_order_of_tasks_does_not_depend_on_what_is_decided() -> None:
    ours, theirs = _tasks("one", "c")(_BASE), _tasks("one", "two", "s")(_BASE)
    theirs = _with_task(1, title="Zwei")(theirs)
    ids = {
        side: [task.id for task in merge(_BASE, ours, theirs, {"tasks.two": side}).milestone.tasks]
        for side in SIDES[1:]
    }
    assert [task for task in ids["theirs"] if task != "two"] == ids["ours"]
    assert ids["theirs"].index("two") < ids["theirs"].index("s")
