from __future__ import annotations

import pytest

from gitmilestone.query.query import Group, Not, Order, Query, Term, Text
from gitmilestone.query.sql import compile_condition, compile_query

HOSTILE = "'; DROP TABLE milestone; -- ? %s"


@pytest.mark.parametrize(
    "condition",
    [
        Term("project", "=", HOSTILE),
        Term("labels", "prefix", HOSTILE),
        Term(f"x.{HOSTILE}", "=", HOSTILE),
        Term(f"x.{HOSTILE}", "set"),
        Text((HOSTILE,)),
        Not(Group("or", (Term("id", "=", HOSTILE), Text((HOSTILE,), "tasks")))),
    ],
)
def test_values_are_only_ever_bound(condition: Term | Text | Not) -> None:
    text, parameters = compile_condition(condition)
    assert "drop" not in text.lower()
    assert text.count("?") == len(parameters)
    assert "%" not in text


@pytest.mark.parametrize(
    "query",
    [
        Query(Term("id = id; --", "=", "a")),
        Query(Term("title_words", "set")),
        Query(Term("title", "=", "a")),
        Query(Term("tasks", "=", "a")),
        Query(Text(("a",), "words")),
        Query(order=(Order("words"),)),
        Query(order=(Order("id; --"),)),
    ],
)
def test_names_that_are_not_listed_are_refused(query: Query) -> None:
    with pytest.raises(KeyError):
        compile_query(query, "milestone.id")


def test_a_limit_is_bound_too() -> None:
    assert compile_query(Query(limit=5, offset=2), "milestone.id")[1] == (5, 2)
    assert compile_query(Query(offset=2), "milestone.id")[1] == ((1 << 63) - 1, 2)
    assert "LIMIT" not in compile_query(Query(), "milestone.id")[0]
