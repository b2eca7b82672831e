"""Rows of milestones in every format that `list` and `export` print."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from gitmilestone.faces.cli.columns import Cell, align
from gitmilestone.faces.cli.terminal import Style
from gitmilestone.model.row import Row

STATUS_COLOURS = {"in_progress": "yellow", "blocked": "red", "completed": "green", "cancelled": "dim"}

CSV_COLUMNS = (
    *("id", "title", "status", "project", "owner", "priority", "start", "due", "estimate", "created"),
    *("labels", "depends_on", "description", "path", "progress", "is_blocked", "blocked_by"),
)
"""Lists are joined by `;`, with `id:relates` for what does not block. Tasks don't fit in a cell."""

STREAMED = ("jsonl", "csv", "ids")
"""The forms of which a page is a part of the whole."""

_MARKDOWN = r"[\\`*_\[\]|~#!]"
_HEADINGS = ("ID", "STATUS", "PRIORITY", "PROJECT", "DUE", "OWNER", "PROGRESS", "TITLE")


def format_rows(rows: Sequence[Row], form: str, style: Style, today: date, *, has_head: bool = True) -> str:
    """Rows in a form of `table.LIST_FORMATS`.

    Args:
        today: What is due before it is painted red.
        has_head: False for the further pages of a form in STREAMED.
    """
    if form == "csv":
        return _format_csv(rows, style, has_head)
    if form == "table":
        return align(_HEADINGS, [_cells(row, today) for row in rows], style)
    return _FORMATS[form](rows, style)


def escape_markdown(text: str) -> str:
    """A text that Markdown shows as it is: no HTML, no mention, no link, no reference, no second cell."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(_MARKDOWN, r"\\\g<0>", text)
    # A zero-width space is what keeps forges from linking names and bare addresses.
    text = re.sub(r"(?<!\w)@", "@&#8203;", text).replace("://", ":&#8203;//")
    return re.sub(r"(?i)\b(www|GH)(?=[.-])", r"\1&#8203;", text)


def _cells(row: Row, today: date) -> list[Cell]:
    milestone = row.milestone
    status = "blocked" if row.is_blocked else milestone.status
    is_late = milestone.due is not None and milestone.due < today and milestone.is_open
    return [
        Cell(milestone.id),
        Cell(status, STATUS_COLOURS.get(status, "")),
        Cell(milestone.priority or ""),
        Cell(milestone.project or ""),
        Cell(milestone.due.isoformat() if milestone.due else "", "red" if is_late else ""),
        Cell(milestone.owner or ""),
        Cell(f"{row.progress:.0%}" if milestone.tasks else ""),
        Cell(milestone.title),
    ]


def _format_json(rows: Sequence[Row], style: Style) -> str:
    from gitmilestone.faces.cli.json_values import dump_envelope, to_json_row

    return dump_envelope("milestones", map(to_json_row, rows), style)


def _format_json_lines(rows: Sequence[Row], style: Style) -> str:
    from gitmilestone.faces.cli.json_values import dump, to_json_row

    return "".join(f"{dump(to_json_row(row), style)}\n" for row in rows)


def _format_ids(rows: Sequence[Row], style: Style) -> str:
    del style
    return "".join(f"{row.milestone.id}\n" for row in rows)


def _format_csv(rows: Sequence[Row], style: Style, has_head: bool = True) -> str:
    import csv
    import io

    from gitmilestone.faces.cli.json_values import to_json_row
    from gitmilestone.operations.exchange import escape_formula

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if has_head:
        writer.writerow(CSV_COLUMNS)
    for row in rows:
        value = to_json_row(row)
        writer.writerow([escape_formula(_to_cell(value[column])) for column in CSV_COLUMNS])
    return style.clean(text.getvalue())


def _to_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ";".join(_to_item(item) for item in value)
    return str(value)


def _to_item(item: Any) -> str:
    if isinstance(item, str):
        return item
    return str(item["id"] if item["type"] == "blocks" else f"{item['id']}:{item['type']}")


def _format_markdown(rows: Sequence[Row], style: Style) -> str:
    from tabulate import tabulate

    cells = [[escape_markdown(cell.text) for cell in _cells(row, date.min)] for row in rows]
    kept = [place for place in range(len(_HEADINGS)) if any(row[place] for row in cells)]
    headings = [_HEADINGS[place].capitalize() for place in kept]
    table = tabulate(
        [[row[place] for place in kept] for row in cells], headings, tablefmt="pipe", disable_numparse=True
    )
    return style.clean(table) + "\n" if rows else ""


_FORMATS: dict[str, Callable[[Sequence[Row], Style], str]] = {
    "json": _format_json,
    "jsonl": _format_json_lines,
    "csv": _format_csv,
    "markdown": _format_markdown,
    "ids": _format_ids,
}
