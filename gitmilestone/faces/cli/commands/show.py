"""`git milestone show ID`"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitmilestone.faces.cli.commands.sources import files_of, find_id
from gitmilestone.faces.cli.formats import STATUS_COLOURS
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import Style
from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.show import get_row
from gitmilestone.snapshot.documents import get_document

_TASK_MARKS = {"planned": "[ ]", "in_progress": "[>]", "completed": "[x]"}
_WEIGHT = next(field for field in TASK_FIELDS if field.name == "weight")
_HEAD = ("title", "status", "description", "schema")


def run(context: Context, values: Values) -> int:
    form = "json" if values["json"] else values["format"] or "text"
    files = files_of(context, values)
    if form == "yaml":
        text = get_document(context.store, files, find_id(context, values["id"])).text
        context.write(context.style.clean(text), is_data=True)
        return 0
    row = get_row(context.store, files, find_id(context, values["id"]))
    if form == "json":
        from gitmilestone.faces.envelope import dump_envelope, to_json_row

        context.write(dump_envelope("milestones", [to_json_row(row)], context.style))
    else:
        context.write(format_row(row, context.style))
    return 0


def format_row(row: Row, style: Style) -> str:
    """Everything about a milestone, for people."""
    milestone = row.milestone
    status = style.paint(milestone.status, STATUS_COLOURS.get(milestone.status, ""))
    waits = f", blocked by {', '.join(row.blocked_by)}" if row.blocked_by else ""
    lines = [
        style.paint(style.cell(milestone.title), "bold"),
        f"{style.paint(milestone.id, 'yellow')}  {status}{waits}",
        "",
    ]
    for field in SCALAR_FIELDS:
        value = getattr(milestone, field.name)
        if field.name not in _HEAD and field.says(value):
            lines.append(_pair(field.name, field.kind.format(value), style))
    if milestone.labels:
        lines.append(_pair("labels", ", ".join(milestone.labels), style))
    for dependency in milestone.depends_on:
        name = "depends on" if dependency.type == "blocks" else "relates to"
        lines.append(_pair(name, dependency.id, style))
    for key, held in milestone.extra.items():
        lines.append(_pair(key, _as_words(held), style))
    if milestone.tasks:
        lines += ["", f"tasks  {row.progress:.0%} done"]
        for task in milestone.tasks:
            weight = f"  (weight {task.weight:g})" if _WEIGHT.says(task.weight) else ""
            lines.append(f"  {_TASK_MARKS[task.status]} {task.id}  {style.cell(task.title)}{weight}")
    if milestone.description:
        lines += ["", *(style.clean(f"    {line}".rstrip()) for line in milestone.description.rstrip().split("\n"))]
    return "".join(f"{line}\n" for line in lines)


def _pair(name: str, value: str, style: Style) -> str:
    return f"{style.cell(name):<11} {style.cell(value)}".rstrip()


def _as_words(value: Any, is_inner: bool = False) -> str:
    """A value of a key of the user's own: a text, a list, a mapping, or nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        parts = [f"{key}: {_as_words(held, True)}" for key, held in value.items()]
    else:
        parts = [_as_words(held, True) for held in value or ()]
    return f"({', '.join(parts)})" if is_inner else ", ".join(parts)
