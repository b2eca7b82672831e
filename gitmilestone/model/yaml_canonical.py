"""The fast reader: the canonical form and what is close to it, ten times as fast as libyaml and without its import.

It answers None for every text it is not sure of; the hardened reader then has the say. A property test
holds the two equal, offsets included.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from gitmilestone.model.yaml_nodes import MAX_KEY, Entry, Mapping, Node, Scalar, Sequence

# What every YAML reader takes as it stands: without tabs, line ends of any kind, and the controls
# that turn the direction of text round.
PRINTABLE: Final = " -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_PRINTABLE_LINES = re.compile(f"[\n{PRINTABLE}]*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_WORD = re.compile(r"[a-z]+")
_PLAIN_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./(+")
_QUOTED = re.compile(r'"(?:[^"\\]++|\\(?:["\\ntr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*+"')
_ESCAPE = re.compile(r'\\(?:(["\\ntr])|[xuU]([0-9a-f]+))')
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


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
    """Reads from a row on and answers with the node and the first row behind it."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        # Behind the last line end there is an empty line: every read stops at it.
        self.last = len(self.lines) - 1
        self.starts = list(accumulate([len(line) + 1 for line in self.lines], initial=0))

    def read(self) -> Mapping:
        entries: dict[str, Entry] = {}
        row = self._skip_blank(0)
        while row < self.last:
            line, start = self.lines[row], self.starts[row]
            name, colon, source = line.partition(": ")
            node: Node
            if not colon:
                name, colon = line[:-1], line[-1:]
                node, behind = self._below(row)
            elif source in ("|", "|-"):
                node, behind = self._block(row, start + len(name) + 2, source)
            else:
                node, behind = _scalar(source, start + len(name) + 2, row + 1), row + 1
            key = _key(_KEY, name, start, row + 1)
            if colon[0] != ":" or key.text in entries:
                raise _NotSure
            entries[key.text] = Entry(key, node)
            row = self._skip_blank(behind)
        if not entries:
            raise _NotSure
        return Mapping(entries, 0, self.starts[row], 1)

    def _skip_blank(self, row: int) -> int:
        while row < self.last and not self.lines[row]:
            row += 1
        return row

    def _below(self, row: int) -> tuple[Node, int]:
        """What a key without a value on its line has: a list, a mapping of tasks, or nothing."""
        first = self._skip_blank(row + 1)
        if self.lines[first].startswith("  - "):
            return self._items(first)
        if self.lines[first].startswith("  "):
            return self._tasks(first)
        # libyaml places an empty value right behind the colon.
        at = self.starts[row] + len(self.lines[row])
        return Scalar("", at, at, row + 1), row + 1

    def _items(self, first: int) -> tuple[Sequence, int]:
        items: list[Node] = []
        row = behind = first
        while self.lines[row].startswith("  - "):
            items.append(_item(self.lines[row][4:], self.starts[row] + 4, row + 1))
            behind = row + 1
            row = self._skip_blank(behind)
        return Sequence(items, self.starts[first] + 2, self.starts[behind], first + 1), behind

    def _tasks(self, first: int) -> tuple[Mapping, int]:
        tasks: dict[str, Entry] = {}
        row = behind = first
        while self.lines[row].startswith("  "):
            line = self.lines[row]
            key = _key(_ID, line[2:-1], self.starts[row] + 2, row + 1)
            if line[-1] != ":" or key.text in tasks:
                raise _NotSure
            node, behind = self._task(row + 1)
            tasks[key.text] = Entry(key, node)
            row = self._skip_blank(behind)
        return Mapping(tasks, self.starts[first] + 2, self.starts[behind], first + 1), behind

    def _task(self, first: int) -> tuple[Mapping, int]:
        fields: dict[str, Entry] = {}
        row = first
        while (line := self.lines[row]).startswith("    "):
            start = self.starts[row] + 4
            name, colon, source = line[4:].partition(": ")
            if colon:
                node = _scalar(source, start + len(name) + 2, row + 1)
            elif line[-1] == ":":
                name = line[4:-1]
                at = start + len(name) + 1
                node = Scalar("", at, at, row + 1)
            else:
                raise _NotSure
            key = _key(_KEY, name, start, row + 1)
            if key.text in fields:
                raise _NotSure
            fields[key.text] = Entry(key, node)
            row += 1
        if not fields:
            raise _NotSure
        return Mapping(fields, self.starts[first] + 4, self.starts[row], first + 1), row

    def _block(self, row: int, start: int, header: str) -> tuple[Scalar, int]:
        lines: list[str] = []
        first = behind = row + 1
        for at in range(first, self.last):
            line = self.lines[at]
            if not line:
                lines.append("")
                continue
            if not line.startswith("  "):
                break
            if not line.strip(" "):
                raise _NotSure
            lines.append(line[2:])
            behind = at + 1
        text = "\n".join(lines[: behind - first])
        if text[:1] in ("", " ", "\n"):
            raise _NotSure
        return Scalar(text if header == "|-" else text + "\n", start, self.starts[behind], row + 1, "|"), behind


def _key(pattern: re.Pattern[str], source: str, start: int, line: int) -> Scalar:
    if len(source) > MAX_KEY:
        raise _NotSure
    if pattern.fullmatch(source):
        return Scalar(source, start, start + len(source), line)
    if source[:1] != '"':
        raise _NotSure
    return _scalar(source, start, line)


def _item(source: str, start: int, line: int) -> Node:
    target, colon, word = source.partition(": ")
    if not colon or source[0] == '"' == source[-1]:
        return _scalar(source, start, line)
    if not _WORD.fullmatch(word):
        raise _NotSure
    key = _key(_ID, target, start, line)
    end = start + len(source)
    value = Scalar(word, end - len(word), end, line)
    return Mapping({key.text: Entry(key, value)}, start, end, line)


def _scalar(source: str, start: int, line: int) -> Scalar:
    if source[:1] != '"':
        if not is_plain(source):
            raise _NotSure
        return Scalar(source, start, start + len(source), line)
    if not _QUOTED.fullmatch(source):
        raise _NotSure
    text = source[1:-1]
    return Scalar(_unescape(text) if "\\" in text else text, start, start + len(source), line, '"')


def _unescape(text: str) -> str:
    codes = [int(found[2], 16) for found in _ESCAPE.finditer(text) if found[2]]
    if any(code == 0 or 0xD7FF < code < 0xE000 or code > 0x10FFFF for code in codes):
        raise _NotSure
    return _ESCAPE.sub(lambda found: _ESCAPED[found[1]] if found[1] else chr(int(found[2], 16)), text)
