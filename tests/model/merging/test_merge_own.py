"""What people put below keys of their own joins part by part."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from gitmilestone.model.merging.merge import Milestone, merge
from gitmilestone.model.merging.merge_own import ABSENT, join_own
from gitmilestone.model.merging.merge_text import merge_texts, split_sides
from gitmilestone.model.text.document import read_document

BASE, OURS, THEIRS = range(3)
_PATH = ".milestones/active/x.yaml"
_WORDS = st.sampled_from(("ana", "bo", "cy"))
_ITEMS = st.lists(st.sampled_from("abcdefgh"), max_size=8)
_LINES = st.lists(st.sampled_from(("one\n", "two\n", "three\n", "four\n")), max_size=6).map("".join)
VALUES = st.recursive(
    st.none() | _WORDS | _LINES | _ITEMS,
    lambda inner: st.dictionaries(st.sampled_from(("p", "q", "r", "s")), inner, max_size=4),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """The value with something else in one place, deep inside."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from([*value]))
        rest = {name: inner for name, inner in value.items() if name != key}
        return draw(st.just(rest) | changed(value[key]).map(lambda inner: {**value, key: inner}))
    if isinstance(value, list) and draw(st.integers(0, 9)):
        at, behind = draw(st.integers(0, len(value))), draw(st.integers(0, 1))
        return [*value[:at], *draw(st.lists(st.sampled_from("xyz"), max_size=2)), *value[at + behind :]]
    return draw(VALUES)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """A base and two sides that come from it, in one or two steps."""
    base = draw(VALUES)
    once = draw(changed(base)), draw(changed(base))
    return base, draw(st.just(once[0]) | changed(once[0])), draw(st.just(once[1]) | changed(once[1]))


@given(VALUES, VALUES, st.sampled_from((BASE, OURS, THEIRS)))
def test_the_laws(base: Any, side: Any, otherwise: int) -> None:
    assert join_own(base, side, base, otherwise) == (side, False)
    assert join_own(base, base, side, otherwise) == (side, False)
    assert join_own(base, side, side, otherwise) == (side, False)


@given(histories())
def test_symmetric_up_to_the_side_that_is_taken(values: tuple[Any, Any, Any]) -> None:
    base, ours, theirs = values
    assert join_own(base, ours, theirs, OURS) == join_own(base, theirs, ours, THEIRS)
    assert join_own(base, ours, theirs, BASE) == join_own(base, theirs, ours, BASE)


@given(histories())
def test_a_conflict_is_one_of_the_whole_key(values: tuple[Any, Any, Any]) -> None:
    sides = [Milestone("x", "T", extra={"own": value}) for value in values]
    merged = merge(*sides)
    joined = join_own(*values, OURS)
    assert merged.milestone.extra["own"] == joined.value
    assert [conflict[:] for conflict in merged.conflicts] == [("x.own", *values)] * joined.is_disputed
    assert merge(*sides, {"x.own": "theirs"}).milestone.extra["own"] == join_own(*values, THEIRS).value


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "joined"),
    [
        ("abcd", "acd", "abd", "ad"),
        ("abcd", "acd", "abXd", "aXd"),
        ("abcd", "aBcd", "abCd", "aBCd"),
        ("abcd", "aXbcd", "abXcd", "aXbXcd"),
        ("abcd", "abcdX", "acd", "acdX"),
        ("abc", "Xabc", "abcY", "XabcY"),
        ("abc", "aXc", "aYc", None),
        ("abc", "aXc", "ac", None),
        ("abc", "abcX", "abcY", None),
        ("abc", "aXbc", "aYc", None),
        ("", "a", "b", None),
    ],
)
def test_lists(base: str, ours: str, theirs: str, joined: str | None) -> None:
    """An edit of a neighbour is no conflict; one of the same item, or in the same gap, is."""
    result = join_own(list(base), list(ours), list(theirs), OURS)
    assert result == (list(ours) if joined is None else list(joined), joined is None)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "joined", "is_disputed"),
    [
        ({"p": "1", "q": "2"}, {"p": "3", "q": "2"}, {"p": "1"}, {"p": "3"}, False),
        ({"p": {"q": "1", "r": "2"}}, {"p": {"q": "3", "r": "2"}}, {"p": {"q": "1"}}, {"p": {"q": "3"}}, False),
        ({"p": "1", "q": "2"}, {"p": "3", "q": "4"}, {"p": "5", "q": "2"}, {"p": "3", "q": "4"}, True),
        ({"p": "1", "q": "2"}, {"q": "2"}, {"p": "5", "q": "6"}, {"q": "6"}, True),
        (ABSENT, {"p": "1"}, {"q": "2"}, {"p": "1", "q": "2"}, False),
        (None, {"p": "1"}, {"p": "2", "q": "3"}, {"p": "1", "q": "3"}, True),
        ({"p": "1"}, {"p": "2"}, ["a"], {"p": "2"}, True),
        ({"p": "1"}, {"p": "2"}, ABSENT, {"p": "2"}, True),
        ("one\n\ntwo\n", "1\n\ntwo\n", "one\n\n2\n", "1\n\n2\n", False),
        ("one", "two", "three", "two", True),
        ([["a"]], [["b"]], [["a"], ["c"]], [["b"]], True),
    ],
)
def test_mappings_and_texts(base: Any, ours: Any, theirs: Any, joined: Any, is_disputed: bool) -> None:
    assert join_own(base, ours, theirs, OURS) == (joined, is_disputed)


def _write(value: Any, indent: str = "") -> str:
    """As people lay it out, one thing a line."""
    if isinstance(value, dict) and value:
        return "\n" + "\n".join(f"{indent}  {key}:{_write(inner, indent + '  ')}" for key, inner in value.items())
    if isinstance(value, list) and value:
        return "\n" + "\n".join(f"{indent}  - {item}\n" for item in value)
    if isinstance(value, str) and value.endswith("\n"):
        return " |\n" + "".join(f"{indent}    {line}\n" for line in value.splitlines())
    return {"": ' ""', "{}": " {}", "[]": " []", "None": ""}.get(str(value), f" {value}") + "\n"


@given(histories())
def test_the_text_says_what_the_values_come_to(values: tuple[Any, Any, Any]) -> None:
    texts = [f"schema: 1\n\ntitle: T\n\nstatus: planned\n\nown:{_write(value)}\nlabels:\n" for value in values]
    merged = merge_texts(_PATH, *(text.encode() for text in texts))
    note(merged.content.decode())
    taken = split_sides(merged.content.decode())
    assert taken
    for side, otherwise in (("ours", OURS), ("theirs", THEIRS)):
        milestone = read_document(_PATH, "x", taken[side].encode()).milestone
        assert milestone
        assert milestone.extra["own"] == join_own(*values, otherwise).value
