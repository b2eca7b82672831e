"""The drivers are installed beside everything that is there, and taken back without a trace."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gitmilestone.store.installing.drivers import DriverStatus, describe_drivers, install_drivers, remove_drivers
from tests.merging import SHIP, edit, fork, install, make_program, text_of
from tests.repositories import Clone

PROGRAM = "/opt/milestone/bin/git-milestone"


def install_plainly(clone: Clone, program: str = PROGRAM) -> bool:
    with clone.store() as store:
        return install_drivers(store, program)


def remove(clone: Clone) -> bool:
    with clone.store() as store:
        return remove_drivers(store)


def describe(clone: Clone, program: str = PROGRAM) -> DriverStatus:
    with clone.store() as store:
        return describe_drivers(store, program)


def forget_attributes(clone: Clone) -> None:
    """As a project from before there were drivers has them."""
    attributes = clone.path / ".milestones" / ".gitattributes"
    attributes.write_text("*.yaml text eol=lf\n")
    clone.git("commit", "-qam", "before")


def used(clone: Clone, kind: str, path: str = SHIP) -> str:
    return clone.git("check-attr", kind, "--", path).rpartition(" ")[2]


def kept(clone: Clone) -> dict[str, bytes]:
    files = (path for path in clone.git_dir.rglob("*") if path.is_file() and "objects" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


def test_twice_is_once(clone: Clone) -> None:
    assert describe(clone).state == "absent"
    assert install_plainly(clone)
    before = kept(clone)
    assert not install_plainly(clone)
    assert kept(clone) == before
    assert describe(clone) == DriverStatus("installed", merges=True, shows=True)
    assert describe(clone, "/elsewhere/git-milestone").state == "outdated"


@pytest.mark.parametrize("others", [None, b"*.c diff=cpp\n", b"*.png binary", b"# nothing\r\n"])
@pytest.mark.parametrize("is_old", [True, False])
def test_removal_leaves_no_trace(clone: Clone, others: bytes | None, is_old: bool) -> None:
    clone.git("config", "merge.milestone.verbosity", "5")
    clone.git("config", "mergetool.other.cmd", "true")
    if is_old:
        forget_attributes(clone)
    if others is not None:
        (clone.git_dir / "info").mkdir(exist_ok=True)
        (clone.git_dir / "info" / "attributes").write_bytes(others)
    before = kept(clone)
    install_plainly(clone)
    assert (used(clone, "merge"), used(clone, "diff")) == ("milestone", "milestone")
    attributes = clone.git_dir / "info" / "attributes"
    assert (b"git milestone" in attributes.read_bytes() if attributes.exists() else False) == is_old
    assert remove(clone)
    assert kept(clone) == before
    assert not remove(clone)


def test_git_keeps_nothing_of_what_it_has_shown(clone: Clone, tmp_path: Path) -> None:
    """A cache would be commits that `git log --all` lists."""
    clone.new("ship")
    install(clone, tmp_path)
    before = clone.git("for-each-ref")
    clone.git("log", "-p")
    assert clone.git("for-each-ref") == before


def test_attributes_that_somebody_chose_count(clone: Clone) -> None:
    (clone.path / ".milestones" / ".gitattributes").write_text("*.yaml text eol=lf -diff\n*.yaml merge=union\n")
    install_plainly(clone)
    assert (used(clone, "merge"), used(clone, "diff")) == ("union", "unset")
    assert describe(clone) == DriverStatus("installed", merges=False, shows=False)


def test_only_milestones_are_concerned(clone: Clone) -> None:
    forget_attributes(clone)
    for _ in range(2):
        for path in (".milestones/config/project.yaml", "active/x.yaml", "readme", ".milestones/.gitattributes"):
            assert used(clone, "merge", path) == "unspecified"
        for path in (".milestones/active/3f/ship.yaml", ".milestones/completed/ship.yaml"):
            assert used(clone, "merge", path) in ("unspecified", "milestone")
        install_plainly(clone)
    assert used(clone, "merge", ".milestones/active/3f/ship.yaml") == "milestone"


def test_a_bare_repository_and_a_linked_work_tree(clone: Clone, tmp_path: Path) -> None:
    bare = Clone(tmp_path / "bare.git")
    clone.git("clone", "-q", "--bare", str(clone.path), str(bare.path))
    install_plainly(bare)
    assert used(bare, "merge") == "milestone"
    linked = Clone(tmp_path / "linked")
    clone.git("worktree", "add", "-q", str(linked.path))
    install_plainly(linked)
    assert describe(clone).state == "installed"


@pytest.mark.parametrize("folder", ["a folder", "100% %A", "it's", 'a "b" $c', "d;e#f"])
def test_a_program_in_an_odd_place(clone: Clone, tmp_path: Path, folder: str) -> None:
    clone.new("ship", labels=["m"])
    install(clone, tmp_path / folder)
    fork(clone, edit(labels=["m", "p"]), edit(labels=["m", "q"]))
    clone.git("merge", "--no-edit", "side")
    assert "labels:\n  - m\n\n  - p\n\n  - q\n" in text_of(clone)
    assert "+label: p" in clone.git("log", "-p", "-1", "--first-parent", "-m", "HEAD~")


def test_a_program_that_has_moved_is_found_on_path(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.new("ship", labels=["m"])
    install_plainly(clone, str(tmp_path / "gone" / "git-milestone"))
    program = make_program(tmp_path / "bin" / "git-milestone")
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    fork(clone, edit(labels=["m", "p"]), edit(labels=["m", "q"]))
    clone.git("merge", "--no-edit", "side")
    assert "labels:\n  - m\n\n  - p\n\n  - q\n" in text_of(clone)


def test_without_the_program_files_are_shown_as_they_are(clone: Clone) -> None:
    clone.new("ship")
    install_plainly(clone)
    edit(owner="bo")(clone)
    clone.environ["PATH"] = f"{os.path.dirname(shutil.which('git') or '')}:/usr/bin:/bin"
    assert "+owner: bo\n" in clone.git("show", "HEAD")
    assert "\n schema: 1\n" in clone.git("show", "-U99", "HEAD")
