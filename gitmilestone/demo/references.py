"""What one proposal says of another: a path, a link, a number, or something else."""

from __future__ import annotations

import re
from typing import NamedTuple

_NOTHING = frozenset({"", "n/a", "na", "none", "tbd", "todo", "todo/n/a?"})
_PATH = re.compile(
    r"(?:^/?keps?/|^(?:https?://)?(?:github\.com/)?kubernetes/enhancements/(?:(?:tree|blob)/[^/]+/)?keps/)(.+)"
)
_ISSUE = re.compile(r"^(?:https?://)?github\.com/kubernetes/enhancements/issues/(\d+)$")
_NUMBER = re.compile(r"^(?:KEP-?)?([1-9]\d{2,4})$")
_FOLDER = re.compile(r"\d+(?:-.+)?")
_OTHER = re.compile(r"[^a-z0-9._-]+")
_LONGEST_ID = 63


class Reference(NamedTuple):
    """What a reference names.

    Attributes:
        text: As it is written.
        id: Of the milestone, if there is one of that folder; "" where no folder is named.
        number: Of the proposal; 0 where none is named, or one that counted differently.
    """

    text: str
    id: str = ""
    number: int = 0

    @property
    def names_proposal(self) -> bool:
        return bool(self.id or self.number)


def says_nothing(text: str) -> bool:
    return text.strip().lower() in _NOTHING


def parse_reference(text: str) -> Reference:
    bare = text.strip(" \"'[]()").rstrip("/")
    if found := _PATH.match(bare):
        return _parse_path(text, found[1])
    numbered = _ISSUE.match(bare) or _NUMBER.match(bare)
    return Reference(text, "", int(numbered[1])) if numbered else Reference(text)


def _parse_path(text: str, path: str) -> Reference:
    parts = [part.strip() for part in path.split("/")]
    folder = next((part for part in parts if _FOLDER.fullmatch(part)), parts[-1])
    if folder.endswith(".md"):
        # Before proposals had folders they were files, which counted for themselves.
        return Reference(text, make_proposal_id(folder.removesuffix(".md")))
    return Reference(text, make_proposal_id(folder), number_of(folder))


def make_proposal_id(folder: str) -> str:
    """The milestone's id: `1635-prevent-permabeta` -> `kep-1635-prevent-permabeta`."""
    return "kep-" + _OTHER.sub("-", folder.lower())[: _LONGEST_ID - 4].rstrip(".-")


def number_of(folder: str) -> int:
    """The number that a folder's name begins with; 0 where it has none."""
    digits = folder.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
