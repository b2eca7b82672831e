"""Resolves what a merge left in conflict: one decision a field, the rest as it was merged and edited since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitmilestone.errors import InvalidContent, InvalidRequest, InvalidValue, MilestoneNotFound, Refused
from gitmilestone.model.document import Document, read_document
from gitmilestone.model.fields import FIELDS, TASK_FIELDS
from gitmilestone.model.kinds import BadValue
from gitmilestone.model.layout import ROOT, SUFFIX, folder_of, path_of
from gitmilestone.model.merge import SIDES, Conflict, Decision, Given
from gitmilestone.model.merge_text import GIT_MARKERS, Markers, merge_texts, split_sides
from gitmilestone.model.milestone import DEPENDENCY_TYPES, Dependency
from gitmilestone.model.problem import errors_among
from gitmilestone.operations.reading import get_project
from gitmilestone.operations.values import parse_field
from gitmilestone.store.files import FileEntry, read_file
from gitmilestone.store.merge_file import read_conflict_style
from gitmilestone.store.store import Store
from gitmilestone.store.unmerged import Unmerged, find_unmerged, find_written, stage_as_it_lies

FILE = "file"
"""The `field` of a conflict between one side that changed a file and one that deleted it."""

_TASK_FIELDS = {field.name: field for field in TASK_FIELDS}


class Texts(NamedTuple):
    """What is to be merged; None where a side has no file."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


class Disputed(NamedTuple):
    """A milestone in conflict.

    Attributes:
        conflicts: None of them, where nothing is left but to stage the file.
        obstacle: Why it can't be resolved field by field.
    """

    unmerged: Unmerged
    texts: Texts = Texts(None, None, None)
    conflicts: tuple[Conflict, ...] = ()
    obstacle: Refused | None = None

    @property
    def id(self) -> str:
        return self.unmerged.id

    @property
    def path(self) -> str:
        return f"{ROOT}/{self.unmerged.path}"


class Left(NamedTuple):
    """Attributes:
    disputed: The milestones in conflict, by id.
    others: Paths from the top of everything else that is.
    """

    disputed: list[Disputed]
    others: list[str]


def find_disputed(store: Store) -> Left:
    """What is in conflict in this work tree. Changes nothing."""
    unmerged, others = find_unmerged(store)
    return Left([_examine(store, one) for one in unmerged], others)


def choose(disputed: Sequence[Disputed], names: Sequence[str]) -> list[Disputed]:
    """Those that names mean: ids, unique beginnings of them, or paths; all without names.

    Raises:
        MilestoneNotFound: One of them is not in conflict.
    """
    return [_choose(disputed, name) for name in names] if names else list(disputed)


def _choose(disputed: Sequence[Disputed], name: str) -> Disputed:
    wanted = name.rpartition("/")[2].removesuffix(SUFFIX)
    found = [one for one in disputed if one.id.startswith(wanted)]
    exact = [one for one in found if one.id == wanted] or found
    if len(exact) != 1:
        ids = ", ".join(one.id for one in found or disputed)
        raise MilestoneNotFound(
            f"{name!r} {'begins several ids' if found else 'is not in conflict'}",
            f"in conflict: {ids}" if ids else "nothing is in conflict",
        )
    return exact[0]


def parse_decision(field: str, text: str) -> Decision:
    """`base`, `ours`, `theirs`, or else the text of a value; an empty one unsets.

    Raises:
        InvalidValue: The text is no value of that field, or the field has none of its own.
    """
    if text in ("base", "ours", "theirs"):
        return text  # type: ignore[return-value]  # it is one of them
    return Given(_parse_value(field, text))


def takes_value(field: str) -> bool:
    """Whether a conflict can be decided for a value that no side has."""
    head, _, rest = field.partition(".")
    if head == "tasks":
        return rest.rpartition(".")[2] in _TASK_FIELDS or ".x." in rest
    return head in ("x", "depends_on") or (head in FIELDS and not rest)


def _parse_value(field: str, text: str) -> Any:
    head, _, rest = field.partition(".")
    name = rest.rpartition(".")[2]
    if not takes_value(field):
        raise InvalidValue(f"`{field}` is taken from a side, and not {text!r}", "say `ours` or `theirs`")
    if head == "depends_on":
        kind = next((word for word in DEPENDENCY_TYPES if word == text), None)
        if kind is None:
            raise InvalidValue(f"`{field}` is one of {', '.join(DEPENDENCY_TYPES)}, not {text!r}", "")
        return Dependency(rest, kind)
    if head == "tasks" and name in _TASK_FIELDS:
        try:
            return _TASK_FIELDS[name].kind.parse(text)
        except BadValue as fault:
            raise InvalidValue(f"`{field}` {fault.message}", fault.hint) from None
    return parse_field(field, text) if field in FIELDS else text


def resolve(store: Store, disputed: Disputed, decisions: Mapping[str, Decision]) -> tuple[Conflict, ...]:
    """Writes the file with these conflicts decided, and stages it when none is left.

    It goes where its status has it. What is left keeps its markers, and is returned.

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
        # Of two files, neither is the one to hold what is left.
        if len(unmerged.paths) == 1 and len(left) < len(disputed.conflicts):
            style = read_conflict_style(store.git)
            store.lay({unmerged.path: _compose(disputed, decisions, Markers(style=style))})
        return left
    content = _compose(disputed, decisions, GIT_MARKERS)
    contents: dict[str, bytes | None] = dict.fromkeys(unmerged.paths)
    if content is not None:
        contents[_find_target(store, disputed, content)] = content
    store.lay(contents)
    stage_as_it_lies(store, {*contents})
    return ()


def _compose(disputed: Disputed, decisions: Mapping[str, Decision], markers: Markers) -> bytes | None:
    """None is to be deleted."""
    base, ours, theirs = disputed.texts
    if ours is not None and theirs is not None:
        return merge_texts(disputed.path, base, ours, theirs, decisions, markers).content
    decision = decisions[FILE] if disputed.conflicts else "theirs" if ours is None else "ours"
    return disputed.texts[SIDES.index(decision)] if not isinstance(decision, Given) else None


def has_base(conflict: Conflict) -> bool:
    """Whether it can be decided for the base: where both sides added something that must be there, it can't."""
    is_required = conflict.field in FIELDS and FIELDS[conflict.field].required
    return conflict.base is not None or not (is_required or conflict.field.startswith("tasks."))


def _find_target(store: Store, disputed: Disputed, content: bytes) -> str:
    milestone = _read(disputed.path, disputed.id, content).milestone
    assert milestone  # it was read
    folder = folder_of(milestone.status)
    unmerged = disputed.unmerged
    for side in (unmerged.ours, unmerged.theirs):
        if side and side.path.startswith(f"{folder}/"):
            return side.path
    return path_of(disputed.id, milestone.status, get_project(store.staged_files()).layout)


def _examine(store: Store, unmerged: Unmerged) -> Disputed:
    try:
        return _compare(unmerged, _find_texts(store, unmerged))
    except Refused as fault:
        return Disputed(unmerged, obstacle=fault)


def _compare(unmerged: Unmerged, texts: Texts) -> Disputed:
    path = f"{ROOT}/{unmerged.path}"
    base, ours, theirs = texts
    if ours is not None and theirs is not None:
        merged = merge_texts(path, base, ours, theirs)
        if not merged.conflicts:
            _read(path, unmerged.id, merged.content)
        return Disputed(unmerged, texts, merged.conflicts)
    sides = [None if text is None else _read(path, unmerged.id, text).milestone for text in texts]
    is_deleted = unmerged.base is not None and sides[1:] != [None, None]
    return Disputed(unmerged, texts, (Conflict(FILE, *sides),) if is_deleted else ())


def _find_texts(store: Store, unmerged: Unmerged) -> Texts:
    """The sides as they lie in the file, so that what was edited there counts; else as git keeps them."""
    kept = Texts(*(entry and _get_blob(store, entry) for entry in (unmerged.base, unmerged.ours, unmerged.theirs)))
    sides = [side for side in (unmerged.ours, unmerged.theirs) if side]
    lying = _read_lying(store, unmerged.path)
    if len(sides) == 1:
        return kept if lying is None else Texts(kept.base, kept.ours and lying, kept.theirs and lying)
    if len({side.path for side in sides}) > 1:
        _refuse_edited(store, sides)
        return kept
    if lying is None or lying in kept[1:]:
        return kept
    found = split_sides(lying.decode("utf-8", "replace"))
    if found:
        here, there = found["ours"].encode(), found["theirs"].encode()
        if all(_reads(text) for text in (here, there)):
            base = kept.base or found["base"].encode()
            return Texts(base if _reads(base) else None, here, there)
    written = find_written(store, unmerged.path)
    if sides and written is not None and written.replace(b"\r\n", b"\n") == lying:
        return kept
    raise _by_hand(unmerged.path)


def _get_blob(store: Store, entry: FileEntry) -> bytes:
    return store.objects.get_blob(entry.oid or "")


def _read_lying(store: Store, path: str) -> bytes | None:
    content = read_file(store.work_files(), path)
    return None if content is None else content.replace(b"\r\n", b"\n")


def _refuse_edited(store: Store, sides: Sequence[FileEntry]) -> None:
    """Raises Refused where somebody has edited one of two files, of which one will go."""
    for side in sides:
        lying = _read_lying(store, side.path)
        if lying is not None and lying not in (_get_blob(store, side), find_written(store, side.path)):
            raise _by_hand(side.path)


def _by_hand(path: str) -> Refused:
    return Refused(
        f"{ROOT}/{path} was edited, and can't be taken apart into two sides that are right",
        "finish it in an editor, look with `git milestone check`, then `git add` it",
    )


def _reads(content: bytes) -> bool:
    return read_document("", "", content).milestone is not None


def _read(path: str, milestone_id: str, content: bytes) -> Document:
    document = read_document(path, milestone_id, content)
    if document.milestone is None:
        raise InvalidContent(f"{path} can't be read", errors_among(document.problems), "mend it, then `git add` it")
    return document
