"""The views of the analytics: one list of their columns, from which loading, DDL and documentation are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.derived.schema import make_version
from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import DATE, TIME
from gitmilestone.model.milestone import OPEN_STATUSES

_LOADED = 3
"""Raised with every change of what is loaded into the views; of the views themselves `ANALYTICS_VERSION` knows."""


class Column(NamedTuple):
    """Attributes:
    type: DuckDB's.
    source: SQLite's expression for it over the table of its view; of `events` DuckDB's, over what is loaded of the
        history; "" in `activity`.
    """

    name: str
    type: str
    doc: str
    source: str = ""


_TYPES = {"TEXT": "VARCHAR", "REAL": "DOUBLE", "INTEGER": "BIGINT"}
_OPEN = ", ".join(f"'{status}'" for status in OPEN_STATUSES)
_MILESTONE = Column("milestone_id", "VARCHAR", "The milestone.", "milestone_id")
_EXTRA = Column("extra", "JSON", "Keys of its own, `extra->>'$.KEY'`; NULL where there is none.", "extra")


def _from_field(field: Field) -> Column:
    """Times are UTC."""
    kind = field.kind
    found = "DATE" if kind is DATE else "TIMESTAMP" if kind is TIME else _TYPES[kind.sql]
    return Column(field.name, found, field.doc, field.name)


def _list(item: str, rest: str) -> str:
    """SQLite's expression for a JSON array, in the order of its items."""
    return f"(SELECT json_group_array(item) FROM (SELECT {item} AS item FROM {rest} ORDER BY item))"


def _count_tasks(condition: str = "") -> str:
    return f"(SELECT COUNT(*) FROM task WHERE milestone_id = milestone.id{condition})"


def _time(seconds: str) -> str:
    """SQLite's expression for a time in the years that every database knows."""
    return f"strftime('%Y-%m-%dT%H:%M:%S', max(min({seconds}, {_LAST_SECOND}), 0), 'unixepoch')"


_LAST_SECOND = 253402300799  # of the year 9999; a commit may claim any date

_BLOCKERS = (
    "dependency JOIN milestone AS other ON other.id = target"
    f" WHERE milestone_id = milestone.id AND type = 'blocks' AND other.status IN ({_OPEN})"
)

VIEWS: dict[str, tuple[Column, ...]] = {
    "milestones": (
        Column("id", "VARCHAR", "Its id.", "id"),
        *map(_from_field, SCALAR_FIELDS),
        Column("labels", "VARCHAR[]", "Its labels, sorted.", _list("name", "label WHERE milestone_id = milestone.id")),
        Column(
            "depends_on",
            "VARCHAR[]",
            "What it depends on, of both types, sorted.",
            _list("target", "dependency WHERE milestone_id = milestone.id"),
        ),
        Column("tasks", "BIGINT", "How many tasks it has.", _count_tasks()),
        Column("tasks_done", "BIGINT", "How many of them are done.", _count_tasks(" AND task.status = 'completed'")),
        Column("progress", "DOUBLE", "The share of its tasks' weight that is done, 0 to 1.", "progress"),
        Column("is_open", "BOOLEAN", "Whether it is neither completed nor cancelled.", f"status IN ({_OPEN})"),
        Column(
            "is_blocked",
            "BOOLEAN",
            "Whether it is open, and blocked by hand or by another that is open.",
            f"status = 'blocked' OR status IN ({_OPEN}) AND EXISTS (SELECT 1 FROM {_BLOCKERS})",
        ),
        Column(
            "blocked_by",
            "VARCHAR[]",
            "The open ones it waits for; empty once it is closed.",
            _list("target", f"{_BLOCKERS} AND milestone.status IN ({_OPEN})"),
        ),
        Column("path", "VARCHAR", "Its file, from the top of the project.", "'.milestones/' || path"),
        _EXTRA,
    ),
    "tasks": (
        _MILESTONE,
        Column("position", "BIGINT", "Its place in the milestone, from 0.", "position"),
        Column("id", "VARCHAR", "Its id, which only its milestone has once.", "id"),
        *map(_from_field, TASK_FIELDS),
        _EXTRA,
    ),
    "labels": (_MILESTONE, Column("label", "VARCHAR", "One of its labels.", "name")),
    "dependencies": (
        _MILESTONE,
        Column("target", "VARCHAR", "What it depends on; nothing may be called so.", "target"),
        Column("type", "VARCHAR", "`blocks` or `relates`.", "type"),
        Column(
            "is_blocking",
            "BOOLEAN",
            "Whether it blocks, and its target is open.",
            f"type = 'blocks' AND EXISTS (SELECT 1 FROM milestone WHERE id = target AND status IN ({_OPEN}))",
        ),
    ),
    "events": (
        Column("number", "BIGINT", "Its place in history, from 1.", "row_number() OVER ()"),
        Column("commit", "VARCHAR", "The commit that made it.", "oid"),
        Column("time", "TIMESTAMP", "When it was committed, never before what it is built on.", "date"),
        Column("authored", "TIMESTAMP", "When its author says it was made.", "authored"),
        Column("author", "VARCHAR", "The author's name.", "author"),
        Column("email", "VARCHAR", "The author's address.", "email"),
        Column("subject", "VARCHAR", "The first line of the commit's message.", "subject"),
        Column("milestone_id", "VARCHAR", "The milestone; it may be deleted by now.", "milestone_id"),
        Column("kind", "VARCHAR", "`created`, `changed` or `deleted`.", "kind"),
        Column("field", "VARCHAR", "What changed, as `diff` calls it; NULL where the file can't be read.", "field"),
        Column("old", "VARCHAR", "Its value before; NULL where there was none.", "old"),
        Column("new", "VARCHAR", "Its value since; NULL where there is none.", "new"),
    ),
    "activity": (
        Column("milestone_id", "VARCHAR", "The milestone; one row for each."),
        Column("created_at", "TIMESTAMP", "When it was created: as its file says, else its first commit."),
        Column("started_at", "TIMESTAMP", "When it was first in progress."),
        Column("completed_at", "TIMESTAMP", "When it was completed; NULL where it is not, or not any more."),
        Column("updated_at", "TIMESTAMP", "When it last changed."),
        Column("status_since", "TIMESTAMP", "When it came to its status."),
        *(
            Column(f"{status}_seconds", "BIGINT", f"How long it was {status.replace('_', ' ')}, until now.")
            for status in OPEN_STATUSES
        ),
        Column("lead_days", "DOUBLE", "From created to completed."),
        Column("cycle_days", "DOUBLE", "From first in progress to completed."),
    ),
}
"""View -> its columns. Scripts rely on them: columns may be added, not renamed nor removed."""


class Load(NamedTuple):
    """A table of DuckDB's, and SQLite's statement that gives its rows, each as one JSON object."""

    table: str
    definition: str
    statement: str


def _load(table: str, columns: Sequence[Column], rows: str, kind: str = "TABLE") -> Load:
    pairs = ", ".join(f"'{column.name}', {_json_of(column)}" for column in columns)
    types = ", ".join(f"{column.name} {column.type}" for column in columns)
    return Load(table, f"CREATE {kind} {table} ({types})", f"SELECT json_object({pairs}) FROM {rows}")


def _json_of(column: Column) -> str:
    source = column.source
    match column.type:
        case "DOUBLE":  # JSON's own numbers lose the last digits
            return f"iif({source} IS NULL, NULL, printf('%!.17g', {source}))"
        case "BOOLEAN":
            return f"json(iif({source}, 'true', 'false'))"
        case "JSON" | "VARCHAR[]":
            return f"json({source})"
    return source


def _raw(name: str, kind: str = "VARCHAR", source: str = "") -> Column:
    return Column(name, kind, "", source or name)


LOADS: tuple[Load, ...] = (
    _load("milestones", VIEWS["milestones"], "milestone ORDER BY id"),
    _load("tasks", VIEWS["tasks"], "task ORDER BY milestone_id, position"),
    _load("labels", VIEWS["labels"], "label ORDER BY milestone_id, name"),
    _load("dependencies", VIEWS["dependencies"], "dependency ORDER BY milestone_id, target"),
)
"""From the index."""

_NUMBER, _MILESTONE_ID = _raw("number", "BIGINT"), _raw("milestone_id")
_COMMIT = (
    *(_NUMBER, _raw("oid", source="lower(hex(oid))")),
    *(_raw(name, "TIMESTAMP", _time(name)) for name in ("date", "authored")),
    *(_raw("author"), _raw("email"), _raw("subject")),
)
_EVENT = (_NUMBER, _MILESTONE_ID, _raw("position", "BIGINT"), _raw("field"), _raw("old"), _raw("new"))

HISTORY_LOADS: tuple[Load, ...] = (
    _load("commit_log", _COMMIT, "commit_log", "TEMP TABLE"),
    _load("milestone_change", (_NUMBER, _MILESTONE_ID, _raw("kind")), "milestone_change", "TEMP TABLE"),
    _load("event", _EVENT, "event", "TEMP TABLE"),
)
"""From the history; joined by DuckDB, which is faster than SQLite, and than saying each author once an event."""


STAMP_TABLE = "CREATE TABLE stored.stamp (tree VARCHAR, commit VARCHAR, version BIGINT, engine VARCHAR)"
"""Nothing in the schema `stored` is for queries."""


def _seconds(status: str) -> str:
    name = f"{status}_seconds"
    spans = f"FILTER (WHERE spans.status = '{status}')"
    return f"CAST(coalesce(sum(epoch(until) - epoch(since)) {spans}, 0) AS BIGINT) AS {name}"


_CURRENT = "CAST(greatest(epoch(CAST(now() AS TIMESTAMP)) - epoch(status_since), 0) AS BIGINT)"


def _days(start: str) -> str:
    past = f"epoch(completed_at) - epoch({start})"
    return f"CASE WHEN {past} >= 0 THEN ({past}) / 86400 WHEN {past} < 0 THEN 0 END"


_SUMS = [f"{status}_seconds" for status in OPEN_STATUSES]

_EVENTS = ", ".join(f'{column.source} AS "{column.name}"' for column in VIEWS["events"])

DERIVE_STATEMENTS: tuple[str, ...] = (
    f"""CREATE TABLE events AS SELECT {_EVENTS}
    FROM (SELECT * FROM milestone_change JOIN commit_log USING (number) LEFT JOIN event USING (number, milestone_id)
        ORDER BY date, oid, milestone_id, position)""",
    *(f"DROP TABLE {load.table}" for load in HISTORY_LOADS),
    f"""CREATE TABLE stored.activity AS
    WITH spans AS (
        SELECT milestone_id, number, new AS status, time AS since,
            lead(time) OVER (PARTITION BY milestone_id ORDER BY number) AS until
        FROM events WHERE field = 'status'
    ), statuses AS (
        SELECT milestone_id, min(since) FILTER (WHERE spans.status = 'in_progress') AS started_at,
            arg_max(spans.status, number) AS status, max(since) AS status_since,
            {", ".join(map(_seconds, OPEN_STATUSES))}
        FROM spans GROUP BY milestone_id
    ), touched AS (
        SELECT milestone_id, min(time) AS first_at, max(time) AS updated_at FROM events GROUP BY milestone_id
    )
    SELECT id AS milestone_id, coalesce(created, first_at) AS created_at, started_at,
        CASE WHEN milestones.status = 'completed' AND statuses.status = 'completed' THEN status_since END
            AS completed_at,
        updated_at, milestones.status, status_since, {", ".join(_SUMS)}
    FROM milestones
    LEFT JOIN statuses ON statuses.milestone_id = id
    LEFT JOIN touched ON touched.milestone_id = id
    ORDER BY id""",
    f"""CREATE VIEW activity AS
    SELECT milestone_id, created_at, started_at, completed_at, updated_at, status_since,
        {
        ", ".join(
            f"{s}_seconds + CASE status WHEN '{s}' THEN {_CURRENT} ELSE 0 END AS {s}_seconds" for s in OPEN_STATUSES
        )
    },
        {_days("created_at")} AS lead_days, {_days("started_at")} AS cycle_days
    FROM stored.activity""",
)
"""What DuckDB computes once everything is loaded."""

ANALYTICS_VERSION = make_version(
    _LOADED,
    (STAMP_TABLE, *(part for load in (*LOADS, *HISTORY_LOADS) for part in load), *DERIVE_STATEMENTS),
)
"""Of the analytics: where those on disk have another, they are made anew."""
