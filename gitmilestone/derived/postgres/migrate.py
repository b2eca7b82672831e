"""Brings the mirror's own schema on a server to the version of this program."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.derived.postgres.locks import LOCKS
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable, NewerMirror
from gitmilestone.derived.postgres.server.patience import bound_transaction

if TYPE_CHECKING:
    from psycopg import Connection

_MIGRATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "migrations")
_NAME = re.compile(r"([0-9]{4})_(\w+)\.sql")


class Migration(NamedTuple):
    number: int
    name: str
    sql: str


def iter_migrations(above: int = 0) -> Iterator[Migration]:
    """In their order."""
    for file_name in sorted(os.listdir(_MIGRATIONS)):
        found = _NAME.fullmatch(file_name)
        if found and int(found[1]) > above:
            with open(os.path.join(_MIGRATIONS, file_name), encoding="utf-8") as file:
                yield Migration(int(found[1]), found[2], file.read())


def read_version(connection: Connection[tuple[Any, ...]]) -> int:
    """The number of the last migration on the server; 0 where there is nothing of ours."""
    # to_regclass may answer from before a lock was waited for; a table is looked into.
    tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'milestone' AND tablename = 'migration'"
    (found,) = _get(connection, tables)
    if not found:
        return 0
    (number,) = _get(connection, "SELECT COALESCE(MAX(number), 0) FROM milestone.migration")
    return int(number)


def migrate(connection: Connection[tuple[Any, ...]], up_to: int | None = None) -> None:
    """Applies what is missing, each migration with its record in one transaction, whoever else does the same; then adds
    the columns that the list of fields has more.

    Args:
        up_to: The last one to apply; None is all.

    Raises:
        NewerMirror: There is one that this program does not know.
    """
    last = max(migration.number for migration in iter_migrations())
    version = read_version(connection)
    for migration in iter_migrations(version):
        if up_to is not None and migration.number > up_to:
            return
        with connection.transaction():
            bound_transaction(connection)
            connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCKS,))
            if read_version(connection) < migration.number:
                _apply(connection, migration)
                if migration.number == last:
                    _shape(connection, is_renewed=True)
    version = version if version == last else read_version(connection)
    if version > last:
        raise NewerMirror(
            f"a newer version of git milestone keeps the mirror (its schema is {version}, this knows {last})",
            "upgrade git milestone here; until then answers come from the index",
        )
    _shape(connection)


def _apply(connection: Connection[tuple[Any, ...]], migration: Migration) -> None:
    with _privileges():
        (has_schema,) = _get(connection, "SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'milestone'")
        if not has_schema:
            connection.execute("CREATE SCHEMA milestone")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS milestone.migration (number integer PRIMARY KEY, name text NOT NULL,"
            " applied timestamptz NOT NULL DEFAULT now())"
        )
        connection.execute(migration.sql.encode())
        connection.execute(
            "INSERT INTO milestone.migration (number, name) VALUES (%s, %s)", (migration.number, migration.name)
        )


def _shape(connection: Connection[tuple[Any, ...]], is_renewed: bool = False) -> None:
    from gitmilestone.derived.postgres.shape import bring_shape

    with _privileges():
        bring_shape(connection, is_renewed)


@contextmanager
def _privileges() -> Iterator[None]:
    """Says who can do what this account may not."""
    from psycopg.errors import InsufficientPrivilege

    try:
        yield
    except InsufficientPrivilege as error:
        raise MirrorUnavailable(
            f"this account may not make the mirror's tables: {error.diag.message_primary}",
            "a DBA runs roles.sql once; docs/postgres.md says how",
        ) from None


def _get(connection: Connection[tuple[Any, ...]], text: str) -> tuple[Any, ...]:
    found = connection.execute(text.encode()).fetchone()
    assert found is not None
    return found
