"""CSV: what `import` reads and `export` writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitmilestone.errors import InvalidOperation
from gitmilestone.model.fields import MILESTONE_FIELDS
from gitmilestone.model.kinds import find_nearest
from gitmilestone.operations.editing.bulk import Operation

_FORMULA = re.compile("'*[=+@\t\r\n-]")
CSV_COLUMNS: tuple[str, ...] = ("id", *(field.name for field in MILESTONE_FIELDS if field.shape != "tasks"))


def escape_formula(text: str) -> str:
    """A cell that no spreadsheet runs; `unescape_formula` gives the text back, whatever it was."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _find_delimiter(header: str) -> str:
    """Spreadsheets write `;` where the comma is a decimal sign, and tabs into the clipboard."""
    return max(",;\t", key=header.count)


def read_csv(lines: Iterable[str], source: str) -> list[Operation]:
    """Rows under a header of field names; an empty cell unsets, a missing column leaves alone.

    Raises:
        InvalidOperation: A column is no field, or a row has more cells than the header.
    """
    import csv

    listed = list(lines)
    reader = csv.reader(listed, strict=True, delimiter=_find_delimiter(listed[0] if listed else ""))
    csv.field_size_limit(1 << 20)
    try:
        header = [re.sub("[ -]+", "_", name.strip().lower()) for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidOperation(f"not CSV: {error}", source, 1, "") from None
    for name in header:
        if name not in (*CSV_COLUMNS, "progress", "path", "is_blocked", "blocked_by") and not name.startswith("x."):
            nearest = find_nearest(name, CSV_COLUMNS)
            raise InvalidOperation(
                f"the column {name!r} is no field", source, 1, f"did you mean `{nearest}`?" if nearest else ""
            )
    operations = []
    try:
        for cells in reader:
            if len(cells) > len(header):
                message = f"{len(cells)} cells under {len(header)} columns"
                raise InvalidOperation(message, source, reader.line_num, "quote cells that hold a comma")
            values = {name: unescape_formula(cell) for name, cell in zip(header, cells, strict=False)}
            fields = {name: value or None for name, value in values.items() if not (name == "created" and not value)}
            if any(fields.values()):
                operations.append(Operation("upsert", fields, reader.line_num))
    except csv.Error as error:
        raise InvalidOperation(f"not CSV: {error}", source, reader.line_num, "") from None
    return operations
