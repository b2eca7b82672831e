"""What follows a write or a merge: the project may have outgrown its tier, and its mirror is brought along."""

from __future__ import annotations

import time

from gitmilestone.operations.scaling.pace import is_time
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.tiers.table import get_tier


def follow_write(
    store: Store, watch: Watch = SILENT, now: int | None = None, options: WriteOptions | None = None
) -> None:
    """What goes wrong is told: nobody's write fails for it. Two looks at files where nothing is to be done.

    Args:
        now: Unix seconds.
        options: Of the commit that a switch would be.
    """
    moment = int(time.time()) if now is None else now
    if is_time(store, moment):
        from gitmilestone.operations.scaling.switch import follow

        follow(store, watch, moment, options or WriteOptions())
    get_tier(store.files_at()).follow(store, watch)
