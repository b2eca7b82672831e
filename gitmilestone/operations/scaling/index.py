"""The index on disk, looked at and looked after."""

from __future__ import annotations

import os
import sqlite3
from typing import NamedTuple

from gitmilestone.derived.database import IndexFile, RefreshLock, is_damage
from gitmilestone.derived.schema import SCHEMA_VERSION, is_newer
from gitmilestone.derived.sqlite import Index
from gitmilestone.derived.verify import Fault, find_faults
from gitmilestone.errors import Refused
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.store import Store


class IndexStatus(NamedTuple):
    """The index on disk, as it was found.

    Attributes:
        is_there: False where there is none, and answers come from the files.
        version: Of its schema; 0 where it can't be read.
        stamp: The `.milestones` tree that its rows are of, "" for the empty one; None while they are of none.
        bytes: On the disk.
        retired: Documents that were parsed once and are in the tree no more.
    """

    is_there: bool
    path: str
    version: int = 0
    stamp: str | None = None
    milestones: int = 0
    bytes: int = 0
    retired: int = 0

    @property
    def is_newer(self) -> bool:
        """Whether a newer version has written it: it is left alone."""
        return is_newer(self.version, SCHEMA_VERSION)


class Verified(NamedTuple):
    """Attributes:
    tree: Which the rows are said to be of.
    milestones: How many were compared.
    faults: At most 1,000 of them.
    """

    tree: str
    milestones: int
    faults: list[Fault]


def get_index_status(store: Store) -> IndexStatus:
    """The index on disk as it lies, without bringing it up to date."""
    place = IndexFile(store.repository.state_dir)
    size = sum(os.path.getsize(path) for path in (place.path, place.path + "-wal") if os.path.exists(path))
    if not place.exists:
        return IndexStatus(False, place.path)
    try:
        with Index(place.connect()) as index:
            version = index.version
            if version != SCHEMA_VERSION:
                return IndexStatus(True, place.path, version, bytes=size)
            return IndexStatus(True, place.path, version, index.stamp, index.milestones, size, index.retired)
    except sqlite3.Error:
        return IndexStatus(True, place.path, bytes=size)


def rebuild_index(store: Store, watch: Watch = SILENT) -> IndexStatus:
    """Builds the index of HEAD from nothing; also a small one, which would not be made by itself."""
    from gitmilestone.derived.catch_up import catch_up

    place = IndexFile(store.repository.state_dir)
    with RefreshLock(place, watch):
        place.remove()
        with place.open_for_refresh() as index:
            catch_up(index, store, store.files_at(), watch)
    return get_index_status(store)


def verify_index(store: Store, watch: Watch = SILENT) -> Verified:
    """Compares every row with the blob that it is of, in the tree that the stamp says.

    Raises:
        Refused: There is nothing to compare.
    """
    place = IndexFile(store.repository.state_dir)
    if not place.exists:
        raise Refused("there is no index on disk", "`git milestone index rebuild` makes one")
    with RefreshLock(place, watch):
        try:
            with Index(place.connect()) as index:
                if is_newer(index.version, SCHEMA_VERSION):
                    raise Refused("a newer version has written the index", "verify it with that version")
                tree = index.stamp if index.version == SCHEMA_VERSION else None
                if tree is None:
                    raise Refused("the index is not whole", "the next command that reads completes it")
                return Verified(tree, index.milestones, find_faults(index, store, tree, watch))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return Verified("", 0, [Fault("", "", str(error))])


def drop_index(store: Store, watch: Watch = SILENT) -> bool:
    """Removes the index; False where there was none. The next command that wants one makes it anew."""
    place = IndexFile(store.repository.state_dir)
    if not place.exists:
        return False
    with RefreshLock(place, watch):
        place.remove()
    return True
