"""What two changes of a custom key's value come to, of which no field says what it means.

A mapping is joined entry by entry, a list of texts item by item, a text line by line: wherever git joins the lines that
it is written in, and where they are on one line too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gitmilestone.model.merging.lines import Chunk, Lines, iter_chunks, match_lines, split_lines

ABSENT = object()
"""The value of a key that is not there, which is not the same as one that is empty."""


class Joined(NamedTuple):
    """`is_disputed`: both changed the same part of it, each in its own way."""

    value: Any
    is_disputed: bool


def join_own(base: Any, ours: Any, theirs: Any, otherwise: int) -> Joined:
    """Args:
    otherwise: The side to take (0 is the base, then ours and theirs) of the parts that are disputed.
    """
    if ours == base:
        return Joined(theirs, False)
    if theirs in (base, ours):
        return Joined(ours, False)
    sides = (base, ours, theirs)
    if all(isinstance(side, str) for side in sides):
        chunks = list(iter_chunks(*map(split_lines, sides)))
        text = "".join("".join(chunk.settle(otherwise)) for chunk in chunks)
        return Joined(text, any(chunk.is_disputed for chunk in chunks))
    if all(map(_is_list_of_texts, sides)):
        return _join_items(base, ours, theirs, otherwise)
    if base in (ABSENT, None):
        base = {}
    if all(isinstance(side, Mapping) for side in (base, ours, theirs)):
        return _join_entries(base, ours, theirs, otherwise)
    return Joined(sides[otherwise], True)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _join_entries(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], otherwise: int
) -> Joined:
    entries = {
        key: join_own(base.get(key, ABSENT), ours.get(key, ABSENT), theirs.get(key, ABSENT), otherwise)
        for key in {**ours, **theirs, **base}
    }
    values = {key: entry.value for key, entry in entries.items() if entry.value is not ABSENT}
    return Joined(values, any(entry.is_disputed for entry in entries.values()))


def _join_items(base: Lines, ours: Lines, theirs: Lines, otherwise: int) -> Joined:
    items: list[str] = []
    is_disputed = False
    for chunk in iter_chunks(base, ours, theirs):
        joined = _join_edits(chunk) if chunk.is_disputed else chunk.settle(otherwise)
        is_disputed |= joined is None
        items += chunk[otherwise] if joined is None else joined
    return Joined(items, is_disputed)


class _Edits(NamedTuple):
    """What became of a stretch of a list.

    Attributes:
        kept: The places of the items that stay.
        replaced: The places of those in whose stead there is something else.
        added: What is new, by the place of the item that it is in front of, or in whose stead.
    """

    kept: set[int]
    replaced: set[int]
    added: dict[int, Lines]


def _join_edits(chunk: Chunk) -> Lines | None:
    """The edits of both, be they in neighbours; None where two of them are in the same item, or the same gap."""
    here, there = (_find_edits(chunk.base, side) for side in (chunk.ours, chunk.theirs))
    is_disputed = here.replaced - there.kept or there.replaced - here.kept
    if is_disputed or here.added.keys() & there.added.keys():
        return None
    added = here.added | there.added
    items: list[str] = []
    for at in range(len(chunk.base) + 1):
        items += added.get(at, ())
        items += chunk.base[at : at + 1] if at in here.kept & there.kept else ()
    return items


def _find_edits(old: Lines, new: Lines) -> _Edits:
    edits = _Edits(set(), set(), {})
    at = to = 0
    for place, there in [*match_lines(old, new), (len(old), len(new))]:
        if there > to:
            edits.added[at] = new[to:there]
            edits.replaced.update(range(at, place))
        edits.kept.add(place)
        at, to = place + 1, there + 1
    return edits
