"""The three-way merge of a milestone's file: the values merged field by field, and what people wrote around them kept.

Laws: of two sides of which one is the base, the other's very bytes come out; the text reads as what `merge` says of
the values; and taking our side of every conflict, or theirs, gives a text that reads as `merge` decided that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from gitmilestone.errors import InvalidContent, Refused
from gitmilestone.model.document import Document, convert, read_document, revise
from gitmilestone.model.lines import Chunk, Lines, iter_chunks, split_lines
from gitmilestone.model.merge import SIDES, Conflict, Decision, Merged, Side, merge
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import errors_among

ConflictStyle = Literal["merge", "diff3", "zdiff3"]

_COMMENT = r"(?:^|[ \t])(#[^\n]*)"


class Markers(NamedTuple):
    """How a conflict is written; the defaults are git's, but for the names."""

    ours: str = "ours"
    base: str = "base"
    theirs: str = "theirs"
    size: int = 7
    style: ConflictStyle = "merge"


GIT_MARKERS = Markers()


class MergedText(NamedTuple):
    """`content` has markers around every one of `conflicts`, and nowhere else."""

    content: bytes
    conflicts: tuple[Conflict, ...]


class _Sides(NamedTuple):
    """Documents without errors, all in one format."""

    base: Document | None
    ours: Document
    theirs: Document

    def merge(self, decisions: Mapping[str, Decision], otherwise: Side) -> Merged:
        base, ours, theirs = (side.milestone if side else None for side in self)
        assert ours  # they have no errors, as is the next
        assert theirs
        return merge(base, ours, theirs, decisions, otherwise)


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
    if not merged.conflicts:
        return MergedText(document.text.encode(), ())
    other = _write_other(sides, document, sides.merge(decisions, "theirs").milestone)
    marked = mark_differences(sides.base.text if sides.base else None, document.text, other, markers)
    return MergedText(marked.encode(), merged.conflicts)


def merge_ancestors(path: str, base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """What stands for the common ancestor of two branches that have several: of a conflict it has the base's value.

    Raises:
        InvalidContent, Refused: As `merge_texts`; also where there is no base.
    """
    conflicts = merge_texts(path, base, ours, theirs).conflicts
    if conflicts and base is None:
        raise Refused(f"{path} was added twice", "")
    return merge_texts(path, base, ours, theirs, {conflict.field: "base" for conflict in conflicts}).content


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


def _read(path: str, content: bytes) -> Document:
    document = read_document(path, path.rpartition("/")[2].removesuffix(".yaml"), content)
    if document.milestone is None:
        raise InvalidContent(f"{path} can't be read", errors_among(document.problems))
    return document


def _in_format(document: Document, schema: int) -> Document:
    return document if document.schema == schema else _read(document.path, convert(document, schema))


def _write(sides: _Sides, milestone: Milestone) -> Document:
    """A document that says that, with as much as can be of what both sides wrote around the values."""
    wanted = _find_comments(sides)
    best: tuple[int, Document] | None = None
    for settle in (_take_ours, _take_notes, _take_both, _keep_ours, None):
        content = _revise(_join(sides, settle) if settle else sides.ours, milestone)
        if content is None:
            continue
        lost = len(wanted.difference(re.findall(_COMMENT, content.decode(), re.MULTILINE))) if wanted else 0
        if best is None or lost < best[0]:
            best = lost, _read(sides.ours.path, content)
        if lost == 0:
            break
    if best is None:
        raise Refused(f"{sides.ours.path} can't be edited in place", "edit the file by hand, and commit it")
    return best[1]


def _write_other(sides: _Sides, document: Document, milestone: Milestone) -> str:
    """What stands behind our text, `document`, between markers: their own lines, where nothing else differs by that."""
    written = [_revise(_join(sides, _take_theirs), milestone), revise(document, milestone)]
    ours = split_lines(document.text)
    texts = [content.decode() for content in written if content is not None]
    return min(texts, key=lambda text: sum(1 for _ in iter_chunks(ours, ours, split_lines(text))))


def _revise(document: Document, milestone: Milestone) -> bytes | None:
    try:
        return revise(document, milestone) if document.milestone else None
    except Refused:
        return None


def _join(sides: _Sides, settle: Callable[[Chunk], Iterable[str]]) -> Document:
    """The texts joined by lines, as `settle` says for each stretch of them."""
    texts = [split_lines(side.text) if side else [] for side in sides]
    pieces = [line for chunk in iter_chunks(*texts) for line in settle(chunk)]
    return read_document(sides.ours.path, _id_of(sides), "".join(pieces).encode())


def _take_ours(chunk: Chunk) -> Iterable[str]:
    return chunk.settle(SIDES.index("ours"))


def _take_theirs(chunk: Chunk) -> Iterable[str]:
    return chunk.settle(SIDES.index("theirs"))


def _take_notes(chunk: Chunk) -> Iterable[str]:
    return (*_notes(chunk), *chunk.ours) if chunk.is_disputed else _take_ours(chunk)


def _take_both(chunk: Chunk) -> Iterable[str]:
    return (*chunk.ours, *chunk.theirs) if chunk.is_disputed else _take_ours(chunk)


def _keep_ours(chunk: Chunk) -> Iterable[str]:
    """Ours also where theirs alone changed something: it can be read for sure."""
    return *_notes(chunk), *chunk.ours


def _notes(chunk: Chunk) -> Iterable[str]:
    """The lines that hold a comment only, and are theirs alone."""
    known = {*chunk.base, *chunk.ours}
    return (line for line in chunk.theirs if line.lstrip()[:1] == "#" and line not in known)


def _id_of(sides: _Sides) -> str:
    return sides.ours.milestone.id if sides.ours.milestone else ""


def _find_comments(sides: _Sides) -> set[str]:
    """Those that should be there; a line of text with a `#` may be among them, which does no harm."""
    was, here, there = (set(re.findall(_COMMENT, side.text, re.MULTILINE)) if side else set() for side in sides)
    return (here & there) | (here - was) | (there - was)


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
