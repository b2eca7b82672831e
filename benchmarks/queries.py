"""Queries of an index that is open, in process, against a bare point query of SQLite's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from functools import partial

from benchmarks.measure import Timing, hermetic, time_in_turn
from benchmarks.report import Measured, compare_all
from benchmarks.repositories import FREQUENT_WORD, RARE_LABEL, RARE_WORD, Made
from gitmilestone.derived.database import read_index
from gitmilestone.derived.sqlite import Index
from gitmilestone.operations.asking.query import answer
from gitmilestone.query.parse import parse
from gitmilestone.query.query import Query, Term
from gitmilestone.store.store import Store

_FLOOR = "SELECT by id"
_RUNS = 51
_PAGE = 50
_POINTS = 64
TODAY = date(2026, 1, 1)
TEXTS = {
    "first page": "status:open",
    "first page, all": "",
    "a project": "status:open project:project-3",
    "an owner": "status:open owner:person7@example.com",
    "an owner, by half an address": "status:open owner:person7",
    "a rare label": f"status:open label:{RARE_LABEL}",
    "a frequent label": "status:open label:area-3",
    "a rare word": f"status:open {RARE_WORD}",
    "a frequent word": f"status:open {FREQUENT_WORD}",
    "due in a range": "status:open due:2025-03-01..2025-03-14",
    "newest first": "status:open sort:-created",
}


def measure_queries(made: Made) -> list[Measured]:
    """Each finds a page of 50, whole milestones; the last rows also open the index, and count."""
    store = Store.open(made.directory, hermetic())
    files = store.files_at()
    page = read_page("status:open")
    timings = read_index(store, files, lambda index: _time_queries(index, made.size))
    whole = time_in_turn({"first page, counted": lambda: answer(store, files, page)}, _RUNS)
    store.close()
    timings = {f"query: {name}" if name != _FLOOR else name: timing for name, timing in {**timings, **whole}.items()}
    return compare_all(made, timings, _FLOOR, dict.fromkeys(timings, "<= 1 ms"))


def _time_queries(index: Index, size: int) -> dict[str, Timing]:
    ids = itertools.cycle(find_spread_ids(index, size))

    def select() -> None:
        index.connection.execute("SELECT title FROM milestone WHERE id = ?", (next(ids),)).fetchone()

    pages = {name: read_page(text) for name, text in TEXTS.items()}
    pages["last page, --after"] = find_last_page(index, size)
    actions: dict[str, Callable[[], object]] = {
        _FLOOR: select,
        "one by its id": lambda: index.rows(Query(Term("id", "=", next(ids)))),
        **{name: partial(index.rows, query) for name, query in pages.items()},
    }
    return time_in_turn(actions, _RUNS, warmups=2)


def read_page(text: str) -> Query:
    return parse(text, today=TODAY)._replace(limit=_PAGE)


def find_spread_ids(index: Index, size: int) -> list[str]:
    step = max(size // _POINTS, 1)
    statement = "SELECT id FROM milestone WHERE number % ? = 0 LIMIT ?"
    return [name for (name,) in index.connection.execute(statement, (step, _POINTS))]


def find_last_page(index: Index, size: int) -> Query:
    """What follows the 51st from the end, all of them in the default order."""
    query = read_page("")
    (before,) = index.rows(query._replace(limit=1, offset=max(size - _PAGE - 1, 0)))
    return query._replace(after=index.keys_of(query, before.milestone.id))
