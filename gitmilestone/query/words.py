"""Texts as they are compared: without case, and as words. The same at load and in a query."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")  # exactly the runs of str.isalnum
_BARRIER = " · "  # a word to the full-text index, and to nobody else
_ASCII = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)


def fold(text: str) -> str:
    """The text in NFKC without case: two texts that fold alike are equal in a query.

    Turkish's dotted and dotless i are one letter: which capital is whose depends on the language, which no text tells.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold().replace("i\u0307", "i").replace("\u0131", "i")
    return unicodedata.normalize("NFKC", folded)


def words_of(text: str) -> tuple[str, ...]:
    """The runs of letters and digits, folded: `Ship 2FA-login` -> ship, 2fa, login."""
    return tuple(join_words(text).split())


def join_words(text: str) -> str:
    """The words, a space between them: `ship 2fa login`."""
    if text.isascii():  # the same, at a third of the time
        return b" ".join(text.encode().translate(_ASCII).split()).decode()
    return " ".join(_WORD.findall(fold(text)))


def join_texts(texts: Iterable[str]) -> str:
    """The words of several texts, so that no phrase reaches from one into the next."""
    return _BARRIER.join(filter(None, map(join_words, texts)))
