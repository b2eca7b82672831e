"""What the tiers have in common that keep nothing outside this clone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.tiers.tier import Site

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine
    from gitmilestone.tiers.compare import Comparison

Result = TypeVar("Result")


class LocalTier:
    """Nothing to be built, started, brought along or taken away: answers come from the files and their index."""

    is_shared = False

    def find_obstacle(self, store: Store, *, is_asked: bool) -> str:
        del store, is_asked
        return ""

    def would_start(self, store: Store) -> bool:
        del store
        return False

    def try_site(self, store: Store) -> Site:
        del store
        return Site()

    def prepare(self, store: Store) -> None: ...

    def build(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> Comparison | None:
        del store, files, watch
        return None

    def ask(self, store: Store, files: TreeFiles, read: Callable[[Engine], Result], watch: Watch = SILENT) -> Result:
        from gitmilestone.derived.database import read_index

        return read_index(store, files, read, watch)

    def open(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> Engine | None:
        del store, files, watch
        return None

    def follow(self, store: Store, watch: Watch = SILENT) -> None: ...

    def drop(self, store: Store, unused_seconds: float = 0) -> None: ...

    def describe(self, store: Store) -> str:
        del store
        return ""
