"""A dense graph costs what its dependencies cost, and no more: counted, since clocks lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitmilestone.model.change import Change
from gitmilestone.model.milestone import Dependency, Milestone
from gitmilestone.model.text import yaml_canonical
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.checking.review import review
from tests.repositories import Clone

_MILESTONES = 60


@pytest.fixture
def dense(clone: Clone) -> Clone:
    """On `dense`: each milestone waits for all before it, and is due before them."""
    clone.git("switch", "-qc", "dense")
    folder: Path = clone.path / ".milestones" / "active"
    folder.mkdir(exist_ok=True)
    names = [f"m{number:03}" for number in range(_MILESTONES)]
    for number, name in enumerate(names):
        on = "".join(f"  - {other}\n" for other in names[:number])
        head = f"title: {name}\nstatus: planned\ndue: 2027-{12 - number // 28:02}-{28 - number % 28:02}\n"
        (folder / f"{name}.yaml").write_text(f"schema: 1\n{head}" + (f"depends_on:\n{on}" if on else ""))
    clone.git("add", "-A")
    clone.git("commit", "-qm", "dense")
    return clone


def _count(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[None]:
    """Grows with every call of a function."""
    calls: list[None] = []
    function = getattr(owner, name)

    def counted(*given: Any) -> Any:
        calls.append(None)
        return function(*given)

    monkeypatch.setattr(owner, name, counted)
    return calls


def test_a_file_is_read_once_for_the_lines_of_all_its_faults(dense: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    read = _count(monkeypatch, yaml_canonical, "load_canonical")
    with dense.store() as store:
        report = check_range(store, "main..dense")
    late = [problem for problem in report.problems if problem.code == "due-before-blocker"]
    assert len(late) == _MILESTONES * (_MILESTONES - 1) // 2
    assert 0 < len(read) < 6 * _MILESTONES


def test_a_review_asks_each_milestone_some_times_for_what_it_waits_for(
    dense: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    blockers = Milestone.blockers.fget  # type: ignore[attr-defined]  # a property of the class

    def counted(milestone: Milestone) -> Any:
        asked.append(None)
        return blockers(milestone)

    dense.git("switch", "-qc", "more")
    for path in sorted((dense.path / ".milestones" / "active").iterdir()):
        path.write_text(path.read_text() + ("" if "depends_on" in path.read_text() else "depends_on:\n") + "  - z\n")
    dense.git("commit", "-qam", "more")
    monkeypatch.setattr(Milestone, "blockers", property(counted))
    with dense.store() as store:
        assert len(review(store, "main..more").made) == _MILESTONES * (_MILESTONES + 1) // 2
        assert len(review(store, "dense..more").made) == _MILESTONES
    assert len(asked) < 40 * _MILESTONES


def test_two_states_are_compared_without_comparing_each_dependency_with_each() -> None:
    compared: list[None] = []

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            compared.append(None)
            return str.__eq__(self, other)

    def on(first: int) -> tuple[Dependency, ...]:
        return tuple(Dependency(Name(f"m{number}")) for number in range(first, first + 500))

    change = Change("a", Milestone("a", "A", depends_on=on(0)), Milestone("a", "A", depends_on=on(1)))
    assert [field[1:] for field in change.fields()] == [(Dependency("m0"), None), (None, Dependency("m500"))]
    assert len(compared) < 5000
