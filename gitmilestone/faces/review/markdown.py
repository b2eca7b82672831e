"""A review as a comment on a forge: collapsible, cut to its size, and with nothing in it that a value could set off."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from gitmilestone.faces.markdown import escape_markdown
from gitmilestone.faces.review.sections import Id, Section, list_sections, summarise, warn
from gitmilestone.operations.checking.review import Review

MARKER = "<!-- git-milestone review -->"
"""The first line, by which a comment of ours is found again."""

SMALLEST = 2000
DEFAULT_SIZE = 60_000
"""Characters. GitHub takes 65,536, GitLab 1,000,000."""

_SHORT = 10
_FIRST_ROWS = 10
_CODE = r"`[\w./:~+-]+`"
_INLINE = re.compile(rf"({_CODE}|\*\*)")
_RULE = re.compile(r"\|(?: ---:? \|)+")
_SUMMARY = re.compile(r"<details(?: open)?><summary>(.*)</summary>")
_COMPARED = "Compared "


def format_markdown(review: Review, max_size: int = DEFAULT_SIZE) -> str:
    """A comment of at most that many characters, at least SMALLEST; what is cut is whole rows, and it says how many."""
    head = [MARKER, f"**{escape_markdown(summarise(review))}**"]
    if warning := warn(review):
        head.append(f"**To look at before merging** — {escape_markdown(warning)}.")
    foot = _describe_range(review)
    sections = list_sections(review)
    rows = [[_format_row(row) for row in section.rows] for section in sections]
    hidden = sum(map(len, rows))
    room = max_size - len("\n\n".join([*head, _tell_hidden(hidden), foot, ""]))
    shown = _choose(sections, rows, room)
    parts = [
        _format_section(section, lines[:count])
        for section, lines, count in zip(sections, rows, shown, strict=True)
        if count
    ]
    hidden -= sum(shown)
    return "\n\n".join([*head, *parts, *([_tell_hidden(hidden)] if hidden else []), foot]) + "\n"


def is_inert(comment: str) -> bool:
    """Whether `format_markdown` could have made a comment: each text in it is as `escape_markdown` leaves it.

    For what comes from a run that strangers had a hand in.
    """
    first, *lines = comment.split("\n")
    return first == MARKER and all(map(_is_inert_line, lines))


def _is_inert_line(line: str) -> bool:
    if line in ("", "</details>") or _RULE.fullmatch(line):
        return True
    if found := _SUMMARY.fullmatch(line):
        return _is_inert_text(found[1])
    if line.startswith("| ") and line.endswith(" |"):
        return all(map(_is_inert_text, line[2:-2].split(" | ")))
    # At the beginning of a line even a dash or a slash could mean something.
    return line.startswith(("**", _COMPARED)) and _is_inert_text(line)


def _is_inert_text(text: str) -> bool:
    return all(escape_markdown(html.unescape(part)) == part.strip(" ") for part in _INLINE.split(text)[::2])


def _choose(sections: Sequence[Section], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """How many rows of each section there is room for: some of each at first, then more of the first ones."""
    shown = [0] * len(sections)
    for at_most in (_FIRST_ROWS, max(map(len, rows), default=0)):
        for place, section in enumerate(sections):
            while shown[place] < min(at_most, len(rows[place])):
                size = len(rows[place][shown[place]]) + 1
                size += 0 if shown[place] else len(_format_section(section, ())) + len(str(len(section.rows))) + 2
                if size > room:
                    break
                room -= size
                shown[place] += 1
    return shown


def _format_section(section: Section, lines: Sequence[str]) -> str:
    total = len(section.rows)
    count = f"{total}" if len(lines) == total else f"{len(lines)} of {total}"
    rules = ("---:" if heading in section.numbers else "---" for heading in section.headings)
    title = f"{escape_markdown(section.title)} ({count})"
    return "\n".join(
        [
            f"<details{' open' if section.is_open else ''}><summary>{title}</summary>",
            "",
            _format_row([(heading,) for heading in section.headings]),
            f"| {' | '.join(rules)} |",
            *lines,
            "",
            "</details>",
        ]
    )


def _format_row(row: Sequence[Sequence[str]]) -> str:
    return f"| {' | '.join(''.join(map(_format_piece, cell)) for cell in row)} |"


def _format_piece(piece: str) -> str:
    """Separators between ids keep their spaces."""
    if isinstance(piece, Id):
        return f"`{piece}`" if re.fullmatch(_CODE, f"`{piece}`") else escape_markdown(piece)
    before, after = piece.startswith(" "), piece.endswith(" ") and len(piece) > 1
    return f"{' ' * before}{escape_markdown(piece)}{' ' * after}"


def _describe_range(review: Review) -> str:
    head, base, target = (f"`{oid[:_SHORT]}`" for oid in (review.head, review.base, review.target))
    said = f"{_COMPARED}{head} with {base}, where it left {target}."
    if review.text_conflicts is None:
        return f"{said} This git can't say whether git's own merge joins them."
    return said


def _tell_hidden(rows: int) -> str:
    said = "1 row is" if rows == 1 else f"{rows} rows are"
    return f"**{said} not shown here, for want of room.**"
