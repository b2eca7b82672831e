"""The texts of a milestone -> what Postgres searches, so that it finds what the index does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain

from gitmilestone.derived.rows import Record, encode_search
from gitmilestone.query.sql import LONGEST_LEXEME, WEIGHTS
from gitmilestone.query.words import join_words

_MOST_POSITIONS = 255
_LAST_POSITION = 16382
_MOST_BYTES = 500_000  # a tsvector ends at 1 MiB, of its lexemes and their places together
_LONGEST_WORD = LONGEST_LEXEME // 4  # letters, whatever they are
_BARRIER = "·"

# Where few words are, each takes one place, each run of them one more at its end, and each text that is empty one.
_PLACES = 2 * _MOST_POSITIONS + len(WEIGHTS) + 1
_FORMATS = [[f"%s:{place}{weight} " for place in range(_PLACES + 1)] for weight in WEIGHTS.values()]
_PLACED = [("".join(formats), list(accumulate(map(len, formats), initial=0))) for formats in _FORMATS]
"""Of each text: `%s:0A %s:1A ...`, and where in it each place begins: a slice of it places a run of words."""

_WORDS_AND_ENDS = b"\0" + bytes(
    ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(1, 128)
) + bytes(128)  # fmt: skip

Run = Sequence[str]
"""Words that follow each other; no phrase reaches from one run into the next."""


def encode_words(values: Record, task_titles: Sequence[str]) -> tuple[str, str | None]:
    """(words, long_words), as Postgres reads them: a tsvector of our words at our places, each with the weight of its
    text; or nothing, and the texts as an array, where it has no room for them.

    Args:
        values: Of SEARCH_COLUMNS.
    """
    *others, labels, title, description = values
    listed = [title, description or "", *task_titles]
    own = len(listed)
    listed += filter(None, others)
    if labels:
        listed += labels.split("\n")
    joined = "\0".join(listed)  # which is in no text
    if joined.isascii():
        # In one pass, which for a milestone's many short texts is three times as fast as text by text.
        runs = [part.split() for part in joined.encode().translate(_WORDS_AND_ENDS).decode().split("\0")]
        is_short = len(joined) <= LONGEST_LEXEME
    else:
        runs = [join_words(text).split() for text in listed]
        is_short = max(map(len, chain.from_iterable(runs)), default=0) <= _LONGEST_WORD
    if is_short and sum(map(len, runs)) <= _MOST_POSITIONS:
        return _place((runs[:1], runs[2:own], runs[1:2], runs[own:])), None
    return encode_texts(encode_search(values, task_titles))


def _place(texts: Iterable[Iterable[Run]]) -> str:
    """The tsvector of few words, none of which is too long for it.

    Args:
        texts: In the order of TEXTS.
    """
    placed = []
    place = 1
    for runs, (formats, starts) in zip(texts, _PLACED, strict=True):
        before = place
        for run in runs:
            if run:
                end = place + len(run)
                placed.append(formats[starts[place] : starts[end]] % tuple(run))
                place = end + 1
        place += place == before
    return "".join(placed)


def encode_texts(texts: Record) -> tuple[str, str | None]:
    """The same of texts as `encode_search` gives them, however long they are."""
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
    if not words or (place <= _LAST_POSITION and _has_room(words)):
        return " ".join(lexemes), None
    return "", "{" + ",".join([f'"{text}"' for text in texts]) + "}"


def _has_room(words: list[str]) -> bool:
    from collections import Counter

    counts = Counter(words)
    lengths = [len(word.encode()) for word in counts]
    size = sum(lengths) + 8 * len(lengths) + 2 * len(words)
    return max(counts.values()) <= _MOST_POSITIONS and max(lengths) <= LONGEST_LEXEME and size <= _MOST_BYTES
