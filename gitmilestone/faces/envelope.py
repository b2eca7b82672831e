"""Milestones as JSON: what every `--json` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitmilestone.faces.terminal import Style
from gitmilestone.model import kinds
from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.link import Outline
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.row import Row

SCHEMA_VERSION = 1


def to_json_value(milestone: Milestone) -> dict[str, Any]:
    """A milestone with every key that a file can have, null or empty where unset; its own keys in `extra`."""
    value: dict[str, Any] = {"id": milestone.id}
    for field in MILESTONE_FIELDS:
        value[field.name] = _field_value(field, getattr(milestone, field.name))
    value["extra"] = dict(milestone.extra)
    return value


def to_json_row(row: Row) -> dict[str, Any]:
    """The same, with what is computed."""
    return {
        **to_json_value(row.milestone),
        "path": row.path,
        "progress": round(row.progress, 4),
        "is_blocked": row.is_blocked,
        "blocked_by": list(row.blocked_by),
    }


def to_json_outline(outline: Outline) -> dict[str, Any]:
    """What a graph says of a milestone, of whatever repository; `status` is null where nothing is known of it."""
    return {
        "id": outline.id,
        "repository": outline.repository or None,
        "title": outline.title or None,
        "status": outline.status or None,
        "due": outline.due.isoformat() if outline.due else None,
    }


def dump(value: Any, style: Style) -> str:
    """JSON on one line; pure ASCII on a terminal, which would obey some characters."""
    from json import dumps

    return dumps(value, ensure_ascii=style.is_terminal)


def dump_envelope(name: str, items: Iterable[Any], style: Style, **facts: Any) -> str:
    """`{"schema_version": 1, NAME: [...]}` with one item a line; `facts` stand before the items."""
    head = dump({"schema_version": SCHEMA_VERSION, **facts}, style)[:-1]
    body = ",\n".join(dump(item, style) for item in items)
    return f"{head}, {dump(name, style)}: [\n{body}\n]}}\n" if body else f"{head}, {dump(name, style)}: []}}\n"


def _field_value(field: Field, value: Any) -> Any:
    match field.shape:
        case "labels":
            return list(value)
        case "dependencies":
            return [{"id": dependency.id, "type": dependency.type} for dependency in value]
        case "tasks":
            return [_task_value(task) for task in value]
    if value is None:
        return None
    if field.kind is kinds.NUMBER or field.kind is kinds.SCHEMA:
        return int(value) if value == int(value) else value
    return field.kind.format(value)


def _task_value(task: Task) -> dict[str, Any]:
    value = {field.name: _field_value(field, getattr(task, field.name)) for field in TASK_FIELDS}
    extra = {"extra": dict(task.extra)} if task.extra else {}
    return {"id": task.id, **value, **extra}
