"""Text on a terminal: made harmless, measured, cut, coloured."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import re
import time
from collections.abc import Mapping
from typing import NamedTuple, Self, TextIO

from gitmilestone.errors import UNSEEN

# Texts, for `re` to compile at their first use: that costs more than most commands' whole import.
_HARMFUL = rf"(?![\t\n])[{UNSEEN}]"
_COLOUR = rf"\033\[[0-9;]*m|{_HARMFUL}"
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}


class Style(NamedTuple):
    """How text is to be written where it goes.

    Attributes:
        is_terminal: A terminal reads it, directly or through a pager: it must be made harmless.
        colour: Whether escape sequences of ours may be in it.
        columns: Where lines are to be cut; None for nowhere.
        is_watched: A runner of continuous integration reads it, and obeys some lines.
    """

    is_terminal: bool = False
    colour: bool = False
    columns: int | None = None
    is_watched: bool = False

    def paint(self, text: str, colour: str) -> str:
        """`text` in a colour, which may be "" for none."""
        return f"\033[{_COLOURS[colour]}m{text}\033[m" if self.colour and colour and text else text

    def clean(self, text: str) -> str:
        return neutralise(text) if self.is_terminal else text

    def cell(self, text: str) -> str:
        """`text` for one cell of a table: on one line, and harmless."""
        if text.isprintable():
            return text
        text = " ".join(text.split())
        return neutralise(text) if self.is_terminal else text


def neutralise(text: str) -> str:
    """Shows what a terminal would obey instead of print: escape sequences, control and bidi characters.

    Tabs and line ends stay.
    """
    return text if text.isprintable() else re.sub(_HARMFUL, _spell, text)


def neutralise_all_but_colours(text: str) -> str:
    """The same, sparing sequences that only colour."""
    return re.sub(_COLOUR, lambda found: found.group() if len(found.group()) > 1 else _spell(found), text)


def _spell(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def measure(text: str) -> int:
    """How many columns `text` takes."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me", "Cf") else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def cut(text: str, columns: int) -> str:
    """`text`, or its beginning and an ellipsis, in at most that many columns."""
    if measure(text) <= columns:
        return text
    taken = place = 0
    while place < len(text) and taken + (width := measure(text[place])) < columns:
        taken += width
        place += 1
    return f"{text[:place].rstrip()}…" if columns > 0 else ""


def wants_colour(config: Mapping[str, str], environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether to colour: as `color.milestone` says, else `color.ui`; `auto` goes by where it is written."""
    from gitmilestone.model.git_settings import get_colours  # a pipe is spared it

    wanted = get_colours(config, "color.milestone", "color.ui")
    if wanted == "always":
        return True
    capable = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"
    return wanted == "auto" and capable


def count_columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    """The terminal's width, as git finds it: COLUMNS, the terminal's own answer, or 80."""
    told = environ.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and int(told):
        return int(told)
    return _measure_terminal(stream)[0]


def count_lines(stream: TextIO) -> int:
    return _measure_terminal(stream)[1]


def _measure_terminal(stream: TextIO) -> tuple[int, int]:
    for descriptor in (stream.fileno(), 2, 0):
        try:
            columns, lines = os.get_terminal_size(descriptor)
        except OSError:
            continue
        if columns and lines:
            return columns, lines
    return 80, 24


_BAR = 30


def count_nouns(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Progress:
    """A bar, `Reading: [###....] 42% (420/1000)`, on a terminal and only once it takes a while."""

    def __init__(self, stream: TextIO, label: str, total: int, delay_seconds: float = 1.0) -> None:
        self.stream = stream
        self.label = label
        self.total = total
        self.done = 0
        self._next = time.monotonic() + delay_seconds if stream.isatty() else float("inf")
        self._shown = False

    def advance(self, count: int = 1) -> None:
        self.done += count
        if self._next < time.monotonic():
            self._show("\r")
            self._next = time.monotonic() + 0.1

    def close(self) -> None:
        if self._shown:
            self._show(", done.\n" if self.done >= self.total else "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _show(self, end: str) -> None:
        filled = _BAR * self.done // self.total if self.total else 0
        bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] {100 * self.done // self.total}% " if self.total else ""
        self.stream.write(f"\r{self.label}: {bar}({self.done}/{self.total}){end}")
        self.stream.flush()
        self._shown = True
