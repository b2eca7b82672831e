"""Gives milestones their edits back that a merge commit has dropped, or has given to others."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.changes.draft import Draft
from gitmilestone.changes.edit import Edit, Revision
from gitmilestone.model.merging.strays import WHOLE, Stray, put
from gitmilestone.model.milestone import Milestone
from gitmilestone.operations.checking.strays import find_standing, is_foreign, is_left
from gitmilestone.store.asking.merges import get_merge
from gitmilestone.store.store import Store


def put_right(store: Store, revision: str) -> Edit:
    """Of nothing where all is right, so that doing it twice is doing it once.

    What has been edited since the merge stays as it is. A milestone that one side deleted stays deleted: what the other
    side said of it is told.

    Raises:
        UnknownRevision; InvalidValue: It joins no two commits, as `get_merge` takes them.
    """
    merge = get_merge(store, revision)

    def revise(draft: Draft) -> Revision:
        strays = find_standing(store, merge, draft.files)
        lost = [stray for stray in strays if is_left(stray, draft.find(stray.id))]
        foreign = [stray for stray in strays if is_foreign(stray, _find_landed(draft, stray))]
        for stray in lost:
            _give_back(draft, stray)
        for stray in foreign:
            _take_out(draft, stray)
        found = [draft.find(name) or draft.before(name) for name in _name_touched(strays)]
        gone = sorted({stray.id for stray in strays if stray.landed_in and draft.find(stray.id) is None})
        sides = f"{merge.ours[:10]} or {merge.theirs[:10]}"
        warnings = [f"{name} is deleted, and stays so; what was edited in it is in {sides}" for name in gone]
        message = f"milestone: put right what the {merge.kind} {merge.commit[:10]} misplaced"
        return Revision(message, [one for one in found if one], warnings)

    return Edit(revise)


def _name_touched(strays: Sequence[Stray]) -> list[str]:
    return sorted({name for stray in strays for name in (stray.id, stray.landed_in) if name})


def _find_landed(draft: Draft, stray: Stray) -> Milestone | None:
    return draft.find(stray.landed_in) if stray.landed_in else None


def _give_back(draft: Draft, stray: Stray) -> None:
    known = draft.find(stray.id)
    if stray.place != WHOLE:
        if known:
            draft.update(put(known, stray.place, stray.value))
    elif stray.value is None:
        draft.delete(stray.id)
    else:
        draft.create(stray.value)


def _take_out(draft: Draft, stray: Stray) -> None:
    known = _find_landed(draft, stray)
    if known:
        draft.update(put(known, stray.place, stray.instead))
