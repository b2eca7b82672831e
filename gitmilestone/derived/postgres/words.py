"""The texts of a milestone -> what Postgres searches, so that it finds what the index does."""

from __future__ import annotations

from gitmilestone.derived.rows import Record
from gitmilestone.query.sql import LONGEST_LEXEME, WEIGHTS

_MOST_POSITIONS = 255
_LAST_POSITION = 16382
_MOST_BYTES = 500_000  # a tsvector ends at 1 MiB, of its lexemes and their places together
_LONGEST_WORD = LONGEST_LEXEME // 4  # letters, whatever they are
_BARRIER = "·"


def encode_words(texts: Record) -> tuple[str, str | None]:
    """(words, long_words), as Postgres reads them: a tsvector of our words at our places, each with the weight of its
    text; or nothing, and the texts as an array, where it has no room for them.

    Args:
        texts: As `encode_search` gives them.
    """
    lexemes: list[str] = []
    words: list[str] = []
    place = 1
    for text, weight in zip(texts, WEIGHTS.values(), strict=True):
        if text:
            some = text.split(" ")
            lexemes += [f"{word}:{at}{weight}" for at, word in enumerate(some, place) if word != _BARRIER]
            words += some
            place += len(some)
        place += 1  # no phrase reaches from one text into the next
    is_short = len(words) <= _MOST_POSITIONS and max(map(len, words), default=0) <= _LONGEST_WORD
    if is_short or (place <= _LAST_POSITION and _has_room(words)):
        return " ".join(lexemes), None
    return "", "{" + ",".join([f'"{text}"' for text in texts]) + "}"


def _has_room(words: list[str]) -> bool:
    from collections import Counter

    counts = Counter(words)
    lengths = [len(word.encode()) for word in counts]
    size = sum(lengths) + 8 * len(lengths) + 2 * len(words)
    return max(counts.values()) <= _MOST_POSITIONS and max(lengths) <= LONGEST_LEXEME and size <= _MOST_BYTES
