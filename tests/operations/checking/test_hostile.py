"""Nobody's work is lost to a second file, a second writer, a second run, or a careless call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gitmilestone
from gitmilestone.changes.commit import commit_edit
from gitmilestone.errors import (
    InvalidContent,
    InvalidOperation,
    MilestoneNotFound,
    OperationInProgress,
    Refused,
    UnsafePath,
)
from gitmilestone.model.ids import make_id, make_slug
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.asking.history import history
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.editing.fix import fix
from gitmilestone.operations.editing.milestones import replace_text, transition
from gitmilestone.store.store import Store
from tests.repositories import ROOT, Clone, run_git

_DONE = "schema: 1\ntitle: {}\nstatus: completed\n"
_OPEN = _DONE.replace("completed", "planned")


def _write(repository: Path, path: str, text: str) -> None:
    place = repository / ".milestones" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def test_mending_never_puts_two_files_into_one(clone: Clone) -> None:
    _write(clone.path, "completed/t.yaml", _OPEN.format("one"))
    _write(clone.path, "completed/ab/t.yaml", _OPEN.format("two"))
    with clone.store() as store:
        assert fix(store) == []
        assert {problem.code for problem in check(store.work_files()).problems} >= {"duplicate-id"}
    assert (clone.path / ".milestones/completed/ab/t.yaml").exists()


def test_mending_moves_a_file_and_keeps_its_text(clone: Clone) -> None:
    text = _OPEN.format("one") + "# a comment\n"
    _write(clone.path, "completed/t.yaml", text)
    with clone.store() as store:
        moved = "moved it to .milestones/active/t.yaml, because it is planned"
        assert fix(store) == [("completed/t.yaml", (moved,))]
        assert check(store.work_files()).problems == ()
    assert (clone.path / ".milestones/active/t.yaml").read_text() == text
    assert run_git("diff", "--cached", "--name-only", cwd=clone.path) == ""


def test_a_bulk_operation_and_the_api_name_whole_ids(repository: Path) -> None:
    with gitmilestone.open(repository) as repo:
        repo.create("Ten", id="rel-10")
        with pytest.raises(InvalidOperation, match="there is no milestone 'rel-1'"):
            repo.bulk([{"op": "delete", "id": "rel-1"}])
        for write in (lambda: repo.delete("rel-1"), lambda: repo.update("rel-1", owner="ana")):
            with pytest.raises(MilestoneNotFound):
                write()
        with pytest.raises(InvalidOperation, match="not 'Delete'"):
            repo.bulk([{"op": "Delete", "id": "rel-10"}])
        assert repo.get("rel-1").id == "rel-10"


def test_a_second_file_of_an_id_is_never_overwritten(clone: Clone) -> None:
    with gitmilestone.open(clone.path) as repo:
        repo.create("A", id="dup")
    _write(clone.path, "completed/dup.yaml", _DONE.format("other"))
    run_git("add", ".", cwd=clone.path)
    run_git("commit", "-qm", "Two", cwd=clone.path)
    with clone.store() as store, pytest.raises(InvalidContent, match="two files are called dup") as caught:
        commit_edit(store, transition("complete", ["dup"]))
    assert {problem.path for problem in caught.value.problems} == {
        ".milestones/active/dup.yaml",
        ".milestones/completed/dup.yaml",
    }


def test_an_editor_never_overwrites_what_came_meanwhile(clone: Clone) -> None:
    with gitmilestone.open(clone.path) as repo:
        repo.create("A", id="a")
        opened = (clone.path / ".milestones/active/a.yaml").read_bytes()
        repo.update("a", owner="bob")
        with clone.store() as store, pytest.raises(Refused, match="has changed while it was edited"):
            commit_edit(store, replace_text("a", opened, opened.replace(b"title: A", b"title: B")))
        assert repo.get("a").owner == "bob"


def test_a_tag_named_like_a_state_of_git_stops_nothing(clone: Clone) -> None:
    run_git("tag", "REVERT_HEAD", cwd=clone.path)
    with gitmilestone.open(clone.path) as repo:
        assert repo.create("A", id="a").title == "A"
    (clone.path / ".git" / "REVERT_HEAD").write_text(run_git("rev-parse", "HEAD", cwd=clone.path) + "\n")
    with gitmilestone.open(clone.path) as repo, pytest.raises(OperationInProgress):
        repo.update("a", title="B")


def test_a_folder_is_no_file_to_replace(clone: Clone, tmp_path: Path) -> None:
    _write(clone.path, "active/foo.yaml/inner.yaml", _DONE.format("inner").replace("completed", "planned"))
    run_git("add", ".", cwd=clone.path)
    run_git("commit", "-qm", "Odd", cwd=clone.path)
    run_git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"), cwd=tmp_path)
    with gitmilestone.open(tmp_path / "bare.git") as repo, pytest.raises(UnsafePath):
        repo.create("Foo", id="foo")


def test_made_ids_that_are_taken_are_made_again(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter([b"\0\0\0\0", b"\0\0\0\0", b"\1\1\1\1"])
    monkeypatch.setattr(os, "urandom", lambda _: next(made))
    with gitmilestone.open(repository) as repo:
        assert [repo.create("Sprint").id, repo.create("Sprint").id] == ["sprint-0000", "sprint-1111"]


def test_a_title_without_letters_gets_a_longer_id() -> None:
    assert len(make_id("--- ???")) == len("m-") + 8


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Straße nach Łódź", "strasse-nach-lodz"),
        ("ışık", "isik"),
        ("Поставка 2", "postavka-2"),
        ("スプリント", "supurinto"),
        ("Ship: the Café", "ship-the-cafe"),
        ("Cafe\u0301", "cafe"),
    ],
)
def test_a_title_loses_no_letter_in_its_id(title: str, slug: str) -> None:
    assert make_slug(title) == slug


def test_a_submodule_among_the_milestones_is_reported_and_served_around(clone: Clone) -> None:
    entry = f"160000,{'12' * 20},.milestones/active/sub.yaml"
    run_git("update-index", "--add", "--cacheinfo", entry, cwd=clone.path)
    run_git("commit", "-qm", "Submodule", cwd=clone.path)
    with clone.store() as store:
        assert diff(store, store.files_at("HEAD~1"), store.files_at()).changes == ()
        assert [event.change for event in history(store, "sub")] == [None]
        assert "symbolic-link" in {problem.code for problem in check(store.files_at()).problems}


def test_what_is_too_large_is_not_removed(clone: Clone) -> None:
    with gitmilestone.open(clone.path) as repo:
        repo.create("A", id="a")
    path = clone.path / ".milestones/active/a.yaml"
    path.write_text(path.read_text() + "#" * (1 << 20))
    with clone.store() as store:
        found = diff(store, store.files_at(), store.work_files())
    assert found.changes == ()
    assert [problem.code for problem in found.problems] == ["file-too-large"]


@pytest.mark.parametrize("depth", [5, 1500])
def test_folders_deeper_than_any_layout_are_not_entered(clone: Clone, depth: int) -> None:
    blob = run_git("hash-object", "-w", "--stdin", cwd=clone.path, stdin=_DONE.format("deep").encode())
    tree = run_git("mktree", cwd=clone.path, stdin=f"100644 blob {blob}\tx.yaml\n".encode())
    for _ in range(depth):
        tree = run_git("mktree", cwd=clone.path, stdin=f"040000 tree {tree}\ta\n".encode())
    for name in ("active", ".milestones"):
        tree = run_git("mktree", cwd=clone.path, stdin=f"040000 tree {tree}\t{name}\n".encode())
    commit = run_git("commit-tree", tree, "-m", "deep", cwd=clone.path)
    with gitmilestone.open(clone.path) as repo:
        assert repo.query(at=commit) == []


def test_an_interrupt_never_leaves_a_branch_without_its_files(clone: Clone) -> None:
    """Ctrl-C at some moment of a bulk write: all of it, or nothing."""
    lines = "\n".join(f'{{"op": "create", "id": "n-{n}", "title": "N"}}' for n in range(2000))
    head = run_git("rev-parse", "HEAD", cwd=clone.path)
    process = subprocess.Popen(
        [sys.executable, "-m", "gitmilestone", "apply", "-"],
        cwd=clone.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(lines.encode())
    process.stdin.close()
    while process.poll() is None:
        if run_git("rev-parse", "HEAD", cwd=clone.path) != head:
            process.send_signal(2)
            break
    process.wait()
    assert run_git("rev-parse", "HEAD", cwd=clone.path) != head
    assert run_git("status", "--porcelain", cwd=clone.path) == ""


def test_a_broken_configuration_stops_writes_and_no_reads(clone: Clone) -> None:
    with gitmilestone.open(clone.path) as repo:
        repo.create("A", id="a")
    _write(clone.path, "config/project.yaml", "format: 99\n")
    run_git("commit", "-qam", "Newer", cwd=clone.path)
    store = Store.open(str(clone.path), os.environ)
    store.close()
    with gitmilestone.open(clone.path) as repo:
        assert repo.get("a").title == "A"
        with pytest.raises(InvalidContent, match="has errors"):
            repo.update("a", title="B")


def test_a_folder_whose_name_is_no_text_is_reported(clone: Clone) -> None:
    _write(clone.path, "active/a.yaml", _DONE.format("a").replace("completed", "planned"))
    folder = os.fsencode(clone.path) + b"/.milestones/active/\xff"
    os.mkdir(folder)
    with open(folder + b"/y.yaml", "w") as file:
        file.write(_DONE.format("y").replace("completed", "planned"))
    run_git("add", ".", cwd=clone.path)
    run_git("commit", "-qm", "Odd", cwd=clone.path)
    with gitmilestone.open(clone.path) as repo:
        assert [row.milestone.id for row in repo.query()] == ["a"]
    with clone.store() as store:
        (problem,) = check(store.files_at()).problems
    assert (problem.code, problem.path) == ("bad-id", ".milestones/active/\\xff/y.yaml")
