"""A document's text in another format."""

from __future__ import annotations

import re

from gitmilestone.model import formats
from gitmilestone.model.text.yaml_canonical import load_canonical
from gitmilestone.model.text.yaml_loader import load
from gitmilestone.model.text.yaml_nodes import Mapping, Scalar

_HEAD = r"(?:(?:#[^\n]*)?\n)*+schema: ([1-9][0-9]*)\n"
_VERSION = r"0*[1-9][0-9]{0,5}"


def find_version(root: Mapping) -> int | None:
    """The known format that a document says it is in."""
    node = _find_node(root)
    if node is None or not re.fullmatch(_VERSION, node.text):
        return None
    version = int(node.text)
    return version if version <= formats.NEWEST else None


def convert_text(text: str, before: int, after: int) -> str:
    """A document's text in another format. O(size) for each format in between.

    Raises:
        CannotConvert: It would lose something.
    """
    for version in range(before + 1, after + 1):
        text = _set_version(formats.FORMATS[version - 1].upgrade(text), version)
    for version in range(before, after, -1):
        text = _set_version(formats.FORMATS[version - 1].downgrade(text), version - 1)
    return text


def _set_version(text: str, version: int) -> str:
    """Only the digits change: quotes, a comment and leading zeros stay."""
    found = re.match(_HEAD, text)
    if found:
        return f"{text[: found.start(1)]}{version}{text[found.end(1) :]}"
    root = load_canonical(text) or load(text)
    node = _find_node(root) if isinstance(root, Mapping) else None
    # The last: the header of a block may hold a digit too.
    at = text.rfind(node.text, node.start, node.end) if node else -1
    if node is None or at < 0:
        raise formats.CannotConvert("writes its `schema` in an unusual way", f"write `schema: {version}`")
    digits = node.text.lstrip("0")
    start = at + len(node.text) - len(digits)
    return f"{text[:start]}{version}{text[start + len(digits) :]}"


def _find_node(root: Mapping) -> Scalar | None:
    entry = root.entries.get("schema")
    return entry.value if entry and isinstance(entry.value, Scalar) else None
