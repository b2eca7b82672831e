"""What becomes of the comments of two sides: what one of them wrote is there, what one of them removed is not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from gitmilestone.model.merging.lines import split_lines
from gitmilestone.model.text.comments import Comment, find_comments
from gitmilestone.model.text.document import Document, read_document


def find_texts(text: str) -> set[str]:
    return {comment.text for comment in find_comments(text)}


def find_wanted(base: str, ours: str, theirs: str) -> set[str]:
    was, here, there = map(find_texts, (base, ours, theirs))
    return (here & there) | (here - was) | (there - was)


def put_comments_back(document: Document, other: str, sides: Sequence[str], decided: Collection[str]) -> Document:
    """The same values, with every comment that a side wrote: one that has lost its place is in front of its line.

    Args:
        other: What is there as well, of conflicts; its comments are not lost.
        sides: The base's, our and their text.
        decided: The keys of which somebody has taken a side, and left the other's comments.
    """
    if not any("#" in side for side in sides):
        return document
    base, ours, theirs = sides
    missing = find_wanted(base, ours, theirs) - find_texts(document.text) - find_texts(other)
    for side in (ours, theirs) if missing else ():
        lines = split_lines(side)
        for comment in find_comments(side):
            if comment.text in missing and not {_find_top(lines, comment).rstrip(":")} & {*decided}:
                missing.discard(comment.text)
                document = _put_back(document, lines, comment)
    return document


def _put_back(document: Document, side: list[str], comment: Comment) -> Document:
    lines = split_lines(document.text)
    for at in _iter_places(lines, side, comment):
        indent = re.match(r"[ ]*", lines[at])[0] if at < len(lines) else ""  # type: ignore[index]
        before = lines[:at]
        if before and not before[-1].endswith("\n"):
            before[-1] += "\n"
        content = "".join([*before, f"{indent}{comment.text}\n", *lines[at:]]).encode()
        milestone = document.milestone
        assert milestone
        found = read_document(document.path, milestone.id, content)
        if found.milestone == milestone and comment.text in find_texts(found.text):
            return found
    return document


def _iter_places(lines: list[str], side: list[str], comment: Comment) -> Iterator[int]:
    """Where it may go, the best place first: in front of the line that it is about, of its key, or at the end."""
    about = _find_subject(side, comment)
    if about is not None:
        whole = _without_comment(side[about])
        yield from (at for at, line in enumerate(lines) if _without_comment(line) == whole)
        key = _find_key(side[about])
        yield from (at for at, line in enumerate(lines) if key and _find_key(line) == key)
        top = _find_top(side, comment)
        yield from (at for at, line in enumerate(lines) if top and _find_key(line) == top)
    yield len(lines)


def _find_top(side: list[str], comment: Comment) -> str:
    """The key of the milestone that a comment stands in; "" where it is in none."""
    about = _find_subject(side, comment)
    above = range(-1 if about is None else about, -1, -1)
    return next((_find_key(side[at]) for at in above if re.match(r"[^\s#-]", side[at])), "")


def _find_subject(side: list[str], comment: Comment) -> int | None:
    if not comment.is_alone:
        return comment.line
    below = range(comment.line + 1, len(side))
    return next((at for at in below if side[at].strip() and not side[at].lstrip().startswith("#")), None)


def _without_comment(line: str) -> str:
    return re.sub(r"(?:^|[ \t])#.*", "", line.rstrip("\n")).rstrip()


def _find_key(line: str) -> str:
    """With what it is indented by; "" where there is none."""
    found = re.match(r"[ ]*[^\s#:-][^:]*:(?=\s|$)", line)
    return found[0] if found else ""
