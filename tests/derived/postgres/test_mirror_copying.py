"""What is copied says what the index says, whatever is in its texts."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.derived.postgres.copying import encode_narrow, encode_wide
from gitmilestone.derived.postgres.words import encode_texts, encode_words
from gitmilestone.derived.rows import encode_search
from tests.strategies import ODD_TEXTS, WORDS

_UNESCAPED = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}
TEXTS = st.one_of(
    st.sampled_from([*WORDS, *ODD_TEXTS, "\\N", "None", "a\\tb\\", "%s", "a\r\nb", ""]),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30),
)
LINES = TEXTS.map(lambda text: " ".join(text.split()))
OPTIONAL = st.one_of(st.none(), LINES)
VALUES = st.one_of(st.none(), TEXTS, st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False))


def decode(lines: str) -> list[list[str | None]]:
    """As Postgres reads it: https://www.postgresql.org/docs/current/sql-copy.html"""
    assert lines.endswith("\n")
    return [[_decode_value(value) for value in line.split("\t")] for line in lines[:-1].split("\n")]


def _decode_value(value: str) -> str | None:
    if value == "\\N":
        return None
    characters = iter(value)
    return "".join(_UNESCAPED[next(characters)] if one == "\\" else one for one in characters)


def spell(value: Any) -> str | None:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value if value is None or isinstance(value, str) else repr(value)


@given(records=st.integers(1, 6).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), min_size=1, max_size=8)))
def test_lines_say_what_the_records_say(records: list[tuple[Any, ...]]) -> None:
    expected = [["1", "2", *map(spell, record)] for record in records]
    assert decode(encode_narrow(records, "1\t2\t")) == expected
    assert decode(encode_wide(records, "1\t2\t")) == expected


@given(records=st.lists(st.tuples(st.one_of(VALUES, st.binary(max_size=20)), VALUES), min_size=1, max_size=8))
def test_bytes_are_spelled_as_bytes(records: list[tuple[Any, ...]]) -> None:
    assert decode(encode_wide(records, "")) == [[*map(spell, record)] for record in records]


@given(
    values=st.tuples(*[OPTIONAL] * 3, st.lists(LINES.filter(bool)).map("\n".join), LINES, st.one_of(st.none(), TEXTS)),
    titles=st.lists(LINES, max_size=4),
)
@example(("a-1", None, "ana@example.com", "red\nblue", "word " * 255, None), [])
@example(("a-1", None, None, "", "x" * 2000, "y" * 3000), ["z"])
@example(("a-1", "é" * 511, None, "", "e" * 512, ""), [])
@example(("1", None, None, "\n".join("x" * 60), "-", None), ["."] * 40)
def test_words_are_those_of_the_index_at_its_places(values: tuple[str | None, ...], titles: list[str]) -> None:
    words, long_words = encode_words(values, titles)
    assert (words.rstrip(), long_words) == encode_texts(encode_search(values, titles))
