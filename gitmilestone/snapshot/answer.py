"""Which index answers for a state."""

from __future__ import annotations

from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store


def has_index(store: Store, files: Files) -> bool:
    """Whether there is an index on disk that is worth asking about these files."""
    if not isinstance(files, TreeFiles):
        return False
    from gitmilestone.derived.database import IndexFile

    return IndexFile(store.repository.state_dir).exists
