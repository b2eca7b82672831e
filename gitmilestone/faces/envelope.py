"""Milestones as JSON: what every `--json` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitmilestone.faces.terminal import Style
from gitmilestone.model.link import Outline
from gitmilestone.model.record import to_json
from gitmilestone.model.row import Row

SCHEMA_VERSION = 1


def to_json_row(row: Row) -> dict[str, Any]:
    """A milestone as its record, with what is computed."""
    return {
        **to_json(row.milestone),
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
    """JSON on one line; pure ASCII where a terminal or a runner reads it, which would obey some characters."""
    from json import dumps

    if style.is_watched:
        from gitmilestone.faces.runner import make_json_inert

        return make_json_inert(dumps(value))
    return dumps(value, ensure_ascii=style.is_terminal)


def dump_envelope(name: str, items: Iterable[Any], style: Style, **facts: Any) -> str:
    """`{"schema_version": 1, NAME: [...]}` with one item a line; `facts` stand before the items."""
    head = dump({"schema_version": SCHEMA_VERSION, **facts}, style)[:-1]
    body = ",\n".join(dump(item, style) for item in items)
    return f"{head}, {dump(name, style)}: [\n{body}\n]}}\n" if body else f"{head}, {dump(name, style)}: []}}\n"
