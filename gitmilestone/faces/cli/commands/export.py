"""`git milestone export`"""

from __future__ import annotations

from typing import NamedTuple

from gitmilestone.faces.cli.commands.list import read_query, write_pages
from gitmilestone.faces.cli.commands.sources import files_of, report_problems
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.operations.asking.query import iter_pages
from gitmilestone.query.query import Query
from gitmilestone.store.files import Files


class Custom(NamedTuple):
    """What a sheet has beside the fields.

    Attributes:
        keys: Of the users' own, those that have a column.
        tasks: How many tasks no row has room for.
        left_out: Keys of which a value has no cell: lists, mappings, and what is empty.
    """

    keys: list[str]
    tasks: int
    left_out: list[str]


def run(context: Context, values: Values) -> int:
    form = values["format"] or "jsonl"
    files, query = files_of(context, values), read_query(values, "")
    custom = _find_custom(context, files, query) if form == "csv" else Custom([], 0, [])
    for page in write_pages(context, files, query, form, custom.keys):
        unserved = page.unserved
    _say_what_is_left_out(context, custom)
    return report_problems(context, unserved.problems, unserved.files)


def _find_custom(context: Context, files: Files, query: Query) -> Custom:
    """The header comes first, and so a pass over all rows before it."""
    from gitmilestone.operations.editing.bulk import fits_cell
    from gitmilestone.operations.editing.exchange import is_column_key

    keys: set[str] = set()
    left_out: set[str] = set()
    tasks = 0
    for page in iter_pages(context.store, files, query, context):
        for row in page.rows:
            tasks += len(row.milestone.tasks)
            for key, value in row.milestone.extra.items():
                (keys if fits_cell(value) and is_column_key(key) else left_out).add(key)
    return Custom(sorted(keys), tasks, sorted(left_out))


def _say_what_is_left_out(context: Context, custom: Custom) -> None:
    left_out = [count_nouns(custom.tasks, "task")] if custom.tasks else []
    left_out += [f"values of {', '.join(map(repr, custom.left_out))}"] if custom.left_out else []
    if left_out:
        context.warn(f"warning: left out, as a row has no room for them: {' and '.join(left_out)}; jsonl has it all")
