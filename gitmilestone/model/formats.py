"""The formats of a milestone's file: each is told by what it changes of the one before.

Everything else in the model knows the newest alone: the text of an older one is upgraded before it is decoded, and
what is written into a project of an older format is downgraded. There is one format today; a second one is a row of
`FORMATS` and a change of the fields.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable
from typing import NamedTuple


class CannotConvert(ValueError):
    """A text that says something which the other format has no words for; the message completes "FILE ..."."""

    def __init__(self, message: str, hint: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line


class Format(NamedTuple):
    """What one format changes of a file's text, besides the number behind `schema:`, which `convert_text` sets.

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
