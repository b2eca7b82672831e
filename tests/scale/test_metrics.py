from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.scale.metrics import find_depth, rate_coordination


@pytest.mark.parametrize(
    ("edges", "depth"),
    [
        ([], 0),
        ([(1, 2)], 1),
        ([(1, 2), (2, 3)], 2),
        ([(1, 3), (1, 2), (2, 3), (3, 4), (1, 4)], 3),
        ([(1, 2), (3, 4)], 1),
        ([(1, 2), (2, 1)], 0),
        ([(1, 1)], 0),
        ([(1, 2), (2, 3), (4, 5), (5, 4)], 2),
    ],
)
def test_the_depth_is_the_longest_chain(edges: list[tuple[int, int]], depth: int) -> None:
    assert find_depth(edges) == depth


def test_no_chain_is_too_long() -> None:
    assert find_depth((number, number + 1) for number in range(20_000)) == 20_000


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda edge: edge[0] < edge[1])), st.randoms())
def test_the_depth_is_what_walking_every_chain_finds(edges: set[tuple[int, int]], order: random.Random) -> None:
    def walk(start: int) -> int:
        return max((1 + walk(target) for source, target in edges if source == start), default=0)

    shuffled = sorted(edges)
    order.shuffle(shuffled)
    assert find_depth(shuffled) == max(map(walk, range(10)))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6))), st.randoms())
def test_cycles_end_and_the_order_says_nothing(edges: list[tuple[int, int]], order: random.Random) -> None:
    shuffled = list(edges)
    order.shuffle(shuffled)
    assert find_depth(shuffled) == find_depth(edges)


def test_coordination_is_bounded() -> None:
    assert [round(rate_coordination(pairs), 1) for pairs in (0, 1, 3, 31, 1023, 10**9)] == [0, 1, 2, 5, 10, 10]
