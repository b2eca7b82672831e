"""CSV: what `import` reads and `export` writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from gitmilestone.errors import InvalidOperation
from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS
from gitmilestone.model.kinds import BLOCK, find_nearest
from gitmilestone.operations.editing.bulk import DERIVED, SETS, Operation

_FORMULA = re.compile("'*[=+@\t\r\n-]")
_PADDED = re.compile(r"'*[=+@\s-]|.*\s\Z", re.DOTALL)
_QUOTED = re.compile('[",\r\n]|^ ')
_DELIMITERS = ",;\t"
_COMPUTED = DERIVED - {"op"}
CSV_COLUMNS: tuple[str, ...] = ("id", *(field.name for field in MILESTONE_FIELDS if field.shape != "tasks"))


def escape_formula(text: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def escape_cell(column: str, text: str) -> str:
    """A field's text as a cell that no spreadsheet runs, spaces at its ends included; `read_cell` gives it back."""
    return f"'{text}" if _marked(column).match(text) else text


def read_cell(column: str, cell: str) -> str:
    """A cell's text without the spaces that sheets are padded with, and the mark of `escape_cell`."""
    if cell.startswith("'") and _marked(column).match(cell):
        return cell[1:]
    return cell if _is_block(column) else cell.strip()


def _marked(column: str) -> re.Pattern[str]:
    # The last line of a text of lines ends, too.
    return _FORMULA if _is_block(column) else _PADDED


def _is_block(column: str) -> bool:
    return column in FIELDS and FIELDS[column].kind is BLOCK


def format_cells(cells: Iterable[str]) -> str:
    """A line of CSV. A carriage return alone is quoted too, which Python's writer leaves bare before 3.13."""
    quoted = ('"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells)
    return ",".join(quoted) + "\n"


def is_column_key(key: str) -> bool:
    """Whether a custom key can stand in a header, in which the spaces around a name do not count."""
    return bool(key) and key == key.strip()


def read_csv(text: str, source: str) -> list[Operation]:
    """Rows under a header of field names; an empty cell unsets, a missing column leaves alone.

    Raises:
        InvalidOperation: A column is no field, or is there twice and can't be joined; a row has more cells than the
            header. It names the line on which the row begins.
    """
    rows = _iter_rows(text, source)
    line, cells = next(rows, (1, []))
    header = list(map(_name_column, cells))
    _check_header(header, source, line)
    operations = []
    for line, cells in rows:
        values = _read_row(header, cells, source, line)
        if any(values.values()):
            operations.append(Operation("upsert", values, line, is_row=True))
    return operations


def _iter_rows(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Each record, and the number of the line on which it begins."""
    import csv

    csv.field_size_limit(1 << 20)
    declared = re.match(r'"?sep=(.)"?[ \t]*(?:\r\n|\n|\r)', text)  # for Excel, by which it writes and asks for it
    rest = text[declared.end() :] if declared else text
    delimiter = declared[1] if declared else _find_delimiter(rest)
    reader = csv.reader(StringIO(rest, newline=""), strict=True, delimiter=delimiter, skipinitialspace=True)
    above = 1 if declared else 0
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = 'a cell with a `"` in it is in quotes, and has that one twice'
            raise InvalidOperation(f"not CSV: {error}", source, line, hint) from None
        if cells is None:
            return
        yield line, cells


def _find_delimiter(text: str) -> str:
    """Spreadsheets write `;` where the comma is a decimal sign, and tabs into the clipboard."""
    import csv

    def count_known(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        try:
            names = next(reader, [])
        except csv.Error:
            return 0, 0
        return sum(_is_known(_name_column(name)) for name in names), len(names)

    return max(_DELIMITERS, key=count_known)


def _name_column(cell: str) -> str:
    """A field as people head it, `Depends on`; a custom key as it is."""
    name = cell.strip()
    return f"x.{name[2:]}" if name[:2] in ("x.", "X.") else re.sub("[ -]+", "_", name.lower())


def _is_known(name: str) -> bool:
    return name in CSV_COLUMNS or name in _COMPUTED or (name.startswith("x.") and len(name) > 2)


def _check_header(header: Sequence[str], source: str, line: int) -> None:
    places: dict[str, int] = {}
    for place, name in enumerate(header, 1):
        if name and not _is_known(name):
            nearest = find_nearest(name, CSV_COLUMNS)
            hint = f"did you mean `{nearest}`? " if nearest else ""
            message = f"the column {name[:80]!r} is no field"
            raise InvalidOperation(message, source, line, f"{hint}a key of your own is `x.{name[:80]}`")
        before = places.setdefault(name, place)
        if before != place and name and name not in SETS | _COMPUTED:
            message = f"the column {name[:80]!r} is there twice: it is the {before}. and the {place}."
            raise InvalidOperation(message, source, line, f"keep one; only {' and '.join(sorted(SETS))} are joined")


def _read_row(header: Sequence[str], cells: Sequence[str], source: str, line: int) -> dict[str, str | None]:
    """What a row says, by field; None in place of what is empty. Several columns of a set are one."""
    values: dict[str, str | None] = {}
    for place, cell in enumerate(cells):
        name = header[place] if place < len(header) else ""
        text = read_cell(name, cell)
        if name:
            values[name] = ";".join(filter(None, (values.get(name), text))) or None
        elif text:
            message = f"the cell {text[:40]!r} stands in column {place + 1}, which the header does not name"
            raise InvalidOperation(message, source, line, "name it, or quote the cells that hold a comma")
    return values
