"""The comments of a YAML text: what YAML takes for one, and no `#` in quotes or in a block of text."""

from __future__ import annotations

import re
from typing import NamedTuple


class Comment(NamedTuple):
    """Attributes:
    text: From its `#` to the end of the line.
    line: The number of its line, from 0; lines end with a newline only.
    is_alone: Whether nothing else is on that line.
    """

    text: str
    line: int
    is_alone: bool


def find_comments(text: str) -> list[Comment]:
    """All of them, in order; none of a text that can't be read. O(size)."""
    if "#" not in text:
        return []
    hidden = _hide_values(text)
    if hidden is None:
        return []
    found: list[Comment] = []
    lines = text.split("\n")
    for number, line in enumerate(hidden.split("\n")):
        start = re.search(r"(?:^|(?<=[ \t]))#", line)
        if start:
            whole = lines[number]
            found.append(Comment(whole[start.start() :].rstrip(), number, not whole[: start.start()].strip()))
    return found


def _hide_values(text: str) -> str | None:
    """The text with every scalar's characters but its newlines replaced; None where YAML can't read it."""
    import yaml

    pieces: list[str] = []
    at = 0
    try:
        for token in yaml.scan(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if not isinstance(token, yaml.ScalarToken):
                continue
            start, end = token.start_mark.index, token.end_mark.index
            if token.style in ("|", ">"):  # behind its header there may be a comment
                start = text.find("\n", start, end) % (end + 1)
            pieces += [text[at:start], re.sub(r"[^\n]", "x", text[start:end])]
            at = end
    except yaml.YAMLError:
        return None
    return "".join(pieces) + text[at:]
