"""One milestone with what is computed about it, without reading the others."""

from __future__ import annotations

from gitmilestone.errors import MilestoneNotFound
from gitmilestone.model.row import Row, make_row
from gitmilestone.snapshot.documents import get_document, read_one
from gitmilestone.snapshot.locate import locate_all
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store


def get_row(store: Store, files: Files, text: str) -> Row:
    """The milestone that `text` names. Reads its file and those of its dependencies.

    Raises:
        MilestoneNotFound, AmbiguousId, InvalidContent.
    """
    document = get_document(store, files, text)
    milestone = document.milestone
    if milestone is None:
        raise MilestoneNotFound(f"there is no milestone {text!r}")
    waits_for = [name for name in milestone.blockers if _is_open(store, files, name)] if milestone.is_open else []
    return make_row(milestone, document.path, milestone.progress, waits_for)


def _is_open(store: Store, files: Files, milestone_id: str) -> bool:
    readable = (read_one(files, entry).milestone for entry in locate_all(store, files, milestone_id))
    found = next((milestone for milestone in readable if milestone), None)
    return found is not None and found.is_open
