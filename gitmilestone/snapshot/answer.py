"""Which engine answers for a state: what is there, before anything is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine

Result = TypeVar("Result")

LARGE = 5000
"""Files that are not read for one answer where a mirror has it: some seconds, and connecting is a tenth of one."""


def has_index(store: Store, files: Files) -> bool:
    """Whether there is an index on disk that is worth asking about these files."""
    if not isinstance(files, TreeFiles):
        return False
    from gitmilestone.derived.database import IndexFile

    return IndexFile(store.repository.state_dir).exists


def read_ready(store: Store, files: Files, read: Callable[[Engine], Result], watch: Watch = SILENT) -> Result:
    """What `read` makes of an engine of `files`: the index on disk, or what the tier has where that would be built.

    A new clone of a large project is answered at once so, in the time of a connection; the index on disk, which is
    faster, is built with the next write.

    Raises:
        As `read_index`.
    """
    from gitmilestone.derived.database import read_index

    engine = _open_instead(store, files, watch)
    if engine is None:
        return read_index(store, files, read, watch)
    with engine:
        return read(engine)


def _open_instead(store: Store, files: Files, watch: Watch) -> Engine | None:
    if not isinstance(files, TreeFiles) or has_index(store, files) or files.estimate_count() < LARGE:
        return None
    from gitmilestone.tiers.table import get_tier

    return get_tier(files).open(store, files, watch)
