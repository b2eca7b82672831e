"""A real project's past, as the index, the history and the differences tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.demo.history import read_history
from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.database import read_index
from gitmilestone.derived.history.read import Selection
from gitmilestone.derived.sqlite import Index
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.asking.history import history, iter_events, open_history
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.query.query import Order, Query
from gitmilestone.store.store import Store
from tests.demo.records import Replayed
from tests.repositories import Clone

BY_ID = Query(order=(Order("id"),))
SAMPLE = 150


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return Replayed(tmp_path_factory.mktemp("revisions") / "sample", read_history()[:SAMPLE])


def from_files(store: Store, revision: str) -> list[Row]:
    with Index.memory() as index:
        catch_up(index, store, store.files_at(revision))
        return index.rows(BY_ID)


def assert_past(clone: Clone, step: int) -> None:
    """`--at`, `diff` and `log` agree with each other at every `step`th commit."""
    commits = clone.git("rev-list", "--reverse", "HEAD").split()
    with clone.store() as store:
        rebuild_index(store)
        seen = commits[::step]
        states = []
        for commit in seen:
            rows = read_index(store, store.files_at(commit), lambda index: index.rows(BY_ID))
            assert rows == from_files(store, commit)
            states.append({row.milestone.id: row.milestone for row in rows})
        for (before, old), (after, new) in zip(
            list(zip(seen, states, strict=True))[:-1], list(zip(seen, states, strict=True))[1:], strict=True
        ):
            changes = diff(store, store.files_at(before), store.files_at(after)).changes
            assert {change.id: (change.old, change.new) for change in changes} == {
                name: (old.get(name), new.get(name))
                for name in old.keys() | new.keys()
                if old.get(name) != new.get(name)
            }
        with open_history(store) as opened:
            events = list(iter_events(opened, Selection()))
        order = {commit: place for place, commit in enumerate(commits)}
        assert [order[event.commit] for event in events] == sorted(
            (order[event.commit] for event in events), reverse=True
        )
        last = (
            states[-1]
            if seen[-1] == commits[-1]
            else {row.milestone.id: row.milestone for row in from_files(store, "HEAD")}
        )
        kinds: dict[str, str] = {}
        for event in reversed(events):
            if event.change:
                kinds[event.id] = event.change.kind
        assert {name for name, kind in kinds.items() if kind != "removed"} == set(last)
        name = sorted(last)[0]
        assert [event.commit for event in history(store, name)] == [e.commit for e in events if e.id == name]


def test_a_part_of_the_past(sample: Replayed) -> None:
    assert_past(sample.clone, 30)


@pytest.mark.long
def test_the_whole_past(tmp_path: Path) -> None:
    assert_past(Replayed(tmp_path / "whole", read_history()).clone, 50)
