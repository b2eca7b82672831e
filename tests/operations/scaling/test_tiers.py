"""A tier changes by a commit, which git takes back like any other; what it holds is compared with the files first."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from time import perf_counter, time

import pytest

from gitmilestone.derived.database import IndexFile, read_index
from gitmilestone.derived.operation_log import record_query
from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.mirror import open_mirror
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import Server, get_server, own_server
from gitmilestone.errors import InvalidRequest, NotInitialised, Refused, UncommittedEdits
from gitmilestone.operations.asking.query import answer as query
from gitmilestone.operations.asking.query import iter_pages, statistics
from gitmilestone.operations.scaling import switch as tiers
from gitmilestone.operations.scaling.measure import find_switches
from gitmilestone.operations.scaling.switch import (
    TierSwitch,
    carry_out_now,
    follow,
    plan_switch,
    switch_tier,
)
from gitmilestone.query.query import Query
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.tiers import compare as comparing
from gitmilestone.tiers.table import get_tier, load_tier
from tests.repositories import Clone, run_git

TIER_FILE = "config/tier.yaml"
SETTINGS = "config/project.yaml"
HOUR = 3600
TODAY = date(2026, 11, 23)
SMALL = (
    "format: 1\n\nlayout: flat\n\nscale:\n  weights:\n    concurrent_users: 0\n"
    "  sqlite:\n    milestone_count: 2\n    concurrent_users: 1000\n"
)


class Heard:
    """Who is told what happens."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def track(self, label: str, total: int) -> Heard:
        return self

    def warn(self, text: str) -> None:
        self.texts.append(text)

    def advance(self, count: int = 1) -> None: ...

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *_: object) -> None: ...


def migrate(clone: Clone, target: str, options: WriteOptions = WriteOptions()) -> TierSwitch:
    with clone.store() as store:
        return switch_tier(store, target, options)


def tier(clone: Clone, revision: str = "HEAD") -> str:
    with clone.store() as store:
        return get_tier(store.files_at(revision)).name


def answer(clone: Clone) -> list[object]:
    with clone.store() as store:
        return list(read_index(store, store.files_at(), lambda index: index.rows(Query())))


def after_write(clone: Clone, now: int, heard: Heard | None = None) -> TierSwitch | None:
    with clone.store() as store:
        return follow(store, heard or Heard(), now)


@pytest.fixture
def small(clone: Clone) -> Clone:
    """A project whose settings want SQLite from two milestones on."""
    clone.write({SETTINGS: SMALL})
    clone.new("a")
    clone.new("b", depends_on=["a"])
    return clone


def test_a_switch_is_a_commit_that_says_what_was_compared(clone: Clone) -> None:
    clone.new("a", labels=["x"], description="Text.\n")
    clone.new("b", depends_on=["a"])
    before, rows = clone.head, answer(clone)
    switch = migrate(clone, "sqlite")
    assert (switch.before, switch.after, switch.commit) == ("file", "sqlite", clone.head)
    assert switch.compared is not None
    assert switch.compared.records == 2
    assert clone.git("log", "-1", "--format=%s") == "milestone: migrate tier file -> sqlite"
    assert clone.git("log", "-1", "--format=%(trailers:key=Milestone-Digest,valueonly)").strip() == (
        f"{switch.compared.digest} of 2"
    )
    assert clone.git("diff", "--name-only", "HEAD~1") == f".milestones/{TIER_FILE}"
    assert clone.git("rev-parse", switch.backup) == before
    assert (clone.git_dir / "milestone" / "index.sqlite").exists()
    assert answer(clone) == rows
    assert clone.status() == ""
    assert clone.locks() == []
    clone.fsck()


def test_the_same_milestones_have_the_same_digest(clone: Clone, tmp_path: Path) -> None:
    clone.new("a", labels=["x"])
    copy = Clone(tmp_path / "copy")
    clone.git("clone", "-q", str(clone.path), str(copy.path))
    one, other = migrate(clone, "sqlite").compared, migrate(copy, "sqlite").compared
    assert one == other
    copy.edit("a", owner="ana")
    migrate(copy, "file")
    assert migrate(copy, "sqlite").compared != one


def test_a_task_of_which_only_the_title_is_written_is_what_its_file_says(clone: Clone) -> None:
    text = "title: By hand\nstatus: planned\nschema: 1\ntasks:\n  one:\n    title: One\n"
    clone.write({"active/hand.yaml": text})
    switch = migrate(clone, "sqlite")
    assert switch.compared is not None
    assert (switch.compared.records, switch.compared.differing) == (1, ())
    with clone.store() as store:
        files = store.files_at()
        (read,) = read_index(store, files, lambda index: index.rows(Query()))
    assert read.milestone.tasks[0].weight == 1


def test_reverting_is_the_way_back_and_again(clone: Clone) -> None:
    clone.new("a")
    rows = answer(clone)
    migrate(clone, "sqlite")
    clone.git("revert", "--no-edit", "HEAD")
    assert tier(clone) == "file"
    assert answer(clone) == rows
    clone.git("revert", "--no-edit", "HEAD")
    assert tier(clone) == "sqlite"
    assert answer(clone) == rows
    assert migrate(clone, "file").commit == clone.head
    assert tier(clone) == "file"


def test_two_branches_that_migrated_join(clone: Clone) -> None:
    clone.new("a")
    main = clone.git("symbolic-ref", "--short", "HEAD")
    clone.git("switch", "-qc", "other")
    migrate(clone, "sqlite")
    clone.new("of-other")
    clone.git("switch", "-q", main)
    migrate(clone, "sqlite")
    clone.new("of-main")
    clone.git("merge", "-q", "--no-edit", "other")
    assert tier(clone) == "sqlite"
    assert clone.ids() == {"a", "of-other", "of-main"}
    clone.git("switch", "-qc", "third", "other~2")
    clone.new("of-third")
    clone.git("switch", "-q", main)
    clone.git("merge", "-q", "--no-edit", "third")
    assert tier(clone) == "sqlite"


def test_reverted_here_and_not_there(clone: Clone) -> None:
    clone.new("a")
    migrate(clone, "sqlite")
    main = clone.git("symbolic-ref", "--short", "HEAD")
    clone.git("switch", "-qc", "other")
    clone.new("of-other")
    clone.git("switch", "-q", main)
    clone.git("revert", "--no-edit", "HEAD")
    clone.git("merge", "-q", "--no-edit", "other")
    assert tier(clone) == "file"
    assert clone.ids() == {"a", "of-other"}


def test_the_revert_of_a_merge_takes_back_what_it_brought(clone: Clone) -> None:
    clone.write({SETTINGS: SMALL})
    clone.new("a")
    main = clone.git("symbolic-ref", "--short", "HEAD")
    clone.git("switch", "-qc", "other")
    clone.new("b")
    with clone.store() as store:
        switched = carry_out_now(store).commit
    clone.git("switch", "-q", main)
    clone.git("merge", "-q", "--no-ff", "--no-edit", "other")
    assert tier(clone) == "sqlite"
    clone.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert (tier(clone), clone.ids()) == ("file", {"a"})
    with clone.store() as store:
        (switch,) = find_switches(store)
    assert (switch.oid, switch.reverted_by) == (switched, clone.head)
    clone.new("b")
    now = int(time())
    assert after_write(clone, now) is None
    assert after_write(clone, now + 2 * HOUR) is None, "nobody asked for it again"
    clone.git("revert", "--no-edit", "HEAD", "HEAD~1")
    assert (tier(clone), clone.ids()) == ("sqlite", {"a", "b"})
    with clone.store() as store:
        assert [switch.reverted_by for switch in find_switches(store)] == [""]


def test_a_record_that_differs_stops_it(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.new("a")
    clone.new("b")
    build = comparing.compare

    def tamper(files: object, index: object, watch: object) -> object:
        index.connection.execute("UPDATE milestone SET title = 'Another' WHERE id = 'b'")  # type: ignore[attr-defined]
        return build(files, index, watch)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "compare", tamper)
    head = clone.head
    with pytest.raises(Refused, match="1 of 2 records are not what their files say: b"):
        migrate(clone, "sqlite")
    assert clone.head == head
    assert tier(clone) == "file"


def test_a_target_that_does_not_answer_is_taken_back(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.new("a")
    monkeypatch.setattr(tiers, "_find_fault", lambda *_: "The new tier does not answer: no.")
    switch = migrate(clone, "sqlite")
    assert switch.reverted == "The new tier does not answer: no."
    assert tier(clone) == "file"
    assert clone.git("log", "-1", "--format=%s") == 'Revert "milestone: migrate tier file -> sqlite"'
    with clone.store() as store:
        (found,) = find_switches(store)
    assert found.reverted_by == clone.head


def test_unreadable_files_and_second_ones_stand_for_nothing(clone: Clone) -> None:
    clone.new("a")
    clone.write({"active/bad.yaml": "title: [\n", "completed/a.yaml": clone.text("active/a.yaml") + "\n"})
    switch = migrate(clone, "sqlite")
    assert switch.compared is not None
    assert switch.compared.records == 1


@pytest.mark.parametrize("target", ["postgresql", "distributed"])
def test_what_cannot_be_had_is_refused(clone: Clone, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(load_tier(target)), "find_obstacle", lambda *_, **__: "there is no server")
    clone.new("a")
    head = clone.head
    with pytest.raises(Refused, match="there is no server"):
        migrate(clone, target)
    with clone.store() as store:
        assert plan_switch(store, target).obstacle == "there is no server"
    assert clone.head == head


def test_what_is_no_tier_is_refused(clone: Clone) -> None:
    with pytest.raises(InvalidRequest, match="no tier"):
        migrate(clone, "cloud")


def test_a_project_that_is_none_is_refused(tmp_path: Path) -> None:
    run_git("init", "-q", str(tmp_path / "none"))
    with pytest.raises(NotInitialised):
        migrate(Clone(tmp_path / "none"), "sqlite")


def test_nothing_to_do_does_nothing(clone: Clone) -> None:
    head = clone.head
    assert migrate(clone, "file") == TierSwitch("file", "file")
    assert clone.head == head


def test_an_unfinished_edit_of_the_tier_is_left(clone: Clone) -> None:
    clone.new("a")
    (clone.path / ".milestones" / TIER_FILE).write_text("tier: distributed\n")
    with pytest.raises(UncommittedEdits):
        migrate(clone, "sqlite")
    assert (clone.path / ".milestones" / TIER_FILE).read_text() == "tier: distributed\n"


def test_staged_is_staged(clone: Clone) -> None:
    clone.new("a")
    head = clone.head
    assert migrate(clone, "sqlite", WriteOptions(stage_only=True)).commit is None
    assert clone.head == head
    assert clone.git("diff", "--cached", "--name-only") == f".milestones/{TIER_FILE}"


def test_five_backups_are_kept(clone: Clone) -> None:
    clone.new("a")
    for _ in range(4):
        migrate(clone, "sqlite")
        migrate(clone, "file")
        clone.git("for-each-ref", "refs/milestone/backup")
    assert len(clone.git("for-each-ref", "refs/milestone/backup").splitlines()) <= 5


def test_it_happens_by_itself_once_it_has_held(small: Clone) -> None:
    now = int(time())
    heard = Heard()
    assert after_write(small, now, heard) is None
    assert after_write(small, now + HOUR - 1, heard) is None
    assert tier(small) == "file"
    switch = after_write(small, now + HOUR + 301, heard)
    assert switch is not None
    assert (switch.after, switch.commit) == ("sqlite", small.head)
    assert "git revert" in heard.texts[-1]
    assert small.git("log", "-1", "--format=%b").startswith("milestone_count is 2, and the limit 2.")
    assert after_write(small, now + 2 * HOUR) is None


def test_who_takes_it_back_is_not_asked_again_until_it_has_grown(small: Clone) -> None:
    now = int(time())
    after_write(small, now)
    assert after_write(small, now + 2 * HOUR)
    small.git("revert", "--no-edit", "HEAD")
    for hours in (3, 5, 24, 48):
        assert after_write(small, now + hours * HOUR) is None
    small.new("c")
    small.new("d", depends_on=["c"])
    small.new("e", depends_on=["d"])
    after_write(small, now + 49 * HOUR)
    assert after_write(small, now + 51 * HOUR)
    assert tier(small) == "sqlite"


@pytest.mark.parametrize(("value", "told"), [("off", False), ("00", False), ("suggest", True)])
def test_it_can_be_left_to_people(small: Clone, value: str, told: bool) -> None:
    small.git("config", "milestone.autoMigrate", value)
    now, heard = int(time()), Heard()
    after_write(small, now, heard)
    assert after_write(small, now + 2 * HOUR, heard) is None
    assert tier(small) == "file"
    assert any("git milestone migrate sqlite" in text for text in heard.texts) == told


def test_a_misspelt_wish_changes_nothing(small: Clone) -> None:
    small.git("config", "milestone.autoMigrate", "sugest")
    now, heard = int(time()), Heard()
    after_write(small, now, heard)
    assert after_write(small, now + 2 * HOUR, heard) is None
    assert tier(small) == "file"
    assert any("'sugest' is none of" in text for text in heard.texts)


def test_now_does_not_wait(small: Clone) -> None:
    with small.store() as store:
        assert carry_out_now(store).after == "sqlite"
        assert carry_out_now(store).commit is None
    assert tier(small) == "sqlite"


def test_slow_queries_take_a_switch_back(small: Clone) -> None:
    small.write({SETTINGS: SMALL + "  migrate:\n    rollback_threshold: 0\n"})
    migrate(small, "sqlite")
    folder = str(small.git_dir / "milestone")
    for _ in range(30):
        record_query(folder, perf_counter() - 0.01, Query(), 1, "sqlite")
    switch = after_write(small, int(time()) + 1)
    assert switch is not None
    assert "rollback_threshold of 0 ms" in switch.reverted
    assert tier(small) == "file"
    assert "rollback_threshold" in small.git("log", "-1", "--format=%b")


def test_a_fault_on_the_way_fails_nobodys_write(small: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Refused("no room", "")

    monkeypatch.setattr(tiers, "switch_tier", fail)
    now, heard = int(time()), Heard()
    after_write(small, now, heard)
    assert after_write(small, now + 2 * HOUR, heard) is None
    assert "no room" in heard.texts[-1]


def in_mirror(store: Store, revision: str = "HEAD") -> list[object]:
    files = store.files_at(revision)
    mirror = open_mirror(get_server(store), repository_name(store), files.tree or "")
    assert mirror is not None
    with mirror:
        return list(mirror.rows(Query()))


def test_a_mirror_is_a_tier_like_another(clone: Clone, mirror_server: Server) -> None:
    clone.git("config", "milestone.postgres.dsn", mirror_server.conninfo)
    clone.new("a", labels=["x"], title="Ship it")
    clone.new("b", depends_on=["a"])
    switch = migrate(clone, "postgresql")
    assert (switch.before, switch.after, switch.reverted) == ("file", "postgresql", "")
    assert switch.compared is not None
    assert switch.compared.records == 2
    assert tier(clone) == "postgresql"
    clone.new("c")
    with clone.store() as store:
        get_tier(store.files_at()).follow(store)
        assert in_mirror(store) == answer(clone)
        assert "up to date" in get_tier(store.files_at()).describe(store)
    clone.git("revert", "--no-edit", "HEAD~1")
    assert tier(clone) == "file"
    clone.new("d")
    with clone.store() as store:
        get_tier(store.files_at()).follow(store)
        assert "behind HEAD" in load_tier("postgresql").describe(store)
        assert [row.milestone.id for row in read_index(store, store.files_at(), lambda index: index.rows(Query()))] == [
            *("a", "b", "c", "d")
        ]


@pytest.mark.skipif(find_binaries() is None, reason="there is no Postgres to start")
def test_a_server_of_our_own_goes_with_the_tier(clone: Clone) -> None:
    for name in ("a", "b"):
        clone.new(name)
    with clone.store() as store:
        own = own_server(store)
        step = plan_switch(store, "postgresql")
        assert (step.obstacle, own.home in step.where) == ("", True)
        assert not os.path.exists(own.home)
    rows = answer(clone)
    switch = migrate(clone, "postgresql")
    assert (switch.after, switch.reverted, own.pid > 0) == ("postgresql", "", True)
    switch = migrate(clone, "file")
    assert (switch.after, switch.reverted) == ("file", "")
    assert not os.path.exists(own.home)
    assert answer(clone) == rows


def test_each_step_is_told(clone: Clone) -> None:
    clone.new("a")
    told: list[str] = []

    class Listing(Heard):
        def track(self, label: str, total: int) -> Heard:
            told.append(label)
            return self

    with clone.store() as store:
        switch_tier(store, "sqlite", watch=Listing())
    titles = [label for label in told if label.count(":") == 0]
    assert [title.partition(" ")[0] for title in titles] == [f"[{number}/7]" for number in range(1, 8)]
    assert "[4/7] copy and compare: Comparing" in told


def test_a_server_that_is_not_there_is_told_before_anything_is_done(clone: Clone, tmp_path: Path) -> None:
    clone.new("a")
    clone.git("config", "milestone.postgres.dsn", f"host={tmp_path} dbname=none password=secret-word")
    with clone.store() as store:
        step = plan_switch(store, "postgresql")
    assert step.where == f"{tmp_path}/none"
    assert "No such file" in step.obstacle
    assert "secret-word" not in repr(step)


def test_a_new_clone_is_answered_by_the_mirror(
    clone: Clone, mirror_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmilestone.snapshot.answer.LARGE", 2)
    clone.git("config", "milestone.postgres.dsn", mirror_server.conninfo)
    clone.git("config", "milestone.postgres.repository", "plans")
    for name in ("a", "b", "c"):
        clone.new(name, depends_on=["a"] if name == "b" else [])
    migrate(clone, "postgresql")
    run_git("clone", "-q", str(clone.path), str(tmp_path / "again"))
    other = Clone(tmp_path / "again")
    for name, value in (("dsn", mirror_server.conninfo), ("repository", "plans")):
        other.git("config", f"milestone.postgres.{name}", value)
    with clone.store() as here, other.store() as there:
        expected = query(here, here.files_at(), Query(limit=2))
        assert query(there, there.files_at(), Query(limit=2)) == expected
        assert list(iter_pages(there, there.files_at(), Query())) == list(iter_pages(here, here.files_at(), Query()))
        assert statistics(there, there.files_at(), TODAY) == statistics(here, here.files_at(), TODAY)
        assert not IndexFile(there.repository.state_dir).exists
        heard = Heard()
        other.git("config", "milestone.postgres.dsn", f"host={tmp_path} dbname=none")
    with other.store() as there:
        assert query(there, there.files_at(), Query(limit=2), watch=heard) == expected
        assert len(heard.texts) == 1
        assert "the index is built instead" in heard.texts[0]


def test_row_48_a_mirror_that_is_away_fails_nobody(clone: Clone, mirror_server: Server, tmp_path: Path) -> None:
    clone.git("config", "milestone.postgres.dsn", mirror_server.conninfo)
    clone.new("a")
    migrate(clone, "postgresql")
    clone.git("config", "milestone.postgres.dsn", f"host={tmp_path} dbname=none password=secret-word")
    heard = Heard()
    with clone.store() as store:
        get_tier(store.files_at()).follow(store, heard)
        assert len(heard.texts) == 1
        assert "the mirror stays as it was" in heard.texts[0]
        assert "secret-word" not in heard.texts[0]
        assert get_tier(store.files_at()).describe(store).startswith("Mirror: away")
    assert len(answer(clone)) == 1


def test_a_mirror_whose_record_differs_is_no_tier(
    clone: Clone, mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.git("config", "milestone.postgres.dsn", mirror_server.conninfo)
    clone.new("a")
    build = catch_up_mirror

    def tamper(*args: object, **kwargs: object) -> object:
        stamp = build(*args, **kwargs)  # type: ignore[arg-type]
        with mirror_server.connect() as link:
            link.connection.execute("UPDATE milestone.milestone SET title = 'Another'")
        return stamp

    monkeypatch.setattr("gitmilestone.derived.postgres.catch_up.catch_up_mirror", tamper)
    head = clone.head
    with pytest.raises(Refused, match="not what their files say: a"):
        migrate(clone, "postgresql")
    assert clone.head == head
