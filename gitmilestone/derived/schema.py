"""The tables of every derived state, made from the list of fields."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS, Field
from gitmilestone.query.searched import KEYED, TEXTS

_WRITTEN = 8
"""Raised with every change of what is written into the tables; of the tables themselves `SCHEMA_VERSION` knows."""

_SHAPE_BITS = 16

IDS_A_STATEMENT = 500
"""How many ids one statement is given; SQLite binds 999 values at least."""

_MILESTONE_ID = "milestone_id TEXT NOT NULL"


def _columns(fields: tuple[Field, ...]) -> list[str]:
    return [f"{field.name} {field.kind.sql}{' NOT NULL' if field.required else ''}" for field in fields]


TABLES: dict[str, tuple[str, ...]] = {
    "milestone": (
        "number INTEGER NOT NULL PRIMARY KEY",  # of this index alone: what `search` knows it by
        "path TEXT NOT NULL",
        "oid BLOB NOT NULL",
        "id TEXT NOT NULL UNIQUE",
        *_columns(SCALAR_FIELDS),
        "labels TEXT NOT NULL",  # one a line: a whole row needs no second look
        "extra TEXT",  # JSON; NULL where there is none
        "progress REAL NOT NULL",
        "is_open INTEGER NOT NULL",
        "priority_rank INTEGER",
        "title_key TEXT NOT NULL",
        *(f"{name}_key TEXT" for name in KEYED),
        "bytes INTEGER NOT NULL",  # of its file
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
"""Table -> its columns and constraints. `NAME_key` is NAME as it is compared; see `gitmilestone.query.words`."""

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(part.split()[0] for part in parts if not part.startswith("PRIMARY KEY"))
    for table, parts in TABLES.items()
}

_DEFAULT_ORDER = "due, priority_rank DESC, id"

FOREIGN = "replace(target, ':', '') <> target"
"""Which dependencies are on other repositories, in SQL of SQLite and Postgres alike: an index has those alone."""

INDEXES: dict[str, str] = {
    "milestone_by_open": f"milestone (is_open, {_DEFAULT_ORDER})",
    "milestone_by_due": f"milestone ({_DEFAULT_ORDER})",
    "milestone_by_status": f"milestone (status, {_DEFAULT_ORDER})",
    "milestone_by_project": f"milestone (project_key, is_open, {_DEFAULT_ORDER})",
    "milestone_by_owner": f"milestone (owner_key, is_open, {_DEFAULT_ORDER})",
    "milestone_by_created": "milestone (is_open, created DESC, id)",
    "label_by_key": "label (key, milestone_id)",
    "dependency_by_target": "dependency (target, milestone_id)",
    "dependency_across": f"dependency (milestone_id, target, type) WHERE {FOREIGN}",
    "custom_by_value": "custom (key, value, milestone_id)",
}
"""Made once the rows are there: sorting beats inserting in no order."""

_SQLITE_ONLY = (
    # Files that no row stands for: unreadable ones, and all but the first of one id. A path is bytes to git.
    "CREATE TABLE unserved (path BLOB NOT NULL PRIMARY KEY, oid BLOB NOT NULL, id TEXT NOT NULL, problems TEXT)"
    " WITHOUT ROWID",
    # Rows of documents that were read and are in the tree no more, as JSON: nothing is parsed twice.
    "CREATE TABLE retired (number INTEGER PRIMARY KEY, oid BLOB NOT NULL, id TEXT NOT NULL, rows TEXT NOT NULL,"
    " UNIQUE (oid, id))",
    # One row. `tree` is NULL while the index is being built, and '' for the empty tree.
    "CREATE TABLE stamp (tree TEXT, milestones INTEGER NOT NULL, bytes INTEGER NOT NULL, unicode TEXT NOT NULL)",
    # The texts are folded words already: every character but the space stands for itself.
    f"CREATE VIRTUAL TABLE search USING fts5({', '.join(TEXTS)}, content='', tokenize='ascii', columnsize=0)",
)


def create_statements() -> list[str]:
    """The DDL for SQLite without its indexes; narrow tables lie in the order of their keys, as they are read."""
    return [
        *(
            f"CREATE TABLE {table} ({', '.join(parts)}){'' if table == 'milestone' else ' WITHOUT ROWID'}"
            for table, parts in TABLES.items()
        ),
        *_SQLITE_ONLY,
    ]


def index_statements() -> list[str]:
    return [f"CREATE INDEX IF NOT EXISTS {name} ON {columns}" for name, columns in INDEXES.items()]


def insert_statements() -> dict[str, str]:
    return {
        table: f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})" for table, columns in COLUMNS.items()
    }


def make_version(written: int, shape: Iterable[str]) -> int:
    """A version that differs where what is written does, or the shape of what it is written into; 31 bits."""
    return written << _SHAPE_BITS | crc32("\n".join(shape).encode()) & (1 << _SHAPE_BITS) - 1


def is_newer(version: int, than: int) -> bool:
    """Whether a later program made a state, which is then left alone; two shapes of one time know no order."""
    return version >> _SHAPE_BITS > than >> _SHAPE_BITS


SCHEMA_VERSION = make_version(_WRITTEN, (*create_statements(), *index_statements()))
"""Of an index: where the one on disk has another, it is built anew."""
