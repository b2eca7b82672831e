"""Beside the real pre-commit, husky and lefthook; each is skipped where it is not on PATH.

`pip install pre-commit`, and `npm install husky lefthook` with its `node_modules/.bin` on PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.faces.cli.commands.hooks import compose_advice
from gitmilestone.operations.checking.hooks import get_hook_status, install_hooks
from gitmilestone.store.installing.hook_tools import ADVISED, Obstacle, Tool
from tests.hooks.conftest import Said
from tests.repositories import ROOT, Clone

pytestmark = [pytest.mark.long, pytest.mark.frameworks]

Run = Callable[..., Said]
Lay = Callable[..., Path]

BROKEN = "schema: 1\n\ntitle: Broken\n\nstatus: nonsense\n"


@pytest.fixture
def project(clone: Clone, program: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A project with a milestone, and `git milestone` on PATH."""
    clone.new("beta")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return clone


def use(tool: str, clone: Clone, *args: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run([tool, *args], cwd=clone.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def assert_given_way(clone: Clone, program: Path, tool: Tool) -> None:
    before = list_hooks(clone)
    with clone.store() as store:
        report = install_hooks(store, str(program))
    assert report.obstacle is not None
    assert report.obstacle.tool == tool
    assert list_hooks(clone) == before


def assert_recognised(clone: Clone, program: Path, tool: Tool) -> None:
    with clone.store() as store:
        found = get_hook_status(store, str(program))
    assert {hook.name: hook.state for hook in found.hooks} == dict.fromkeys(ADVISED[tool], "installed")


def assert_nobody_stopped(clone: Clone, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where our program is not to be found: only who commits milestones is."""
    folders = os.environ["PATH"].split(":")
    monkeypatch.setenv("PATH", ":".join(one for one in folders if not os.path.exists(f"{one}/git-milestone")))
    (clone.path / "readme").write_text("yet more\n")
    done = run(clone, "commit", "-am", "code\n\nMilestone: nobody")
    assert done.status == 0, done.out
    lay(clone, "active/beta.yaml")
    assert run(clone, "commit", "-am", "a milestone").status == 1
    assert run(clone, "commit", "-am", "a milestone", "--no-verify").status == 0


def list_hooks(clone: Clone) -> dict[str, bytes]:
    folders = (clone.git_dir / "hooks", clone.path / ".husky")
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def assert_both_run(clone: Clone, run: Run, lay: Lay, theirs: str) -> None:
    """Theirs says its word in each commit, and ours refuses what is bad."""
    (clone.path / "readme").write_text("more\n")
    done = run(clone, "commit", "-am", "code")
    assert done.status == 0, done.out
    assert theirs in done.out
    lay(clone, "active/beta.yaml", BROKEN)
    done = run(clone, "commit", "-am", "bad")
    assert done.status == 1
    assert theirs in done.out
    assert ".milestones/active/beta.yaml:5: error:" in done.out
    clone.git("checkout", "-q", "HEAD", "--", ".milestones")
    done = run(clone, "commit", "--allow-empty", "-m", "code\n\nMilestone: nobody")
    assert done.status == 1
    assert "names no milestone" in done.out
    assert run(clone, "commit", "--allow-empty", "-m", "code\n\nMilestone: beta").status == 0


THEIRS = """\
- repo: local
  hooks:
    - id: theirs
      name: theirs
      language: system
      entry: echo hello of theirs
      verbose: true
      always_run: true
      pass_filenames: false
      stages: [pre-commit]
"""


def test_beside_pre_commit(project: Clone, program: Path, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what `hooks install` says to add."""
    config = project.path / ".pre-commit-config.yaml"
    config.write_text("repos:\n" + THEIRS)
    assert_given_way(project, program, "pre-commit")
    config.write_text("repos:\n" + THEIRS + compose_advice(Obstacle("pre-commit", "")))
    project.git("add", ".")
    project.git("commit", "-qm", "config")
    use("pre-commit", project, "install", "--hook-type", "pre-commit", "--hook-type", "commit-msg")
    assert_both_run(project, run, lay, "hello of theirs")
    assert_given_way(project, program, "pre-commit")
    assert_recognised(project, program, "pre-commit")
    assert_nobody_stopped(project, run, lay, monkeypatch)


def test_the_published_hooks_of_pre_commit(project: Clone, run: Run, lay: Lay, tmp_path: Path) -> None:
    """Built by pre-commit from a commit of this very tree."""
    source = tmp_path / "gitmilestone"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".*_cache", ".hypothesis", "__pycache__"))
    published = Clone(source)
    published.git("init", "-q", "--template=")
    published.git("add", ".")
    published.git("commit", "-qm", "a version")
    ours = "".join(f"    - id: {name}\n" for name in ("milestone-check", "milestone-commit-msg"))
    published_at = f"- repo: {source}\n  rev: {published.head}\n  hooks:\n{ours}"
    (project.path / ".pre-commit-config.yaml").write_text("repos:\n" + THEIRS + published_at)
    project.git("add", ".")
    project.git("commit", "-qm", "config")
    use("pre-commit", project, "install", "--hook-type", "pre-commit", "--hook-type", "commit-msg")
    subprocess.run(["pre-commit", "install-hooks"], cwd=project.path, check=True)
    os.environ["PATH"] = os.environ["PATH"].partition(":")[2]  # nothing but pre-commit's own environment has ours
    assert_both_run(project, run, lay, "hello of theirs")
    lay(project, "active/old.yaml", BROKEN)
    project.git("add", ".")
    project.git("commit", "-qm", "bad", "--no-verify")
    done = subprocess.run(["pre-commit", "run", "--all-files"], cwd=project.path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "old.yaml:5: error:" in done.stdout


def test_pre_commit_may_come_later(project: Clone, program: Path, run: Run, lay: Lay) -> None:
    """It runs what it finds there."""
    with project.store() as store:
        install_hooks(store, str(program))
    (project.path / ".pre-commit-config.yaml").write_text("repos:\n" + THEIRS)
    project.git("add", ".")
    project.git("commit", "-qm", "config")
    use("pre-commit", project, "install", "--hook-type", "pre-commit", "--hook-type", "commit-msg")
    assert_both_run(project, run, lay, "hello of theirs")


def test_beside_husky(project: Clone, program: Path, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    use("husky", project)
    folder = project.path / ".husky"
    (folder / "pre-commit").write_text("echo hello of theirs\n")
    assert_given_way(project, program, "husky")
    lines = compose_advice(Obstacle("husky", ".husky")).splitlines()
    for name, command in zip(lines[::2], lines[1::2], strict=True):
        with (project.path / name.removesuffix(":")).open("a") as file:
            file.write(command.strip() + "\n")
    project.git("add", ".")
    project.git("commit", "-qm", "husky", "--no-verify")
    assert_both_run(project, run, lay, "hello of theirs")
    assert_recognised(project, program, "husky")
    assert_nobody_stopped(project, run, lay, monkeypatch)


def test_beside_lefthook(project: Clone, program: Path, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project.path / "lefthook.yml"
    theirs = "    theirs:\n      run: echo hello of theirs\n"
    config.write_text("pre-commit:\n  commands:\n" + theirs)
    assert_given_way(project, program, "lefthook")
    advice = compose_advice(Obstacle("lefthook", "lefthook.yml"))
    config.write_text(advice.replace("  commands:\n", "  commands:\n" + theirs, 1))
    project.git("add", ".")
    project.git("commit", "-qm", "lefthook")
    use("lefthook", project, "install")
    assert_both_run(project, run, lay, "hello of theirs")
    assert_given_way(project, program, "lefthook")
    assert_recognised(project, program, "lefthook")
    assert_nobody_stopped(project, run, lay, monkeypatch)
