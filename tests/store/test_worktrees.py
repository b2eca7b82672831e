"""A branch that another work tree has checked out is not moved under it: its next commit would be the revert."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import CheckedOutElsewhere
from gitmilestone.operations.merging.propose import propose
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone, run_git

Places = tuple[Clone, Clone]
"""Where the write is tried, and the work tree that has the branch."""


def bare_with_a_linked_worktree(clone: Clone, tmp_path: Path) -> Places:
    clone.git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    run_git("worktree", "add", "-q", str(tmp_path / "linked"), "main", cwd=tmp_path / "bare.git")
    return Clone(tmp_path / "bare.git"), Clone(tmp_path / "linked")


def a_git_file_to_a_bare_one(clone: Clone, tmp_path: Path) -> Places:
    top = tmp_path / "top"
    clone.git("clone", "-q", "--bare", str(clone.path), str(top / ".bare"))
    (top / ".git").write_text("gitdir: ./.bare\n")
    run_git("worktree", "add", "-q", "main", cwd=top)
    return Clone(top), Clone(top / "main")


def core_bare_with_worktrees(clone: Clone, tmp_path: Path) -> Places:
    clone.git("config", "core.bare", "true")
    clone.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    return clone, Clone(tmp_path / "linked")


def core_bare_of_the_main_one_alone(clone: Clone, tmp_path: Path) -> Places:
    clone.git("config", "extensions.worktreeConfig", "true")
    clone.git("config", "--worktree", "core.bare", "true")
    clone.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    return clone, Clone(tmp_path / "linked")


def a_rebase_elsewhere(clone: Clone, tmp_path: Path) -> Places:
    bare, linked = bare_with_a_linked_worktree(clone, tmp_path)
    linked.git("rebase", "-q", "--exec=false", "HEAD~1", is_checked=False)
    assert (linked.git_dir / "rebase-merge").is_dir()
    return bare, linked


WITHOUT_FILES = [
    bare_with_a_linked_worktree,
    a_git_file_to_a_bare_one,
    core_bare_with_worktrees,
    core_bare_of_the_main_one_alone,
]


@pytest.mark.parametrize("make", WITHOUT_FILES)
def test_a_write_is_refused_and_works_there(
    clone: Clone, tmp_path: Path, make: Callable[[Clone, Path], Places]
) -> None:
    here, there = make(clone, tmp_path)
    head = here.head
    with pytest.raises(CheckedOutElsewhere, match="main is checked out in") as fault:
        here.new("ship")
    assert str(there.path) in fault.value.message
    assert f"git -C {there.path} milestone" in fault.value.hint
    assert (here.head, there.status(), here.locks()) == (head, "", [])
    there.new("ship")
    assert (there.ids(), there.status()) == ({"ship"}, "")


@pytest.mark.parametrize("make", WITHOUT_FILES)
def test_another_branch_is_nobody_elses(clone: Clone, tmp_path: Path, make: Callable[[Clone, Path], Places]) -> None:
    here, there = make(clone, tmp_path)
    there.git("switch", "-q", "-c", "side")
    (here.git_dir / "index").unlink(missing_ok=True)
    here.new("ship")
    assert (here.ids(), there.status()) == ({"ship"}, "")


def test_a_rebase_that_comes_back_to_the_branch(clone: Clone, tmp_path: Path) -> None:
    here, there = a_rebase_elsewhere(clone, tmp_path)
    with pytest.raises(CheckedOutElsewhere, match="main is checked out in"):
        here.new("ship")
    there.git("rebase", "--abort")


def test_a_bare_repository_that_is_given_its_work_tree_each_time(clone: Clone, tmp_path: Path) -> None:
    """Dotfiles: `git --git-dir=~/.dotfiles --work-tree=~`, and once the second half is forgotten."""
    dotfiles, home = tmp_path / "dotfiles", tmp_path / "home"
    home.mkdir()
    clone.git("clone", "-q", "--bare", str(clone.path), str(dotfiles))
    whole = Clone(home, GIT_DIR=str(dotfiles), GIT_WORK_TREE=str(home))
    whole.git("checkout", "-q")
    half = Clone(home, GIT_DIR=str(dotfiles))
    with pytest.raises(CheckedOutElsewhere, match="does not name") as fault:
        half.new("ship")
    assert "--work-tree" in fault.value.hint
    assert whole.status() == ""
    whole.new("ship")
    assert (whole.ids(), whole.status()) == ({"ship"}, "")


def test_two_work_trees_on_one_branch_by_force(clone: Clone, tmp_path: Path) -> None:
    second = Clone(tmp_path / "second")
    clone.git("worktree", "add", "-q", "--force", str(second.path), "main")
    for here, there in ((clone, second), (second, clone)):
        with pytest.raises(CheckedOutElsewhere) as fault:
            here.new("ship")
        assert f"git -C {there.path} switch --detach" in fault.value.hint
        assert there.status() == ""
    second.git("switch", "-q", "--detach")
    clone.new("ship")
    assert (clone.status(), second.status()) == ("", "")


def test_a_worktree_of_a_main_one_that_is_bare_and_keeps_an_old_staging_area(clone: Clone, tmp_path: Path) -> None:
    for make in (core_bare_with_worktrees, core_bare_of_the_main_one_alone):
        copy = Clone(tmp_path / make.__name__ / "copy")
        clone.git("clone", "-q", str(clone.path), str(copy.path))
        here, there = make(copy, copy.path.parent)
        assert (here.git_dir / "index").exists()
        there.new("ship")
        assert there.status() == ""


def test_a_worktree_that_is_gone(clone: Clone, tmp_path: Path) -> None:
    here, there = bare_with_a_linked_worktree(clone, tmp_path)
    there.path.rename(tmp_path / "away")
    with pytest.raises(CheckedOutElsewhere) as fault:
        here.new("ship")
    assert "git worktree prune" in fault.value.hint
    here.git("worktree", "prune")
    assert here.new("ship")


def test_a_new_branch_on_which_another_worktree_has_not_begun(clone: Clone, tmp_path: Path) -> None:
    side = Clone(tmp_path / "side")
    clone.git("worktree", "add", "-q", "--detach", str(side.path))
    side.git("symbolic-ref", "HEAD", "refs/heads/plan")
    clone.new("ship")
    path = clone.path / ".milestones" / "active" / "ship.yaml"
    path.write_text(path.read_text().replace("planned", "in_progress"))
    text = path.read_text()
    with clone.store() as store, pytest.raises(CheckedOutElsewhere, match="plan is checked out"):
        propose(store, "plan", "HEAD", WriteOptions())
    assert path.read_text() == text
    assert clone.git("branch", "--list", "plan") == ""
