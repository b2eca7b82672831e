"""`git milestone sql QUERY`"""

from __future__ import annotations

from gitmilestone.derived.analytics.answer import Table
from gitmilestone.derived.analytics.open import Analytics
from gitmilestone.derived.analytics.schema import VIEWS
from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.commands.sources import report_problems
from gitmilestone.faces.cli.confine import DyingAtOnce, MemoryLimit
from gitmilestone.faces.cli.printing.tables import format_table
from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.asking.analytics import ask, find_memory_bytes


def run(context: Context, values: Values) -> int:
    form = "json" if values["json"] else values["format"] or "table"
    if values["schema"]:
        _write_schema(context, form)
        return 0
    text = context.stdin.read() if values["query"] == "-" else values["query"]
    if not text or not text.strip():
        raise InvalidRequest("no query is given", "`git milestone sql --schema` shows what there is to ask")
    # What comes out of the database takes as much again.
    allowed = 2 * find_memory_bytes(context.store)

    def answer(analytics: Analytics) -> Table:
        with MemoryLimit(allowed):
            return analytics.query(text)

    with DyingAtOnce():
        table, unserved = ask(context.store, answer, values["at"], context)
    context.write(format_table(table, form, context.style), is_data=form == "csv")
    return report_problems(context, unserved.problems, unserved.unreadable)


def _write_schema(context: Context, form: str) -> None:
    if form != "table":
        listed = [(view, *column[:3]) for view, columns in VIEWS.items() for column in columns]
        table = Table(("view", "column", "type", "doc"), ("VARCHAR",) * 4, listed)
        context.write(format_table(table, form, context.style))
        return
    parts = []
    for view, columns in VIEWS.items():
        rows = [[Cell(f"  {column.name}"), Cell(column.type), Cell(column.doc)] for column in columns]
        parts.append(align([view, "", ""], rows, context.style))
    context.write("\n".join(parts))
