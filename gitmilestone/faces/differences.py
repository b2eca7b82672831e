"""What differs between two states of a milestone, as people and as programs read it."""

from __future__ import annotations

from typing import Any

from gitmilestone.faces.terminal import Style
from gitmilestone.model.change import Change, FieldChange
from gitmilestone.model.milestone import Dependency
from gitmilestone.operations.asking.diff import format_value

_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_SHOWN = 60


def format_change(change: Change, style: Style) -> str:
    """A line for the milestone, then a line for each field that differs."""
    mark, colour = _MARKS[change.kind]
    milestone = change.new or change.old
    title = style.cell(milestone.title) if milestone else ""
    lines = [f"{style.paint(f'{mark} {change.id}', colour)}  {title}"]
    if change.kind == "changed":
        lines += [f"    {format_field(field, style)}" for field in change.fields()]
    return "\n".join(lines) + "\n"


def format_field(change: FieldChange, style: Style) -> str:
    """`due: 2027-01-15 -> 2027-02-01`."""
    return f"{style.cell(change.field)}: {_describe(change, style)}"


def _describe(change: FieldChange, style: Style) -> str:
    old, new = format_value(change.field, change.old), format_value(change.field, change.new)
    if change.old is None:
        return style.paint(f"+ {_shorten(new, style)}", "green")
    if change.new is None:
        return style.paint(f"- {_shorten(old, style)}", "red")
    return f"{_shorten(old, style)} -> {_shorten(new, style)}"


def _shorten(text: str, style: Style) -> str:
    text = style.cell(" ".join(text.split()))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def to_json_change(change: Change) -> dict[str, Any]:
    return {"id": change.id, "kind": change.kind, "fields": [to_json_field(field) for field in change.fields()]}


def to_json_field(change: FieldChange) -> dict[str, Any]:
    return {"field": change.field, "old": _json_value(change, change.old), "new": _json_value(change, change.new)}


def _json_value(change: FieldChange, value: Any) -> Any:
    if value is None or isinstance(value, list | dict):
        return value
    if isinstance(value, Dependency):
        return {"id": value.id, "type": value.type}
    return format_value(change.field, value)
