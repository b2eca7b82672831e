"""What a sparse checkout leaves out of the work tree is there, as it is for git."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.faces.cli.main import main
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.checking.check import check
from gitmilestone.snapshot.documents import read_all
from tests.repositories import Clone

Say = Callable[..., tuple[int, str]]

KINDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cone": (("sparse-checkout", "set", "--cone", "src"),),
    "cone, sparse index": (("sparse-checkout", "set", "--cone", "--sparse-index", "src"),),
    "cone, some folders": (("sparse-checkout", "set", "--cone", "src", ".milestones/config"),),
    "no cone": (("sparse-checkout", "set", "--no-cone", "/*", "!/.milestones/active/"),),
    "no cone, one file": (("sparse-checkout", "set", "--no-cone", "/*", "!/.milestones/active/b.yaml"),),
    "version 4": (("update-index", "--index-version", "4"), ("sparse-checkout", "set", "--cone", "src")),
    "by hand": (("update-index", "--skip-worktree", ".milestones/active/b.yaml"),),
}


@pytest.fixture
def say(repository: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    def say(*args: str) -> tuple[int, str]:
        return main(args), "".join(capsys.readouterr())

    return say


@pytest.fixture(params=KINDS)
def sparse(request: pytest.FixtureRequest, clone: Clone) -> Clone:
    clone.new("b", title="B")
    clone.new("a", title="A", depends_on=["b"])
    clone.git("reset", "-q", "--hard")
    for args in KINDS[request.param]:
        clone.git(*args)
    if request.param == "by hand":
        (clone.path / ".milestones/active/b.yaml").unlink()
    assert not (clone.path / ".milestones/active/b.yaml").exists()
    assert clone.git("status", "--porcelain") == ""
    return clone


def test_commands_of_the_work_tree_see_what_git_sees(sparse: Clone, say: Say) -> None:
    assert say("diff") == (0, "")
    assert say("diff", "--as-message")[1] == say("diff", "--as-message", "HEAD", "HEAD")[1]
    assert say("check") == say("check", "--at", "HEAD")
    assert say("list", "--worktree", "--json") == say("list", "--json")
    assert say("show", "b", "--worktree") == say("show", "b")
    assert sparse.git("status", "--porcelain") == ""


def test_what_is_there_is_read_where_it_lies(sparse: Clone) -> None:
    place = sparse.path / ".milestones" / "active"
    place.mkdir(parents=True, exist_ok=True)
    (place / "c.yaml").write_text("schema: 1\n\ntitle: C\n\nstatus: planned\n\ndepends_on:\n  - b\n")
    with sparse.store() as store:
        files = store.work_files()
        found = diff(store, store.files_at(), files)
        assert [(change.id, change.kind) for change in found.changes] == [("c", "added")]
        assert check(files).problems == ()
        assert sorted(read_all(files).documents) == ["a", "b", "c"]
        paths = [entry.path for entry in files.iter_entries()]
        assert paths == sorted(paths)
        assert [entry.path for entry, _, _ in files.iter_contents(files.iter_entries())] == paths


def test_a_file_that_lies_there_in_spite_of_its_flag_is_read(clone: Clone) -> None:
    clone.new("a", title="A")
    clone.git("update-index", "--skip-worktree", ".milestones/active/a.yaml")
    (clone.path / ".milestones/active/a.yaml").write_text("schema: 1\n\ntitle: B\n\nstatus: planned\n")
    with clone.store() as store:
        documents = read_all(store.work_files()).documents
        assert [one.milestone.title for one in documents.values() if one.milestone] == ["B"]


def test_a_file_that_somebody_has_removed_is_gone(clone: Clone) -> None:
    clone.new("a")
    (clone.path / ".milestones/active/a.yaml").unlink()
    with clone.store() as store:
        assert [change.kind for change in diff(store, store.files_at(), store.work_files()).changes] == ["removed"]
