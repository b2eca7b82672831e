"""What `archive` moves, from where, and what it leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gitmilestone.changes.commit import rehearse
from gitmilestone.errors import Refused
from gitmilestone.model.layout import path_in
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.editing.archive import Archived, archive
from gitmilestone.operations.editing.milestones import transition
from gitmilestone.query.parse import parse
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone

DAY = 86400
BEGAN = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())


def close(clone: Clone, name: str, day: int, verb: str = "complete") -> None:
    when = WriteOptions(when=datetime.fromtimestamp(BEGAN + day * DAY, UTC))
    with clone.store() as store:
        carry_out(store, transition(verb, [name]), when)  # type: ignore[arg-type]  # one of its verbs


def run(clone: Clone, day: int, query: str | None = None, *, anywhere: bool = False) -> Archived:
    asked = None if query is None else parse(query, today=date(2027, 1, 1))
    with clone.store() as store:
        edit = archive(store, asked, BEGAN + day * DAY, on_any_branch=anywhere)
        return carry_out(store, edit).outcome


@pytest.fixture
def closed(clone: Clone) -> Clone:
    """`a` is closed on day 0, `b` cancelled on day 10, `c` open."""
    early = WriteOptions(when=datetime.fromtimestamp(BEGAN - DAY, UTC))
    for name in "abc":
        clone.new(name, early)
    close(clone, "a", 0)
    close(clone, "b", 10, "cancel")
    return clone


def test_a_commit_of_pure_renames_of_what_has_been_closed_for_long(closed: Clone) -> None:
    assert run(closed, 29) == ((), 2, 30)
    head = closed.head
    assert run(closed, 30) == (("a",), 1, 30)
    assert closed.git("rev-parse", "HEAD^") == head
    moved = "R100\t.milestones/active/a.yaml\t.milestones/completed/a.yaml"
    assert closed.git("show", "--format=%s", "--name-status", "HEAD") == f"milestone: archive a\n\n{moved}"
    assert closed.status() == ""
    assert run(closed, 40) == (("b",), 0, 30)
    assert run(closed, 400) == ((), 0, 30)
    with closed.store() as store:
        assert check(store.files_at()).problems == ()


def test_since_when_is_told_by_the_last_time_it_was_closed(closed: Clone) -> None:
    close(closed, "a", 20, "reopen")
    close(closed, "a", 25)
    assert run(closed, 41).ids == ("b",)
    assert run(closed, 55).ids == ("a",)


def test_an_edit_of_a_closed_one_does_not_make_it_younger(closed: Clone) -> None:
    closed.edit("a", WriteOptions(when=datetime.fromtimestamp(BEGAN + 29 * DAY, UTC)), owner="bo")
    assert run(closed, 30).ids == ("a",)


def test_the_project_says_how_long(closed: Clone) -> None:
    closed.write({"config/project.yaml": "format: 1\n\nlayout: flat\n\narchive:\n  after_days: 5\n"})
    assert run(closed, 6) == (("a",), 1, 5)


def test_a_query_selects_closed_ones_of_whatever_age(closed: Clone) -> None:
    assert run(closed, 10, "status:cancelled,planned").ids == ("b",)
    assert run(closed, 10, "").ids == ("a",)


def test_a_rehearsal_moves_nothing(closed: Clone) -> None:
    head = closed.head
    with closed.store() as store:
        assert rehearse(store, archive(store, None, BEGAN + 30 * DAY)).outcome.ids == ("a",)
    assert (closed.head, closed.status()) == (head, "")


def test_in_every_layout_the_rest_of_the_path_stays(closed: Clone) -> None:
    shard = path_in("active", "d", "sharded")
    closed.write({shard: "schema: 1\ntitle: D\nstatus: completed\n"})
    run(closed, 0, "id:d")
    assert closed.text(path_in("completed", "d", "sharded")).startswith("schema: 1")
    assert closed.git("ls-files", f".milestones/{shard}") == ""


def test_only_on_the_default_branch(closed: Clone) -> None:
    closed.git("switch", "-qc", "side")
    with pytest.raises(Refused, match="the default branch, main, and this is side"):
        run(closed, 30)
    assert run(closed, 30, anywhere=True).ids == ("a",)
    closed.git("update-ref", "refs/remotes/origin/side", "HEAD")
    closed.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/side")
    assert run(closed, 40).ids == ("b",)
    closed.git("switch", "-q", "main")
    with pytest.raises(Refused, match="the default branch, side"):
        run(closed, 30)


def test_a_taken_path_is_refused(closed: Clone) -> None:
    """The second file of an id, which one branch archived and another kept."""
    closed.write({"completed/a.yaml": "title: [\n"})
    head = closed.head
    with pytest.raises(Refused):
        run(closed, 30)
    assert closed.head == head


@pytest.mark.parametrize("verb", ["reopen", "apply"])
def test_what_is_reopened_leaves_the_archive_in_the_same_commit(closed: Clone, verb: str) -> None:
    run(closed, 30)
    if verb == "reopen":
        close(closed, "a", 31, "reopen")
    else:
        closed.edit("a", status="in_progress")
    names = closed.git("show", "--format=", "--name-status", "--no-renames", "HEAD").split("\n")
    assert names == ["A\t.milestones/active/a.yaml", "D\t.milestones/completed/a.yaml"]
    assert closed.git("show", "--format=", "--numstat", "HEAD").startswith("1\t1\t")


def test_a_reopened_one_gets_the_edits_of_the_other_branch(closed: Clone) -> None:
    """Also where a new one that is alike comes along: git, without our driver, looks for the same name first."""
    run(closed, 30)
    closed.git("switch", "-qc", "side")
    closed.edit("a", owner="ana", due="2027-03-01")
    closed.git("switch", "-q", "main")
    close(closed, "a", 31, "reopen")
    closed.new("export", title="Do a")
    closed.git("merge", "-q", "--no-edit", "side")
    assert "owner: ana" in closed.text("active/a.yaml")
    assert "owner: ana" not in closed.text("active/export.yaml")
    assert closed.ids() == {"a", "b", "c", "export"}
