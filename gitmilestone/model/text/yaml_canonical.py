"""The fast reader: the canonical form and what is close to it, without libyaml and its import.

It answers None for every text it is not sure of; the hardened reader then has the say. A property test
holds the two equal, offsets included.
"""

from __future__ import annotations

import re
from functools import cache

from gitmilestone.model.text.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence, is_key

_QUOTED = re.compile(r'"(?:[^"\\]++|\\(?:["\\ntr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*+"')
_ESCAPE = re.compile(r"\\(?:x(..)|u(.{4})|U(.{8})|(.))")
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
_PLAIN_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./(+")


class NotSure(Exception):
    pass


def load_canonical(text: str) -> Mapping | None:
    """The root of a document in canonical form; None where the text is not surely in that form."""
    if not text.endswith("\n") or not is_printable(text):
        return None
    try:
        return _Reader(text).read()
    except NotSure:
        return None


def is_plain(text: str) -> bool:
    """Whether a line of printable text, unquoted behind `key: `, is this text to every YAML reader."""
    return (
        (text[:1] in _PLAIN_FIRST or text[:1] > "\xa0")
        and ": " not in text
        and " #" not in text
        and text[-1] not in ": "
    )


def is_printable(text: str) -> bool:
    """Whether every YAML reader takes each line as it stands.

    Without tabs, line ends of any other kind, and the controls that turn the direction of text round.
    """
    return text.replace("\n", " ").isprintable() or _printable_lines().fullmatch(text) is not None


@cache
def _printable_lines() -> re.Pattern[str]:
    # Compiled when it is first asked: such classes take milliseconds.
    return re.compile("[\n -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


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
            if not line or line[0] == "#":
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
            raise NotSure
        return Mapping(self.root, 0, start, 1)

    def _close(self) -> None:
        if self.fields is not None and not self.fields:
            raise NotSure
        self.items = self.tasks = self.fields = None

    def _open(self, node: Node) -> None:
        """Puts a list or mapping in the place of the last key's empty value."""
        if not self.root:
            raise NotSure
        name, (key, empty) = self.root.popitem()
        if not isinstance(empty, Scalar) or empty.start != empty.end:
            raise NotSure
        self.root[name] = Entry(key, node)

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
            raise NotSure
        if source[-1:] != ":":
            raise NotSure
        self.fields = {}
        task = Mapping(self.fields, start, start, line)
        _add(self.tasks, Entry(_key(source[:-1], start, line), task))

    def _add_block(self, line: str, start: int, row: int) -> tuple[int, int]:
        """Answers with the first row behind the block, and its offset."""
        name, _, header = line.partition(": |")
        behind = row
        for at in range(row, len(self.lines) - 1):
            if self.lines[at].startswith("  "):
                behind = at + 1
            elif self.lines[at]:
                break
        rows = self.lines[row:behind]
        if not rows or rows[0][2:3] in ("", " ") or any(row and not row.strip(" ") for row in rows):
            raise NotSure
        at = start + len(name) + 2
        end = start + len(line) + 1 + sum(map(len, rows)) + len(rows)
        text = "\n".join([row[2:] for row in rows]) + ("" if header == "-" else "\n")
        self._close()
        _add(self.root, Entry(_key(name, start, row), Scalar(text, at, end, row, "|")))
        return behind, end


def _add(entries: dict[str, Entry] | None, entry: Entry) -> None:
    if entries is None or entry.key.text in entries:
        raise NotSure
    entries[entry.key.text] = entry


def _entry(source: str, start: int, line: int) -> Entry:
    name, colon, value = source.partition(": ")
    if colon:
        scalar = _scalar(value, start + len(name) + 2, line)
    elif source[-1:] == ":":
        # libyaml places an empty value right behind the colon.
        name = source[:-1]
        scalar = Scalar("", start + len(source), start + len(source), line)
    else:
        raise NotSure
    return Entry(_key(name, start, line), scalar)


def _key(source: str, start: int, line: int) -> Scalar:
    key = _scalar(source, start, line)
    if not is_key(key.text):
        raise NotSure
    return key


def _item(source: str, start: int, line: int) -> Node:
    target, colon, word = source.partition(": ")
    if not colon or source[:1] == '"' == source[-1:]:
        return _scalar(source, start, line)
    key = _key(target, start, line)
    entry = Entry(key, _scalar(word, start + len(target) + 2, line))
    return Mapping({key.text: entry}, start, start + len(source), line)


def _scalar(source: str, start: int, line: int) -> Scalar:
    if is_plain(source):
        return Scalar(source, start, start + len(source), line)
    return Scalar(unquote(source), start, start + len(source), line, '"')


def unquote(source: str) -> str:
    if not _QUOTED.fullmatch(source):
        raise NotSure
    text = source[1:-1]
    return _unescape(text) if "\\" in text else text


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    if found[4]:
        return _ESCAPED[found[4]]
    code = int(found[1] or found[2] or found[3], 16)
    if code == 0 or 0xD7FF < code < 0xE000 or code > 0x10FFFF:
        raise NotSure
    return chr(code)
