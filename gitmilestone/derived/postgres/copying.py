"""Rows of the index -> the lines that COPY takes.

The mirror's rows are the index's rows, whole: what an answer says is decided once, for every tier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from sqlite3 import Connection
from typing import Any

from gitmilestone.derived.postgres.words import encode_words
from gitmilestone.derived.rows import SEARCH_COLUMNS, Record, encode_search
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

_TEXT_PLACES = [COLUMNS["milestone"].index(name) for name in SEARCH_COLUMNS]
_ID = COLUMNS["milestone"].index("id")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def iter_copied(connection: Connection, table: str, prefix: str, ids: Sequence[str] | None = None) -> Iterator[bytes]:
    """The rows of a table as COPY's text format, some thousand bytes at a time.

    Args:
        connection: Of an index.
        prefix: The values of the columns before, each with a tab behind it.
        ids: Of the milestones; None is all of them.
    """
    records = _iter_milestones(connection, ids) if table == "milestone" else _iter_rows(connection, table, ids)
    while some := list(islice(records, _LINES)):
        yield "".join([f"{prefix}{_encode(record)}\n" for record in some]).encode()


def _iter_milestones(connection: Connection, ids: Sequence[str] | None) -> Iterator[Record]:
    """Both are read in the order of their ids, in which they lie: one pass over each."""
    tasks = _iter_selected(connection, "SELECT milestone_id, title FROM task", "milestone_id", "position", ids)
    task = next(tasks, None)
    for record in _iter_selected(connection, "SELECT * FROM milestone", "id", "", ids):
        milestone_id = record[_ID]
        titles = []
        while task is not None and task[0] <= milestone_id:
            if task[0] == milestone_id:
                titles.append(task[1])
            task = next(tasks, None)
        texts = encode_search([record[place] for place in _TEXT_PLACES], titles)
        yield (*record[_OWN:], *encode_words(texts))


def _iter_rows(connection: Connection, table: str, ids: Sequence[str] | None) -> Iterator[Record]:
    return _iter_selected(connection, f"SELECT {', '.join(MIRRORED[table])} FROM {table}", KEYS[table], "", ids)


def _iter_selected(
    connection: Connection, select: str, key: str, further: str, ids: Sequence[str] | None
) -> Iterator[Record]:
    order = f" ORDER BY {key}{', ' + further if further else ''}"
    if ids is None:
        yield from connection.execute(select + order)
        return
    listed = sorted(ids)
    for start in range(0, len(listed), IDS_A_STATEMENT):
        some = listed[start : start + IDS_A_STATEMENT]
        yield from connection.execute(f"{select} WHERE {key} IN ({', '.join('?' * len(some))}){order}", some)


def _encode(record: Record) -> str:
    return "\t".join([_encode_value(value) for value in record])


def _encode_value(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        # Looking is cheaper than translating, and few texts need it.
        if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
            return value.translate(_ESCAPES)
        return value
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else repr(value)


def copy_rows(
    execute_copy: Callable[[str, Iterable[bytes]], None], connection: Connection, table: str, target: str, prefix: str,
    ids: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Copies rows of a table of the index into `target`."""
    columns = ", ".join(("repository_id", "state_id", *MIRRORED[table]))
    execute_copy(f"COPY {target} ({columns}) FROM STDIN", iter_copied(connection, table, prefix, ids))
