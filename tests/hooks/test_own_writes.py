"""Hooks of the user that write elsewhere, behind commits of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hooks.conftest import OPEN, Said, install
from tests.repositories import Clone, run_git

Run = Callable[..., Said]
Lay = Callable[..., Path]


def hook(clone: Clone, name: str, text: str) -> None:
    place = clone.git_dir / "hooks" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}")
    place.chmod(0o755)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Clone:
    run_git("init", "-q", str(tmp_path / "elsewhere"))
    place = Clone(tmp_path / "elsewhere")
    (place.path / "kept").write_text("kept\n")
    place.git("add", ".")
    place.git("commit", "-qm", "first")
    return place


def test_a_hook_may_commit_in_another_repository(clone: Clone, elsewhere: Clone) -> None:
    """Without clearing what git tells it of this one, as it works behind `git commit`."""
    hook(clone, "post-commit", f"cd {elsewhere.path} && date > f && git add f && git commit -qm sync\n")
    (clone.path / "readme").write_text("staged by the user\n")
    clone.git("add", "readme")
    before = clone.others()
    clone.new("ship")
    before.assert_kept(clone.others(".milestones/active/ship.yaml"))
    assert clone.status() == "M  readme"
    assert elsewhere.git("ls-files").split() == ["f", "kept"]
    assert elsewhere.git("log", "-1", "--format=%s") == "sync"


@pytest.mark.parametrize("where", ["main", "folder", "linked", "given"])
def test_the_index_is_named_as_git_names_it(clone: Clone, tmp_path: Path, where: str) -> None:
    user, told = clone, tmp_path / "told"
    if where == "folder":
        user = Clone(clone.path / "src")
    elif where == "linked":
        clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        user = Clone(tmp_path / "linked")
    elif where == "given":
        user = Clone(clone.path, GIT_DIR=str(clone.git_dir))
    for name in ("pre-commit", "commit-msg", "post-commit"):
        hook(clone, name, f'echo "$GIT_INDEX_FILE $1" >> {told}\n')
    user.new("ship")
    ours = told.read_text().split()
    told.unlink()
    user.git("commit", "-q", "--allow-empty", "-m", "theirs")
    theirs = told.read_text().split()
    # `git commit -- PATH` shows the first one an index beside its own, and so do we.
    assert ours[0].startswith(theirs[0].removesuffix("index"))
    assert ours[1:] == theirs[1:]


def test_what_a_hook_commits_elsewhere_is_checked_there(
    hooked: Clone, elsewhere: Clone, program: Path, run: Run, lay: Lay
) -> None:
    elsewhere.init()
    install(elsewhere, program)
    lay(elsewhere, "active/bad.yaml", OPEN.format(title="Bad").replace("in_progress", "soon"))
    elsewhere.git("add", ".")
    clears = "unset $(git rev-parse --local-env-vars)\n"
    path = hooked.git_dir / "hooks" / "post-commit"
    path.write_text(f"{path.read_text()}{clears}cd {elsewhere.path} && git commit -qm sync\n")
    head = elsewhere.head
    hooked.new("ship")
    assert elsewhere.head == head
    assert elsewhere.git("diff", "--cached", "--name-only") == ".milestones/active/bad.yaml"


def test_our_own_commits_are_not_checked_again(hooked: Clone, program: Path, tmp_path: Path) -> None:
    hooked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    program.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/told\n')
    for user in (hooked, Clone(hooked.path / "src"), Clone(tmp_path / "linked")):
        user.new(f"ship-{user.path.name}")
    assert not (tmp_path / "told").exists()
