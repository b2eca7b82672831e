"""What is measured in real repositories, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, time

import pytest

from gitmilestone.changes.commit import commit_edit
from gitmilestone.derived.database import read_index
from gitmilestone.derived.operation_log import record_query, record_write
from gitmilestone.operations.editing.bulk import Operation, apply_operations
from gitmilestone.operations.scaling import measure as measuring
from gitmilestone.operations.scaling.measure import Sizes, Weighed, consider, find_switches, take_sizes, weigh
from gitmilestone.operations.scaling.status import ProjectStatus, get_status
from gitmilestone.query.query import Query
from gitmilestone.scale.metrics import ScaleMetrics
from tests.repositories import NOW, Clone

TIER = "config/tier.yaml"
SETTINGS = "config/project.yaml"
HEAD = "format: 1\n\nlayout: flat\n\n"
HOUR = 3600


def sizes_of(clone: Clone) -> Sizes:
    with clone.store() as store:
        files = store.files_at()
        return read_index(store, files, lambda index: take_sizes(store, files, index))


def weighed(clone: Clone, now: int | None = None, sessions: int = 0) -> Weighed:
    with clone.store() as store:
        files = store.files_at()
        sizes = read_index(store, files, lambda index: take_sizes(store, files, index))
        return weigh(store, files, sizes, int(time()) if now is None else now, sessions)


def look(clone: Clone, now: int) -> Weighed | None:
    with clone.store() as store:
        return consider(store, now)


def status(clone: Clone, now: int | None = None) -> ProjectStatus:
    with clone.store() as store:
        return get_status(store, NOW.date(), now=now)


def many(clone: Clone, count: int) -> None:
    names = [f"m{number}" for number in range(count)]
    operations = [Operation("upsert", {"id": name, "title": f"Do {name}"}, 1) for name in names]
    with clone.store() as store:
        commit_edit(store, apply_operations(operations, source="plan", now=NOW))


def switch(clone: Clone, before: str, after: str, score: str = "60") -> str:
    message = f"milestone: migrate tier {before} -> {after}\n\n"
    trailers = f"Milestone-Migration: tier {before} -> {after}\nMilestone-Score: {score}\n"
    clone.write({TIER: f"tier: {after}\n"}, message + trailers)
    return clone.head


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no Postgres is to be had, whatever is installed here."""
    monkeypatch.setattr(
        "gitmilestone.derived.postgres.server.connect.find_obstacle", lambda *_, **__: "no server is named"
    )


@pytest.fixture
def small(clone: Clone) -> Clone:
    """Settings under which two milestones want SQLite."""
    clone.write({SETTINGS: f"{HEAD}scale:\n  weights:\n    concurrent_users: 0\n  sqlite:\n    milestone_count: 2\n"})
    return clone


def test_nothing_is_no_size(clone: Clone) -> None:
    assert sizes_of(clone) == Sizes(0, 0, 0, 0)


def test_sizes_are_those_of_the_files(clone: Clone) -> None:
    clone.new("a", project="one", owner="ana")
    clone.new("b", project="Two", owner="ana", depends_on=["a"])
    clone.new("c", project="one", owner="ben", depends_on=["b"])
    clone.new("d", project="two", owner="Ben", depends_on=["a: relates"])
    clone.new("e", project="ONE", depends_on=["b"])
    clone.write({"active/f.yaml": "schema: 1\ntitle: T\nstatus: planned\nproject: six\ndepends_on:\n  - gone\n"})
    paths = sorted((clone.path / ".milestones/active").iterdir())
    volume = sum(path.stat().st_size for path in paths)
    assert sizes_of(clone) == Sizes(6, volume, 2, 2)  # projects one and two, ana and ben
    clone.complete("a")
    assert sizes_of(clone)[2:] == (2, 2)  # a chain is as long, closed or not
    clone.complete("b")
    assert sizes_of(clone)[2:] == (2, 0)  # but nobody waits any more


def test_edges_are_looked_at_once_a_tree(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.new("a")
    clone.new("b", depends_on=["a"])
    first = sizes_of(clone)
    with monkeypatch.context() as patch:
        patch.setattr(measuring, "_gather_edges", lambda index: pytest.fail("looked again"))
        assert sizes_of(clone) == first
        clone.git("commit", "-q", "--allow-empty", "-m", "something else")
        assert sizes_of(clone) == first
    clone.new("c", depends_on=["b"])
    assert sizes_of(clone).depth == 2


def test_edges_that_can_change_nothing_are_not_looked_at(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    gather = measuring._gather_edges
    monkeypatch.setattr(measuring, "_gather_edges", lambda index: seen.append(index) or gather(index))
    now = int(time())
    clone.new("a")
    look(clone, now)
    assert len(seen) == 1  # they could ask for SQLite
    many(clone, 60)
    look(clone, now + HOUR)
    assert len(seen) == 1  # it is wanted in any case, and there is nothing beyond it here
    made = look(clone, now + 3 * HOUR)
    assert made is not None
    assert made.decision.is_due
    assert len(seen) == 2  # the commit will tell the whole score


@pytest.mark.parametrize("content", ["", "1", "1 x y z", "2 tree 3 4", "\xff\0"])
def test_a_damaged_cache_is_no_cache(clone: Clone, content: str) -> None:
    clone.new("a")
    clone.new("b", depends_on=["a"])
    first = sizes_of(clone)
    (clone.git_dir / "milestone" / "edges").write_text(content, encoding="latin-1")
    assert sizes_of(clone) == first


def test_users_are_who_committed_milestones_lately(clone: Clone) -> None:
    people = {
        "GIT_AUTHOR_NAME": "Ben",
        "GIT_AUTHOR_EMAIL": "Ben@example.com",
        "GIT_COMMITTER_NAME": "Eve",
        "GIT_COMMITTER_EMAIL": "eve@example.com",
    }
    clone.new("a")
    Clone(clone.path, **people).new("b")
    Clone(clone.path, **(people | {"GIT_AUTHOR_EMAIL": "ben@example.com"})).new("c")
    clone.git("commit", "-q", "--allow-empty", "-m", "code", GIT_AUTHOR_EMAIL="other@example.com")
    assert weighed(clone).metrics.concurrent_users == 3
    assert weighed(clone, sessions=4).metrics.concurrent_users == 7
    assert weighed(clone, int(time()) + 20 * 86400).metrics.concurrent_users == 0
    clone.write({SETTINGS: f"{HEAD}scale:\n  measure:\n    user_days: 30\n"})
    assert weighed(clone, int(time()) + 20 * 86400).metrics.concurrent_users == 3


def test_the_load_is_that_of_the_operation_log(clone: Clone) -> None:
    folder = str(clone.git_dir / "milestone")
    for _ in range(10):
        record_query(folder, perf_counter() - 0.05, Query(), 1, "file")
    for _ in range(30):
        record_write(folder, perf_counter(), 1)
    metrics = weighed(clone, int(time()) + 1).metrics
    assert metrics.query_frequency == pytest.approx(2)
    assert metrics.write_operations_per_second == pytest.approx(0.1)
    assert metrics.average_query_ms == pytest.approx(50, abs=20)


def test_an_unborn_branch_and_a_bare_repository_are_measured(tmp_path: Path, git: Callable[..., str]) -> None:
    for place, *options in ((tmp_path / "unborn",), (tmp_path / "bare", "--bare")):
        git("init", "-q", *options, str(place))
        assert weighed(Clone(place)).metrics == ScaleMetrics()
        assert look(Clone(place), int(time())) is None


def test_a_switch_is_pending_until_the_delay_is_over(small: Clone) -> None:
    many(small, 2)
    now = int(time())
    first = look(small, now)
    assert first is not None
    assert (first.decision.target, first.decision.is_due, first.decision.until) == ("sqlite", False, now + HOUR)
    assert look(small, now + 299) is None
    second = look(small, now + HOUR)
    assert second is not None
    assert second.decision.is_due
    assert second.decision.since == now


def test_reading_begins_no_delay(small: Clone) -> None:
    many(small, 2)
    now = int(time())
    seen = status(small, now)
    assert (seen.decision.target, seen.is_noted) == ("sqlite", False)
    assert not (small.git_dir / "milestone" / "scale").exists()
    look(small, now)
    seen = status(small, now + 60)
    assert (seen.decision.since, seen.is_noted) == (now, True)


def test_what_is_not_wanted_any_more_is_not_pending(small: Clone) -> None:
    many(small, 2)
    now = int(time())
    look(small, now)
    small.delete("m0")
    made = look(small, now + HOUR)
    assert made is not None
    assert (made.decision.target, dict(made.decision.wishes)) == ("file", {})


@pytest.mark.parametrize("content", ["", "next", "next soon", "looked 99999999999\nnext 99999999999\n", "\xff\0\n1"])
def test_a_damaged_note_stops_nothing(small: Clone, content: str) -> None:
    many(small, 2)
    (small.git_dir / "milestone" / "scale").write_text(content, encoding="latin-1")
    assert look(small, int(time())) is not None


def test_where_nothing_can_be_noted_it_is_decided_all_the_same(small: Clone) -> None:
    many(small, 2)
    for name in ("scale", "edges"):
        place = small.git_dir / "milestone" / name
        place.unlink(missing_ok=True)
        place.mkdir()  # as unwritable as a read-only file system, for root too
        (place / "x").touch()
    made = look(small, int(time()))
    assert made is not None
    assert made.decision.target == "sqlite"


def test_switches_and_their_reverts_come_from_the_history(small: Clone) -> None:
    many(small, 2)
    first = switch(small, "file", "sqlite", "12.5")
    small.git("revert", "--no-edit", first)
    revert = small.head
    with small.store() as store:
        (found,) = find_switches(store)
    assert (found.oid, found.before, found.after, found.score) == (first, "file", "sqlite", 12.5)
    assert found.reverted_by == revert
    small.git("revert", "--no-edit", revert)
    second = switch(small, "sqlite", "file", "?")
    with small.store() as store:
        newest, oldest = find_switches(store)
    assert (newest.oid, newest.score) == (second, None)
    assert (oldest.oid, oldest.reverted_by) == (first, "")


def test_migrations_of_the_layout_are_no_switches(clone: Clone) -> None:
    clone.write({"active/a.yaml": None, "x": "y"}, "m\n\nMilestone-Migration: layout flat -> sharded\n")
    clone.write({"x": "z"}, "m\n\nMilestone-Migration: tier file -> cloud\n")
    with clone.store() as store:
        assert find_switches(store) == ()


def test_a_revert_by_hand_is_respected(small: Clone) -> None:
    many(small, 2)
    now = int(time())
    look(small, now)
    small.git("revert", "--no-edit", switch(small, "file", "sqlite"))
    made = look(small, now + HOUR)
    assert made is not None
    assert (made.decision.wanted, made.decision.target) == ("sqlite", "file")
    assert made.decision.held_by is not None
    many(small, 40)
    made = look(small, now + 2 * HOUR)
    assert made is not None
    assert made.decision.target == "sqlite"


def test_what_can_not_be_had_here_is_said(small: Clone) -> None:
    many(small, 120)
    made = weighed(small).decision
    assert (made.wanted, made.target) == ("postgresql", "sqlite")
    assert [obstacle.tier for obstacle in made.blocked_by] == ["postgresql"]


def test_the_status_tells_of_growth(clone: Clone) -> None:
    now = int(NOW.timestamp())
    for week in range(4):
        for number in range(3):
            created = f"2026-11-{1 + 7 * week - (week > 2):02d}T10:00:00Z"
            text = f"schema: 1\ntitle: T\nstatus: planned\ncreated: {created}\n"
            clone.write({f"active/w{week}-{number}.yaml": text})
    seen = status(clone, now)
    assert seen.prediction is not None
    assert (seen.prediction.after, seen.prediction.growth) == ("sqlite", 3)
    assert status(clone, now - 14 * 86400).prediction is None


def test_the_status_of_a_fresh_history(clone: Clone) -> None:
    many(clone, 60)
    assert status(clone).history.commit is None
    from gitmilestone.operations.asking.history import open_history

    with clone.store() as store, open_history(store):
        pass
    assert status(clone).history.is_fresh
    clone.new("another")
    assert not status(clone).history.is_fresh
    assert status(clone).analytics.bytes == 0
    (clone.git_dir / "milestone" / "analytics.duckdb").write_bytes(b"123")
    assert status(clone).analytics.bytes == 3
    assert os.path.basename(status(clone).analytics.path) == "analytics.duckdb"
