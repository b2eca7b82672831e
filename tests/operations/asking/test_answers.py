"""Answers that are kept: by tree, so that none is stale, and no more than there is room for."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from gitmilestone.derived.operation_load import measure_load
from gitmilestone.operations.asking import query as asking
from gitmilestone.operations.asking.query import Answers, answer, statistics
from gitmilestone.query.query import OPEN, Query
from gitmilestone.store.store import Store
from tests.repositories import Clone

EVERYTHING = Query()


@pytest.fixture
def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Of an index."""
    reads: list[object] = []
    read = asking.read_ready

    def counted(*args: Any, **kwargs: Any) -> Any:
        reads.append(args)
        return read(*args, **kwargs)

    monkeypatch.setattr(asking, "read_ready", counted)
    return reads


def ask(store: Store, answers: Answers, query: Query = EVERYTHING, revision: str = "HEAD") -> list[str]:
    found = answer(store, store.files_at(revision), query, answers=answers)
    return [row.milestone.id for row in found.rows]


def test_what_was_asked_is_not_looked_for_again(clone: Clone, count_reads: list[object]) -> None:
    clone.new("a")
    answers = Answers()
    with clone.store() as store:
        assert [ask(store, answers) for _ in range(3)] == [["a"]] * 3
        assert len(count_reads) == 1
        assert ask(store, answers, Query(OPEN)) == ["a"]
        assert len(count_reads) == 2


def test_another_commit_is_another_question(clone: Clone, count_reads: list[object]) -> None:
    clone.new("a")
    answers = Answers()
    with clone.store() as store:
        assert ask(store, answers) == ["a"]
        clone.new("b")
        assert ask(store, answers) == ["a", "b"]
        assert ask(store, answers, revision="HEAD~1") == ["a"]
        clone.git("reset", "-q", "--hard", "HEAD~1")
        assert ask(store, answers) == ["a"]
    assert len(count_reads) == 2


def test_the_work_tree_is_always_read(clone: Clone, count_reads: list[object]) -> None:
    clone.new("a")
    answers = Answers()
    with clone.store() as store:
        for _ in range(2):
            assert len(answer(store, store.work_files(), Query(), answers=answers).rows) == 1
    assert len(count_reads) == 2


def test_there_is_an_end_to_what_is_kept(clone: Clone, count_reads: list[object]) -> None:
    for name in "abcd":
        clone.new(name)
    answers = Answers(most_rows=12)
    with clone.store() as store:
        for limit in (1, 2, 3, 4, 1, 4):
            assert len(ask(store, answers, Query(limit=limit))) == limit
        assert len(count_reads) == 5, "only the last is still there"
        small = Answers(most_rows=2)
        assert ask(store, small) == ask(store, small) == list("abcd")


def test_counts_are_kept_too(clone: Clone, count_reads: list[object]) -> None:
    clone.new("a")
    answers = Answers()
    day = date(2026, 11, 23)
    with clone.store() as store:
        for today in (day, day, date(2026, 11, 24)):
            assert statistics(store, store.files_at(), today, answers=answers).by_status == {"planned": 1}
        assert len(count_reads) == 2
        clone.new("b")
        assert statistics(store, store.files_at(), day, answers=answers).by_status == {"planned": 2}


def test_it_counts_as_a_query(clone: Clone) -> None:
    clone.new("a")
    answers = Answers()
    with clone.store() as store:
        for _ in range(4):
            ask(store, answers)
        load = measure_load(store.repository.state_dir, int(time.time()) + 1, 60)
    assert load.queries_a_minute >= 4
