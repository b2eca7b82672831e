"""A table of any columns, in every format that `sql` prints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from gitmilestone.derived.analytics.answer import Table
from gitmilestone.faces.terminal import Style, measure

FORMATS = ("table", "json", "jsonl", "csv", "markdown")

_GAP = "  "
_DIGITS = 4


def format_table(table: Table, form: str, style: Style) -> str:
    return _FORMATS[form](table, style)


def to_json(value: Any) -> Any:
    """What JSON has for a value: times and days are ISO 8601, what is not a number is null."""
    if isinstance(value, float | Decimal):
        return _to_number(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return _to_text(value)


def _to_number(value: float | Decimal) -> float | int | None:
    if not isfinite(value):
        return None
    return int(value) if isinstance(value, Decimal) and value == int(value) else float(value)


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    return ";".join(map(_to_text, value)) if isinstance(value, list | tuple) else str(value)


def _to_shown(value: Any) -> str:
    """For people: a few digits will do."""
    if isinstance(value, float) and isfinite(value):
        return f"{round(value, _DIGITS)}".removesuffix(".0")
    return _to_text(value)


def _format_aligned(table: Table, style: Style) -> str:
    """Every column, however wide: who asks for one wants to see it."""
    if not table.columns:
        return ""
    lines = [[style.cell(name) for name in table.columns]]
    lines += [[style.cell(_to_shown(value)) for value in row] for row in table.rows]
    widths = [max(map(measure, column)) for column in zip(*lines, strict=True)]
    are_numbers = [_is_number(kind) for kind in table.types]
    texts = []
    for cells in lines:
        parts = []
        for cell, width, is_number in zip(cells, widths, are_numbers, strict=True):
            space = " " * (width - measure(cell))
            parts.append(space + cell if is_number else cell + space)
        texts.append(_GAP.join(parts).rstrip())
    texts[0] = style.paint(texts[0], "bold")
    return "".join(f"{text}\n" for text in texts)


def _is_number(kind: str) -> bool:
    return kind.endswith(("INT", "INTEGER", "DOUBLE", "FLOAT")) or kind.startswith("DECIMAL")


def _format_json(table: Table, style: Style) -> str:
    from gitmilestone.faces.envelope import dump_envelope

    columns = [{"name": name, "type": kind} for name, kind in zip(table.columns, table.types, strict=True)]
    return dump_envelope("rows", _to_objects(table), style, columns=columns)


def _format_json_lines(table: Table, style: Style) -> str:
    from gitmilestone.faces.envelope import dump

    return "".join(f"{dump(row, style)}\n" for row in _to_objects(table))


def _to_objects(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, map(to_json, row), strict=True)) for row in table.rows]


def _format_csv(table: Table, style: Style) -> str:
    import csv
    import io

    from gitmilestone.operations.editing.exchange import escape_formula

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(escape_formula, table.columns))
    are_numbers = [_is_number(kind) for kind in table.types]
    for row in table.rows:
        cells = zip(map(_to_text, row), are_numbers, strict=True)
        writer.writerow([cell if is_number else escape_formula(cell) for cell, is_number in cells])
    return style.clean(text.getvalue())


def _format_markdown(table: Table, style: Style) -> str:
    from tabulate import tabulate

    from gitmilestone.faces.markdown import escape_markdown

    rows = [[escape_markdown(_to_shown(value)) for value in row] for row in table.rows]
    headings = [escape_markdown(name) for name in table.columns]
    align = ["right" if _is_number(kind) else "left" for kind in table.types]
    text = tabulate(rows, headings, tablefmt="pipe", disable_numparse=True, colalign=align if rows else None)
    return style.clean(text) + "\n"


_FORMATS: dict[str, Callable[[Table, Style], str]] = {
    "table": _format_aligned,
    "json": _format_json,
    "jsonl": _format_json_lines,
    "csv": _format_csv,
    "markdown": _format_markdown,
}
