"""The three-way merge of a milestone's file: the values merged field by field, and what people wrote around them kept.

Laws: of two sides of which one is the base, the other's very bytes come out; the text reads as what `merge` says of
the values; and taking our side of every conflict, or theirs, gives a text that reads as `merge` decided that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from gitmilestone.errors import InvalidContent, Refused
from gitmilestone.model.merging.comments import find_texts, find_wanted, put_comments_back
from gitmilestone.model.merging.lines import Chunk, Lines, iter_chunks, split_lines
from gitmilestone.model.merging.merge import SIDES, Conflict, Decision, Merged, Side, merge
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import errors_among
from gitmilestone.model.text.document import Document, convert, read_document, revise

ConflictStyle = Literal["merge", "diff3", "zdiff3"]

FILE = "file"
"""The `field` of a conflict of two milestones for one file: git has taken one for what became of the other."""


class Markers(NamedTuple):
    """How a conflict is written; the defaults are git's, but for the names."""

    ours: str = "ours"
    base: str = "base"
    theirs: str = "theirs"
    size: int = 7
    style: ConflictStyle = "merge"


GIT_MARKERS = Markers()


class MergedText(NamedTuple):
    """`content` has markers around every one of `conflicts`, and nowhere else; around all of it where that is FILE."""

    content: bytes
    conflicts: tuple[Conflict, ...]


class _Sides(NamedTuple):
    """Documents without errors, all in one format."""

    base: Document | None
    ours: Document
    theirs: Document

    @property
    def milestones(self) -> tuple[Milestone | None, Milestone, Milestone]:
        base, ours, theirs = (side.milestone if side else None for side in self)
        assert ours  # they have no errors, as is the next
        assert theirs
        return base, ours, theirs

    def merge(self, decisions: Mapping[str, Decision], otherwise: Side) -> Merged:
        return merge(*self.milestones, decisions, otherwise)


def merge_texts(
    path: str,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    decisions: Mapping[str, Decision] = {},
    markers: Markers = GIT_MARKERS,
) -> MergedText:
    """Merges three states of one file; nothing is read where one of them is simply the answer.

    Args:
        base: None where both sides added the file.
        decisions: What to take in conflicts, by their `field`; no markers are left there.

    Raises:
        InvalidContent: A file that has to be read can't be.
        Refused: A text is laid out in a way in which it can't be edited in place, or the format can't hold it.
    """
    if theirs in (base, ours):
        return MergedText(ours, ())
    if ours == base:
        return MergedText(theirs, ())
    sides = _read_sides(path, base, ours, theirs)
    merged = sides.merge(decisions, "ours")
    document = _write(sides, merged.milestone)
    texts = [side.text if side else "" for side in sides]
    decided = {field.split(".")[1 if field.startswith("x.") else 0] for field in decisions}
    if not merged.conflicts:
        return MergedText(put_comments_back(document, "", texts, decided).text.encode(), ())
    milestone = sides.merge(decisions, "theirs").milestone
    other = _write_other(sides, document, milestone)
    whole = put_comments_back(document, other, texts, decided)
    if whole is not document:
        document, other = whole, _write_other(sides, whole, milestone)
    marked = mark_differences(sides.base.text if sides.base else None, document.text, other, markers)
    return MergedText(marked.encode(), merged.conflicts)


def split_sides(text: str, size: int = 7) -> dict[Side, str] | None:
    """The text with every conflict decided for one side, for each of them; None where markers are out of order.

    The base's lines are there only where the conflict style shows them.
    """
    states: dict[str, Side] = {"<": "ours", "|": "base", "=": "theirs", ">": "ours"}
    texts: dict[Side, list[str]] = {side: [] for side in SIDES}
    order = ""
    for line in split_lines(text):
        mark = line[:1]
        if mark in states and line.rstrip("\n")[: size + 1] in (mark * size, mark * size + " "):
            order += mark
        elif not order or order[-1] == ">":
            for lines in texts.values():
                lines.append(line)
        else:
            texts[states[order[-1]]].append(line)
    if not re.fullmatch(r"(?:<\|?=>)*", order):
        return None
    return {side: "".join(lines) for side, lines in texts.items()}


def _read_sides(path: str, base: bytes | None, ours: bytes, theirs: bytes) -> _Sides:
    was = None if base is None else _read(path, base)
    here, there = _read(path, ours), _read(path, theirs)
    schema = max(here.schema, there.schema)
    if was and was.schema in (here.schema, there.schema):
        # One branch is migrated, forwards or back.
        schema = there.schema if here.schema == was.schema else here.schema
    return _Sides(was and _in_format(was, schema), _in_format(here, schema), _in_format(there, schema))


def keep_apart(
    path: str,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    decisions: Mapping[str, Decision] = {},
    markers: Markers = GIT_MARKERS,
) -> MergedText:
    """Both whole texts between markers, where they are not states of one milestone, or have no base that counts.

    What can't be read is shown all the same, and has no value in the conflict.
    """
    documents = [side and read_document(path, _find_name(path), side) for side in (base, ours, theirs)]
    decision = decisions.get(FILE)
    if decision in SIDES:
        return MergedText((base, ours, theirs)[SIDES.index(decision)] or b"", ())
    was, here, there = (split_lines(text.decode("utf-8", "surrogateescape")) for text in (base or b"", ours, theirs))
    pieces = _bracket("<", markers.ours, here, markers)
    if markers.style != "merge":
        pieces += _bracket("|", markers.base, was, markers)
    pieces += _bracket("=", "", there, markers)
    pieces += _bracket(">", markers.theirs, (), markers)
    conflict = Conflict(FILE, *(document.milestone if document else None for document in documents))
    return MergedText("".join(pieces).encode("utf-8", "surrogateescape"), (conflict,))


def _find_name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".yaml")


def _read(path: str, content: bytes) -> Document:
    document = read_document(path, _find_name(path), content)
    if document.milestone is None:
        raise InvalidContent(f"{path} can't be read", errors_among(document.problems))
    return document


def _in_format(document: Document, schema: int) -> Document:
    return document if document.schema == schema else _read(document.path, convert(document, schema))


def _write(sides: _Sides, milestone: Milestone) -> Document:
    """A document that says that, with as much as can be of what both sides wrote around the values."""
    best: tuple[tuple[int, int], bytes] | None = None
    known = _known_lines(sides)
    for settle in (_take_ours, _take_notes, _take_both, _take_both_turned, _keep_ours, _keep_theirs, None):
        content = _revise(_join(sides, settle) if settle else sides.ours, milestone)
        if content is None:
            continue
        text = content.decode()
        cost = _count_wrong_comments(sides, text), sum(line not in known for line in split_lines(text))
        if best is None or cost < best[0]:
            best = cost, content
        if cost == (0, 0):
            break
    if best is None:
        raise Refused(f"{sides.ours.path} can't be edited in place", "edit the file by hand, and commit it")
    return _read(sides.ours.path, best[1])


def _write_other(sides: _Sides, document: Document, milestone: Milestone) -> str:
    """What stands behind our text, `document`, between markers: their own lines, where nothing else differs by that."""
    ours, edited = split_lines(document.text), split_lines(revise(document, milestone).decode())
    known = {*ours, *_known_lines(sides)}
    texts = ["".join(edited)]
    for settle in (_take_theirs, _keep_theirs):
        content = _revise(_join(sides, settle), milestone)
        if content is None:
            continue
        pieces: list[str] = []
        for chunk in iter_chunks(edited, edited, split_lines(content.decode())):
            # Theirs for what nobody wrote like this.
            pieces += chunk.base if known.issuperset(chunk.base) else chunk.theirs
        mixed = _revise(_compose(sides, pieces), milestone)
        texts += [text.decode() for text in (mixed, content) if text is not None]

    def count_faults(text: str) -> tuple[int, int]:
        """Where it differs from ours and need not; the lines that nobody wrote like this."""
        lines = split_lines(text)
        needless = [chunk for chunk in iter_chunks(ours, edited, lines) if chunk.ours == chunk.base != chunk.theirs]
        return len(needless), sum(line not in known for line in lines)

    return min(texts, key=count_faults)


def _revise(document: Document, milestone: Milestone) -> bytes | None:
    try:
        return revise(document, milestone) if document.milestone else None
    except Refused:
        return None


def _join(sides: _Sides, settle: Callable[[Chunk], Iterable[str]]) -> Document:
    """The texts joined by lines, as `settle` says for each stretch of them."""
    texts = [split_lines(side.text) if side else [] for side in sides]
    return _compose(sides, [line for chunk in iter_chunks(*texts) for line in settle(chunk)])


def _compose(sides: _Sides, lines: Lines) -> Document:
    return read_document(sides.ours.path, sides.milestones[1].id, "".join(lines).encode())


def _take_ours(chunk: Chunk) -> Iterable[str]:
    return chunk.settle(SIDES.index("ours"))


def _take_theirs(chunk: Chunk) -> Iterable[str]:
    return chunk.settle(SIDES.index("theirs"))


def _take_notes(chunk: Chunk) -> Iterable[str]:
    return (*_notes(chunk), *chunk.ours) if chunk.is_disputed else _take_ours(chunk)


def _take_both(chunk: Chunk) -> Iterable[str]:
    return (*chunk.ours, *chunk.theirs) if chunk.is_disputed else _take_ours(chunk)


def _take_both_turned(chunk: Chunk) -> Iterable[str]:
    return (*chunk.theirs, *chunk.ours) if chunk.is_disputed else _take_ours(chunk)


def _keep_ours(chunk: Chunk) -> Iterable[str]:
    """Ours also where theirs alone changed something: it can be read for sure."""
    return *_notes(chunk), *chunk.ours


def _keep_theirs(chunk: Chunk) -> Iterable[str]:
    return chunk.theirs


def _notes(chunk: Chunk) -> Iterable[str]:
    """The lines that hold a comment only, and are theirs alone."""
    known = {*chunk.base, *chunk.ours}
    return (line for line in chunk.theirs if line.lstrip()[:1] == "#" and line not in known)


def _count_wrong_comments(sides: _Sides, text: str) -> int:
    """Those that are lost, and those that one side has removed."""
    return len(find_wanted(*(side.text if side else "" for side in sides)) ^ find_texts(text))


def _known_lines(sides: _Sides) -> set[str]:
    return {line for side in sides if side for line in split_lines(side.text)}


def mark_differences(base: str | None, ours: str, theirs: str, markers: Markers = GIT_MARKERS) -> str:
    """Both texts in one; where they differ, the lines of each between markers."""
    here, there = split_lines(ours), split_lines(theirs)
    shows_base = markers.style != "merge"
    was = split_lines(base) if shows_base and base is not None else here
    pieces: list[str] = []
    for chunk in iter_chunks(was, here, there):
        if chunk.ours == chunk.theirs:
            pieces += chunk.ours
            continue
        head, tail = (0, 0) if markers.style == "diff3" else _count_common(chunk.ours, chunk.theirs)
        pieces += chunk.ours[:head]
        pieces += _bracket("<", markers.ours, chunk.ours[head : len(chunk.ours) - tail], markers)
        if shows_base:
            pieces += _bracket("|", markers.base, () if base is None else chunk.base, markers)
        pieces += _bracket("=", "", chunk.theirs[head : len(chunk.theirs) - tail], markers)
        pieces += _bracket(">", markers.theirs, (), markers)
        pieces += chunk.ours[len(chunk.ours) - tail :]
    return "".join(pieces)


def _bracket(mark: str, label: str, lines: Lines, markers: Markers) -> list[str]:
    head = f"{mark * markers.size} {label}".rstrip()
    return [f"{head}\n", *(line if line.endswith("\n") else f"{line}\n" for line in lines)]


def _count_common(ours: Lines, theirs: Lines) -> tuple[int, int]:
    """How many lines both begin with, and then how many both end with."""
    shorter = min(len(ours), len(theirs))
    head = next((at for at in range(shorter) if ours[at] != theirs[at]), shorter)
    rest = shorter - head
    return head, next((at for at in range(rest) if ours[-1 - at] != theirs[-1 - at]), rest)
