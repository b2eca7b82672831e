"""`git milestone log [ID]`"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from gitmilestone.derived.history.activity import Activity
from gitmilestone.derived.history.read import Selection
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.differences import format_field, to_json_field
from gitmilestone.faces.terminal import Style
from gitmilestone.operations.asking.history import (
    Event,
    check_field,
    find_activity,
    iter_events,
    open_history,
    open_history_of,
)
from gitmilestone.store.asking.log import read_date

_WORDS = {"added": "created", "removed": "deleted"}


def run(context: Context, values: Values) -> int:
    revision = values["at"] or "HEAD"
    given = find_id(context, values["id"]) if values["id"] else None
    selection = _read_selection(context, values)
    if given is not None:
        opened, milestone_id = open_history_of(context.store, given, revision, context)
        selection = selection._replace(milestone_id=milestone_id)
    else:
        opened = open_history(context.store, revision, context)
    with opened:
        events = iter_events(opened, selection)
        found = find_activity(opened, selection.milestone_id) if given is not None else None
        if values["json"] or values["format"] == "json":
            from gitmilestone.faces.envelope import dump_envelope

            facts = {"activity": _to_json_activity(found)} if found else {}
            context.write(dump_envelope("events", map(to_json_event, events), context.style, **facts))
        else:
            if found and selection == Selection(selection.milestone_id):
                context.write(f"{_summarise(found, context.style)}\n\n")
            for text in iter_text(events, context.style, names_ids=given is None):
                context.write(text)
    return 0


def _summarise(found: Activity, style: Style) -> str:
    """One line for the whole of it, before the commits one by one."""
    parts = [f"created {_day(found.created)} by {style.cell(found.author)}"]
    parts += [f"updated {_day(found.updated)}"] if found.updated != found.created else []
    parts += [f"completed {_day(found.completed)}"] if found.completed else []
    parts += ["deleted"] if found.is_deleted else []
    spans = [f"{status} {_format_span(seconds)}" for status, seconds in found.seconds.items() if status != "completed"]
    return "; ".join(filter(None, (", ".join(parts), ", ".join(spans))))


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _format_span(seconds: int) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return "moments"


def _to_json_activity(found: Activity) -> dict[str, Any]:
    def moment(seconds: int | None) -> str | None:
        return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"

    return {
        "created": moment(found.created),
        "created_by": {"name": found.author, "email": found.email},
        "updated": moment(found.updated),
        "completed": moment(found.completed),
        "is_deleted": found.is_deleted,
        "seconds": dict(found.seconds),
    }


def _read_selection(context: Context, values: Values) -> Selection:
    since, until = (
        read_date(context.store.git, text) if (text := values.get(name)) else None for name in ("since", "until")
    )
    fields = tuple(map(check_field, values["field"] or ()))
    return Selection("", since, until, values["author"] or "", fields, values["limit"])


def iter_text(events: Iterator[Event], style: Style, names_ids: bool) -> Iterator[str]:
    """A line for each commit, then what it did to each milestone, indented below the id where that is not said."""
    last = ""
    for event in events:
        if event.commit != last:
            yield format_commit(event, style)
        last = event.commit
        if names_ids:
            yield f"  {style.paint(event.id, 'cyan')}\n"
        yield "".join(f"    {line}\n" for line in _describe(event, style))


def format_commit(event: Event, style: Style) -> str:
    head = style.paint(event.commit[:10], "yellow")
    return f"{head} {event.time:%Y-%m-%d} {style.cell(event.author)}: {style.cell(event.subject)}\n"


def _describe(event: Event, style: Style) -> list[str]:
    """A line for each field; of a new milestone, all but what is so of every new one."""
    change = event.change
    if change is None:
        return ["its commit names it" if event.is_readable else "its file can't be read"]
    lines = [_WORDS[change.kind]] if change.kind in _WORDS else []
    if change.kind == "removed":
        return lines
    hidden = ("title", "created") if change.kind == "added" else ()
    return lines + [format_field(field, style) for field in change.fields() if field.field not in hidden]


def to_json_event(event: Event) -> dict[str, Any]:
    change = event.change
    return {
        "commit": event.commit,
        "time": f"{event.time:%Y-%m-%dT%H:%M:%SZ}",
        "author": {"name": event.author, "email": event.email},
        "subject": event.subject,
        "id": event.id,
        "kind": change.kind if change else "named" if event.is_readable else None,
        "fields": [to_json_field(field) for field in change.fields()] if change else [],
    }
