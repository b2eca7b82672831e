"""Rows of the index -> the lines that COPY takes.

The mirror's rows are the index's rows, whole: what an answer says is decided once, for every tier.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from sqlite3 import Connection
from typing import NamedTuple

from gitmilestone.derived.postgres.words import encode_words
from gitmilestone.derived.rows import SEARCH_COLUMNS, Record
from gitmilestone.derived.schema import COLUMNS, IDS_A_STATEMENT

UNSERVED = ("path", "oid", "id", "problems")
_OWN = 1  # columns of the index's `milestone` that the mirror does without: its number
_LINES = 500

MIRRORED: dict[str, tuple[str, ...]] = {
    "milestone": (*COLUMNS["milestone"][_OWN:], "words", "long_words"),
    **{table: columns for table, columns in COLUMNS.items() if table != "milestone"},
    "unserved": UNSERVED,
}
"""Table -> the columns that are copied, behind `repository_id` and `state_id`."""

KEYS = {table: "id" if table in ("milestone", "unserved") else "milestone_id" for table in MIRRORED}
"""Table -> the column that says which milestone a row is of."""

_WIDE = ("milestone", "unserved")
"""Tables with bytes, or texts of several lines, in every row."""

_take_searched = itemgetter(*map(COLUMNS["milestone"].index, SEARCH_COLUMNS))
_ID = COLUMNS["milestone"].index("id")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\r": "\\r"})


class Span(NamedTuple):
    """Some milestones, and the rows that belong to them.

    Attributes:
        first: The id from which on; "" is the first of all.
        end: The one before which it ends; "" is behind all of them.
    """

    first: str = ""
    end: str = ""


ALL = Span()
Selected = Span | Sequence[str]
"""Which milestones: those of a span, or with these ids."""


def iter_copied(connection: Connection, table: str, prefix: str, selected: Selected = ALL) -> Iterator[bytes]:
    """The rows of a table as COPY's text format, some thousand bytes at a time.

    Args:
        connection: Of an index.
        prefix: The values of the columns before, each with a tab behind it.
    """
    records = (_iter_milestones if table == "milestone" else _iter_rows)(connection, table, selected)
    encode = encode_wide if table in _WIDE else encode_narrow
    while some := list(islice(records, _LINES)):
        yield encode(some, prefix).encode()


def _iter_milestones(connection: Connection, table: str, selected: Selected) -> Iterator[Record]:
    """Both are read in the order of their ids, in which they lie: one pass over each."""
    tasks = _iter_selected(connection, "SELECT milestone_id, title FROM task", "milestone_id", "position", selected)
    task = next(tasks, None)
    for record in _iter_selected(connection, f"SELECT * FROM {table}", KEYS[table], "", selected):
        milestone_id = record[_ID]
        titles = []
        while task is not None and task[0] <= milestone_id:
            if task[0] == milestone_id:
                titles.append(task[1])
            task = next(tasks, None)
        yield (*record[_OWN:], *encode_words(_take_searched(record), titles))


def _iter_rows(connection: Connection, table: str, selected: Selected) -> Iterator[Record]:
    return _iter_selected(connection, f"SELECT {', '.join(MIRRORED[table])} FROM {table}", KEYS[table], "", selected)


def _iter_selected(connection: Connection, select: str, key: str, further: str, selected: Selected) -> Iterator[Record]:
    order = f" ORDER BY {key}{', ' + further if further else ''}"
    if isinstance(selected, Span):
        bounds = {f"{key} >= ?": selected.first, f"{key} < ?": selected.end}
        given = {condition: bound for condition, bound in bounds.items() if bound}
        where = f" WHERE {' AND '.join(given)}" if given else ""
        yield from connection.execute(f"{select}{where}{order}", tuple(given.values()))
        return
    listed = sorted(selected)
    for start in range(0, len(listed), IDS_A_STATEMENT):
        some = listed[start : start + IDS_A_STATEMENT]
        yield from connection.execute(f"{select} WHERE {key} IN ({', '.join('?' * len(some))}){order}", some)


def encode_narrow(records: Sequence[Record], prefix: str) -> str:
    """Lines of COPY's text format, all in one go where no text has what has to be escaped; but for bytes."""
    values = list(chain.from_iterable(records))
    nulls = values.count(None)
    width = len(records[0])
    form = prefix + "\t".join(["%s"] * width) + "\n"
    lines = form * len(records) % tuple(["\\N" if value is None else value for value in values] if nulls else values)
    tabs = (prefix.count("\t") + width - 1) * len(records)
    is_plain = lines.count("\n") == len(records) and lines.count("\t") == tabs and lines.count("\\") == nulls
    return lines if is_plain and "\r" not in lines else encode_wide(records, prefix)


def encode_wide(records: Sequence[Record], prefix: str) -> str:
    """The same, line by line."""
    return "".join([f"{prefix}{_encode(record)}\n" for record in records])


def _encode(record: Record) -> str:
    # One look at all texts of a record costs a tenth of one at each, and few of them have more than ends of lines.
    texts = "".join([value for value in record if value.__class__ is str])
    if "\\" in texts or "\t" in texts or "\r" in texts:
        record = [value.translate(_ESCAPES) if value.__class__ is str else value for value in record]
    values = [value if value.__class__ is str else _encode_value(value) for value in record]
    return "\t".join(values).replace("\n", "\\n")


def _encode_value(value: bytes | float | None) -> str:
    if value is None:
        return "\\N"
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else repr(value)


def copy_rows(
    execute_copy: Callable[[str, Iterable[bytes]], None], connection: Connection, table: str, target: str, prefix: str,
    selected: Selected = ALL,
) -> None:  # fmt: skip
    """Copies rows of a table of the index into `target`."""
    columns = ", ".join(("repository_id", "state_id", *MIRRORED[table]))
    execute_copy(f"COPY {target} ({columns}) FROM STDIN", iter_copied(connection, table, prefix, selected))
