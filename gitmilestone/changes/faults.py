"""What a set of edits makes wrong, by the rules of the project, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gitmilestone.model.config import Project
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.rules import LATE, Fault, Rules, find_late_blocker, stays_open_longer
from gitmilestone.snapshot.dependents import find_dependents
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store

_LOOKED_AT = 100
"""Edits at once of which a person hears that they are due before what they wait for, which costs reading that."""

Find = Callable[[str], Milestone | None]


def find_made_faults(
    store: Store, files: Files, project: Project, edited: Mapping[str, Milestone], before: Find, after: Find
) -> list[tuple[Milestone, Fault]]:
    """The faults that were not there before, of edited milestones; and of others, where those would be errors.

    Args:
        files: Without the edits.
        before, after: A milestone by its id without, and with the edits.
    """
    rules = Rules(project)
    is_late_an_error = project.check.is_error(LATE)
    looks_at_others = is_late_an_error or len(edited) <= _LOOKED_AT
    found: list[tuple[Milestone, Fault]] = []
    for name, milestone in edited.items():
        was = before(name)
        faults = [*rules.iter_faults(milestone), *(_iter_late(milestone, after) if looks_at_others else ())]
        known = [*rules.iter_faults(was), *_iter_late(was, before)] if was and faults else []
        found += ((milestone, fault) for fault in faults if fault not in known)
        if was and (fault := rules.find_forbidden_transition(was, milestone)):
            found.append((milestone, fault))
    if is_late_an_error:
        later = [name for name, milestone in edited.items() if stays_open_longer(before(name), milestone)]
        waiting = find_dependents(store, files, later) if later else {}
        for name in sorted({name for names in waiting.values() for name in names} - edited.keys()):
            if other := after(name):
                known = list(_iter_late(other, before))
                found += ((other, fault) for fault in _iter_late(other, after) if fault not in known)
    return found


def _iter_late(milestone: Milestone, find: Find) -> Iterator[Fault]:
    if milestone.due and milestone.is_open:
        for name in milestone.blockers:
            if (blocker := find(name)) and (fault := find_late_blocker(milestone, blocker)):
                yield fault
