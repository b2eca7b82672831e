"""Aligned columns, without the cost of importing tabulate."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.faces.terminal import Style, cut, measure

_GAP = "  "
_LEAST = 20


class Cell(NamedTuple):
    text: str
    colour: str = ""


def align(headings: Sequence[str], rows: Sequence[Sequence[Cell]], style: Style) -> str:
    """A table with a line of headings; columns in which no row has a text are left out.

    At the terminal's edge the last column is cut, though not below 20 columns; where that is not enough,
    columns in the middle are left out from the right until the lines fit.
    """
    kept = [place for place in range(len(headings)) if any(row[place].text for row in rows)]
    if not kept:
        return ""
    lines = [[Cell(headings[place], "bold") for place in kept]]
    lines += [[Cell(style.cell(row[place].text), row[place].colour) for place in kept] for row in rows]
    widths = [max(measure(line[place].text) for line in lines) for place in range(len(kept))]
    while style.columns is not None and len(kept) > 2 and _least_width(widths) > style.columns:
        del kept[-2], widths[-2]
        for line in lines:
            del line[-2]
    if style.columns is not None:
        widths[-1] = max(style.columns - sum(widths[:-1]) - len(_GAP) * (len(kept) - 1), _LEAST)
    return "".join(_join(line, widths, style) for line in lines)


def _least_width(widths: Sequence[int]) -> int:
    return sum(widths[:-1]) + len(_GAP) * (len(widths) - 1) + min(widths[-1], _LEAST)


def _join(line: list[Cell], widths: list[int], style: Style) -> str:
    *first, last = line
    parts = [
        style.paint(cell.text, cell.colour) + " " * (width - measure(cell.text))
        for cell, width in zip(first, widths, strict=False)
    ]
    text = last.text if style.columns is None else cut(last.text, widths[-1])
    return (_GAP.join([*parts, style.paint(text, last.colour)])).rstrip() + "\n"
