"""The laws of the three-way merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.fields import FIELDS
from gitmilestone.model.merge import Conflict, merge
from gitmilestone.model.milestone import Dependency, Milestone, Task
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
    for name in FIELDS.keys() - {"labels", "depends_on", "tasks"}:
        assert getattr(merged, name) in {getattr(ours, name), getattr(theirs, name)}
    assert set(merged.labels) <= {*ours.labels, *theirs.labels}
    kept = {*ours.labels} & {*theirs.labels}
    added = ({*ours.labels} | {*theirs.labels}) - {*base.labels}
    assert set(merged.labels) == kept | added


_BASE = Milestone(
    "x",
    "T",
    labels=("a", "b"),
    depends_on=(Dependency("d"),),
    tasks=(Task("one", "One"), Task("two", "Two"), Task("three", "Three")),
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
        (_with_task(0, status="completed"), _with_task(0, status="in_progress"), ["tasks.one.status"]),
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
