"""First loads: the partitions of a new state, filled and indexed before anyone sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gitmilestone.derived.postgres.copying import ALL, MIRRORED, Selected, Span, copy_rows
from gitmilestone.derived.postgres.locks import LOADING, LOCKS
from gitmilestone.derived.postgres.server.patience import bound_transaction
from gitmilestone.derived.sqlite import Index
from gitmilestone.query.sql import INDEXED_LETTERS

if TYPE_CHECKING:
    from psycopg import Connection

_DEFAULT_ORDER = "due, priority_rank DESC NULLS LAST, id"
_MILESTONES = "repository_id, state_id, milestone_id"

INDEXES: dict[str, tuple[str, ...]] = {
    "milestone": (
        f"(is_open, {_DEFAULT_ORDER})",
        f"({_DEFAULT_ORDER})",
        f"(status, {_DEFAULT_ORDER})",
        f"(left(project_key, {INDEXED_LETTERS}), is_open, {_DEFAULT_ORDER})",
        f"(left(owner_key, {INDEXED_LETTERS}), is_open, {_DEFAULT_ORDER})",
        "(created, id)",
        "USING gin (words) WITH (fastupdate = off)",
        "(id) WHERE long_words IS NOT NULL",
    ),
    "label": (f"({_MILESTONES})", f"(left(key, {INDEXED_LETTERS}), milestone_id)"),
    "dependency": ("(target, milestone_id)",),
    "custom": (f"({_MILESTONES})", f"(left(value, {INDEXED_LETTERS}), milestone_id)"),
    "unserved": ("(id)",),
}
"""Table -> the indexes of each of its partitions, where the rows of one state alone lie."""

PRIMARY_KEYS = {
    "milestone": "repository_id, state_id, id",
    "dependency": f"{_MILESTONES}, target",
    "task": f"{_MILESTONES}, position",
}


def load(connection: Connection[tuple[Any, ...]], index: Index, repository_id: int) -> int:
    """Copies all rows of an index into partitions of their own; returns their state_id. In the caller's transaction.

    Where WAL is minimal, what is copied into a table of the same transaction goes to its file alone.
    """
    state_id = take_state_id(connection)
    create_tables(connection, state_id)
    for table in MIRRORED:
        copy_into(connection, index, table, repository_id, state_id)
        for statement in index_statements(table, state_id):
            connection.execute(statement.encode())
    attach_tables(connection, state_id)
    return state_id


def take_state_id(connection: Connection[tuple[Any, ...]]) -> int:
    found = connection.execute("SELECT nextval('milestone.state_id')").fetchone()
    assert found is not None
    return int(found[0])


def create_tables(connection: Connection[tuple[Any, ...]], state_id: int) -> None:
    """Makes what will be the partitions of a state, and is seen by nobody before."""
    for table in MIRRORED:
        connection.execute(
            f"CREATE TABLE {partition_of(table, state_id)} (LIKE milestone.{table} INCLUDING ALL,"
            f" CHECK (state_id = {state_id}))".encode()
        )


def attach_tables(connection: Connection[tuple[Any, ...]], state_id: int) -> None:
    for table in MIRRORED:
        # Without the CHECK this would read every row again.
        connection.execute(
            f"ALTER TABLE milestone.{table} ATTACH PARTITION {partition_of(table, state_id)}"
            f" FOR VALUES IN ({state_id})".encode()
        )


def copy_into(
    connection: Connection[tuple[Any, ...]], index: Index, table: str, repository_id: int, state_id: int,
    selected: Selected = ALL,
) -> None:  # fmt: skip
    """Copies the rows of all, or of some, milestones into their partition."""

    from psycopg.copy import LibpqWriter, QueuedLibpqWriter

    def execute_copy(statement: str, blocks: Iterable[bytes]) -> None:
        with connection.cursor() as cursor:
            # While the server takes in some lines, a thread of its own waits for it, and the next ones are made here.
            writer = QueuedLibpqWriter(cursor) if isinstance(selected, Span) else LibpqWriter(cursor)
            with cursor.copy(statement.encode(), writer=writer) as copy:
                for block in blocks:
                    copy.write(block)

    prefix = f"{repository_id}\t{state_id}\t"
    copy_rows(execute_copy, index.connection, table, partition_of(table, state_id), prefix, selected)


def partition_of(table: str, state_id: int) -> str:
    return f"milestone.{table}_{state_id}"


def index_statements(table: str, state_id: int) -> list[str]:
    name = partition_of(table, state_id)
    key = [f"ALTER TABLE {name} ADD PRIMARY KEY ({PRIMARY_KEYS[table]})"] if table in PRIMARY_KEYS else []
    indexes = [f"CREATE INDEX ON {name} {columns}" for columns in INDEXES.get(table, ())]
    return [*key, *indexes, f"ANALYZE {name}"]


def drop_unstamped(connection: Connection[tuple[Any, ...]]) -> None:
    """Drops the tables of states of which no stamp speaks: what was replaced, and what a load that was killed left.

    Not those that somebody reads just now, or is filling; the next one does it then.
    """
    from psycopg.errors import LockNotAvailable

    if not find_unstamped(connection):
        return
    try:
        with connection.transaction():
            bound_transaction(connection, lock_seconds=1)
            connection.execute("SELECT pg_advisory_xact_lock(%s, 1)", (LOCKS,))
            # Readers take this lock first, and before they look: who has read a stamp keeps its partitions. Who has
            # filled a state takes one against it before its stamp is there.
            connection.execute("LOCK TABLE milestone.milestone IN ACCESS EXCLUSIVE MODE")
            for state_id in find_unstamped(connection):
                locked = connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (LOADING, state_id))
                if locked.fetchone() == (True,):
                    drop_tables(connection, state_id)
    except LockNotAvailable:
        pass


def drop_tables(connection: Connection[tuple[Any, ...]], state_id: int) -> None:
    for table in MIRRORED:
        connection.execute(f"DROP TABLE IF EXISTS {partition_of(table, state_id)}".encode())


def find_unstamped(connection: Connection[tuple[Any, ...]]) -> list[int]:
    """The states that have tables, attached or not, and no stamp."""
    found = connection.execute(
        "SELECT number FROM pg_class"
        " CROSS JOIN LATERAL CAST(substr(relname, length('milestone_') + 1) AS integer) AS number"
        " WHERE relnamespace = 'milestone'::regnamespace AND relkind = 'r' AND relname ~ '^milestone_[0-9]+$'"
        " AND number NOT IN (SELECT state_id FROM milestone.stamp) ORDER BY number"
    )
    return [int(state_id) for (state_id,) in found]
