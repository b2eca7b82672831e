"""The milestone that this work tree is about; it belongs to one clone and is never committed."""

from __future__ import annotations

from gitmilestone.errors import AmbiguousId, MilestoneNotFound
from gitmilestone.model.milestone import Milestone
from gitmilestone.snapshot.documents import get_document
from gitmilestone.snapshot.locate import get_file, id_of
from gitmilestone.store.store import Store

CURRENT = "current"


def find_current(store: Store) -> Milestone | None:
    """The current milestone; None where none is set, or the one that was is gone."""
    name = store.read_state(CURRENT)
    if name is None:
        return None
    files = store.files_at()
    try:
        milestone = get_document(store, files, name).milestone
    except (MilestoneNotFound, AmbiguousId):
        return None
    # Where it is gone, its id may be the beginning of another.
    return milestone if milestone and milestone.id == name else None


def set_current(store: Store, text: str) -> Milestone | None:
    """Raises MilestoneNotFound, AmbiguousId."""
    files = store.files_at()
    name = id_of(get_file(store, files, text))
    store.write_state(CURRENT, name)
    return get_document(store, files, name).milestone


def clear_current(store: Store) -> None:
    store.write_state(CURRENT, None)
