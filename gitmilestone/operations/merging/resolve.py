"""Resolves what a merge left in conflict: one decision a field, the rest as it was merged and edited since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitmilestone.errors import InvalidRequest, InvalidValue, Refused
from gitmilestone.model.kinds import BadValue
from gitmilestone.model.layout import find_place, may_lie_in, path_of
from gitmilestone.model.merging.by_id import merge_milestone
from gitmilestone.model.merging.merge import SIDES, Conflict, Decision, Given
from gitmilestone.model.merging.merge_text import FILE, GIT_MARKERS, Markers
from gitmilestone.model.milestone import DEPENDENCY_TYPES, Dependency
from gitmilestone.model.record import parse_field
from gitmilestone.model.text.document import read_document
from gitmilestone.operations.merging.disputed import Disputed
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.joining.merge_file import read_conflict_style
from gitmilestone.store.joining.unmerged import record_conflicts, stage_as_it_lies
from gitmilestone.store.store import Store


def parse_decision(conflict: Conflict, text: str) -> Decision:
    """`base`, `ours`, `theirs`, or else the text of a value; an empty one unsets.

    Raises:
        InvalidValue: The text is no value of that field, or the field has none of its own.
    """
    if text in SIDES:
        return text
    return Given(_parse_value(conflict, text))


def takes_value(conflict: Conflict) -> bool:
    """Whether it can be decided for a value that no side has; lists and mappings of the user's own can't be typed."""
    place = conflict.place
    if conflict.field == FILE:
        return False
    if place.field is None:
        return all(side is None or isinstance(side, str) for side in conflict[1:])
    return place.field.shape == "scalar" or (place.field.shape == "dependencies" and place.item is not None)


def _parse_value(conflict: Conflict, text: str) -> Any:
    name, place = conflict.field, conflict.place
    if not takes_value(conflict):
        raise InvalidValue(f"`{name}` is taken from a side, and not {text!r}", "say `ours` or `theirs`")
    if place.field is None:
        return text or None
    if place.item is not None:
        kind = next((word for word in DEPENDENCY_TYPES if word == text), None)
        if kind is None:
            raise InvalidValue(f"`{name}` is one of {', '.join(DEPENDENCY_TYPES)}, not {text!r}", "")
        return Dependency(place.item, kind)
    if place.task is None:
        return parse_field(place.key, text)
    try:
        return place.field.kind.parse(text)
    except BadValue as fault:
        raise InvalidValue(f"`{name}` {fault.message}", fault.hint) from None


def has_base(conflict: Conflict) -> bool:
    """Whether it can be decided for the base: where both sides added something that must be there, it can't."""
    place = conflict.place
    return conflict.base is not None or place.field is None or not (place.task or place.field.required)


def resolve(
    store: Store, disputed: Disputed, decisions: Mapping[str, Decision], *, rehearses: bool = False
) -> tuple[Conflict, ...]:
    """Writes the file with these conflicts decided, and stages it when none is left.

    What is left keeps its markers, and is returned.

    Args:
        rehearses: Refuse what would be refused, and write nothing.

    Raises:
        InvalidRequest: A conflict can't be decided that way.
        Refused: The file can't be resolved field by field, or the result can't be written.
    """
    if disputed.obstacle is not None:
        raise disputed.obstacle
    for conflict in disputed.conflicts:
        if decisions.get(conflict.field) == "base" and not has_base(conflict):
            raise InvalidRequest(f"there is no base of `{conflict.field}`: both sides added it", "take a side")
    left = tuple(conflict for conflict in disputed.conflicts if conflict.field not in decisions)
    unmerged = disputed.unmerged
    if left:
        if len(left) < len(disputed.conflicts):
            if len(unmerged.paths) > 1:
                fields = ", ".join(conflict.field for conflict in disputed.conflicts)
                message = f"{disputed.path} is in two places, of which neither can hold what is left"
                raise Refused(message, f"decide all of it at once: {fields}")
            markers = Markers(size=unmerged.marker_size, style=read_conflict_style(store.git))
            composed = _compose(disputed, decisions, markers)
            if not rehearses:
                record_conflicts(store, disputed.unknown)
                store.lay({unmerged.path: composed})
        return left
    content = _compose(disputed, decisions, GIT_MARKERS)
    contents: dict[str, bytes | None] = dict.fromkeys(unmerged.paths)
    if content is not None:
        contents[_find_target(store, disputed, content)] = content
    if rehearses:
        return ()
    record_conflicts(store, disputed.unknown)
    store.lay(contents)
    stage_as_it_lies(store, contents)
    return ()


def _compose(disputed: Disputed, decisions: Mapping[str, Decision], markers: Markers) -> bytes | None:
    """None is to be deleted."""
    return merge_milestone(disputed.path, *disputed.texts, decisions, markers).content


def _find_target(store: Store, disputed: Disputed, content: bytes) -> str:
    unmerged = disputed.unmerged
    if disputed.stands:
        return unmerged.path
    milestone = read_document(disputed.path, disputed.id, content).milestone
    assert milestone  # it was read
    base = unmerged.base.path if unmerged.base else None
    paths = [side.path for side in (unmerged.ours, unmerged.theirs) if side] or [unmerged.path]
    # The side that moved the file meant it.
    for path in sorted(paths, key=lambda path: path == base):
        place = find_place(path)
        if place and may_lie_in(place.folder, milestone.status):
            return path
    return path_of(disputed.id, get_project(store.staged_files()).layout)
