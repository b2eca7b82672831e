"""What follows a write or a merge: the project may have outgrown its tier, and its mirror is brought along."""

from __future__ import annotations

import time

from gitmilestone.derived.watch import SILENT, Watch
from gitmilestone.operations.pace import is_time
from gitmilestone.operations.reading import get_tier
from gitmilestone.store.plan import WriteOptions
from gitmilestone.store.store import Store


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
        from gitmilestone.operations.tiers import follow

        follow(store, watch, moment, options or WriteOptions())
    if get_tier(store.files_at()) == "postgresql":
        from gitmilestone.operations.mirror import refresh_mirror

        refresh_mirror(store, watch)
