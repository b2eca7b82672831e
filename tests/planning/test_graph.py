"""Every cycle is named with its path, and no graph takes for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.planning.graph import describe_path, find_cycle, iter_branches, spread, turn_cycle
from gitmilestone.planning.knots import find_cycles

_NAMES = st.sampled_from("abcdefgh")
GRAPHS = st.dictionaries(_NAMES, st.lists(_NAMES, max_size=4, unique=True).map(tuple), max_size=8)


@given(st.dictionaries(_NAMES, st.lists(_NAMES, max_size=4).map(tuple), max_size=8))
def test_a_cycle_is_found_where_there_is_one_and_is_one(blockers: dict[str, tuple[str, ...]]) -> None:
    def reaches(start: str, target: str) -> bool:
        seen: set[str] = set()
        pending = list(blockers.get(start, ()))
        while pending:
            name = pending.pop()
            if name == target:
                return True
            if name not in seen:
                seen.add(name)
                pending += blockers.get(name, ())
        return False

    cycles = find_cycles(blockers)
    assert bool(cycles) == any(reaches(name, name) for name in blockers)
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        assert all(following in blockers[name] for name, following in pairwise(cycle))
    # Of whatever goes round, one is told, and only one.
    for name in blockers:
        told = [cycle for cycle in cycles if reaches(name, cycle[0]) and reaches(cycle[0], name)]
        assert len(told) == reaches(name, name)


def test_a_long_chain_and_many_knots_are_walked_once() -> None:
    chain = {f"m{n}": (f"m{n + 1}",) for n in range(50_000)}
    assert find_cycle(["m0"], lambda name: chain.get(name, ())) is None
    knots = {f"k{n}": (f"k{n ^ 1}",) for n in range(20_000)}
    assert find_cycle(["k0"], lambda name: knots.get(name, ())) == ["k0", "k1", "k0"]
    assert len(find_cycles(knots | chain)) == 10_000


def test_what_waits_for_itself_hides_no_other_cycle() -> None:
    assert find_cycles({"a": ("a", "b"), "b": ("a",), "c": ("c",)}) == [["a", "b", "a"], ["c", "c"]]


def test_of_a_long_path_the_ends_are_told() -> None:
    names = [f"m{number}" for number in range(20_001)]
    assert describe_path(names[:11]) == " -> ".join(names[:11])
    assert describe_path([*names, "m0"]) == (
        "m0 -> m1 -> m2 -> m3 -> m4 -> ... 19992 more ... -> m19997 -> m19998 -> m19999 -> m20000 -> m0"
    )


class _Dense:
    """Each of some milestones waits for all before it. Counts the dependencies that are looked at."""

    def __init__(self, milestones: int) -> None:
        self._names = [f"m{number:03}" for number in range(milestones)]
        self._places = {name: place for place, name in enumerate(self._names)}
        self.starts = self._names[::-1]
        self.edges = milestones * (milestones - 1) // 2
        self.looked_at = 0

    def follow(self, name: str) -> Iterator[str]:
        for on in self._names[: self._places[name]]:
            self.looked_at += 1
            yield on

    def follow_backwards(self, name: str) -> Iterator[str]:
        for on in self._names[: self._places[name]][::-1]:
            self.looked_at += 1
            yield on


@pytest.mark.parametrize("is_backwards", [False, True])
def test_a_dense_graph_has_few_lines_and_each_dependency_is_looked_at_some_times(is_backwards: bool) -> None:
    dense = _Dense(300)
    follow = dense.follow_backwards if is_backwards else dense.follow
    branches = list(iter_branches(dense.starts, follow, 20, 5))
    assert dense.looked_at < 4 * dense.edges
    assert {branch.id for branch in branches} == {*dense.starts, ""}
    assert len(branches) < 300 * (1 + 5 + 1)
    below = Counter(branch.above for branch in branches if branch.mark != "more")
    below.update({branch.above: branch.left_out for branch in branches})
    assert below["m299"] == 299
    assert all(branch.closing[-1] for branch in branches if branch.mark == "more")


@given(GRAPHS, st.integers(1, 4), st.integers(0, 2))
def test_what_has_no_line_of_its_own_is_counted_and_drawn_elsewhere(
    graph: dict[str, tuple[str, ...]], deepest: int, most: int
) -> None:
    names = sorted({*graph, *(name for on in graph.values() for name in on)})
    branches = list(iter_branches(names, lambda name: graph.get(name, ()), deepest, most))
    assert {branch.id for branch in branches} - {""} == {*names}
    for name in names:
        below = [branch for branch in branches if branch.closing and branch.above == name]
        assert sum(branch.left_out or 1 for branch in below) == len(graph.get(name, ()))
        assert [branch.closing[-1] for branch in below] == [False] * (len(below) - 1) + [True] * bool(below)


@given(GRAPHS, st.integers(1, 4))
def test_a_drawing_has_every_line_once(graph: dict[str, tuple[str, ...]], deepest: int) -> None:
    names = sorted({*graph, *(name for on in graph.values() for name in on)})
    branches = list(iter_branches(names, lambda name: graph.get(name, ()), deepest))
    tops = [branch.id for branch in branches if not branch.closing]
    assert len({*tops}) == len(tops)
    assert {branch.id for branch in branches} == {*names}
    # Each milestone has its own branches below it once: in full, and in their order.
    below: dict[str, list[str]] = {name: [] for name in names}
    for branch in branches:
        if branch.closing:
            below[branch.above].append(branch.id)
    assert below == {name: list(graph.get(name, ())) for name in names}
    assert all(len(branch.closing) <= deepest for branch in branches)
    drawn: set[str] = set()
    for place, branch in enumerate(branches):
        is_last = place + 1 == len(branches)
        has_some = not is_last and len(branches[place + 1].closing) > len(branch.closing)
        if branch.mark == "above":
            assert branch.id in drawn
        elif branch.mark == "below":
            assert branch.id not in drawn
            assert branch.id in tops or any(other.id == branch.id for other in branches[place + 1 :])
        elif branch.mark == "":
            assert has_some == bool(graph.get(branch.id))
            drawn.add(branch.id)
        assert not (branch.mark and has_some)


def test_the_marks_of_a_drawing() -> None:
    graph = {"a": ("b", "c"), "b": ("d",), "c": ("b", "a"), "d": ("e",), "e": ("f",)}
    drawn = [
        (branch.id, len(branch.closing), branch.mark)
        for branch in iter_branches("a", lambda name: graph.get(name, ()), 3)
    ]
    assert drawn == [
        *(("a", 0, ""), ("b", 1, ""), ("d", 2, ""), ("e", 3, "below")),
        *(("c", 1, ""), ("b", 2, "above"), ("a", 2, "cycle")),
        *(("e", 0, ""), ("f", 1, "")),
    ]


def test_a_long_chain_is_drawn_in_short_lines() -> None:
    chain = {f"m{n}": (f"m{n + 1}",) for n in range(100_000)}
    branches = list(iter_branches(["m0"], lambda name: chain.get(name, ()), 20))
    assert max(len(branch.closing) for branch in branches) == 20
    assert sum(not branch.mark for branch in branches) == 100_001


@given(GRAPHS, st.lists(_NAMES, max_size=4))
def test_what_is_reached_has_the_first_root_that_reaches_it(
    dependents: dict[str, tuple[str, ...]], roots: list[str]
) -> None:
    def reach(start: str) -> set[str]:
        seen, pending = set[str](), [start]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += dependents.get(name, ())
        return seen

    expected: dict[str, str] = {}
    for root in roots:
        expected = {**dict.fromkeys(reach(root), root), **expected}
    assert spread(roots, lambda name: dependents.get(name, ())) == expected


def test_a_cycle_is_told_alike_wherever_it_is_found() -> None:
    assert turn_cycle(["c", "a", "b", "c"]) == ["a", "b", "c", "a"]
    assert turn_cycle(["a", "a"]) == ["a", "a"]
