"""What of the mirror's tables and views derives from the list of fields, so that no migration need say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmilestone.derived.postgres.copying import MIRRORED
from gitmilestone.derived.postgres.server.patience import bound_transaction
from gitmilestone.derived.schema import COLUMNS, TABLES
from gitmilestone.model.field import Field
from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS
from gitmilestone.model.kinds import DATE, TIME
from gitmilestone.model.milestone import OPEN_STATUSES

if TYPE_CHECKING:
    from psycopg import Connection

_TYPES = {"TEXT": 'text COLLATE "C"', "REAL": "double precision", "INTEGER": "integer"}
_OPEN = ", ".join(f"'{status}'" for status in OPEN_STATUSES)

_FIND_COLUMNS = (
    "SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
    " WHERE relnamespace = 'milestone'::regnamespace AND relname = ANY(%s) AND attnum > 0 AND NOT attisdropped"
    " ORDER BY relname, attnum"
)


def _value_of(field: Field) -> str:
    cast = "::date" if field.kind is DATE else "::timestamptz" if field.kind is TIME else ""
    return f"milestone.{field.name}{cast}"


_SHOWN = {
    "repository": "repository.name",
    "ref": "stamp.ref",
    "id": "milestone.id",
    **{field.name: _value_of(field) for field in SCALAR_FIELDS if field.name != "schema"},
    "labels": "CASE milestone.labels WHEN '' THEN '{}' ELSE string_to_array(milestone.labels, E'\\n') END",
    "progress": "milestone.progress",
    "is_open": "milestone.is_open = 1",
    "custom": "milestone.custom",
    "path": "'.milestones/' || milestone.path",
    "repository_id": "milestone.repository_id",
    "state_id": "milestone.state_id",
}
"""The columns of the view `milestones`."""

_OF_IT = (
    "{0}.repository_id = milestones.repository_id AND {0}.state_id = milestones.state_id"
    " AND {0}.milestone_id = milestones.id"
)
_BLOCKERS = (
    "milestone.dependency JOIN milestone.milestone AS other ON other.repository_id = dependency.repository_id"
    " AND other.state_id = dependency.state_id AND other.id = target"
    f" WHERE {_OF_IT.format('dependency')} AND milestones.is_open AND type = 'blocks' AND other.status IN ({_OPEN})"
)
_TASK = ", ".join(f"'{name}', task.{name}" for name in ("id", *(field.name for field in TASK_FIELDS)))
_COMPUTED = {
    "depends_on": (
        "(SELECT COALESCE(jsonb_agg(jsonb_build_object('id', target, 'type', type) ORDER BY target), '[]')"
        f" FROM milestone.dependency WHERE {_OF_IT.format('dependency')})"
    ),
    "tasks": (
        f"(SELECT COALESCE(jsonb_agg(jsonb_build_object({_TASK}, 'extra', COALESCE(task.extra::jsonb, '{{}}'))"
        f" ORDER BY position), '[]') FROM milestone.task WHERE {_OF_IT.format('task')})"
    ),
    "is_blocked": f"milestones.status = 'blocked' OR EXISTS (SELECT FROM {_BLOCKERS})",
    "blocked_by": f"(SELECT COALESCE(jsonb_agg(target ORDER BY target), '[]') FROM {_BLOCKERS})",
    "extra": "COALESCE(milestones.custom, '{}')",
}
"""What a document has beside the columns of `milestones`."""


def bring_shape(connection: Connection[tuple[Any, ...]], is_renewed: bool) -> None:
    """Adds the columns that are missing, and has the views say all, in one transaction.

    A table with more columns is a later program's, and is left alone.

    Args:
        is_renewed: Whether the views are to be made anew in any case.
    """
    from gitmilestone.derived.postgres.locks import LOCKS

    if not is_renewed and not _find_missing(_find_columns(connection)):
        return
    with connection.transaction():
        bound_transaction(connection)
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCKS,))
        found = _find_columns(connection)
        for table, definitions in _find_missing(found).items():
            # Rows of before are of another version, and are written anew before anyone reads them: NULL will do.
            added = ", ".join(f"ADD COLUMN {definition}" for definition in definitions)
            connection.execute(f"ALTER TABLE milestone.{table} {added}".encode())
        for statement in _view_statements(found["milestones"]):
            connection.execute(statement.encode())


def _find_columns(connection: Connection[tuple[Any, ...]]) -> dict[str, list[str]]:
    """Table or view -> its columns on the server, in their order."""
    names = [*TABLES, "milestones"]
    found: dict[str, list[str]] = {name: [] for name in names}
    for table, column in connection.execute(_FIND_COLUMNS, (names,)):
        found[table].append(column)
    return found


def _find_missing(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Table -> the definitions of the columns that it lacks."""
    missing: dict[str, list[str]] = {}
    for table in TABLES:
        for name, definition in zip(COLUMNS[table], TABLES[table], strict=False):
            if name in MIRRORED[table] and name not in found[table]:
                missing.setdefault(table, []).append(f"{name} {_TYPES[definition.split()[1]]}")
    return missing


def _view_statements(held: list[str]) -> list[str]:
    """Both views, with the columns that `milestones` has where they are: others may have built views on it.

    None where it has columns that this program does not know.
    """
    if not {*held} <= {*_SHOWN}:
        return []
    names = [*held, *(name for name in _SHOWN if name not in held)]
    columns = ", ".join(f"{_SHOWN[name]} AS {name}" for name in names)
    computed = ", ".join(f"'{name}', {value}" for name, value in _COMPUTED.items())
    inner = "'{repository,ref,repository_id,state_id,custom}'::text[]"
    return [
        f"CREATE OR REPLACE VIEW milestone.milestones WITH (security_invoker = true) AS SELECT {columns}"
        " FROM milestone.milestone JOIN milestone.stamp USING (repository_id, state_id)"
        " JOIN milestone.repository USING (repository_id)",
        "CREATE OR REPLACE VIEW milestone.documents WITH (security_invoker = true) AS"
        " SELECT milestones.repository, milestones.ref, milestones.id,"
        f" COALESCE(milestones.custom, '{{}}') || (to_jsonb(milestones) - {inner})"
        f" || jsonb_build_object({computed}) AS document FROM milestone.milestones",
    ]
