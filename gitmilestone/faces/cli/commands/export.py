"""`git milestone export`"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gitmilestone.faces.cli.commands.list import read_query, write_pages
from gitmilestone.faces.cli.commands.sources import files_of, report_problems
from gitmilestone.faces.context import Context, Values


def run(context: Context, values: Values) -> int:
    form = values["format"] or "jsonl"
    files = files_of(context, values)
    left_out = Counter[str]()
    for page in write_pages(context, files, read_query(values, ""), form):
        for row in page.rows:
            left_out["tasks"] += len(row.milestone.tasks)
            left_out.update(dict.fromkeys(map(repr, row.milestone.extra), 1))
    if form == "csv":
        _say_what_is_left_out(context, left_out)
    return report_problems(context, page.unserved.problems, page.unserved.files)


def _say_what_is_left_out(context: Context, counts: Mapping[str, int]) -> None:
    tasks = counts["tasks"]
    keys = sorted(key[1:-1] for key in counts if key != "tasks")
    left_out = [f"{tasks} tasks"] if tasks else []
    left_out += [f"the keys {', '.join(keys)}"] if keys else []
    if left_out:
        context.warn(f"warning: left out, as a row has no room for them: {' and '.join(left_out)}; jsonl has it all")
