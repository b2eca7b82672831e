"""What a branch would do to the milestones of its target."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitmilestone.changes.commit import commit_edit
from gitmilestone.derived.database import read_index
from gitmilestone.errors import EnvironmentFault, UnknownRevision
from gitmilestone.model.link import Link
from gitmilestone.operations.checking.review import Review, review
from gitmilestone.operations.editing.milestones import transition
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.store.installing.drivers import install_drivers
from tests.repositories import Clone


def look(clone: Clone, text: str = "main..feature") -> Review:
    with clone.store() as store:
        return review(store, text)


def chains(found: Review) -> list[tuple[str, int, int, tuple[str, ...]]]:
    return [(one.id, one.days, one.days_before, one.chain) for one in found.pushed]


@pytest.fixture
def planned(clone: Clone) -> Clone:
    """store <- login <- ship, with days between them, and a branch that is checked out."""
    clone.new("store", due="2027-01-10", owner="ana", project="core", tasks=["Tables"], estimate="5d")
    clone.new("login", depends_on=["store"])
    clone.new("ship", due="2027-01-20", depends_on=["login"])
    clone.new("docs", due="2027-01-15", depends_on=["ship:relates"])
    clone.git("switch", "-qc", "feature")
    return clone


def test_nothing_has_changed(planned: Clone) -> None:
    found = look(planned)
    assert found == Review(found.target, found.head, found.base, text_conflicts=(), titles={})
    assert found.target == found.head == found.base == planned.head


def test_each_kind_of_change_is_told_once(planned: Clone) -> None:
    planned.edit("store", due="2027-01-27", start="2027-01-05", project="auth", owner="bo", estimate="8d", labels=["x"])
    planned.edit("store", tasks={"a": {"title": "New"}, "b": {"title": "Old", "status": "completed"}})
    planned.new("extra", depends_on=["ship"])
    planned.complete("docs")
    with planned.store() as store:
        commit_edit(store, transition("block", ["login"]))
    planned.edit("ship", depends_on=["login:relates"], title="Ship it")
    found = look(planned)
    assert [one.id for one in found.added] == ["extra"]
    assert found.removed == ()
    assert [(move.id, move.kind, move.waiting) for move in found.statuses] == [
        ("docs", "completed", ()),
        ("login", "blocked", ()),
    ]
    assert [(move.id, move.field, move.days) for move in found.dates] == [("store", "due", 17), ("store", "start", 0)]
    (scope,) = found.scope
    assert [(field.field, field.old, field.new) for field in scope.fields if "tasks" not in field.field] == [
        ("project", "core", "auth"),
        ("estimate", 5, 8),
    ]
    assert sorted(field.new or field.old for field in scope.fields if "tasks" in field.field) == [
        "New",
        "Old",
        "Tables",
    ]
    assert [(one.id, one.fields[0].old, one.fields[0].new) for one in found.owners] == [("store", "ana", "bo")]
    assert [(one.id, one.fields[0].field) for one in found.others] == [("ship", "title"), ("store", "labels")]
    assert found.made == (Link("extra", "ship", "blocks"), Link("ship", "login", "relates"))
    assert found.broken == (Link("ship", "login", "blocks"),)
    assert found.pushed == ()
    assert (found.cycles, found.conflicts, found.text_conflicts, found.problems) == ((), (), (), ())


def test_progress_is_not_scope(planned: Clone) -> None:
    planned.edit("store", tasks={"a": {"title": "A"}, "a.status": {"title": "B"}})
    planned.git("switch", "-qc", "next")
    planned.edit("store", tasks={"a": {"title": "A", "status": "completed", "completed": "2027-01-01T00:00:00Z"}})
    found = look(planned, "feature..next")
    assert [[field.field for field in one.fields] for one in found.progress] == [
        ["tasks.a.status", "tasks.a.completed"]
    ]
    assert [[(field.field, field.old) for field in one.fields] for one in found.scope] == [[("tasks.a.status", "B")]]


def test_the_order_of_tasks_is_a_change_too(planned: Clone) -> None:
    planned.edit("store", tasks={"a": {"title": "A"}, "b": {"title": "B"}})
    planned.git("switch", "-qc", "next")
    planned.edit("store", tasks={"b": {"title": "B"}, "a": {"title": "A"}})
    assert [(one.id, one.fields) for one in look(planned, "feature..next").others] == [("store", ())]


def test_a_slip_pushes_what_waits_for_it(planned: Clone) -> None:
    planned.edit("store", due="2027-01-27")
    found = look(planned)
    assert chains(found) == [("ship", 7, 0, ("store", "login", "ship"))]
    assert found.titles == {name: f"Do {name}" for name in ("store", "login", "ship")}


def test_only_what_became_worse_is_told(planned: Clone) -> None:
    planned.edit("ship", due="2027-01-05")
    planned.git("switch", "-qc", "next")
    planned.edit("docs", owner="bo")
    assert chains(look(planned, "feature..next")) == []
    planned.edit("store", due="2027-01-08")
    assert chains(look(planned, "feature..next")) == []
    planned.edit("store", due="2027-01-11")
    assert chains(look(planned, "feature..next")) == [("ship", 6, 5, ("store", "login", "ship"))]
    assert chains(look(planned, "main..next")) == [("ship", 6, 0, ("store", "login", "ship"))]


def test_an_earlier_day_a_new_dependency_and_a_reopened_one_push_as_well(planned: Clone) -> None:
    planned.edit("docs", depends_on=["ship"])
    assert chains(look(planned)) == [("docs", 5, 0, ("ship", "docs"))]
    planned.edit("ship", due="2027-01-08")
    assert chains(look(planned)) == [("ship", 2, 0, ("store", "login", "ship"))]
    planned.new("late", due="2027-02-01")
    planned.edit("login", depends_on=["store", "late"])
    assert [one[0] for one in chains(look(planned))] == ["ship", "docs"]


def test_what_is_reopened_or_blocked_holds_up_whom(planned: Clone) -> None:
    planned.complete("store")
    planned.git("switch", "-qc", "next")
    with planned.store() as store:
        commit_edit(store, transition("reopen", ["store"]))
        commit_edit(store, transition("block", ["ship"]))
    assert [(move.id, move.kind, move.waiting) for move in look(planned, "feature..next").statuses] == [
        ("ship", "blocked", ()),
        ("store", "reopened", ("login", "ship")),
    ]


def test_what_was_open_and_is_closed_ends_a_chain(planned: Clone) -> None:
    planned.complete("login")
    planned.edit("store", due="2027-03-01")
    assert chains(look(planned)) == []


def test_the_index_and_the_files_answer_alike(planned: Clone) -> None:
    planned.edit("store", due="2027-01-27")
    planned.edit("docs", depends_on=["ship"])
    from_files = look(planned)
    with planned.store() as store:
        rebuild_index(store)
        planned.git("switch", "-q", "main")
        assert review(store, "main..feature") == from_files
        assert read_index(store, store.files_at(), lambda index: index.stamp) == store.files_at().tree


def test_a_cycle_is_told_where_the_branch_closes_it(planned: Clone) -> None:
    loop = "schema: 1\ntitle: Store\nstatus: planned\ndepends_on:\n  - ship\n"
    planned.write({"active/store.yaml": loop})
    found = look(planned)
    assert found.cycles == (("login", "store", "ship", "login"),)
    assert found.problems == ()
    planned.git("switch", "-qc", "next")
    planned.edit("docs", owner="bo")
    assert look(planned, "feature..next").cycles == ()


def test_a_cycle_that_only_the_merge_would_have(planned: Clone) -> None:
    planned.edit("store", depends_on=["docs"])
    assert look(planned).cycles == ()
    planned.git("switch", "-q", "main")
    planned.edit("docs", depends_on=["ship"])
    assert look(planned).cycles == (("docs", "ship", "login", "store", "docs"),)
    # It takes both.
    assert look(planned, "feature..main").cycles == (("docs", "ship", "login", "store", "docs"),)


def test_conflicts_are_what_both_sides_changed_in_their_own_way(planned: Clone) -> None:
    planned.edit("store", due="2027-01-12", owner="bo")
    planned.edit("ship", title="Ship, and tell")
    planned.delete("docs")
    planned.git("switch", "-q", "main")
    planned.edit("store", due="2027-01-13", owner="bo")
    planned.edit("ship", owner="cy")
    planned.edit("docs", due="2027-01-16")
    found = look(planned)
    assert [(clash.id, clash.field) for clash in found.conflicts] == [("docs", ""), ("store", "due")]
    assert found.text_conflicts == ()
    docs, store = found.conflicts
    assert docs.theirs is None
    assert (str(store.base), str(store.ours), str(store.theirs)) == ("2027-01-10", "2027-01-13", "2027-01-12")


def test_lines_that_git_can_not_join_are_told(planned: Clone) -> None:
    planned.edit("store", tasks={"a": {"title": "A"}})
    planned.git("switch", "-q", "main")
    planned.edit("store", tasks={"b": {"title": "B"}})
    found = look(planned)
    stops = planned.git("merge", "feature", is_checked=False)
    assert ("CONFLICT" in stops) == bool(found.text_conflicts or found.conflicts)
    assert found.text_conflicts == ("active/store.yaml",) or found.conflicts


def test_problems_are_those_that_the_branch_makes(planned: Clone) -> None:
    bad = "schema: 1\ntitle: Bad\nstatus: planned\nprio: high\n"
    planned.write({"active/bad.yaml": bad})
    planned.git("switch", "-qc", "next")
    planned.write({"active/bad.yaml": bad.replace("Bad", "Still bad"), "active/worse.yaml": "schema: 1\ntitle: x\n"})
    planned.write({"active/store.yaml": None})
    found = look(planned, "feature..next")
    assert {(problem.path, problem.code) for problem in found.problems} == {
        (".milestones/active/worse.yaml", "missing-field"),
        (".milestones/active/login.yaml", "dangling-dependency"),
    }
    assert [one.id for one in found.removed] == ["store"]


def test_a_move_to_another_folder_brings_no_old_sins(planned: Clone) -> None:
    bad = "schema: 1\ntitle: Bad\nstatus: planned\nprio: high\n"
    planned.write({"active/bad.yaml": bad})
    planned.git("switch", "-qc", "next")
    planned.complete("bad")
    assert look(planned, "feature..next").problems == ()


def test_which_sides_are_meant(planned: Clone, tmp_path: Path) -> None:
    planned.edit("store", owner="bo")
    both = look(planned)
    assert look(planned, "main...feature") == look(planned, "main..") == both
    assert look(planned, "feature") == both
    planned.git("switch", "-q", "main")
    with pytest.raises(UnknownRevision, match="no other branch is origin/HEAD, its upstream or main"):
        look(planned, "main")
    planned.new("later")
    away = tmp_path / "clone"
    planned.git("clone", "-q", str(planned.path), str(away))
    other = Clone(away)
    other.git("switch", "-q", "feature")
    assert look(other, "feature") == look(other, "") == look(planned, "main..feature")
    other.git("remote", "set-head", "origin", "--delete")
    other.git("branch", "-q", "--set-upstream-to=origin/main")
    assert look(other, "feature").target == other.git("rev-parse", "origin/main")
    # Where it is pushed to is not what it is merged into.
    other.git("branch", "-q", "--set-upstream-to=origin/feature")
    assert look(other, "feature").target == other.git("rev-parse", "origin/main")
    with pytest.raises(UnknownRevision):
        look(other, "main..nowhere")


def test_lines_conflict_as_they_do_on_a_forge_whatever_this_clone_has(planned: Clone) -> None:
    task = "  {}:\n    title: T\n"
    text = "schema: 1\ntitle: T\nstatus: planned\ntasks:\n" + task.format("one")
    planned.git("switch", "-q", "main")
    planned.write({"active/both.yaml": text})
    planned.git("switch", "-qc", "more")
    planned.write({"active/both.yaml": text + task.format("two")})
    planned.git("switch", "-q", "main")
    planned.write({"active/both.yaml": text + task.format("three")})
    found = look(planned, "main..more")
    assert (found.conflicts, found.text_conflicts) == ((), ("active/both.yaml",))
    with planned.store() as store:
        install_drivers(store, shutil.which("true") or "")
    assert look(planned, "main..more") == found


def test_no_common_past(planned: Clone, tmp_path: Path) -> None:
    planned.git("switch", "-q", "--orphan", "alone")
    planned.git("commit", "-q", "--allow-empty", "-m", "alone")
    with pytest.raises(EnvironmentFault, match="no commit in common"):
        look(planned, "main..alone")
    planned.git("switch", "-q", "main")
    for number in range(3):
        planned.new(f"m{number}")
    shallow = Clone(tmp_path / "shallow")
    planned.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{planned.path}", str(shallow.path))
    with pytest.raises(EnvironmentFault, match="shallow"):
        look(shallow, "origin/main..origin/feature")
