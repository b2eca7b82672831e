"""The tables of every derived state, made from the list of fields."""

from __future__ import annotations

from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS, Field
from gitmilestone.query.searched import KEYED, WORDED

SCHEMA_VERSION = 1
"""Raised with every change of the tables, or of what is written into them."""

_MILESTONE_ID = "milestone_id TEXT NOT NULL"


def _columns(fields: tuple[Field, ...]) -> list[str]:
    return [f"{field.name} {field.kind.sql}{' NOT NULL' if field.required else ''}" for field in fields]


TABLES: dict[str, tuple[str, ...]] = {
    "milestone": (
        "id TEXT NOT NULL PRIMARY KEY",
        *_columns(SCALAR_FIELDS),
        "labels TEXT NOT NULL",  # one a line: a whole row needs no second look
        "extra TEXT",  # JSON; NULL where there is none
        "path TEXT NOT NULL",
        "progress REAL NOT NULL",
        *(f"{name}_key TEXT" for name in KEYED),
        *(f"{name}_words TEXT NOT NULL" for name in WORDED),
        "words TEXT NOT NULL",
    ),
    "label": (_MILESTONE_ID, "name TEXT NOT NULL", "key TEXT NOT NULL", "PRIMARY KEY (milestone_id, name)"),
    "dependency": (
        _MILESTONE_ID,
        "target TEXT NOT NULL",
        "type TEXT NOT NULL",
        "PRIMARY KEY (milestone_id, target)",
    ),
    "task": (
        _MILESTONE_ID,
        "position INTEGER NOT NULL",
        "id TEXT NOT NULL",
        *_columns(TASK_FIELDS),
        "extra TEXT",
        "words TEXT NOT NULL",
        "PRIMARY KEY (milestone_id, position)",
    ),
    "custom": (
        _MILESTONE_ID,
        "key TEXT NOT NULL",
        "position INTEGER NOT NULL",
        "value TEXT",  # folded; NULL where it is no text
        "PRIMARY KEY (milestone_id, key, position)",
    ),
}
"""Table -> its columns and constraints. `NAME_key` is NAME folded; see `gitmilestone.query.words`."""

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(part.split()[0] for part in parts if not part.startswith("PRIMARY KEY"))
    for table, parts in TABLES.items()
}


def create_statements() -> list[str]:
    """The DDL for SQLite; the narrow tables are stored in their keys' order, which is how they are read."""
    return [
        f"CREATE TABLE {table} ({', '.join(parts)}){'' if table == 'milestone' else ' WITHOUT ROWID'}"
        for table, parts in TABLES.items()
    ]


def insert_statements() -> dict[str, str]:
    return {
        table: f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"
        for table, columns in COLUMNS.items()
    }
