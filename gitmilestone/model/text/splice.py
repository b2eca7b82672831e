"""Replacements in one text, all given in its own offsets, and where its lines are."""

from __future__ import annotations

import re

_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")
_INDENT = re.compile(" *")


class Splices:
    """Collects replacements; `apply` makes them. Of those at one place, the first comes first."""

    def __init__(self, text: str) -> None:
        self.is_ended = text.endswith("\n")
        self.text = text if self.is_ended else text + "\n"
        self._splices: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, written: str) -> None:
        self._splices.append((start, end, written))

    def insert(self, at: int, lines: str) -> None:
        self.replace(at, at, lines)

    def cut(self, start: int, end: int) -> None:
        """Takes a value out: the spaces in front of it too, and its lines where nothing else is on them."""
        first, behind = self.line_start(start), self.line_end(end)
        before = self.text[first:start].rstrip(" \t")
        rest = self.text[end:behind].lstrip(" \t")
        if before:
            self.replace(first + len(before), end, "")
        elif rest == "\n":
            self.replace(first, behind, "")
        else:
            # A comment: it stays where the value was, for a tab in front of it would be at fault there.
            self.replace(start, behind - len(rest), "")

    def apply(self) -> str:
        pieces: list[str] = []
        position = 0
        for start, end, written in sorted(self._splices, key=lambda splice: splice[:2]):
            pieces += (self.text[position:start], written)
            position = end
        rest = self.text[position:]
        return "".join([*pieces, rest if self.is_ended else rest.removesuffix("\n")])

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Behind the line that holds the character in front of `offset`."""
        return self.text.index("\n", offset - 1) + 1

    def indent_at(self, offset: int) -> str:
        """The spaces that the line of `offset` begins with."""
        found = _INDENT.match(self.text, self.line_start(offset))
        return found.group() if found else ""

    def behind_blank_lines(self, offset: int) -> int:
        found = _BLANK_LINES.match(self.text, offset)
        return found.end() if found else offset

    def has_blank_line(self, start: int, end: int) -> bool:
        """Whether a line between two offsets, each at a line's start, is blank."""
        return any(not line.strip() for line in self.text[start:end].split("\n")[:-1])
