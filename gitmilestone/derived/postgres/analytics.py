"""Brings the materialized view of counts up to date, now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmilestone.derived.postgres.locks import LOCKS
from gitmilestone.derived.postgres.server.patience import LOAD_SECONDS, allow, bound_transaction

if TYPE_CHECKING:
    from psycopg import Connection

_SHARE = 100
"""How many times as long as it took is waited before the next time."""

_FIND_DUE = (
    "SELECT found.stamps FROM ("
    "SELECT md5(COALESCE(string_agg(concat_ws(' ', state_id, tree), ',' ORDER BY state_id), '')) AS stamps"
    " FROM milestone.stamp) AS found LEFT JOIN milestone.analytics_refresh AS last ON true"
    " WHERE last.stamps IS DISTINCT FROM found.stamps"
    f" AND COALESCE(last.began + (last.seconds * {_SHARE + 1}) * interval '1 s' < clock_timestamp(), true)"
    " AND (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'milestone.analytics'::regclass)"
)
"""The digest of all stamps, where it is time."""

_RECORD = (
    "INSERT INTO milestone.analytics_refresh (began, seconds, stamps)"
    " VALUES (now(), extract(epoch FROM clock_timestamp() - now()), %s) ON CONFLICT (is_only)"
    " DO UPDATE SET began = excluded.began, seconds = excluded.seconds, stamps = excluded.stamps"
)


def refresh_analytics(connection: Connection[tuple[Any, ...]]) -> bool:
    """Whether it was refreshed: where some stamp has changed since, enough time has passed, and the account owns it.

    A hundredth of the time at most goes into it, whatever it takes: it costs a pass over everything. Nobody who reads
    it waits, and of several who would refresh it one does.
    """
    if connection.execute(_FIND_DUE.encode()).fetchone() is None:
        return False
    with connection.transaction():
        locked = connection.execute("SELECT pg_try_advisory_xact_lock(%s, 3)", (LOCKS,)).fetchone()
        due = connection.execute(_FIND_DUE.encode()).fetchone() if locked == (True,) else None
        if due is None:
            return False
        bound_transaction(connection, lock_seconds=1)
        with allow(connection, LOAD_SECONDS):
            connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY milestone.analytics")
        connection.execute(_RECORD, due)
    return True
