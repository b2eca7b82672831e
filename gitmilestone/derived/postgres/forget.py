"""Takes the rows of branches out of a mirror that are in the repository no more: renamed, or deleted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gitmilestone.derived.postgres.server.patience import bound_transaction
from gitmilestone.errors import EnvironmentFault
from gitmilestone.store.asking.branches import list_branches
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from psycopg import Connection

_BROUGHT = "mirrored"
"""In the state folder: the branches that this clone has brought to a mirror. Others may never have had them."""

_BRANCHES = "refs/heads/"
_SELECT = (
    "SELECT repository_id, ref FROM milestone.stamp JOIN milestone.repository USING (repository_id) WHERE name = %s"
)
_RENAME = "UPDATE milestone.repository SET default_ref = %s WHERE repository_id = %s AND default_ref = ANY(%s)"


def forget_gone(connection: Connection[tuple[Any, ...]], store: Store, repository: str, ref: str) -> bool:
    """Whether there was one: a branch that came from here, and that neither this clone nor a remote of it has.

    One look at the stamps where there is none. If it stood for the repository, `ref` does from now on.

    Args:
        ref: The branch that has just been brought along.
    """
    brought = _read_brought(store)
    _note_brought(store, brought, brought | {ref})
    found = connection.execute(_SELECT, (repository,)).fetchall()
    is_ours_alone = repository.startswith(f"{os.uname().nodename}:")
    names = {name for _, name in found if name.startswith(_BRANCHES) and (is_ours_alone or name in brought)} - {ref}
    gone = sorted(names - list_branches(store)) if names else []
    if not gone:
        return False
    repository_id = found[0][0]
    with connection.transaction():
        bound_transaction(connection, lock_seconds=1)
        for table in ("event", "stamp"):
            statement = f"DELETE FROM milestone.{table} WHERE repository_id = %s AND ref = ANY(%s)"
            connection.execute(statement.encode(), (repository_id, gone))
        if ref.startswith(_BRANCHES):
            connection.execute(_RENAME, (ref, repository_id, gone))
    _note_brought(store, brought, (brought | {ref}).difference(gone))
    return True


def _read_brought(store: Store) -> set[str]:
    try:
        return set((store.read_state(_BROUGHT) or "").splitlines())
    except OSError:
        return set()


def _note_brought(store: Store, before: set[str], brought: set[str]) -> None:
    if brought == before:
        return
    try:
        store.write_state(_BROUGHT, "".join(f"{name}\n" for name in sorted(brought)))
    except EnvironmentFault:  # read-only or full: then nothing is known to have come from here
        pass
