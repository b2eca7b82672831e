"""Which lines of three texts are the same: what a three-way merge of lines is made from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Lines = Sequence[str]

_DEEPEST = 32
"""How often a gap between anchors is searched for more: a hostile text must not take its square in time."""


class Chunk(NamedTuple):
    """A stretch of three texts. Stretches that are the same in all three alternate with those that are not."""

    base: Lines
    ours: Lines
    theirs: Lines

    @property
    def is_disputed(self) -> bool:
        return self.base != self.ours != self.theirs != self.base

    def settle(self, otherwise: int) -> Lines:
        """The side that changed it; of those that contradict each other, the one at that place (0 is the base)."""
        if self.is_disputed:
            return self[otherwise]
        return self.theirs if self.ours == self.base else self.ours


def split_lines(text: str) -> list[str]:
    """The lines with their ends; only a newline ends one, as for git."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def iter_chunks(base: Lines, ours: Lines, theirs: Lines) -> Iterator[Chunk]:
    """Cuts three texts where all of them have the same lines. O(lines, times their logarithm)."""
    here, there = dict(match_lines(base, ours)), dict(match_lines(base, theirs))
    starts = (0, 0, 0)
    ends = starts
    for at in range(len(base)):
        if at not in here or at not in there:
            continue
        anchor = at, here[at], there[at]
        if anchor != ends:
            if starts != ends:
                yield _cut(base, ours, theirs, starts, ends)
            yield _cut(base, ours, theirs, ends, anchor)
            starts = anchor
        ends = at + 1, here[at] + 1, there[at] + 1
    if starts != ends:
        yield _cut(base, ours, theirs, starts, ends)
    last = len(base), len(ours), len(theirs)
    if ends != last:
        yield _cut(base, ours, theirs, ends, last)


def _cut(base: Lines, ours: Lines, theirs: Lines, starts: tuple[int, ...], ends: tuple[int, ...]) -> Chunk:
    return Chunk(base[starts[0] : ends[0]], ours[starts[1] : ends[1]], theirs[starts[2] : ends[2]])


def match_lines(old: Lines, new: Lines) -> list[tuple[int, int]]:
    """The places of lines that are the same in both, in order.

    As patience sorting finds them: the common beginning and end, then lines that are as often in the one as in the
    other, then the gaps between those. https://bramcohen.livejournal.com/73318.html
    """
    return list(_iter_matches(old, new, (0, len(old)), (0, len(new)), _DEEPEST))


def _iter_matches(
    old: Lines, new: Lines, olds: tuple[int, int], news: tuple[int, int], depth: int
) -> Iterator[tuple[int, int]]:
    start, end = olds
    first, behind = news
    while start < end and first < behind and old[start] == new[first]:
        yield start, first
        start, first = start + 1, first + 1
    tail = 0
    while start < end - tail and first < behind - tail and old[end - tail - 1] == new[behind - tail - 1]:
        tail += 1
    end, behind = end - tail, behind - tail
    anchors = _find_anchors(old, new, range(start, end), range(first, behind)) if depth else []
    at, to = start, first
    for anchor in [*anchors, (end, behind)] if anchors else []:
        yield from _iter_matches(old, new, (at, anchor[0]), (to, anchor[1]), depth - 1)
        if anchor != (end, behind):
            yield anchor
        at, to = anchor[0] + 1, anchor[1] + 1
    for place in range(tail):
        yield end + place, behind + place


def _find_anchors(old: Lines, new: Lines, olds: range, news: range) -> list[tuple[int, int]]:
    """The longest run of pairs, rising in both: the first such line with the first, the second with the second."""
    there: dict[str, list[int]] = {}
    for place in news:
        there.setdefault(new[place], []).append(place)
    here: dict[str, list[int]] = {}
    for place in olds:
        if old[place] in there:
            here.setdefault(old[place], []).append(place)
    pairs = sorted(
        pair
        for line, places in here.items()
        if len(places) == len(there[line])
        for pair in zip(places, there[line], strict=True)
    )
    return _find_longest_rise(pairs)


def _find_longest_rise(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    tops: list[int] = []
    piles: list[int] = []  # of each length, the pair that a run of it ends in
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(place)
            piles.append(number)
        else:
            tops[pile], piles[pile] = place, number
    run: list[tuple[int, int]] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]
