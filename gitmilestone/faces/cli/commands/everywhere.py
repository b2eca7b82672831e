"""`git milestone list --all-repositories`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.notes import note, note_more
from gitmilestone.faces.cli.commands.sources import FINDINGS, today
from gitmilestone.faces.cli.formats import STREAMED, format_rows
from gitmilestone.faces.context import Context
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.everywhere import Everywhere
from gitmilestone.query.query import Query
from gitmilestone.store.files import Files


def write_everywhere(context: Context, files: Files, query: Query, form: str) -> int:
    rows: list[Row] = []
    with Everywhere(context.store, files, context) as everywhere:
        pages = everywhere.iter_pages(query)
        if form not in STREAMED:
            rows = [row for page in pages for row in page]
            pages = iter([rows])
        for place, page in enumerate(pages):
            names = everywhere.short_names
            text = format_rows(page, form, context.style, today(), has_head=place == 0, names=names)
            context.write(text, is_data=form == "csv")
        if form == "table" and rows and query.limit is not None:
            hidden = everywhere.count_behind(query, len(rows))
            if hidden:
                note_more(context, hidden, query.limit)
        elif form == "table" and not rows:
            note(context, "none matches in any repository of the mirror")
        unserved = everywhere.count_unserved()
    for name, count in unserved.items():
        context.warn(f"warning: {count} {'file' if count == 1 else 'files'} unreadable in {name}")
    return FINDINGS if unserved else 0
