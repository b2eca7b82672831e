"""`git milestone ready`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.list import read_query
from gitmilestone.faces.cli.commands.notes import note, note_more
from gitmilestone.faces.cli.commands.sources import files_of, hint_if_empty, report_problems, today
from gitmilestone.faces.cli.formats import format_rows
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.asking.ready import find_ready


def run(context: Context, values: Values) -> int:
    form = "json" if values["json"] else values["format"] or "table"
    query, files = read_query(values, ""), files_of(context, values)
    found = find_ready(context.store, files, query, context, after=values["after"])
    context.write(format_rows(found.rows, form, context.style, today()))
    if form == "table":
        if found.rows and found.hidden and query.limit is not None:
            note_more(context, found.hidden, query.limit, found.rows[-1].milestone.id)
        elif not found.rows and found.blocked:
            note(context, f"nothing is ready; {found.blocked} blocked (`git milestone blocked` says by what)")
        elif not found.rows:
            note(context, "nothing is ready")
        if not found.served and not found.unserved.files:
            hint_if_empty(context, files)
    return report_problems(context, found.unserved.problems, found.unserved.files)
