"""Rows of milestones in every format that `list` and `export` print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.terminal import Style
from gitmilestone.model.fields import MILESTONE_FIELDS
from gitmilestone.model.milestone import DEPENDENCY_TYPES
from gitmilestone.model.row import Row

STATUS_COLOURS = {"in_progress": "yellow", "blocked": "red", "completed": "green", "cancelled": "dim"}

CSV_COLUMNS = (
    *("id", *(field.name for field in MILESTONE_FIELDS if field.name != "schema" and field.shape != "tasks")),
    *("path", "progress", "is_blocked", "blocked_by"),
)
"""Lists are joined by `;`, with `id:relates` for what does not block. Tasks don't fit in a cell."""

STREAMED = ("jsonl", "csv", "ids")
"""The forms of which a page is a part of the whole."""

_HEADINGS = ("ID", "STATUS", "PRIORITY", "PROJECT", "DUE", "OWNER", "PROGRESS", "REPOSITORY", "TITLE")

Names = Mapping[str, str]
"""Repository -> what stands before the colon of its ids."""

ALONE: Names = {}
"""Where all rows are of one repository, which nobody has to name."""


def format_rows(
    rows: Sequence[Row],
    form: str,
    style: Style,
    today: date,
    *,
    has_head: bool = True,
    names: Names = ALONE,
    keys: Sequence[str] = (),
) -> str:
    """Rows in a form of `options.LIST_FORMATS`.

    Args:
        today: What is due before it is painted red.
        has_head: False for the further pages of a form in STREAMED.
        keys: Those of the users' own that have a column in CSV.
    """
    if form == "csv":
        return _format_csv(rows, style, names, has_head, keys)
    if form == "table":
        return align(_HEADINGS, [_cells(row, today, names) for row in rows], style)
    return _FORMATS[form](rows, style, names)


def _name(row: Row, names: Names) -> str:
    return f"{names[row.repository]}:{row.milestone.id}" if names else row.milestone.id


def _cells(row: Row, today: date, names: Names) -> list[Cell]:
    milestone = row.milestone
    colour = STATUS_COLOURS.get("blocked" if row.is_blocked else milestone.status, "")
    waits = row.is_blocked and milestone.status != "blocked"
    is_late = milestone.due is not None and milestone.due < today and milestone.is_open
    return [
        Cell(_name(row, names)),
        Cell(f"{milestone.status}, blocked" if waits else milestone.status, colour),
        Cell(milestone.priority or ""),
        Cell(milestone.project or ""),
        Cell(milestone.due.isoformat() if milestone.due else "", "red" if is_late else ""),
        Cell(milestone.owner or ""),
        Cell(f"{row.progress:.0%}" if milestone.tasks else ""),
        Cell(row.repository),
        Cell(milestone.title),
    ]


def _to_json(row: Row, names: Names) -> dict[str, Any]:
    from gitmilestone.faces.envelope import to_json_row

    value = to_json_row(row)
    return {**value, "repository": row.repository, "reference": _name(row, names)} if names else value


def _format_json(rows: Sequence[Row], style: Style, names: Names) -> str:
    from gitmilestone.faces.envelope import dump_envelope

    return dump_envelope("milestones", (_to_json(row, names) for row in rows), style)


def _format_json_lines(rows: Sequence[Row], style: Style, names: Names) -> str:
    from gitmilestone.faces.envelope import dump

    return "".join(f"{dump(_to_json(row, names), style)}\n" for row in rows)


def _format_ids(rows: Sequence[Row], style: Style, names: Names) -> str:
    del style
    return "".join(f"{_name(row, names)}\n" for row in rows)


def _format_csv(rows: Sequence[Row], style: Style, names: Names, has_head: bool, keys: Sequence[str]) -> str:
    from gitmilestone.operations.editing.exchange import escape_cell, format_cells

    columns = (*CSV_COLUMNS, *(("repository", "reference") if names else ()))
    lines = [format_cells((*columns, *(f"x.{key}" for key in keys)))] if has_head else []
    for row in rows:
        value = _to_json(row, names)
        cells = [escape_cell(column, _to_cell(value[column])) for column in columns]
        cells += [escape_cell("", _to_own_cell(row.milestone.extra.get(key))) for key in keys]
        lines.append(format_cells(cells))
    return style.clean("".join(lines))


def _to_own_cell(value: Any) -> str:
    return value if isinstance(value, str) else ""


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
    is_plain = item["type"] == "blocks" and item["id"].rpartition(":")[2] not in DEPENDENCY_TYPES
    return str(item["id"] if is_plain else f"{item['id']}:{item['type']}")


def _format_markdown(rows: Sequence[Row], style: Style, names: Names) -> str:
    from tabulate import tabulate

    from gitmilestone.faces.markdown import escape_markdown

    cells = [[escape_markdown(cell.text) for cell in _cells(row, date.min, names)] for row in rows]
    kept = [place for place in range(len(_HEADINGS)) if any(row[place] for row in cells)]
    headings = [_HEADINGS[place].capitalize() for place in kept]
    table = tabulate(
        [[row[place] for place in kept] for row in cells], headings, tablefmt="pipe", disable_numparse=True
    )
    return style.clean(table) + "\n" if rows else ""


_FORMATS: dict[str, Callable[[Sequence[Row], Style, Names], str]] = {
    "json": _format_json,
    "jsonl": _format_json_lines,
    "markdown": _format_markdown,
    "ids": _format_ids,
}
