"""What a merge left in conflict: the sides of each milestone as git keeps them, and what was edited there since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.errors import InvalidContent, MilestoneNotFound, Refused
from gitmilestone.model.layout import ROOT, SUFFIX
from gitmilestone.model.merging.lines import iter_chunks, split_lines
from gitmilestone.model.merging.merge import SIDES, Conflict, Decision
from gitmilestone.model.merging.merge_text import FILE, merge_texts, split_sides
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import read_document
from gitmilestone.snapshot.documents import read_at
from gitmilestone.store.asking.mentions import find_mentioning
from gitmilestone.store.files import FileEntry, read_file
from gitmilestone.store.joining.joined import find_joined
from gitmilestone.store.joining.unmerged import Unmerged, find_unmerged, find_written, join_lines
from gitmilestone.store.store import Store

BY_HAND = "finish it in an editor, look with `git milestone check`, then `git add` it"
_CALLED = {"base": "the base", "ours": "our side", "theirs": "their side"}


class Texts(NamedTuple):
    """What is to be merged; None where a side has no file."""

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None


class _Halves(NamedTuple):
    """A text with every conflict in it decided for one side, and for the other."""

    ours: bytes
    theirs: bytes


class Disputed(NamedTuple):
    """A milestone in conflict.

    Attributes:
        conflicts: None of them, where nothing is left but to stage the file.
        obstacle: Why it can't be resolved field by field.
        dependents: The ids of those that depend on it, on either side, where it is about keeping it at all.
    """

    unmerged: Unmerged
    texts: Texts = Texts(None, None, None)
    conflicts: tuple[Conflict, ...] = ()
    obstacle: Refused | None = None
    dependents: tuple[str, ...] = ()

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
    disputed = [_examine(store, one) for one in unmerged]
    whole = [one.id for one in disputed for conflict in one.conflicts if conflict.field == FILE]
    dependents = _find_dependents(store, whole)
    return Left([one._replace(dependents=dependents.get(one.id, ())) for one in disputed], others)


def _find_dependents(store: Store, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not ids:
        return {}
    joined = find_joined(store)
    found: dict[str, set[str]] = {}
    for files in (store.files_at(), *([store.files_at(joined.theirs)] if joined else [])):
        for path in find_mentioning(store, files, ids):
            if milestone := read_at(files, path):
                for on in milestone.depends_on:
                    found.setdefault(on.id, set()).add(milestone.id)
    return {name: tuple(sorted(names)) for name, names in found.items()}


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


def _examine(store: Store, unmerged: Unmerged) -> Disputed:
    path = f"{ROOT}/{unmerged.path}"
    texts = Texts(None, None, None)
    try:
        texts = _find_texts(store, unmerged)
        return _compare(path, unmerged, texts)
    except InvalidContent as fault:
        return Disputed(unmerged, texts, obstacle=_explain(path, texts, fault))
    except Refused as fault:
        return Disputed(unmerged, texts, obstacle=fault)


def _compare(path: str, unmerged: Unmerged, texts: Texts) -> Disputed:
    base, ours, theirs = texts
    if ours is not None and theirs is not None:
        merged = merge_texts(path, base, ours, theirs)
        if not merged.conflicts:
            _read(path, merged.content)
        return Disputed(unmerged, texts, merged.conflicts)
    sides = [None if text is None else _read(path, text) for text in (ours, theirs)]
    if base is None or sides == [None, None]:
        return Disputed(unmerged, texts)
    was = read_document(path, unmerged.id, base).milestone
    return Disputed(unmerged, texts, (Conflict(FILE, was, *sides),))


def _read(path: str, text: bytes) -> Milestone:
    document = read_document(path, path.rpartition("/")[2].removesuffix(SUFFIX), text)
    if document.milestone is None:
        raise InvalidContent(f"{path} can't be read", errors_among(document.problems), BY_HAND)
    return document.milestone


def _explain(path: str, texts: Texts, fault: InvalidContent) -> Refused:
    """Which side can't be read, where that is so of one alone, and why."""
    for side, text in zip(SIDES, texts, strict=True):
        found = text is not None and _find_fault(text)
        if found:
            return Refused(f"{_CALLED[side]} of {path} can't be read: {_format_problem(found)}", BY_HAND)
    return Refused(f"{fault.message}: {_format_problem(fault.problems[0])}", BY_HAND)


def _find_fault(text: bytes) -> Problem | None:
    return next(iter(errors_among(read_document("", "", text).problems)), None)


def _format_problem(problem: Problem) -> str:
    return f"line {problem.line}: {problem.message}" if problem.line else problem.message


def _find_texts(store: Store, unmerged: Unmerged) -> Texts:
    """The sides as git keeps them; what somebody has edited in the file since is put into them."""
    kept = Texts(*(entry and _get_blob(store, entry) for entry in (unmerged.base, unmerged.ours, unmerged.theirs)))
    sides = [side for side in (unmerged.ours, unmerged.theirs) if side]
    if len({side.path for side in sides}) > 1:
        _refuse_edited(store, sides)
        return kept
    lying = _read_lying(store, unmerged.path)
    if lying is None or lying in kept[1:]:
        return kept
    if len(sides) != 1:
        return _take_edits(store, unmerged, kept, lying)
    if lying == _find_written(store, unmerged.path):
        return kept
    if unmerged.is_mixed:
        message = f"{ROOT}/{unmerged.path} was edited, and git has made it of {unmerged.id} and another milestone"
        raise Refused(message, f"`git checkout --ours` or `--theirs` of it first; or {BY_HAND}")
    return Texts(kept.base, kept.ours and lying, kept.theirs and lying)


def _take_edits(store: Store, unmerged: Unmerged, kept: Texts, lying: bytes) -> Texts:
    """What lies is what somebody has made of what git wrote, and git may have joined lines to what nobody said.

    So only the difference from what git wrote counts, put into what our own merge of the sides says.
    """
    path, size = f"{ROOT}/{unmerged.path}", unmerged.marker_size
    base, ours, theirs = kept
    if ours is None or theirs is None:  # git has forgotten them
        return Texts(None, *_split_edited(path, lying, size))
    written = _find_written(store, unmerged.path)
    if written is None and not unmerged.is_mixed:
        written = join_lines(store, base, ours, theirs, size)
    was, halves = _split(written or b"", size), _split(lying, size)
    if halves and halves == was:
        return kept
    if halves and halves.ours == halves.theirs:  # no marker is left
        return Texts(base, *_split_edited(path, lying, size))
    try:
        right = _split(merge_texts(path, base, ours, theirs).content)
    except InvalidContent as fault:
        raise _explain(path, kept, fault) from None
    if halves and halves == right:
        return kept
    edited = _split_edited(path, lying, size)
    if not was or not right:
        raise _by_hand(path, "what git wrote is not known")
    return Texts(base, *(_carry(path, *texts) for texts in zip(was, edited, right, strict=True)))


def _carry(path: str, written: bytes, edited: bytes, right: bytes) -> bytes:
    """What git wrote, and was edited, of one side; and what it should have written. An edit counts more."""
    try:
        conflicts = merge_texts(path, written, edited, right).conflicts
        decisions: dict[str, Decision] = {conflict.field: "ours" for conflict in conflicts}
        return merge_texts(path, written, edited, right, decisions).content
    except Refused:
        # What git wrote makes no sense.
        chunks = iter_chunks(*(split_lines(text.decode()) for text in (written, edited, right)))
        carried = "".join("".join(chunk.settle(SIDES.index("ours"))) for chunk in chunks).encode()
    fault = _find_fault(carried)
    if fault:
        raise _by_hand(path, fault.message)
    return carried


def _split(text: bytes, size: int = 7) -> _Halves | None:
    try:
        found = split_sides(text.decode(), size)
    except UnicodeDecodeError:
        return None
    return _Halves(found["ours"].encode(), found["theirs"].encode()) if found else None


def _split_edited(path: str, lying: bytes, size: int) -> _Halves:
    """Raises Refused where the halves of what was edited can't be read."""
    halves = _split(lying, size)
    if halves is None:
        fault = _find_fault(lying)
        why = "its conflict markers are incomplete, or out of order"
        raise _by_hand(path, why if fault is None or fault.code != "not-utf8" else _format_problem(fault))
    for half in halves:
        fault = _find_fault(half)
        if fault:
            raise _by_hand(path, _format_problem(fault._replace(line=_find_line(lying, half, fault.line))))
    return halves


def _find_line(lying: bytes, half: bytes, line: int) -> int:
    """The number, in the whole file, of a line of one side."""
    at, whole = 0, [*lying.split(b"\n"), b""]
    for wanted in half.split(b"\n")[:line]:
        at = whole.index(wanted, at) + 1
    return at


def _get_blob(store: Store, entry: FileEntry) -> bytes:
    return store.objects.get_blob(entry.oid or "")


def _read_lying(store: Store, path: str) -> bytes | None:
    content = read_file(store.work_files(), path)
    return None if content is None else content.replace(b"\r\n", b"\n")


def _find_written(store: Store, path: str) -> bytes | None:
    content = find_written(store, path)
    return None if content is None else content.replace(b"\r\n", b"\n")


def _refuse_edited(store: Store, sides: Sequence[FileEntry]) -> None:
    """Raises Refused where somebody has edited one of two files, of which one will go."""
    for side in sides:
        lying = _read_lying(store, side.path)
        if lying is not None and lying not in (_get_blob(store, side), _find_written(store, side.path)):
            raise _by_hand(f"{ROOT}/{side.path}", "of two files one will go")


def _by_hand(path: str, why: str) -> Refused:
    return Refused(f"{path} was edited, and can't be taken apart into two sides: {why}", BY_HAND)
