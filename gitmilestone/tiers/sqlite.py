"""The index on disk, in the git directory of each clone; the next command that reads brings it along."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.tiers.local import LocalTier
from gitmilestone.tiers.tier import Tier

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine
    from gitmilestone.tiers.compare import Comparison

Result = TypeVar("Result")


class SqliteTier(LocalTier):
    """It is not dropped with the tier: where there is an index, it answers whatever the tier."""

    name = "sqlite"

    def build(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> Comparison | None:
        from gitmilestone.tiers.compare import compare

        return build_index(store, files, lambda index: compare(files, index, watch), watch)

    def open(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> Engine | None:
        from gitmilestone.derived.database import IndexFile

        del watch
        return IndexFile(store.repository.state_dir).find_current(files.tree or "")


def build_index(store: Store, files: TreeFiles, read: Callable[[Engine], Result], watch: Watch = SILENT) -> Result:
    """What `read` makes of the index on disk, which is made where there is none: a small project has none by itself.

    Raises:
        Refused: None can be kept here.
    """
    from gitmilestone.derived.database import IndexFile, RefreshLock, read_index
    from gitmilestone.derived.sqlite import Index
    from gitmilestone.errors import Refused

    place = IndexFile(store.repository.state_dir)
    if not place.exists:
        with RefreshLock(place, watch), place.open_for_refresh():
            pass  # an empty one, which the next line fills

    def read_on_disk(index: Index) -> Result:
        if not index.is_on_disk:
            raise Refused("no index can be kept here", "`git milestone index rebuild` says why")
        return read(index)

    return read_index(store, files, read_on_disk, watch)


TIER: Tier = SqliteTier()
