"""`git milestone export`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.list import read_query
from gitmilestone.faces.cli.commands.sources import files_of, report_problems, today
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.formats import format_rows
from gitmilestone.faces.cli.spec import Values
from gitmilestone.operations.query import answer


def run(context: Context, values: Values) -> int:
    answered = answer(files_of(context, values), read_query(values, ""))
    context.write(format_rows(answered.rows, values["format"] or "jsonl", context.style, today()))
    return report_problems(context, answered.problems, answered.unreadable)
