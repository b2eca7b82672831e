"""Hypothesis strategies for queries that find something in some milestones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gitmilestone.model.milestone import PRIORITIES, STATUSES, Milestone
from gitmilestone.query.query import BLOCKED, Condition, Group, Not, Order, Query, Term, Text
from gitmilestone.query.searched import SEARCHED
from gitmilestone.query.words import words_of
from tests.query.oracle import make_rows, texts_of, values_of
from tests.strategies import ODD_TEXTS, dates

ORDERED = ("=", "<", "<=", ">", ">=")
COMPARED = tuple(
    name for name, field in SEARCHED.items() if field.reading != "words" and name not in ("status", "priority")
)


def queries(entries: list[tuple[Milestone, str]]) -> st.SearchStrategy[Query]:
    sortable = [name for name, field in SEARCHED.items() if field.sortable]
    orders = st.lists(st.builds(Order, st.sampled_from(sortable), st.booleans()), max_size=3).map(tuple)
    return st.builds(
        Query, conditions(entries), orders, st.none() | st.integers(0, 5), st.just(0) | st.integers(0, 4), st.none()
    )


def conditions(entries: list[tuple[Milestone, str]]) -> st.SearchStrategy[Condition]:
    simple = st.one_of(
        st.just(BLOCKED),
        terms(entries),
        texts(entries),
        st.builds(Term, st.just("status"), st.just("="), st.sampled_from(STATUSES)),
        st.builds(Term, st.just("priority"), st.sampled_from(ORDERED), st.sampled_from(PRIORITIES)),
        st.builds(Term, st.sampled_from((*SEARCHED, "x.risk")), st.just("set")),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            inner.map(Not),
            st.builds(Group, st.sampled_from(("and", "or")), st.lists(inner, max_size=3).map(tuple)),
        ),
        max_leaves=6,
    )


@st.composite
def terms(draw: st.DrawFn, entries: list[tuple[Milestone, str]]) -> Term:
    """Compares a field with a value that some milestone has there, or nearly."""
    field = draw(st.sampled_from((*COMPARED, "x.risk", "x.Risk level")))
    known = [value for row in make_rows(entries) for value in values_of(field, row) if value is not None]
    reading = SEARCHED[field].reading if field in SEARCHED else "text"
    strange: st.SearchStrategy[Any] = {"date": dates(), "number": st.sampled_from((0.0, 0.5, 1.0))}.get(
        reading, st.sampled_from(ODD_TEXTS)
    )
    value = draw(st.one_of(st.sampled_from(known), strange) if known else strange)
    if reading != "text":
        return Term(field, draw(st.sampled_from(ORDERED)), value)
    value = draw(st.sampled_from((value, value.upper(), value.lower())))
    if draw(st.booleans()):
        return Term(field, "prefix", value[: draw(st.integers(0, len(value)))])
    return Term(field, "=", value)


@st.composite
def texts(draw: st.DrawFn, entries: list[tuple[Milestone, str]]) -> Text:
    """Searches for a part of a text that some milestone has, or of another."""
    field = draw(st.sampled_from(("", "title", "description", "tasks")))
    known = [text for milestone, _ in entries for text in texts_of(field, milestone)]
    words = words_of(draw(st.sampled_from([*known, *ODD_TEXTS])))
    start = draw(st.integers(0, max(0, len(words) - 1)))
    some = list(words[start : start + draw(st.integers(1, 3))]) or ["x"]
    some[-1] = some[-1][: draw(st.integers(1, len(some[-1])))]
    return Text(tuple(some), field)
