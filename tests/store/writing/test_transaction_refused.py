"""What a write refuses, before anything is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import (
    DetachedHead,
    EnvironmentFault,
    InvalidId,
    MilestoneError,
    NotARepository,
    OperationInProgress,
    UncommittedEdits,
    UnsafePath,
)
from gitmilestone.operations.asking.query import answer
from gitmilestone.operations.checking.check import check
from gitmilestone.query.query import Query
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone

SHIP = ".milestones/active/ship.yaml"


def test_edits_that_come_while_a_write_is_prepared_are_kept(clone: Clone) -> None:
    """A hook may take a minute; what the user does to the same file meanwhile is not overwritten."""
    clone.new("ship")
    hook = clone.git_dir / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '# mine' >> {SHIP}\n")
    hook.chmod(0o755)
    head = clone.head
    with pytest.raises(UncommittedEdits, match="ship"):
        clone.edit("ship", priority="high")
    assert clone.head == head
    assert (clone.path / SHIP).read_text().endswith("# mine\n")
    assert clone.locks() == []


def test_row_11_detached_head_is_refused_unless_it_is_asked_for(clone: Clone) -> None:
    clone.git("switch", "-q", "--detach")
    others, head = clone.others(), clone.head
    with pytest.raises(DetachedHead, match="detached") as fault:
        clone.new("ship")
    assert "--detached" in fault.value.hint
    others.assert_kept(clone.others())
    commit = clone.new("ship", WriteOptions(detached=True))
    assert clone.head == commit
    assert clone.git("rev-parse", "main") == head
    assert clone.status() == ""
    clone.git("switch", "-q", "main")
    assert clone.ids() == set()


def diverge(clone: Clone) -> None:
    """Two branches that conflict in `readme`."""
    clone.git("switch", "-qc", "side")
    (clone.path / "readme").write_text("side\n")
    clone.git("commit", "-qam", "side")
    clone.git("switch", "-q", "main")
    (clone.path / "readme").write_text("main\n")
    clone.git("commit", "-qam", "main")


UNFINISHED = {
    "merge": ("merge", "side"),
    "rebase": ("rebase", "side"),
    "rebase --apply": ("rebase", "--apply", "side"),
    "cherry-pick": ("cherry-pick", "side"),
    "revert": ("revert", "--no-edit", "HEAD~1"),
}


@pytest.mark.parametrize("what", UNFINISHED)
def test_row_13_in_the_middle_of_something_a_write_is_refused(clone: Clone, what: str) -> None:
    diverge(clone)
    if what == "revert":
        (clone.path / "readme").write_text("main again\n")
        clone.git("commit", "-qam", "again")
    clone.git(*UNFINISHED[what], is_checked=False)
    assert "UU readme" in clone.status()
    others, head = clone.others(), clone.head
    for options in (WriteOptions(), WriteOptions(stage_only=True), WriteOptions(detached=True)):
        with pytest.raises(OperationInProgress, match=what.split()[0]) as fault:
            clone.new("ship", options)
        assert "--continue" in fault.value.hint
        assert "--abort" in fault.value.hint
    assert clone.ids() == set()
    others.assert_kept(clone.others())
    assert clone.head == head
    clone.git(what.split()[0], "--abort")
    clone.new("ship")
    assert clone.status() == ""


def test_row_13_a_bisection_is_a_detached_head(clone: Clone) -> None:
    diverge(clone)
    clone.new("later")
    clone.git("bisect", "start")
    clone.git("bisect", "bad")
    clone.git("bisect", "good", "HEAD~3")
    others = clone.others()
    with pytest.raises(DetachedHead):
        clone.new("ship")
    others.assert_kept(clone.others())
    clone.git("bisect", "reset")
    clone.new("ship")


def lay(clone: Clone, text: str) -> None:
    (clone.path / SHIP).write_text(text)


def stage(clone: Clone, text: str) -> None:
    lay(clone, text)
    clone.git("add", SHIP)


def stage_and_undo(clone: Clone) -> None:
    stage(clone, "mine\n")
    lay(clone, clone.text("active/ship.yaml") + "\n")


def swap(clone: Clone, make: Callable[[Path], object]) -> None:
    (clone.path / SHIP).unlink()
    make(clone.path / SHIP)


EDITS: dict[str, Callable[[Clone], object]] = {
    "edited": lambda clone: lay(clone, "mine\n"),
    "staged": lambda clone: stage(clone, "mine\n"),
    "staged, then undone in the work tree": stage_and_undo,
    "deleted": lambda clone: (clone.path / SHIP).unlink(),
    "deletion staged": lambda clone: clone.git("rm", "-q", SHIP),
    "taken out of git": lambda clone: clone.git("rm", "-q", "--cached", SHIP),
    "made executable": lambda clone: clone.git("update-index", "--chmod=+x", SHIP),
    "a folder": lambda clone: swap(clone, Path.mkdir),
    "a link": lambda clone: swap(clone, lambda place: place.symlink_to("../../readme")),
    "a link to nothing": lambda clone: swap(clone, lambda place: place.symlink_to("nowhere")),
    "a pipe": lambda clone: swap(clone, os.mkfifo),
}


@pytest.mark.parametrize("how", EDITS)
@pytest.mark.parametrize("verb", ["edit", "complete", "delete", "edit --no-commit"])
def test_row_14_uncommitted_edits_of_the_same_file_are_never_overwritten(clone: Clone, how: str, verb: str) -> None:
    clone.new("ship")
    EDITS[how](clone)
    if verb == "edit --no-commit" and clone.git("diff", "--cached", "--name-only"):
        pytest.skip("to build on what is staged is what it is for")
    status, head = clone.status(), clone.head
    others = clone.others()
    with pytest.raises(UncommittedEdits, match="ship") as fault:
        if verb == "edit --no-commit":
            clone.edit("ship", WriteOptions(stage_only=True), priority="high")
        elif verb == "edit":
            clone.edit("ship", priority="high")
        else:
            getattr(clone, verb)("ship")
    assert "nothing was overwritten" in fault.value.hint
    assert (clone.status(), clone.head) == (status, head)
    others.assert_kept(clone.others())
    assert clone.locks() == []


def test_row_14_files_that_git_does_not_track_are_never_overwritten(clone: Clone) -> None:
    (clone.path / SHIP).parent.mkdir()
    lay(clone, "mine\n")
    with pytest.raises(UncommittedEdits, match="does not track"):
        clone.new("ship")
    assert (clone.path / SHIP).read_text() == "mine\n"
    clone.git("add", "-N", SHIP)
    others = clone.others()
    with pytest.raises(UncommittedEdits, match="ship"):
        clone.new("ship")
    others.assert_kept(clone.others())


def test_row_14_a_file_where_our_folder_should_be_is_refused_before_the_branch_moves(clone: Clone) -> None:
    (clone.path / ".milestones" / "active").write_text("mine\n")
    head = clone.head
    with pytest.raises(MilestoneError):
        clone.new("ship")
    assert clone.head == head
    assert clone.locks() == []


def test_row_14_an_edit_that_git_was_told_not_to_see_is_kept(clone: Clone) -> None:
    """`git update-index --skip-worktree` is how people keep a private edit."""
    clone.new("ship")
    clone.git("update-index", "--skip-worktree", SHIP)
    lay(clone, "my private edit\n")
    clone.edit("ship", priority="high")
    assert (clone.path / SHIP).read_text() == "my private edit\n"
    assert "priority: high" in clone.text("active/ship.yaml")
    assert clone.git("ls-files", "-t", SHIP).startswith("S ")
    assert clone.status() == ""


def test_row_17_ids_are_unique_on_a_file_system_that_ignores_case(clone: Clone) -> None:
    clone.new("ship")
    for same in ("Ship", "SHIP", "\u017fhip"):
        with pytest.raises(InvalidId):
            clone.new(same)
    # Somebody adds one by hand, where the file system allows it.
    stage(clone, clone.text("active/ship.yaml") + "\n")
    (clone.path / ".milestones" / "active" / "Ship.yaml").write_text("schema: 1\ntitle: Ship\nstatus: planned\n")
    clone.git("add", ".")
    clone.git("commit", "-qm", "by hand")
    with clone.store() as store:
        found = {(problem.path, problem.code) for problem in check(store.files_at()).problems}
    assert found == {(".milestones/active/Ship.yaml", code) for code in ("bad-id", "case-collision")}


def test_row_21_a_milestones_folder_that_is_a_link_is_refused(clone: Clone, tmp_path: Path) -> None:
    """In the work tree: nothing is written through it. Committed: nothing is read through it."""
    elsewhere = tmp_path / "elsewhere"
    (clone.path / ".milestones").rename(elsewhere)
    (clone.path / ".milestones").symlink_to(elsewhere)
    there = sorted(elsewhere.rglob("*"))
    with pytest.raises((UnsafePath, UncommittedEdits), match="milestones"):
        clone.new("ship")
    with clone.store() as store, pytest.raises(UnsafePath, match="symbolic link"):
        list(store.work_files().iter_entries())
    assert sorted(elsewhere.rglob("*")) == there
    clone.git("rm", "-rq", "--cached", ".milestones")
    clone.git("add", ".milestones")
    clone.git("commit", "-qm", "a link")
    attempts: list[Callable[[], object]] = [clone.ids, lambda: clone.new("ship"), clone.init]
    for attempt in attempts:
        with pytest.raises(UnsafePath, match="milestones"):
            attempt()
    assert sorted(elsewhere.rglob("*")) == there


@pytest.mark.parametrize("is_committed", [False, True])
def test_row_21_a_folder_below_that_is_a_link_is_refused(clone: Clone, tmp_path: Path, is_committed: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (clone.path / ".milestones" / "active").symlink_to(elsewhere)
    if is_committed:
        clone.git("add", ".")
        clone.git("commit", "-qm", "a link")
    head = clone.head
    with pytest.raises(UnsafePath, match="active"):
        clone.new("ship")
    assert clone.head == head
    assert list(elsewhere.iterdir()) == []
    assert clone.locks() == []
    with clone.store() as store:
        for files in (store.files_at(), store.work_files()) if is_committed else (store.work_files(),):
            assert [problem.code for problem in answer(store, files, Query()).problems] == ["symbolic-link"]


def test_row_21_a_milestone_that_is_a_link_is_reported_and_left(clone: Clone, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("schema: 1\ntitle: Secret\nstatus: planned\n")
    clone.new("other")
    (clone.path / SHIP).symlink_to(secret)
    clone.git("add", ".")
    clone.git("commit", "-qm", "a link")
    with clone.store() as store:
        for files in (store.files_at(), store.staged_files(), store.work_files()):
            found = answer(store, files, Query())
            assert [row.milestone.id for row in found.rows] == ["other"]
            assert [problem.code for problem in found.problems] == ["symbolic-link"]
    attempts: list[Callable[[], object]] = [
        lambda: clone.edit("ship", priority="high"),
        lambda: clone.write({"active/ship.yaml": "x\n"}),
    ]
    for attempt in attempts:
        with pytest.raises(MilestoneError):
            attempt()
    assert secret.read_text() == "schema: 1\ntitle: Secret\nstatus: planned\n"
    assert (clone.path / SHIP).is_symlink()


BAD_IDS = {
    "row 22": [
        "../x",
        "/x",
        "-rf",
        "",
        "a" * 300,
        "a\0b",
        "a\nb",
        ".",
        "..",
        ".git",
        "a/b",
        "a\\b",
        " a",
        "a ",
        "\udcff",
    ],
    "row 23": ["con", "aux.yaml", "a:b", "a.", "nul.txt", "COM1", "lpt9", "a*", "a?", "x.lock", "prn.tar.gz"],
    "row 24": ["café", "cafe\u0301", "\u212bngstrom", "ﬁx"],
}


@pytest.mark.parametrize("milestone_id", [item for ids in BAD_IDS.values() for item in ids])
def test_rows_22_23_24_an_id_that_is_no_safe_name_is_refused_before_anything_is_written(
    clone: Clone, milestone_id: str
) -> None:
    others, head = clone.others(), clone.head
    objects = sorted((clone.git_dir / "objects").rglob("*"))
    attempts: list[Callable[[], object]] = [
        lambda: clone.new(milestone_id),
        lambda: clone.edit(milestone_id, priority="high"),
        lambda: clone.delete(milestone_id),
        lambda: clone.new("ship", depends_on=["a:b:" + milestone_id if ":" in milestone_id else milestone_id]),
    ]
    for attempt in attempts:
        with pytest.raises(MilestoneError):
            attempt()
    assert clone.head == head
    assert sorted((clone.git_dir / "objects").rglob("*")) == objects
    others.assert_kept(clone.others())


def test_row_24_a_file_whose_name_is_not_nfc_is_reported(clone: Clone) -> None:
    (clone.path / SHIP).parent.mkdir()
    for name in ("cafe\u0301", "café"):
        (clone.path / ".milestones" / "active" / f"{name}.yaml").write_text("schema: 1\ntitle: Café\nstatus: planned\n")
    clone.git("-c", "core.precomposeUnicode=false", "add", ".")
    clone.git("commit", "-qm", "by hand")
    with clone.store() as store:
        found = answer(store, store.files_at(), Query())
    assert (found.rows, found.unreadable) == ([], 2)


def test_outside_of_any_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepository, match="not in a git repository"):
        Clone(tmp_path).ids()


def test_inside_a_git_directory_there_is_nothing_to_write_to(clone: Clone) -> None:
    inside = Clone(clone.git_dir)
    assert inside.ids() == set()
    with pytest.raises(EnvironmentFault, match="git directory"):
        inside.new("ship")


def test_a_staging_area_that_is_gone_is_no_clone_without_a_checkout(clone: Clone) -> None:
    """The files are there: a commit that leaves them behind would read as their edit."""
    clone.new("ship")
    (clone.git_dir / "index").unlink()
    with pytest.raises(UncommittedEdits, match="ship"):
        clone.edit("ship", priority="high")
    clone.new("boat")
    clone.git("reset", "-q")
    assert clone.status() == ""
    clone.edit("ship", priority="high")
    assert clone.status() == ""
