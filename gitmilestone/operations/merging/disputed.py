"""What a merge left in conflict: the sides of each milestone as git keeps them, and what was edited there since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitmilestone.errors import InvalidContent, MilestoneNotFound, Refused
from gitmilestone.model.layout import ROOT, SUFFIX
from gitmilestone.model.merging.by_id import merge_milestone
from gitmilestone.model.merging.lines import iter_chunks, split_lines
from gitmilestone.model.merging.merge import SIDES, Conflict, Decision
from gitmilestone.model.merging.merge_text import FILE, merge_texts, split_sides
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import read_document
from gitmilestone.operations.merging.left import find_undone
from gitmilestone.snapshot.documents import read_at
from gitmilestone.snapshot.merged import Heads, find_base_texts
from gitmilestone.store.asking.mentions import find_mentioning
from gitmilestone.store.files import FileEntry, read_file
from gitmilestone.store.joining.joined import Joined
from gitmilestone.store.joining.unmerged import Unmerged, find_written, join_lines
from gitmilestone.store.store import Store

BY_HAND = "finish it in an editor, look with `git milestone check`, then `git add` it"
_CALLED = {"base": "the base", "ours": "our side", "theirs": "their side"}


class Texts(NamedTuple):
    """What is to be merged; None where a side has no file.

    Attributes:
        bases: Several, where common ancestors contradict each other.
    """

    bases: tuple[bytes | None, ...]
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
        stands: Somebody has resolved it by hand: the file stays as it lies, and where.
        unknown: All that git has merged wrong without a word, which it is to be told of.
        obstacle: Why it can't be resolved field by field.
        dependents: The ids of those that depend on it, on either side, where it is about keeping it at all.
    """

    unmerged: Unmerged
    texts: Texts = Texts((None,), None, None)
    conflicts: tuple[Conflict, ...] = ()
    obstacle: Refused | None = None
    dependents: tuple[str, ...] = ()
    stands: bool = False
    unknown: tuple[Unmerged, ...] = ()

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
    joined: What is merged, where git tells.
    """

    disputed: list[Disputed]
    others: list[str]
    joined: Joined | None = None


def find_disputed(store: Store) -> Left:
    """What is in conflict in this work tree, or was merged into another milestone. Changes nothing."""
    undone = find_undone(store)
    unknown = tuple(one for one in undone.unmerged if not one.is_known)
    disputed = [_examine(store, undone.heads, one) for one in undone.unmerged]
    whole = [one.id for one in disputed for conflict in one.conflicts if conflict.field == FILE]
    dependents = _find_dependents(store, undone.joined, whole)
    named = [one._replace(dependents=dependents.get(one.id, ()), unknown=unknown) for one in disputed]
    return Left(named, undone.others, undone.joined)


def _find_dependents(store: Store, joined: Joined | None, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not ids:
        return {}
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


def _examine(store: Store, heads: Heads | None, unmerged: Unmerged) -> Disputed:
    path = f"{ROOT}/{unmerged.path}"
    texts = Texts((None,), None, None)
    try:
        texts = _read_texts(store, heads, unmerged)
        resolved = _find_resolved(store, unmerged, texts)
        if resolved is not None:
            if resolved.texts.ours is not None:
                _read(resolved.path, resolved.texts.ours)
            return resolved
        texts = _put_edits(store, unmerged, texts)
        return _compare(path, unmerged, texts)
    except InvalidContent as fault:
        return Disputed(unmerged, texts, obstacle=_explain(path, texts, fault))
    except Refused as fault:
        return Disputed(unmerged, texts, obstacle=fault)


def _compare(path: str, unmerged: Unmerged, texts: Texts) -> Disputed:
    merged = merge_milestone(path, *texts)
    if not merged.conflicts:
        if merged.content is not None:
            _read(path, merged.content)
    elif any(conflict.field == FILE for conflict in merged.conflicts):
        for text in filter(None, texts[1:]):
            _read(path, text)
    return Disputed(unmerged, texts, merged.conflicts)


def _read(path: str, text: bytes) -> Milestone:
    document = read_document(path, path.rpartition("/")[2].removesuffix(SUFFIX), text)
    if document.milestone is None:
        raise InvalidContent(f"{path} can't be read", errors_among(document.problems), BY_HAND)
    return document.milestone


def _explain(path: str, texts: Texts, fault: InvalidContent) -> Refused:
    """Which side can't be read, where that is so of one alone, and why."""
    for side, text in zip(SIDES, (texts.bases[0], *texts[1:]), strict=True):
        found = text is not None and _find_fault(text)
        if found:
            return Refused(f"{_CALLED[side]} of {path} can't be read: {_format_problem(found)}", BY_HAND)
    return Refused(f"{fault.message}: {_format_problem(fault.problems[0])}", BY_HAND)


def _find_fault(text: bytes) -> Problem | None:
    return next(iter(errors_among(read_document("", "", text).problems)), None)


def _format_problem(problem: Problem) -> str:
    return f"line {problem.line}: {problem.message}" if problem.line else problem.message


def _read_texts(store: Store, heads: Heads | None, unmerged: Unmerged) -> Texts:
    """What each side has under the id."""
    base, ours, theirs = (side and _get_blob(store, side) for side in (unmerged.base, unmerged.ours, unmerged.theirs))
    is_told = heads is not None and not (base is ours is theirs is None)
    bases = tuple(find_base_texts(store, heads, unmerged.id)) if heads and is_told else (base,)
    return Texts(bases, ours, theirs)


def _find_resolved(store: Store, unmerged: Unmerged, texts: Texts) -> Disputed | None:
    """What somebody has made of it: without markers, and other than git wrote it, it is what its author wants."""
    if texts.ours is texts.theirs is None and texts.bases == (None,):
        return None
    lying = {path: _read_lying(store, path) for path in sorted(unmerged.paths)}
    written = {path: _find_written(store, path) for path in lying}
    if not any(written.values()) or lying == written:
        return _find_unlike(store, unmerged, texts, lying) if not any(written.values()) else None
    there = [path for path, text in lying.items() if text is not None]
    if not there:
        return Disputed(unmerged, Texts((None,), None, None), stands=True) if unmerged.is_known else None
    changed = [path for path in there if lying[path] != written[path]]
    if len(there) != 1 or not changed:
        if len(there) > 1 and changed:
            raise _by_hand(f"{ROOT}/{changed[0]}", "of two files one will go")
        return None
    return _stand(unmerged, there[0], lying[there[0]] or b"")


def _find_unlike(store: Store, unmerged: Unmerged, texts: Texts, lying: Mapping[str, bytes | None]) -> Disputed | None:
    """The same where git has not kept what it wrote: it may have left either side's file, or lines that it joined."""
    there = [path for path, text in lying.items() if text is not None]
    if len(there) != 1:
        return None
    text = lying[there[0]] or b""
    known = {texts.ours, texts.theirs}
    if texts.ours is not None and texts.theirs is not None:
        known |= {join_lines(store, texts.bases[0], texts.ours, texts.theirs, unmerged.marker_size)}
    return None if text in known else _stand(unmerged, there[0], text)


def _stand(unmerged: Unmerged, path: str, text: bytes) -> Disputed | None:
    """None where a marker is left in it."""
    if _has_marker(text, unmerged.marker_size):
        return None
    return Disputed(unmerged._replace(path=path), Texts((None,), text, text), stands=True)


def _has_marker(text: bytes, size: int) -> bool:
    marks = tuple(mark * size for mark in (b"<", b"|", b"=", b">"))
    return any(line.startswith(marks) for line in text.split(b"\n"))


def _put_edits(store: Store, unmerged: Unmerged, kept: Texts) -> Texts:
    """What somebody has edited in the file since, beside markers, is put into the sides.

    git may have joined lines to what nobody said. So only the difference from what git wrote counts, put into what our
    own merge of the sides says.
    """
    path, size = f"{ROOT}/{unmerged.path}", unmerged.marker_size
    lying = _read_lying(store, unmerged.path)
    bases, ours, theirs = kept
    if kept == Texts((None,), None, None) and lying is not None:  # git has forgotten them
        return Texts((None,), *_split_edited(path, lying, size))
    if lying is None or lying in kept[1:]:
        return kept
    written = _find_written(store, unmerged.path)
    if lying == written:
        return kept
    if unmerged.is_mixed or ours is None or theirs is None:
        message = f"{path} was edited, and git has made it of {unmerged.id} and another milestone"
        raise Refused(message, f"`git checkout --ours` or `--theirs` of it first; or {BY_HAND}")
    if written is None:
        written = join_lines(store, bases[0], ours, theirs, size)
    was, halves = _split(written or b"", size), _split(lying, size)
    if halves and halves == was:
        return kept
    try:
        right = _split(merge_milestone(path, *kept).content or b"")
    except InvalidContent as fault:
        raise _explain(path, kept, fault) from None
    if halves and halves == right:
        return kept
    edited = _split_edited(path, lying, size)
    if not was or not right:
        raise _by_hand(path, "what git wrote is not known")
    return Texts(bases, *(_carry(path, *texts) for texts in zip(was, edited, right, strict=True)))


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


def _by_hand(path: str, why: str) -> Refused:
    return Refused(f"{path} was edited, and can't be taken apart into two sides: {why}", BY_HAND)
