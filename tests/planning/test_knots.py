"""Of a change's edges, those on a cycle are found, and no graph takes for ever."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.planning.knots import find_made_cycles

_NAMES = st.sampled_from("abcdefg")
GRAPHS = st.dictionaries(_NAMES, st.lists(_NAMES, max_size=3, unique=True).map(tuple), max_size=7)


def reaches(start: str, goal: str, edges: dict[str, tuple[str, ...]]) -> bool:
    seen: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            pending += edges.get(name, ())
    return False


@given(GRAPHS, st.data())
def test_a_cycle_is_told_for_each_knot_with_an_edge_that_was_made(
    edges: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    every = [(name, on) for name in edges for on in edges[name]]
    made = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    cycles = find_made_cycles(made, edges)
    for cycle in cycles:
        assert cycle[0] == cycle[-1] == min(cycle)
        steps = list(pairwise(cycle))
        assert all(on in edges[name] for name, on in steps)
        assert set(steps) & set(made)
        assert len(set(cycle)) == len(cycle) - 1
    # Each made edge that closes a circle is in a knot of which a cycle is told, and only one.
    for name, on in made:
        told = [cycle for cycle in cycles if reaches(name, cycle[0], edges) and reaches(cycle[0], name, edges)]
        assert len(told) == 1 or (not told and not reaches(on, name, edges))


def test_long_chains_and_many_edges() -> None:
    chain = {f"m{n}": (f"m{n + 1}",) for n in range(50_000)} | {"m50000": ("m0",)}
    assert len(find_made_cycles([("m50000", "m0")], chain)[0]) == 50_002
    ring = {"a": ("b",), "b": ("a",), "c": ("a",)}
    assert find_made_cycles([("c", "a")], ring) == []
    assert find_made_cycles([("b", "a")], ring) == [["a", "b", "a"]]
    assert find_made_cycles([("s", "s")], {"s": ("s",)}) == [["s", "s"]]
