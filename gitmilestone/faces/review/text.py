"""A review for a terminal."""

from __future__ import annotations

from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.review.sections import Id, Section, list_sections, summarise, warn
from gitmilestone.faces.terminal import Style
from gitmilestone.operations.checking.review import Review

_SHORT = 10
_NARROWEST = 20


def format_text(review: Review, style: Style) -> str:
    """The sentence, the warning, and a table for each section that has rows."""
    head = _fold(summarise(review), style, "bold")
    if warning := warn(review):
        head += _fold(f"before merging: {warning}", style, "red")
    sections = [_format_section(section, style) for section in list_sections(review)]
    return "\n".join([head, *sections, _fold(describe_range(review), style, "dim")])


def describe_range(review: Review) -> str:
    """The last line: what was compared with what."""
    said = f"{review.head[:_SHORT]} against {review.base[:_SHORT]}, where it left {review.target[:_SHORT]}"
    return said if review.text_conflicts is not None else f"{said}; this git can't say whether their lines join"


def _fold(text: str, style: Style, colour: str) -> str:
    from textwrap import wrap

    lines = [text] if style.columns is None else wrap(text, max(style.columns, _NARROWEST))
    return "".join(f"{style.paint(line, colour)}\n" for line in lines)


def _format_section(section: Section, style: Style) -> str:
    rows = []
    for row in section.rows:
        cells = [Cell("".join(pieces), _colour(pieces)) for pieces in row]
        rows.append(cells)
    heading = style.paint(f"{section.title} ({len(rows)})", "yellow" if section.is_open else "cyan")
    return f"{heading}\n{align([name.upper() for name in section.headings], rows, style)}"


def _colour(pieces: tuple[str, ...]) -> str:
    if len(pieces) != 1 or isinstance(pieces[0], Id):
        return ""
    later = pieces[0].startswith("+") and pieces[0][1:].isdigit()
    return "red" if later or pieces[0] == "error" else ""
