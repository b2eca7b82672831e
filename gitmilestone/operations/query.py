"""Answers queries: every filter is SQL over an index of the state that was asked about."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from gitmilestone.derived.sqlite import Index, Statistics
from gitmilestone.model.problem import Problem
from gitmilestone.model.row import Row
from gitmilestone.operations.reading import Reading, read_all
from gitmilestone.query.query import Query
from gitmilestone.store.files import Files


class Answer(NamedTuple):
    """Attributes:
    rows: In the query's order.
    total: How many there are without limit and offset.
    wider_total: How many the wider query selects.
    served: How many milestones could be read.
    problems, unreadable: Of the files that could not.
    """

    rows: list[Row]
    total: int
    wider_total: int
    served: int
    problems: tuple[Problem, ...]
    unreadable: int


def open_index(files: Files) -> tuple[Index, Reading]:
    """An index of a state, to be closed by a `with`. O(files): it is built in memory."""
    reading = read_all(files)
    index = Index.memory()
    index.fill(reading.entries)
    return index, reading


def answer(files: Files, query: Query, wider: Query | None = None) -> Answer:
    """The rows of a query, and how many another one, which asks for less, would select."""
    index, reading = open_index(files)
    with index:
        rows = index.rows(query)
        is_cut = query.limit is not None or query.offset
        total = index.count(query) if is_cut else len(rows)
        wider_total = index.count(wider) if wider and not rows else total
    return Answer(rows, total, wider_total, len(reading.documents), reading.problems, reading.unreadable)


def statistics(files: Files, today: date) -> Statistics:
    index, _ = open_index(files)
    with index:
        return index.statistics(today)
