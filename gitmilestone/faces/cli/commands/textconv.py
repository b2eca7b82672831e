"""`git milestone __textconv FILE`: what `git diff` and `git log -p` compare and show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import neutralise
from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.text.document import read_document
from gitmilestone.model.text.encode import format_flow

_MARKS = {"planned": "[ ]", "in_progress": "[>]", "completed": "[x]"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ELSEWHERE = ("schema", "description")


def run(context: Context, values: Values) -> int:
    with open(context.resolve_path(values["file"]), "rb") as file:
        content = file.read()
    text = _describe(content) or _describe_conflict(content)
    if text is None and context.is_watched:
        text = content.decode("utf-8", "surrogateescape")
    if text is None:
        context.stdout.flush()
        context.stdout.buffer.write(content)
    else:
        context.write(text)
    return 0


def _describe(content: bytes) -> str | None:
    milestone = read_document("", "", content).milestone
    if milestone is None:
        return None
    # Whoever reads it, sooner or later it is a terminal.
    return "".join(f"{neutralise(line)}\n" for line in iter_lines(milestone))


def _describe_conflict(content: bytes) -> str | None:
    """The same with the markers of a merge, where both sides can be read: git compares it with each of them."""
    from gitmilestone.model.merging.merge_text import mark_differences, split_sides

    sides = split_sides(content.decode("utf-8", "replace"))
    ours, theirs = (_describe(sides[side].encode()) for side in ("ours", "theirs")) if sides else (None, None)
    return mark_differences(None, ours, theirs) if ours is not None and theirs is not None else None


def iter_lines(milestone: Milestone) -> Iterator[str]:
    """What is set, one fact a line, so that a difference of lines is a difference of facts."""
    for field in SCALAR_FIELDS:
        value = getattr(milestone, field.name)
        if field.name not in _ELSEWHERE and field.says(value):
            yield f"{field.name}: {field.kind.format(value)}{_weekday(value)}"
    for label in milestone.labels:
        yield f"label: {label}"
    for dependency in milestone.depends_on:
        yield f"{'depends on' if dependency.type == 'blocks' else 'relates to'}: {dependency.id}"
    for key, held in milestone.extra.items():
        yield f"{_one_line(key)}: {_one_line(held)}"
    if milestone.tasks:
        yield "tasks:"
        yield from map(_task_line, milestone.tasks)
    if milestone.description is not None:
        yield "description:"
        yield from (f"  {line}".rstrip() for line in milestone.description.rstrip("\n").split("\n"))


def _task_line(task: Task) -> str:
    """`  [x] enrol-totp-7h2m: Enrol with TOTP (weight 3, completed 2026-12-04T09:12:44Z)`."""
    facts = [
        f"{field.name} {field.kind.format(value)}"
        for field in TASK_FIELDS
        if field.name not in ("title", "status") and field.says(value := getattr(task, field.name))
    ]
    facts += [f"{_one_line(key)} {_one_line(held)}" for key, held in task.extra.items()]
    more = f" ({', '.join(facts)})" if facts else ""
    return f"  {_MARKS[task.status]} {task.id}: {task.title}{more}"


def _weekday(value: Any) -> str:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return f" {_DAYS[value.weekday()]}" if is_day else ""


def _one_line(held: Any) -> str:
    return " ".join(held.split()) if isinstance(held, str) else format_flow(held)
