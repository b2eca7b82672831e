"""`git milestone log ID`"""

from __future__ import annotations

from typing import Any

from gitmilestone.faces.cli.commands.diff import format_fields, to_json_field
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.cli.terminal import Style
from gitmilestone.operations.diff import Event, history


def run(context: Context, values: Values) -> int:
    shown = history(context.store, find_id(context, values["id"]), values["at"] or "HEAD", values["limit"])
    if values["json"] or values["format"] == "json":
        from gitmilestone.faces.cli.json_values import dump_envelope

        context.write(dump_envelope("events", map(_to_json_event, shown), context.style))
        return 0
    for event in shown:
        context.write(format_event(event, context.style))
    return 0


def format_event(event: Event, style: Style) -> str:
    head = style.paint(event.commit[:10], "yellow")
    lines = [f"{head} {event.time:%Y-%m-%d} {style.cell(event.author)}: {style.cell(event.subject)}"]
    if event.change is None:
        lines.append("    no field changed" if event.is_readable else "    its file can't be read before or after")
    else:
        kind = "created" if event.change.old is None else "deleted" if event.change.new is None else ""
        lines += [f"    {kind}"] if kind else []
        lines += format_fields(event.change, style) if event.change.new else []
    return "\n".join(lines) + "\n"


def _to_json_event(event: Event) -> dict[str, Any]:
    return {
        "commit": event.commit,
        "time": f"{event.time:%Y-%m-%dT%H:%M:%SZ}",
        "author": {"name": event.author, "email": event.email},
        "subject": event.subject,
        "id": event.change.id if event.change else None,
        "kind": event.change.kind if event.change else None,
        "fields": [to_json_field(field) for field in event.change.fields()] if event.change else [],
    }
