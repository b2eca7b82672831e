"""The formats of a milestone's file: each is told by what it changes of the one before.

Everything else in the model knows the newest alone: the text of an older one is upgraded before it is decoded, and
what is written into a project of an older format is downgraded. There is one format today; a second one is a row of
`FORMATS` and a change of the fields.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitmilestone.model.text.yaml_nodes import Mapping, Scalar

_HEAD = r"(?:(?:#[^\n]*)?\n)*+schema: ([1-9][0-9]*)\n"
_VERSION = r"0*[1-9][0-9]{0,5}"


class CannotConvert(ValueError):
    """A text that says something which the other format has no words for; the message completes "FILE ..."."""

    def __init__(self, message: str, hint: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line


class Format(NamedTuple):
    """What one format changes of a file's text, besides the number behind `schema:`, which `convert` sets.

    Both directions are pure, keep what users wrote where they wrote it, and raise CannotConvert rather than lose
    anything: downgrade(upgrade(text)) == text for every text that is read in the format before, and
    upgrade(downgrade(text)) == text for every one of this format.

    Attributes:
        version: From 1, one more than that of the format before.
        summary: What it brings, for people.
        upgrade: From the format before; the first has none before it.
        downgrade: To the format before.
    """

    version: int
    summary: str
    upgrade: Callable[[str], str] = str
    downgrade: Callable[[str], str] = str


FORMATS: tuple[Format, ...] = (Format(1, "the format of the first version"),)
"""Every format, the oldest first."""

NEWEST = FORMATS[-1].version


def describe_known() -> str:
    """The versions that this program reads and writes."""
    return "1" if NEWEST == 1 else f"1 to {NEWEST}"


def find_version(root: "Mapping") -> int | None:
    """The known format that a document says it is in."""
    node = _find_node(root)
    if node is None or not re.fullmatch(_VERSION, node.text):
        return None
    version = int(node.text)
    return version if version <= NEWEST else None


def convert(text: str, before: int, after: int) -> str:
    """A document's text in another format. O(size) for each format in between.

    Raises:
        CannotConvert: It would lose something.
    """
    for version in range(before + 1, after + 1):
        text = _set_version(FORMATS[version - 1].upgrade(text), version)
    for version in range(before, after, -1):
        text = _set_version(FORMATS[version - 1].downgrade(text), version - 1)
    return text


def _set_version(text: str, version: int) -> str:
    """Only the digits change: quotes, a comment and leading zeros stay."""
    found = re.match(_HEAD, text)
    if found:
        return f"{text[: found.start(1)]}{version}{text[found.end(1) :]}"
    # These two read values, whose kinds are made with what is above.
    from gitmilestone.model.text.yaml_canonical import load_canonical
    from gitmilestone.model.text.yaml_loader import load
    from gitmilestone.model.text.yaml_nodes import Mapping

    root = load_canonical(text) or load(text)
    node = _find_node(root) if isinstance(root, Mapping) else None
    # The last: the header of a block may hold a digit too.
    at = text.rfind(node.text, node.start, node.end) if node else -1
    if node is None or at < 0:
        raise CannotConvert("writes its `schema` in an unusual way", f"write `schema: {version}`")
    digits = node.text.lstrip("0")
    start = at + len(node.text) - len(digits)
    return f"{text[:start]}{version}{text[start + len(digits) :]}"


def _find_node(root: "Mapping") -> "Scalar | None":
    from gitmilestone.model.text.yaml_nodes import Scalar

    entry = root.entries.get("schema")
    return entry.value if entry and isinstance(entry.value, Scalar) else None
