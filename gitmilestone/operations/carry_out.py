"""The one door to write: a commit, and what follows it, for the command line, the API, hooks and servers alike."""

from __future__ import annotations

import time

from gitmilestone.changes.commit import DEFAULT, Planned, commit_edit
from gitmilestone.operations.scaling.pace import is_time
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Outcome, WriteOptions, Written
from gitmilestone.tiers.table import get_tier


def carry_out(
    store: Store,
    edit: Planned[Outcome],
    options: WriteOptions = DEFAULT,
    watch: Watch = SILENT,
    now: int | None = None,
) -> Written[Outcome]:
    """Commits an edit; the project may then have outgrown its tier, and its mirror is brought along.

    Args:
        now: Unix seconds.

    Raises:
        As `commit_edit`. What goes wrong behind the commit is told: nobody's write fails for it.
    """
    written = commit_edit(store, edit, options)
    if written.commit:
        follow_write(store, watch, now)
    return written


def follow_write(store: Store, watch: Watch = SILENT, now: int | None = None) -> None:
    """What follows a write or a merge. Two looks at files where nothing is to be done.

    Args:
        now: Unix seconds.
    """
    moment = int(time.time()) if now is None else now
    if is_time(store, moment):
        from gitmilestone.operations.scaling.switch import follow

        follow(store, watch, moment)
    get_tier(store.files_at()).follow(store, watch)
