"""`git milestone import FILE`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.apply import carry_out, read_text
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.editing.bulk import read_json_lines, refuse_repeated
from gitmilestone.operations.editing.exchange import read_csv


def run(context: Context, values: Values) -> int:
    text, source = read_text(context, values["file"])
    form = values["format"] or ("csv" if source.lower().endswith(".csv") else "jsonl")
    if form == "csv":
        operations = read_csv(text, source)
    else:
        operations = read_json_lines(text.split("\n"), source, default_op="upsert")
    refuse_repeated(operations, source)
    return carry_out(context, values, operations, source)
