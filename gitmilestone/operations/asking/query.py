"""Answers queries: every filter is SQL over an index of the state that was asked about."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.derived.answers import Unserved
from gitmilestone.derived.operation_log import record_query
from gitmilestone.errors import MilestoneNotFound
from gitmilestone.model.problem import Problem
from gitmilestone.model.row import Row
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import Query
from gitmilestone.snapshot.answer import read_ready
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine
    from gitmilestone.derived.statistics import Statistics

_PAGE = 1000

COUNTED = 1000
"""Rows behind a page that are counted: beyond it, nobody wants to wait for the number."""


class Page(NamedTuple):
    """Some rows, and the files that no milestone stands for."""

    rows: list[Row]
    unserved: Unserved


class Answer(NamedTuple):
    """Attributes:
    rows: In the query's order.
    total: How many there are without limit and offset; counting ends COUNTED behind the last row.
    wider_total: How many the wider query selects, where the query itself selects none.
    served: How many milestones could be read.
    problems, unreadable: Of the files that could not.
    """

    rows: list[Row]
    total: int
    wider_total: int
    served: int
    problems: tuple[Problem, ...]
    unreadable: int


class Answers:
    """Answers that were given, kept for whoever asks again in the same process; the oldest go first.

    They are found by the tree that they are of, and so none is ever stale.
    """

    def __init__(self, most_rows: int = 10_000) -> None:
        self._most_rows = most_rows
        self._rows = 0
        self._kept: dict[Hashable, tuple[Any, int]] = {}

    def find(self, question: Hashable) -> Any:
        """The answer; None where there is none."""
        found = self._kept.pop(question, None)
        if found is None:
            return None
        self._kept[question] = found
        return found[0]

    def keep(self, question: Hashable, answered: object, rows: int) -> None:
        self._kept[question] = (answered, rows + 1)
        self._rows += rows + 1
        while self._rows > self._most_rows:
            _, dropped = self._kept.pop(next(iter(self._kept)))
            self._rows -= dropped


def answer(
    store: Store,
    files: Files,
    query: Query,
    wider: Query | None = None,
    watch: Watch = SILENT,
    *,
    after: str | None = None,
    answers: Answers | None = None,
) -> Answer:
    """The rows of a query, and how many another one, which asks for less, would select.

    Its cost follows the rows, whatever the number of milestones, once the index is that of `files`.

    Args:
        after: Id of a milestone: only what follows it in the query's order, be it in the answer itself or not.
        answers: Where answers are kept, for a process that asks more than once.

    Raises:
        MilestoneNotFound: There is none that is called `after`.
    """
    started = perf_counter()
    tier = "file"
    question = (files.tree, query, wider, after) if answers and isinstance(files, TreeFiles) else None
    known: Answer | None = answers.find(question) if answers and question else None
    if known is not None:
        record_query(store.repository.state_dir, started, query, len(known.rows), "kept")
        return known

    def read(index: Engine) -> Answer:
        nonlocal tier
        tier = index.tier
        placed = place(index, query, after)
        rows = index.rows(placed)
        is_cut = query.limit is not None or query.offset
        total = index.count(placed, query.offset + len(rows) + COUNTED) if is_cut else len(rows)
        wider_total = index.count(wider) if wider and not rows else total
        unserved = index.unserved()
        return Answer(rows, total, wider_total, index.milestones, unserved.problems, unserved.files)

    answered = read_ready(store, files, read, watch)
    record_query(store.repository.state_dir, started, query, len(answered.rows), tier)
    if answers and question:
        answers.keep(question, answered, len(answered.rows) + len(answered.problems))
    return answered


def iter_pages(store: Store, files: Files, query: Query, watch: Watch = SILENT) -> Iterator[Page]:
    """The rows of a query, some at a time, each page from behind the last row of the one before; at least one page.

    Memory follows neither the answer nor the index, and nothing is held open in between, however slowly it is read.
    Only an index in memory gives all of it at once: it would have to be made again for each page.
    """
    left, offset, after = query.limit, query.offset, query.after

    def read(index: Engine) -> tuple[Page, tuple[str | float | None, ...] | None]:
        if not index.is_kept:
            return Page(index.rows(query), index.unserved()), None
        limit = _PAGE if left is None else min(_PAGE, left)
        rows = index.rows(query._replace(limit=limit, offset=offset, after=after))
        is_last = len(rows) < limit
        return Page(rows, index.unserved()), None if is_last else index.keys_of(query, rows[-1].milestone.id)

    while True:
        page, after = read_ready(store, files, read, watch)
        yield page
        offset = 0
        left = None if left is None else left - len(page.rows)
        if after is None or left == 0:
            return


def statistics(
    store: Store, files: Files, today: date, watch: Watch = SILENT, answers: Answers | None = None
) -> Statistics:
    """A pass over all milestones, unless they were counted before in this process."""
    question = (files.tree, today) if answers and isinstance(files, TreeFiles) else None
    known: Statistics | None = answers.find(question) if answers and question else None
    if known is None:
        known = read_ready(store, files, lambda index: index.statistics(today), watch)
        if answers and question:
            answers.keep(question, known, 0)
    return known


def place(index: Engine, query: Query, after: str | None) -> Query:
    """The query, continued behind a milestone that is named by its id."""
    if after is None:
        return query
    keys = index.keys_of(query, after)
    if keys is None:
        raise MilestoneNotFound(f"there is no milestone {after!r} to continue behind", "give a whole id")
    return query._replace(after=keys)
