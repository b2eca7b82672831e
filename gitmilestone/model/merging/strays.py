"""Edits that a merge has dropped, or has given to a milestone that nobody edited.

git joins files, and takes one for what became of another where they are alike: an edit of the one then lands in the
other, and nothing is in conflict. What each side changed under an id tells what the result should have under it.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Milestone, Task


class Place(NamedTuple):
    """Something of a milestone that is edited by itself; all of it, where `field` is "".

    Attributes:
        item: Of a set: the label, the id that is depended on; the id of a task; a key of the project's own.
        key: Of a task; "" is that it is there.
    """

    field: str
    item: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """As in a FieldChange."""
        return ".".join(filter(None, self)) if self.field in ("tasks", "x") else self.field


WHOLE = Place("")

Flat = Mapping[Place, Any]
"""What a milestone says, by place; what it does not say is not in it."""


class Meeting(NamedTuple):
    """The states of one milestone where two branches met; None where there is none.

    Attributes:
        bases: What both have it from; several where these contradict each other.
        result: What the merge has made of it.
    """

    bases: tuple[Milestone | None, ...]
    ours: Milestone | None
    theirs: Milestone | None
    result: Milestone | None


class Stray(NamedTuple):
    """An edit of one side alone that is not in the result.

    Attributes:
        id: Of the milestone that was edited.
        value: What the edit said; None where it unset, removed or deleted.
        left: What the result says there instead.
        is_lost: Whether that is what the other side left there, and nobody's decision.
        landed_in: Of the milestone that has it, though neither side said so there; "" where none has.
        landed, instead: What that milestone says there, and what it should.
    """

    id: str
    place: Place
    value: Any
    left: Any
    is_lost: bool
    landed_in: str = ""
    landed: Any = None
    instead: Any = None


class _Missing(NamedTuple):
    """An edit of one side alone that the result does not have.

    Attributes:
        left, is_lost: As in a Stray.
        is_disputed: Whether both sides changed the milestone in one place, so that somebody has looked at it.
    """

    id: str
    place: Place
    value: Any
    left: Any
    is_lost: bool
    is_disputed: bool

    @property
    def stray(self) -> Stray:
        return Stray(self.id, self.place, self.value, self.left, self.is_lost)


def find_stray_edits(meetings: Mapping[str, Meeting]) -> list[Stray]:
    """By id, then place. O(what they say).

    What a person has decided in a merge is no stray: a value of their own, what both sides changed, and what is left
    out of a milestone that both sides changed in one place.

    Args:
        meetings: Of all that a side has changed, by id; without those that can't be read in one of the states.
    """
    missing = [edit for name, meeting in meetings.items() for edit in _iter_missing(name, meeting)]
    donors: dict[object, list[_Missing]] = defaultdict(list)
    for edit in missing:
        donors[_key(edit.place, edit.value)].append(edit)
    strays = {(edit.id, edit.place): edit.stray for edit in missing if edit.is_lost and not edit.is_disputed}
    heirs = _find_heirs(meetings)
    for name, meeting in meetings.items():
        for place, value, instead in _iter_foreign(meeting):
            found = [edit for edit in donors.get(_key(place, value), ()) if edit.id != name]
            if found and not any((edit.id, name) in heirs for edit in found):
                strays[found[0].id, place] = found[0].stray._replace(landed_in=name, landed=value, instead=instead)
    return [strays[key] for key in sorted(strays)]


def _iter_missing(name: str, meeting: Meeting) -> Iterator[_Missing]:
    bases, result = [flatten(base) for base in meeting.bases], meeting.result
    is_disputed = _is_disputed(meeting)
    for side, other in ((meeting.ours, meeting.theirs), (meeting.theirs, meeting.ours)):
        if side is None or None in meeting.bases:
            is_alone = (side is None) != (other is None) and all(base == other for base in meeting.bases)
            if is_alone and (side is None) != (result is None):
                yield _Missing(name, WHOLE, side, result, is_lost=True, is_disputed=False)
            continue
        mine, others, has = flatten(side), flatten(other), flatten(result)
        for place in sorted({*mine, *(place for base in bases for place in base)}):
            value, left = mine.get(place), has.get(place)
            is_edit = all(base.get(place) != value for base in bases) and (value != left or result is None)
            if is_edit and (other is None or all(base.get(place) == others.get(place) for base in bases)):
                is_lost = bool(other and result) and left == others.get(place)
                yield _Missing(name, place, value, left, is_lost, is_disputed)


def _is_disputed(meeting: Meeting) -> bool:
    ours, theirs, *bases = (flatten(one) for one in (meeting.ours, meeting.theirs, *meeting.bases))
    differing = [place for place in {*ours, *theirs} if ours.get(place) != theirs.get(place)]
    return any(
        all(any(base.get(place) != side.get(place) for base in bases) for side in (ours, theirs)) for place in differing
    )


def _iter_foreign(meeting: Meeting) -> Iterator[tuple[Place, Any, Any]]:
    """(place, its value, what it should be) of what the result says and neither side, nor what they have it from."""
    if meeting.result is None:
        return
    has = flatten(meeting.result)
    sides = [flatten(side) for side in (meeting.ours, meeting.theirs) if side]
    bases = [flatten(base) for base in meeting.bases if base]
    for place in sorted({*has, *(place for side in sides for place in side)}):
        value = has.get(place)
        if sides and all(value != known.get(place) for known in (*sides, *bases)):
            told = [side.get(place) for side in sides]
            changed = [one for one in told if all(one != base.get(place) for base in bases)]
            yield place, value, (changed or told)[0]


def find_unasked_deletions(meetings: Mapping[str, Meeting]) -> list[Stray]:
    """Of milestones that one side deleted, the other edited, and the merge does not have, by id.

    Somebody has decided that, or git has taken another one for it that says all that was edited.
    """
    renamed = {old for old, _ in _find_heirs(meetings)}
    found = []
    for name, (bases, ours, theirs, result) in sorted(meetings.items()):
        edited = ours or theirs
        is_disputed = edited and (ours is None or theirs is None) and None not in bases and edited not in bases
        if is_disputed and result is None and name not in renamed:
            found.append(Stray(name, WHOLE, edited, None, is_lost=True))
    return found


def _find_heirs(meetings: Mapping[str, Meeting]) -> set[tuple[str, str]]:
    """(from, to) of milestones to which a side has given another id: then all edits of them go with it.

    What has the title and the time of creation of one that is gone there is that one. With another title it may as well
    be one that came in its place: milestones that were imported together have one time.
    """
    heirs: set[tuple[str, str]] = set()
    for side in ("ours", "theirs"):
        gone: dict[object, list[str]] = defaultdict(list)
        come: dict[object, list[str]] = defaultdict(list)
        for name, meeting in meetings.items():
            before, after = next(filter(None, meeting.bases), None), getattr(meeting, side)
            if (one := before or after) and (before is None) != (after is None):
                (gone if after is None else come)[one.title, one.created].append(name)
        for key, names in gone.items():
            heirs.update(product(names, come[key]))
    return heirs


def flatten(milestone: Milestone | None) -> Flat:
    """All that it says."""
    if milestone is None:
        return {}
    found: dict[Place, Any] = {Place(field.name): getattr(milestone, field.name) for field in SCALAR_FIELDS}
    del found[Place("schema")]
    found |= {Place("labels", label): label for label in milestone.labels}
    found |= {Place("depends_on", on.id): on for on in milestone.depends_on}
    found |= {Place("x", key): value for key, value in milestone.extra.items()}
    for task in milestone.tasks:
        found[Place("tasks", task.id)] = task.id
        found |= {Place("tasks", task.id, field.name): getattr(task, field.name) for field in TASK_FIELDS}
    return {place: value for place, value in found.items() if value is not None}


def put(milestone: Milestone, place: Place, value: Any) -> Milestone:
    """The milestone with another value in a place; of a task that is not there, nothing is put."""
    match place.field:
        case "labels":
            others = [label for label in milestone.labels if label != place.item]
            return milestone._replace(labels=tuple(sorted([*others, *([place.item] if value is not None else [])])))
        case "depends_on":
            kept = [on for on in milestone.depends_on if on.id != place.item]
            return milestone._replace(depends_on=tuple(sorted([*kept, *([value] if value is not None else [])])))
        case "x":
            own = {key: known for key, known in milestone.extra.items() if key != place.item}
            return milestone._replace(extra=own if value is None else {**own, place.item: value})
        case "tasks":
            return milestone._replace(tasks=_put_task(milestone.tasks, place, value))
    return milestone._replace(**{place.field: value})


def _put_task(tasks: Sequence[Task], place: Place, value: Any) -> tuple[Task, ...]:
    if place.key:
        said: dict[str, Any] = {place.key: Task._field_defaults.get(place.key) if value is None else value}
        return tuple(task._replace(**said) if task.id == place.item else task for task in tasks)
    others = [task for task in tasks if task.id != place.item or value is not None]
    is_there = any(task.id == place.item for task in others)
    return (*others, *([] if is_there or value is None else [Task(place.item, "")]))


def _key(place: Place, value: Any) -> tuple[Place, str]:
    """Lines of a long text land among other lines: there the place alone tells."""
    return place, "" if place.field == "description" else repr(value)
