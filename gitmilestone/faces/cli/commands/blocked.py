"""`git milestone blocked`"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitmilestone.faces.cli.commands.list import read_query
from gitmilestone.faces.cli.commands.notes import note, note_more
from gitmilestone.faces.cli.commands.sources import files_of, hint_if_empty, report_problems
from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import Style
from gitmilestone.operations.asking.ready import Held, find_blocked

_HEADINGS = ("ID", "DUE", "OWNER", "WAITS FOR", "START WITH", "TITLE")
_SHOWN = 3


def run(context: Context, values: Values) -> int:
    form = "json" if values["json"] else values["format"] or "table"
    query, files = read_query(values, ""), files_of(context, values)
    found = find_blocked(context.store, files, query, context, after=values["after"])
    context.write(format_held(found.held, form, context.style))
    if form == "table":
        if found.held and found.hidden and query.limit is not None:
            note_more(context, found.hidden, query.limit, found.held[-1].row.milestone.id)
        elif not found.held:
            note(context, "nothing is blocked")
        if not found.served and not found.unserved.files:
            hint_if_empty(context, files)
    return report_problems(context, found.unserved.problems, found.unserved.files)


def format_held(held: Sequence[Held], form: str, style: Style) -> str:
    """Milestones that are held up, in a form of `options.HELD_FORMATS`."""
    if form == "ids":
        return "".join(f"{one.row.milestone.id}\n" for one in held)
    if form == "table":
        return align(_HEADINGS, [_cells(one) for one in held], style)
    from gitmilestone.faces.envelope import dump, dump_envelope

    if form == "json":
        return dump_envelope("milestones", map(_to_json, held), style)
    return "".join(f"{dump(_to_json(one), style)}\n" for one in held)


def _cells(held: Held) -> list[Cell]:
    milestone = held.row.milestone
    names = [outline.id for outline in held.waits_for]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return [
        Cell(milestone.id),
        Cell(milestone.due.isoformat() if milestone.due else ""),
        Cell(milestone.owner or ""),
        Cell(shown),
        _start(held),
        Cell(milestone.title),
    ]


def _start(held: Held) -> Cell:
    name = held.start_with.id if held.start_with else ""
    match held.reason:
        case "cycle":
            return Cell("(a cycle)", "red")
        case "by hand":
            return Cell("(by hand)" if name == held.row.milestone.id else f"{name} (by hand)", "red")
        case "unknown":
            return Cell(f"{name} (not known here)", "yellow")
        case "elsewhere":
            return Cell(name, "yellow")
    return Cell(name, "green")


def _to_json(held: Held) -> dict[str, Any]:
    from gitmilestone.faces.envelope import to_json_outline, to_json_row

    return {
        **to_json_row(held.row),
        "waits_for": [to_json_outline(outline) for outline in held.waits_for],
        "start_with": to_json_outline(held.start_with) if held.start_with else None,
        "reason": held.reason or None,
    }
