"""The mirror as a tier: when it answers, when it is brought along, and what is said where it can't be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gitmilestone.derived.engine import Engine
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server, own_server
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.errors import MilestoneError, Refused
from gitmilestone.query.query import Query
from gitmilestone.tiers import absence, sqlite
from gitmilestone.tiers.postgresql import TIER
from gitmilestone.tiers.tier import Site
from tests.derived.states import Told
from tests.repositories import Clone


def ids(engine: Engine) -> list[str]:
    return [row.milestone.id for row in engine.rows(Query())]


@pytest.fixture
def named(clone: Clone, mirror_server: Server) -> Clone:
    """A project whose configuration names a server with an empty mirror."""
    clone.git("config", DSN_KEY, mirror_server.conninfo)
    clone.new("a")
    return clone


def test_what_it_is(clone: Clone) -> None:
    assert (TIER.name, TIER.is_shared) == ("postgresql", True)
    with clone.store() as store:
        assert own_server(store).pid == 0
        assert TIER.would_start(store)
    clone.git("config", DSN_KEY, f"host={clone.path}")
    with clone.store() as store:
        assert TIER.find_obstacle(store, is_asked=False) == ""
        assert not TIER.would_start(store)


def test_only_who_asks_takes_what_the_environment_names(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitmilestone.derived.postgres.server.connect.has_wheel", lambda: False)
    with Clone(clone.path, PGHOST="somewhere").store() as store:
        assert TIER.find_obstacle(store, is_asked=True) == ""
        assert "no server is named" in TIER.find_obstacle(store, is_asked=False)


def test_where_it_would_be(clone: Clone, named: Clone, tmp_path: Path) -> None:
    with named.store() as store:
        site = TIER.try_site(store)
        assert site.obstacle == ""
        assert "test_" in site.where
        TIER.prepare(store)
    clone.git("config", DSN_KEY, f"host={tmp_path} dbname=none")
    with clone.store() as store:
        site = TIER.try_site(store)
        assert site.where == f"{tmp_path}/none"
        assert site.obstacle.startswith(f"the mirror at {tmp_path}/none: ")
        assert absence.find_pause(store) is not None, "and it is known to be away"
        with pytest.raises(MirrorUnavailable):
            TIER.prepare(store)
    clone.git("config", DSN_KEY, "no string")
    with clone.store() as store:
        assert TIER.try_site(store) == Site("", f"{DSN_KEY} is no connection string")
    clone.git("config", "--unset", DSN_KEY)
    with clone.store() as store:
        assert TIER.try_site(store) == Site(f"the embedded server ({own_server(store).home})", "")
        assert own_server(store).pid == 0, "nothing was started"


def test_it_is_built_compared_and_asked(named: Clone) -> None:
    with named.store() as store:
        files = store.files_at()
        assert TIER.open(store, files) is None
        compared = TIER.build(store, files)
        assert compared is not None
        assert (compared.records, compared.differing) == (1, ())
        index = sqlite.TIER.open(store, files)
        assert index is not None, "from which the mirror is filled"
        index.close()
        opened = TIER.open(store, files)
        assert opened is not None
        with opened:
            assert (opened.tier, ids(opened)) == ("postgresql", ["a"])
        assert TIER.ask(store, files, lambda engine: engine.tier) == "postgresql"


def test_who_asks_about_an_older_state_is_told_that_the_branch_moved(named: Clone) -> None:
    with named.store() as store:
        files = store.files_at()
        named.new("b")
        with pytest.raises(Refused, match="the branch moved while the mirror was brought up to date") as fault:
            TIER.ask(store, files, ids)
        assert fault.value.hint == "try again"
        assert TIER.ask(store, store.files_at(), ids) == ["a", "b"]


def test_it_says_how_far_it_is(named: Clone) -> None:
    with named.store() as store:
        where = TIER.try_site(store).where
        assert TIER.describe(store) == f"Mirror: behind HEAD at {where}, until the next write"
        TIER.follow(store)
        assert TIER.describe(store) == f"Mirror: up to date at {where}, 1 milestones"


def test_what_can_not_be_had_is_told(clone: Clone) -> None:
    """A string that is none is nobody's being away: it is told each time, for as long as it stands."""
    clone.git("config", DSN_KEY, "no string")
    told = Told()
    with clone.store() as store:
        assert TIER.describe(store) == f"Mirror: away ({DSN_KEY} is no connection string); the index answers"
        assert TIER.open(store, store.files_at(), told) is None
        TIER.follow(store, told)
        TIER.follow(store, told)
        with pytest.raises(MilestoneError):
            TIER.would_start(store)
    said = (
        f"warning: the mirror stays as it was: {DSN_KEY} is no connection string; the next write brings it up to date"
    )
    assert told.warnings == [f"warning: {DSN_KEY} is no connection string; the index is built instead", said, said]


def test_one_that_is_away_is_asked_once(clone: Clone, tmp_path: Path) -> None:
    clone.git("config", DSN_KEY, f"host={tmp_path} dbname=none")
    told = Told()
    with clone.store() as store:
        assert TIER.open(store, store.files_at(), told) is None
        assert TIER.open(store, store.files_at(), told) is None
        TIER.follow(store, told)
        assert len(told.warnings) == 1, "then it is left alone"
        assert "Mirror: away since" in TIER.describe(store)
        for seconds, said in ((30, "1 min"), (119, "4 min"), (1800, "60 min")):
            now = int(time.time())
            absence.forget_absence(store)
            store.write_state("mirror-away", f"{absence._name(store)} {now - 9} {now - 1} {seconds}\nno\n")
            TIER.follow(store, told)
            assert f"; a write in {said} or later brings it up to date" in told.warnings[-1]


def test_a_server_of_ours_that_does_not_run_is_not_asked(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Embedded, "start", lambda _: pytest.fail("it would be started"))
    with clone.store() as store:
        assert TIER.open(store, store.files_at()) is None


def test_only_what_is_not_used_for_long_is_dropped(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[float] = []
    monkeypatch.setattr(Embedded, "unused_seconds", 100.0)
    monkeypatch.setattr(Embedded, "remove", lambda own: removed.append(own.unused_seconds))
    with clone.store() as store:
        TIER.drop(store, 100.5)
        assert removed == []
        TIER.drop(store, 100)
        TIER.drop(store)
    assert removed == [100, 100]


def test_a_note_that_can_not_be_kept_stops_nothing(clone: Clone) -> None:
    """A file system that is full, or read-only, or has something else in its place: then each asks again."""
    clone.git("config", DSN_KEY, f"host={clone.path} dbname=none")

    def fail() -> None:
        raise MirrorUnavailable("no", "")

    with clone.store() as store:
        (Path(store.repository.state_dir) / "mirror-away").mkdir(parents=True)
        for _ in range(2):
            with pytest.raises(MirrorUnavailable, match="no"):
                absence.ask_unless_away(store, fail)
        assert absence.ask_unless_away(store, lambda: 7) == 7
        assert absence.find_absence(store, int(time.time())) is None


def test_who_answers_again_is_away_no_more(clone: Clone) -> None:
    now = int(time.time())
    with clone.store() as store:
        absence.note_absence(store, " it is\n gone ", now)
        with pytest.raises(MirrorUnavailable, match=r"^it is gone$") as fault:
            absence.ask_unless_away(store, lambda: pytest.fail("it is left alone"))
        assert "says when it is asked again" in fault.value.hint
        assert absence.ask_at_once(store, lambda: 7) == 7
        assert absence.find_absence(store, now) is None
        assert absence.ask_unless_away(store, lambda: 8) == 8


def test_other_errors_say_nothing_of_the_server(clone: Clone) -> None:
    def fail() -> None:
        raise Refused("another", "")

    with clone.store() as store:
        with pytest.raises(Refused, match="another"):
            absence.ask_at_once(store, fail)
        assert absence.find_absence(store, int(time.time())) is None
