"""A mirror that is away is told once, and asked again after a while that grows; who asks for it asks at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.errors import MilestoneError
from gitmilestone.operations.asking.everywhere import Everywhere
from gitmilestone.operations.scaling.switch import plan_switch, switch_tier
from gitmilestone.tiers import absence
from gitmilestone.tiers.table import get_tier
from tests.derived.mirrors import assert_right
from tests.derived.states import Told
from tests.repositories import Clone

START = 1_795_000_000


class Clock:
    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return float(self.now)


class Deaf:
    """A server that takes connections and says nothing: the dearest kind of being away."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = f"host=127.0.0.1 port={self.listener.getsockname()[1]} password=hunter2 connect_timeout=2"

    def count(self) -> int:
        """How many have come since the last time."""
        self.listener.settimeout(0.05)
        found = 0
        try:
            while True:
                self.listener.accept()[0].close()
                found += 1
        except TimeoutError:
            return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(absence, "time", SimpleNamespace(time=found.time))
    return found


@pytest.fixture
def mirrored(clone: Clone, mirror_server: Server) -> Clone:
    clone.git("config", DSN_KEY, mirror_server.conninfo)
    clone.new("a")
    with clone.store() as store:
        switch_tier(store, "postgresql")
    return clone


@contextmanager
def away(clone: Clone) -> Iterator[Deaf]:
    deaf = Deaf()
    before = clone.git("config", DSN_KEY)
    clone.git("config", DSN_KEY, deaf.dsn)
    try:
        yield deaf
    finally:
        deaf.listener.close()
        clone.git("config", DSN_KEY, before)


def follow(clone: Clone) -> list[str]:
    told = Told()
    with clone.store() as store:
        get_tier(store.files_at()).follow(store, told)
    return told.warnings


def describe(clone: Clone) -> str:
    with clone.store() as store:
        return get_tier(store.files_at()).describe(store)


def test_only_the_first_write_waits_and_tells(mirrored: Clone, clock: Clock) -> None:
    with away(mirrored) as deaf:
        (warning,) = follow(mirrored)
        assert "the mirror stays as it was" in warning
        assert "a write in 30 s or later brings it up to date" in warning
        assert deaf.count() == 1
        assert follow(mirrored) == []
        said = describe(mirrored)
        assert said.startswith("Mirror: away since 2026-11-18 11:06:40 UTC (the mirror at 127.0.0.1: ")
        assert said.endswith("), asked again from 11:07:10 UTC on; the index answers")
        assert "hunter2" not in said + warning
        assert deaf.count() == 0
        clock.now += 30
        assert len(follow(mirrored)) == 1
        assert deaf.count() == 1


def test_the_pause_grows_up_to_an_hour_and_since_stays(mirrored: Clone, clock: Clock) -> None:
    with mirrored.store() as store:
        pauses = []
        for _ in range(9):
            found = absence.note_absence(store, "no", clock.now)
            pauses.append(found.pause)
            assert (found.since, found.until) == (START, clock.now + found.pause)
            assert absence.find_pause(store) == found
            clock.now = found.until
            assert absence.find_pause(store) is None
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_status_asks_when_it_is_time(mirrored: Clone, clock: Clock) -> None:
    with away(mirrored) as deaf:
        describe(mirrored)
        assert deaf.count() == 1
        clock.now += 31
        assert "since 2026-11-18 11:06:40" in describe(mirrored)
        assert deaf.count() == 1


def test_who_asks_for_the_mirror_asks_at_once(mirrored: Clone, mirror_server: Server, clock: Clock) -> None:
    with away(mirrored) as deaf:
        follow(mirrored)
        with mirrored.store() as store:
            assert plan_switch(store, "postgresql").obstacle
            with pytest.raises(MilestoneError):
                Everywhere(store, store.files_at())
        assert deaf.count() == 3


def test_a_server_that_is_back_is_brought_along(mirrored: Clone, mirror_server: Server, clock: Clock) -> None:
    with mirrored.store() as store:
        absence.note_absence(store, "no", clock.now)
    mirrored.new("b")
    assert follow(mirrored) == []
    assert "away since" in describe(mirrored)
    with mirrored.store() as store:
        plan_switch(store, "postgresql")
    assert "behind HEAD" in describe(mirrored)
    assert follow(mirrored) == []
    assert "up to date" in describe(mirrored)
    with mirrored.store() as store:
        assert_right(mirror_server, store)


def test_asking_for_the_tier_again_brings_it_along(mirrored: Clone, mirror_server: Server, clock: Clock) -> None:
    head = mirrored.head
    with mirrored.store() as store:
        absence.note_absence(store, "no", clock.now)
    mirrored.write({"active/b.yaml": "schema: 1\n\ntitle: B\n\nstatus: planned\n"})
    with mirrored.store() as store:
        assert switch_tier(store, "postgresql").commit is None
        assert_right(mirror_server, store)
    assert mirrored.git("rev-parse", "HEAD~1") == head
    with away(mirrored), mirrored.store() as store:
        told = Told()
        assert switch_tier(store, "postgresql", watch=told).commit is None
        (warning,) = told.warnings
        assert "postgresql can't be had here" in warning


def test_another_server_is_asked_at_once(mirrored: Clone, mirror_server: Server, clock: Clock) -> None:
    with away(mirrored):
        follow(mirrored)
    assert "up to date" in describe(mirrored)


@pytest.mark.parametrize("text", ["", "x", "a 1 2 3\n", "\0", f"0 {START} {START} x", "0 ² ² ²"])
def test_a_note_that_is_none_of_ours_says_nothing(mirrored: Clone, clock: Clock, text: str) -> None:
    with mirrored.store() as store:
        store.write_state("mirror-away", text)
        assert absence.find_absence(store, clock.now) is None


@pytest.mark.parametrize("seconds", [60, 7200])
def test_a_clock_that_was_set_back_stops_nothing(mirrored: Clone, clock: Clock, seconds: int) -> None:
    with mirrored.store() as store:
        absence.note_absence(store, "no", clock.now)
        clock.now -= seconds
        assert absence.find_pause(store) is None
        store.write_state("mirror-away", f"{absence._name(store)} {START - 7200} {START + 3600} 3600\nno\n")
        assert absence.find_pause(store) is None
