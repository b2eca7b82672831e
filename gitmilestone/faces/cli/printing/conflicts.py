"""Conflicts, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitmilestone.faces.differences import format_field
from gitmilestone.faces.terminal import Style
from gitmilestone.model.change import Change
from gitmilestone.model.merging.lines import Chunk, Lines, iter_chunks, split_lines
from gitmilestone.model.merging.merge import SIDES, Conflict
from gitmilestone.model.merging.merge_text import FILE
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.encode import format_flow, format_task
from gitmilestone.operations.merging.disputed import Disputed

_SHORT = 12
"""Lines of all sides together that are shown whole."""
_AROUND = 2
_INDENT = " " * 12


def format_head(one: Disputed, style: Style, more: str = "") -> str:
    return f"{style.paint(one.id, 'yellow')}  {style.cell(one.path)}{more}\n"


def format_conflict(one: Disputed, conflict: Conflict, style: Style) -> str:
    lines = [f"  {style.paint(style.cell(conflict.field), 'bold')}"]
    if conflict.field == FILE:
        lines += _iter_states(conflict, style)
        lines += [f"    needed by {style.cell(', '.join(one.dependents))}"] if one.dependents else []
    else:
        shown = _iter_hunks(conflict) if _is_long(conflict) else _iter_sides(conflict)
        lines += [f"{label}{style.clean(line)}" for label, line in shown]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _iter_states(conflict: Conflict, style: Style) -> Iterator[str]:
    """Whole milestones; of one that the other side has deleted, what was changed."""
    for side in SIDES:
        milestone = getattr(conflict, side)
        shown = "deleted" if milestone is None else style.cell(f"{milestone.title} ({milestone.status})")
        yield f"    {side:<8}{shown}"
        if milestone and conflict.base and None in conflict[2:]:
            changes = Change(milestone.id, conflict.base, milestone).fields()
            yield from (f"{_INDENT}{format_field(change, style)}" for change in changes)


def _iter_sides(conflict: Conflict) -> Iterator[tuple[str, str]]:
    for side in SIDES:
        first, *rest = format_value(conflict, getattr(conflict, side)).rstrip("\n").split("\n")
        yield f"    {side:<8}", first
        yield from ((_INDENT, line) for line in rest)


def _is_long(conflict: Conflict) -> bool:
    texts = [side for side in conflict[1:] if side is not None]
    return all(isinstance(text, str) for text in texts) and sum(text.count("\n") for text in texts) > _SHORT


def _iter_hunks(conflict: Conflict) -> Iterator[tuple[str, str]]:
    """Of long texts, the lines that are disputed, and a few around them."""
    there = {side: split_lines(text) for side in SIDES if (text := getattr(conflict, side)) is not None}
    for side in SIDES:
        if side not in there:
            yield f"    {side:<8}", format_value(conflict, None)
    known = there.get("base", there.get("ours", ()))
    chunks = list(iter_chunks(*(there.get(side, known) for side in SIDES)))
    disputed = [chunk.is_disputed or (len(there) < len(SIDES) and chunk.ours != chunk.theirs) for chunk in chunks]
    for at, chunk in enumerate(chunks):
        if disputed[at]:
            yield from _iter_hunk(chunk, [side in there for side in SIDES])
        else:
            is_behind, is_before = any(disputed[at - 1 : at]), any(disputed[at + 1 : at + 2])
            yield from ((_INDENT, line) for line in _shorten(chunk.settle(1), is_behind, is_before))


def _iter_hunk(chunk: Chunk, are_there: list[bool]) -> Iterator[tuple[str, str]]:
    for side, lines, is_there in zip(SIDES, chunk, are_there, strict=True):
        if is_there:
            label = f"    {side:<8}"
            for line in lines or ["(no lines)"]:
                yield label, line.rstrip("\n")
                label = _INDENT


def _shorten(lines: Lines, is_behind: bool, is_before: bool) -> list[str]:
    """The lines next to the hunk that they are behind, and to the one that they are before."""
    head, tail = _AROUND * is_behind, _AROUND * is_before
    if len(lines) <= head + tail + 1:
        return [line.rstrip("\n") for line in lines]
    kept = [*lines[:head], "…", *lines[len(lines) - tail :]]
    return [line.rstrip("\n") for line in kept]


def format_value(conflict: Conflict, value: Any) -> str:
    place = conflict.place
    if value is None:
        return "removed" if place.item and conflict.base is not None else "(unset)"
    if isinstance(value, str):
        return value
    if isinstance(value, Dependency):
        return value.type
    if isinstance(value, Task):
        return format_task(value, "", "  ")
    if isinstance(value, tuple):
        return ", ".join(value)
    return place.field.kind.format(value) if place.field else format_flow(value)


def to_json_rows(one: Disputed) -> list[dict[str, Any]]:
    """A row for each conflict; one without a field where there is none."""
    head = {"id": one.id, "path": one.path}
    problem = one.obstacle and one.obstacle.message
    rows = [
        {"field": conflict.field, **{side: _to_json(conflict, getattr(conflict, side)) for side in SIDES}}
        for conflict in one.conflicts
    ]
    return [{**head, **row, "problem": problem} for row in rows or [{"field": None, **dict.fromkeys(SIDES)}]]


def _to_json(conflict: Conflict, value: Any) -> Any:
    from gitmilestone.model.record import task_to_json, to_json

    if isinstance(value, Milestone):
        return to_json(value)
    if isinstance(value, Task):
        return task_to_json(value)
    return value if value is None or isinstance(value, list | dict) else format_value(conflict, value)
