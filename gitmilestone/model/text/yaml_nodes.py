"""YAML as a tree of located nodes: what both readers make and the editor splices by."""

from __future__ import annotations

from typing import Any, NamedTuple

from gitmilestone.model.ids import find_target_fault

MAX_KEY = 100
"""Characters of a key. YAML readers take no key over 1024, escapes included."""


def is_key(text: str) -> bool:
    """Whether a text is short enough for a key; what a dependency can be on always is, and has no escapes."""
    return len(text) <= MAX_KEY or find_target_fault(text) is None


class Scalar(NamedTuple):
    """A text.

    Attributes:
        start: Offset in the document, in characters; of an opening quote or `|`, if there is one.
        end: Behind it, quotes included; behind the line end of a block.
        line: From 1.
        style: "" (plain), "'", '"', "|" or ">".
    """

    text: str
    start: int
    end: int
    line: int
    style: str = ""

    @property
    def as_line(self) -> str:
        """The text where one line is wanted: without the line end that YAML adds to a block."""
        return self.text.removesuffix("\n") if self.style in ("|", ">") else self.text

    @property
    def is_null(self) -> bool:
        return not self.style and self.text in NULLS


class Sequence(NamedTuple):
    items: list[Node]
    start: int
    end: int
    line: int
    flow: bool = False


class Entry(NamedTuple):
    key: Scalar
    value: Node


class Mapping(NamedTuple):
    entries: dict[str, Entry]
    start: int
    end: int
    line: int
    flow: bool = False


Node = Scalar | Sequence | Mapping

NULLS = frozenset(("", "~", "null", "Null", "NULL"))


def as_plain(node: Node) -> Any:
    """Texts, lists and dicts; None for an empty value."""
    if isinstance(node, Scalar):
        return None if node.is_null else node.text
    if isinstance(node, Sequence):
        return [as_plain(item) for item in node.items]
    return {name: as_plain(entry.value) for name, entry in node.entries.items()}
