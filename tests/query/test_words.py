from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.query.words import fold, join_texts, words_of
from tests.query import oracle
from tests.strategies import ODD_TEXTS, blocks


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ship two-factor: 2FA!", ("ship", "two", "factor", "2fa")),
        ("snake_case a.b", ("snake", "case", "a", "b")),
        ("Straße", ("strasse",)),
        ("ışık IŞIK İSTANBUL", ("işik", "işik", "istanbul")),
        ("Cafe\u0301", ("café",)),
        ("ﬁx x²", ("fix", "x2")),
        ("日本語 リリース", ("日本語", "リリース")),
        ("ana@example.com", ("ana", "example", "com")),
        ("🚀 --", ()),
        ("", ()),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@given(st.one_of(blocks(), st.text(st.characters(max_codepoint=127)), st.sampled_from(ODD_TEXTS)))
@example("".join(map(chr, range(128))))
def test_words_are_runs_of_letters_and_digits(text: str) -> None:
    assert list(words_of(text)) == oracle.split_words(text)
    assert fold(text) == oracle.fold(text)


@given(blocks(), blocks())
def test_joined_words_share_no_phrase(one: str, other: str) -> None:
    joined = join_texts([one, other]).split()
    assert [word for word in joined if word in words_of(word)] == [*words_of(one), *words_of(other)]
    if words_of(one) and words_of(other):
        (barrier,) = [word for word in joined if word not in words_of(word)]
        assert joined[len(words_of(one))] == barrier
