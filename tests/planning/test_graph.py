"""Every cycle is named with its path, and no graph takes for ever."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.planning.graph import find_cycle, find_cycles

_NAMES = st.sampled_from("abcdefgh")


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
    broken = {name: () if any(name in cycle for cycle in cycles) else after for name, after in blockers.items()}
    assert find_cycles(broken) == []


def test_a_long_chain_and_many_knots_are_walked_once() -> None:
    chain = {f"m{n}": (f"m{n + 1}",) for n in range(50_000)}
    assert find_cycle(["m0"], lambda name: chain.get(name, ())) is None
    knots = {f"k{n}": (f"k{n ^ 1}",) for n in range(20_000)}
    assert find_cycle(["k0"], lambda name: knots.get(name, ())) == ["k0", "k1", "k0"]
    assert len(find_cycles(knots | chain)) == 10_000
