"""The fast reader: the canonical form and what is close to it, ten times as fast as libyaml and without its import.

It answers None for every text it is not sure of; the hardened reader then has the say. A property test
holds the two equal, offsets included.
"""

from __future__ import annotations

import re
from typing import Final

from gitmilestone.model.yaml_nodes import MAX_KEY, Entry, Mapping, Node, Scalar, Sequence

# What every YAML reader takes as it stands: without tabs, line ends of any kind, and the controls
# that turn the direction of text round.
PRINTABLE: Final = " -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_PRINTABLE_LINES = re.compile(f"[\n{PRINTABLE}]*")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_QUOTED = re.compile(r'"(?:[^"\\]++|\\(?:["\\ntr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*+"')
_ESCAPE = re.compile(r'\\(?:(["\\ntr])|[xuU]([0-9a-f]+))')
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
_PLAIN_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./(+")


class _NotSure(Exception):  # noqa: N818  no error: the other reader is asked
    pass


def load_canonical(text: str) -> Mapping | None:
    """The root of a document in canonical form; None where the text is not surely in that form."""
    if not text.endswith("\n") or not _is_printable(text):
        return None
    try:
        return _Reader(text).read()
    except _NotSure:
        return None


def is_plain(text: str) -> bool:
    """Whether a line of printable text, unquoted behind `key: `, is this text to every YAML reader."""
    return (
        (text[:1] in _PLAIN_FIRST or text[:1] > "\xa0")
        and ": " not in text
        and " #" not in text
        and text[-1] not in ": "
    )


def _is_printable(text: str) -> bool:
    return text.replace("\n", " ").isprintable() or _PRINTABLE_LINES.fullmatch(text) is not None


class _Reader:
    """One pass over the lines: what a line is follows from its indent and from what is open above it."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.root: dict[str, Entry] = {}
        self.items: list[Node] | None = None
        self.tasks: dict[str, Entry] | None = None
        self.fields: dict[str, Entry] | None = None

    def read(self) -> Mapping:
        row = start = 0
        while row < len(self.lines) - 1:
            line = self.lines[row]
            row += 1
            behind = start + len(line) + 1
            indent = line[:4]
            if not line:
                pass
            elif indent == "    ":
                _add(self.fields, _entry(line[4:], start + 4, row))
            elif indent == "  - ":
                self._add_item(line[4:], start + 4, row)
            elif indent[:2] == "  ":
                self._add_task(line[2:], start + 2, row)
            elif line.endswith((": |", ": |-")):
                row, behind = self._add_block(line, start, row)
            else:
                self._close()
                _add(self.root, _entry(line, start, row))
            start = behind
        self._close()
        if not self.root:
            raise _NotSure
        return Mapping(self.root, 0, start, 1)

    def _close(self) -> None:
        if self.fields is not None and not self.fields:
            raise _NotSure
        self.items = self.tasks = self.fields = None

    def _open(self, node: Node) -> None:
        """Puts a list or mapping in the place of the last key's empty value."""
        if not self.root:
            raise _NotSure
        key, start, line, empty = self.root.popitem()[1]
        if not isinstance(empty, Scalar) or empty.start != empty.end:
            raise _NotSure
        self.root[key] = Entry(key, start, line, node)

    def _add_item(self, source: str, start: int, line: int) -> None:
        if self.items is None:
            self.items = []
            self._open(Sequence(self.items, start - 2, start, line))
        self.items.append(_item(source, start, line))

    def _add_task(self, source: str, start: int, line: int) -> None:
        if self.tasks is None:
            self.tasks = {}
            self._open(Mapping(self.tasks, start, start, line))
        elif not self.fields:
            raise _NotSure
        if source[-1] != ":":
            raise _NotSure
        self.fields = {}
        task = Mapping(self.fields, start, start, line)
        _add(self.tasks, Entry(_key(source[:-1]), start, line, task))

    def _add_block(self, line: str, start: int, row: int) -> tuple[int, int]:
        """Answers with the first row behind the block, and its offset."""
        name, _, header = line.partition(": |")
        behind = row
        for at in range(row, len(self.lines) - 1):
            if self.lines[at].startswith("  "):
                behind = at + 1
            elif self.lines[at]:
                break
        lines = [line[2:] for line in self.lines[row:behind]]
        if not all(not line or line.strip(" ") for line in lines) or lines[:1] in ([], [""]) or lines[0][0] == " ":
            raise _NotSure
        ...
