"""Milestone and task ids: made from titles, unique without any counter; and how another repository's are named."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from gitmilestone.errors import InvalidId

ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,62}"
REPOSITORY_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~/-]{0,254}"
"""The name, or the end of the name, of another repository, as it stands before the colon of `repository:id`."""

_ID = re.compile(ID_PATTERN)
_REPOSITORY = re.compile(REPOSITORY_PATTERN)
_WINDOWS_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_SLUG_LENGTH = 48


def find_id_fault(text: str) -> str | None:
    """Why `text` is no id; None if it is one."""
    if not text:
        return "an id can't be empty"
    if not _ID.fullmatch(text):
        if len(text) > 63:
            return f"an id has at most 63 characters, this one {len(text)}"
        return "an id is made of a-z, 0-9, `.`, `_` and `-`, and starts with a letter or digit"
    if _WINDOWS_RESERVED.fullmatch(text):
        return "Windows reserves this name"
    if text.endswith("."):
        return "Windows drops a trailing dot"
    if text.endswith((".yaml", ".lock")):
        return "an id can't end in .yaml or .lock"
    return None


def fold_id(text: str) -> str:
    """The same for two names that some file system takes for one."""
    return text if text.isascii() and text.islower() else unicodedata.normalize("NFC", text).casefold()


def split_target(text: str) -> tuple[str, str]:
    """The repository and the id of what a dependency is on; the repository is "" where it is this one."""
    repository, _, milestone_id = text.rpartition(":")
    return repository, milestone_id


def shorten_repositories(names: Iterable[str]) -> dict[str, str]:
    """Name -> the shortest end of it that means no other of them, made of whole parts between `/`."""
    ends: dict[str, list[str]] = {name: _ends_of(name) for name in names}
    counts = Counter(end for found in ends.values() for end in found)
    return {
        name: next((end for end in found if counts[end] == 1 and _REPOSITORY.fullmatch(end)), name)
        for name, found in ends.items()
    }


def _ends_of(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[place:]) for place in reversed(range(len(parts)))]


def find_target_fault(text: str) -> str | None:
    """Why `text` is neither an id nor `repository:id`; None if it is one of them."""
    repository, colon, milestone_id = text.rpartition(":")
    if not colon:
        return find_id_fault(text)
    if not _REPOSITORY.fullmatch(repository):
        return "before the colon stands a repository, like `plans/roadmap`: letters, digits, `.`, `_`, `~`, `/`, `-`"
    return find_id_fault(milestone_id)


def check_target(text: str) -> str:
    """What a dependency is on, in NFC; raises InvalidId if it is neither an id nor `repository:id`."""
    text = unicodedata.normalize("NFC", text)
    fault = find_target_fault(text)
    if fault:
        example = "for example: plans/roadmap:ship-2fa-k3f9" if ":" in text else "for example: ship-2fa-k3f9"
        raise InvalidId(f"{text!r} is not a milestone id: {fault}", example)
    return text


def check_id(text: str) -> str:
    """The id itself, in NFC; raises InvalidId if it is none."""
    text = unicodedata.normalize("NFC", text)
    fault = find_id_fault(text)
    if fault:
        raise InvalidId(f"{text!r} is not a milestone id: {fault}", "for example: ship-2fa-k3f9")
    return text


def make_id(title: str) -> str:
    """An id from a title and four random base-32 letters: `Ship 2FA` -> `ship-2fa-k3f9`."""
    slug = make_slug(title)
    suffix = "".join(_CROCKFORD[byte & 31] for byte in os.urandom(4 if slug else 8))
    return f"{slug or 'm'}-{suffix}"


def make_slug(title: str) -> str:
    """The readable part of an id: `Ship: the Café` -> `ship-the-cafe`; may be empty.

    Every script is spelt in ASCII: `Straße` -> `strasse`, `Поставка` -> `postavka`.
    """
    if not title.isascii():
        from anyascii import anyascii

        title = anyascii(unicodedata.normalize("NFKC", title))
    words = re.findall(r"[a-z0-9]+", title.lower().replace("'", ""))
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word
        if len(longer) > _SLUG_LENGTH:
            break
        slug = longer
    return slug or (words[0][:_SLUG_LENGTH] if words else "")
