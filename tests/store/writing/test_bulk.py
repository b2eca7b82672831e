"""Thousands of files in one commit, or none of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gitmilestone.changes.commit import commit_edit
from gitmilestone.errors import InvalidOperation, UncommittedEdits
from gitmilestone.model.layout import path_of
from gitmilestone.operations.editing.bulk import Operation, apply_operations
from tests.repositories import NOW, Clone

TEXT = "schema: 1\n\ntitle: Number {number}\n\nstatus: planned\n"


def spread(numbers: range) -> dict[str, str]:
    """A milestone's path, in shards, -> its text."""
    return {path_of(f"number-{number}", "sharded"): TEXT.format(number=number) for number in numbers}


def apply(clone: Clone, *operations: Mapping[str, object]) -> str | None:
    listed = [
        Operation(str(item["op"]), {k: v for k, v in item.items() if k != "op"}, n)
        for n, item in enumerate(operations, 1)
    ]
    with clone.store() as store:
        return commit_edit(store, apply_operations(listed, source="bulk.jsonl", now=NOW)).commit


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_thousands_of_files_go_in_as_one_pack(clone: Clone, count: int) -> None:
    files = spread(range(count))
    objects = len([path for path in (clone.git_dir / "objects").rglob("*") if path.is_file()])
    assert clone.write(files) == clone.head
    now = [path for path in (clone.git_dir / "objects").rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in now if path.parent.name == "pack") == [".idx", ".pack"]
    assert len(now) == objects + 3  # the pack, its index, the commit
    assert clone.status() == ""
    clone.fsck()
    tree = clone.git("rev-parse", "HEAD^{tree}")
    # What git makes of the same files.
    index = str(clone.git_dir / "by-git")
    clone.git("add", "-A", GIT_INDEX_FILE=index)
    assert clone.git("write-tree", GIT_INDEX_FILE=index) == tree
    assert len(clone.git("ls-files", ".milestones/active").split("\n")) == count
    # The next single write builds on it.
    clone.new("one-more")
    assert clone.status() == ""


def test_a_bulk_of_edits_moves_and_deletions(clone: Clone) -> None:
    """Half of them deleted, some moved between folders, some edited, some new: as git would have it."""
    clone.write(spread(range(600)))
    files: dict[str, str | None] = {}
    for number, path in enumerate(spread(range(600))):
        if number % 2:
            files[path] = None
        elif number % 3 == 0:
            files[path] = None
            files[path.replace("active/", "completed/")] = TEXT.format(number=number).replace("planned", "completed")
        elif number % 5 == 0:
            files[path] = TEXT.format(number=-number)
    files |= spread(range(1000, 1200))
    clone.write(files)
    assert clone.status() == ""
    clone.fsck()
    tree = clone.git("rev-parse", "HEAD^{tree}")
    index = str(clone.git_dir / "by-git")
    clone.git("add", "-A", GIT_INDEX_FILE=index)
    assert clone.git("write-tree", GIT_INDEX_FILE=index) == tree
    folders = [path for path in (clone.path / ".milestones").rglob("*") if path.is_dir()]
    assert all(any(folder.iterdir()) for folder in folders)
    clone.write(dict.fromkeys(clone.git("ls-files", ".milestones/active").replace(".milestones/", "").split("\n")))
    assert not (clone.path / ".milestones" / "active").exists()
    assert clone.status() == ""


def test_a_bulk_in_sha256_is_a_pack_that_git_reads(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q", "--object-format=sha256")
    clone.init()
    clone.write(spread(range(300)))
    assert clone.status() == ""
    clone.fsck()


def test_a_bulk_of_a_bare_repository(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q", "--bare")
    clone.init()
    clone.write(spread(range(300)))
    assert len(clone.git("ls-tree", "-r", "--name-only", "HEAD", ".milestones/active/").split("\n")) == 300
    clone.fsck()


def test_a_bulk_leaves_the_work_of_others(clone: Clone) -> None:
    (clone.path / "readme").write_text("staged\n")
    clone.git("add", "readme")
    (clone.path / "src" / "main.c").write_text("dirty\n")
    (clone.path / "untracked").write_text("untracked\n")
    clone.git("add", "-N", "untracked")
    files = spread(range(300))
    touched = [f".milestones/{path}" for path in files]
    others = clone.others(*touched)
    clone.write(files)
    others.assert_kept(clone.others(*touched))


def test_one_file_in_the_way_refuses_all(clone: Clone) -> None:
    files = spread(range(300))
    place = clone.path / ".milestones" / sorted(files)[200]
    place.parent.mkdir(parents=True)
    place.write_text("mine\n")
    head, others = clone.head, clone.others()
    with pytest.raises(UncommittedEdits, match=place.stem):
        clone.write(files)
    assert clone.head == head
    assert place.read_text() == "mine\n"
    others.assert_kept(clone.others())
    assert not list((clone.git_dir / "objects" / "pack").iterdir())


def test_operations_are_all_in_one_commit(clone: Clone) -> None:
    clone.new("old")
    clone.new("gone")
    before = clone.head
    commit = apply(
        clone,
        {"op": "create", "id": "a", "title": "A"},
        {"op": "create", "id": "b", "title": "B", "depends_on": ["a"]},
        {"op": "update", "id": "old", "status": "completed"},
        {"op": "delete", "id": "gone"},
        {"op": "upsert", "id": "a", "priority": "high"},
    )
    assert commit == clone.head
    assert clone.git("rev-parse", "HEAD^") == before
    assert clone.ids() == {"a", "b", "old"}
    assert clone.git("show", "--format=", "--name-status", "--no-renames", "HEAD").split("\n") == [
        "A\t.milestones/active/a.yaml",
        "A\t.milestones/active/b.yaml",
        "D\t.milestones/active/gone.yaml",
        "M\t.milestones/active/old.yaml",
    ]
    assert clone.status() == ""


@pytest.mark.parametrize(
    ("line", "operations"),
    [
        (2, [{"op": "create", "id": "a", "title": "A"}, {"op": "update", "id": "absent", "title": "B"}]),
        (2, [{"op": "create", "id": "a", "title": "A"}, {"op": "create", "id": "a", "title": "B"}]),
        (1, [{"op": "create", "id": "../a", "title": "A"}, {"op": "create", "id": "b", "title": "B"}]),
        (2, [{"op": "create", "id": "a", "title": "A"}, {"op": "create", "id": "b", "title": "B", "due": "soon"}]),
        (1, [{"op": "delete", "id": "needed"}, {"op": "create", "id": "b", "title": "B"}]),
    ],
)
def test_one_operation_that_can_not_be_done_undoes_all(
    clone: Clone, line: int, operations: list[dict[str, object]]
) -> None:
    clone.new("needed")
    clone.new("needs", depends_on=["needed"])
    head, others = clone.head, clone.others()
    with pytest.raises(InvalidOperation, match=rf"^bulk\.jsonl:{line}: "):
        apply(clone, *operations)
    assert clone.head == head
    others.assert_kept(clone.others())


def test_the_same_operations_on_the_same_commit_make_the_same_tree(clone: Clone, tmp_path: Path) -> None:
    clone.git("clone", "-q", str(clone.path), str(tmp_path / "other"))
    other = Clone(tmp_path / "other")
    operations = [{"op": "create", "id": f"m-{number}", "title": f"M {number}"} for number in range(120)]
    for here in (clone, other):
        apply(here, *operations)
    assert clone.git("rev-parse", "HEAD^{tree}") == other.git("rev-parse", "HEAD^{tree}")
