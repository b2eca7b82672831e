"""`git milestone export`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.list import read_query
from gitmilestone.faces.cli.commands.sources import files_of, report_problems, today
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.formats import format_rows
from gitmilestone.faces.cli.spec import Values
from gitmilestone.operations.query import Answer, answer


def run(context: Context, values: Values) -> int:
    answered = answer(context.store, files_of(context, values), read_query(values, ""), watch=context)
    context.write(format_rows(answered.rows, values["format"] or "jsonl", context.style, today()))
    if values["format"] == "csv":
        _say_what_is_left_out(context, answered)
    return report_problems(context, answered.problems, answered.unreadable)


def _say_what_is_left_out(context: Context, answered: Answer) -> None:
    tasks = sum(len(row.milestone.tasks) for row in answered.rows)
    keys = {key for row in answered.rows for key in row.milestone.extra}
    left_out = [f"{tasks} tasks"] if tasks else []
    left_out += [f"the keys {', '.join(sorted(keys))}"] if keys else []
    if left_out:
        context.warn(f"warning: left out, as a row has no room for them: {' and '.join(left_out)}; jsonl has it all")
