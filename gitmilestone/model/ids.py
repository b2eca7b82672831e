"""Milestone and task ids: made from titles, unique without any counter."""

from __future__ import annotations

import os
import re
import unicodedata

from gitmilestone.errors import InvalidId

ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,62}"
_ID = re.compile(ID_PATTERN)
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
    """The readable part of an id: `Ship: the Café` -> `ship-the-cafe`; may be empty."""
    ascii_text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_text.replace("'", ""))
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word
        if len(longer) > _SLUG_LENGTH:
            break
        slug = longer
    return slug or (words[0][:_SLUG_LENGTH] if words else "")
