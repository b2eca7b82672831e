"""Where others look after the hooks: the lines that `hooks install` says to add, in real hooks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import EnvironmentFault
from gitmilestone.faces.cli.commands.hooks import compose_advice
from gitmilestone.operations.checking.hooks import HookStatus, get_hook_status, install_hooks, uninstall_hooks
from gitmilestone.store.installing.hook_text import compose_line
from gitmilestone.store.installing.hook_tools import ADVISED, Obstacle, Tool
from tests.hooks.conftest import OPEN, Said
from tests.repositories import Clone, run_git
from tests.store.installing.test_hook_files import in_files

Run = Callable[..., Said]
Lay = Callable[..., Path]

BROKEN = OPEN.format(title="Broken").replace("in_progress", "soon")


def status_of(clone: Clone, program: Path) -> HookStatus:
    with clone.store() as store:
        return get_hook_status(store, str(program))


def states(clone: Clone, program: Path) -> dict[str, str]:
    return {hook.name: hook.state for hook in status_of(clone, program).hooks}


def take_advice(clone: Clone, obstacle: Obstacle) -> None:
    """Into hooks that each say a word of their own."""
    lines = compose_advice(obstacle).splitlines()
    for name, line in zip(lines[::2], lines[1::2], strict=True):
        path = clone.path / name.removesuffix(":")
        path.write_text(f"#!/bin/sh\n{line.strip()}\necho theirs\n")
        path.chmod(0o755)


@pytest.fixture
def tracked(clone: Clone, program: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A project with two milestones and committed hooks, in which our lines are."""
    clone.new("ship-2fa", title="Ship two-factor login")
    clone.new("beta", due="2027-01-15")
    (clone.path / "hooks").mkdir()
    (clone.path / "hooks" / "pre-commit").write_text("#!/bin/sh\necho theirs\n")
    clone.git("config", "core.hooksPath", "hooks")
    clone.git("add", "hooks")
    with clone.store() as store:
        obstacle = install_hooks(store, str(program)).obstacle
    assert obstacle is not None
    assert obstacle.tool == "tracked"
    take_advice(clone, obstacle)
    clone.git("add", "hooks")
    clone.git("commit", "-qm", "hooks", "--no-verify")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return clone


@pytest.fixture
def without(tracked: Clone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """The same, on the machine of somebody who has not our program."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tracked


@in_files
def test_the_lines_do_what_hooks_do(tracked: Clone, run: Run, lay: Lay) -> None:
    lay(tracked, "active/beta.yaml", BROKEN)
    done = run(tracked, "commit", "-qam", "bad")
    assert (done.status, "active/beta.yaml:5: error:" in done.out, "theirs" in done.out) == (1, True, False)
    tracked.git("checkout", "-q", "HEAD", "--", ".milestones")
    assert run(tracked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: ghost").status == 1
    with tracked.store() as store:
        store.write_state("current", "beta")
    assert run(tracked, "commit", "-q", "--allow-empty", "-m", "code") == Said(0, "theirs\n" * 3)
    assert tracked.git("log", "-1", "--format=%(trailers:key=Milestone,valueonly)").strip() == "beta"


@in_files
def test_a_push_and_a_merge_are_told_of(tracked: Clone, run: Run, lay: Lay, tmp_path: Path) -> None:
    run_git("clone", "-q", "--bare", str(tracked.path), str(tmp_path / "server.git"))
    tracked.git("remote", "add", "origin", str(tmp_path / "server.git"))
    tracked.git("switch", "-qc", "side")
    tracked.complete("ship-2fa")
    tracked.git("switch", "-q", "main")
    done = run(tracked, "merge", "-q", "side")
    assert done == Said(0, "1 milestone changed: ship-2fa completed\ntheirs\n")
    lay(tracked, "active/beta.yaml", BROKEN)
    tracked.git("commit", "-qam", "bad", "--no-verify")
    done = run(tracked, "push", "-q", "origin", "main")
    assert (done.status, "main was not pushed" in done.out) == (1, True)


@in_files
def test_who_has_not_our_program_is_not_stopped(without: Clone, run: Run, tmp_path: Path) -> None:
    run_git("clone", "-q", "--bare", str(without.path), str(tmp_path / "server.git"))
    without.git("remote", "add", "origin", str(tmp_path / "server.git"))
    (without.path / "readme").write_text("more\n")
    assert run(without, "commit", "-qam", "code") == Said(0, "theirs\n" * 3)
    done = run(without, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: ghost")
    assert (done.status, "git milestone is missing, and commit-msg did nothing" in done.out) == (0, True)
    done = run(without, "push", "-q", "origin", "main")
    assert (done.status, "git milestone is missing, and pre-push did nothing" in done.out) == (0, True)
    assert run(without, "rebase", "-q", "--force-rebase", "HEAD~1").status == 0


@in_files
def test_but_does_not_commit_milestones_unchecked(without: Clone, run: Run, lay: Lay) -> None:
    lay(without, "active/new.yaml")
    without.git("add", ".")
    done = run(without, "commit", "-qm", "new")
    assert done == Said(1, "git milestone is missing, install it or pass --no-verify\n")
    assert run(without, "commit", "-qm", "new", "--no-verify").status == 0
    without.git("switch", "-qc", "side", "HEAD~1")
    done = run(without, "merge", "-q", "main")
    assert (done.status, "post-merge did nothing" in done.out) == (0, True)


@in_files
def test_the_lines_are_recognised(tracked: Clone, program: Path) -> None:
    assert states(tracked, program) == dict.fromkeys(ADVISED["tracked"], "installed")
    path = tracked.path / "hooks" / "pre-push"
    path.write_text(path.read_text().replace("\n", "\n# ", 1))
    assert states(tracked, program)["pre-push"] == "absent"
    path.write_text("#!/bin/sh\ngit-milestone __hook 'pre-push' \"$@\"\n")
    assert states(tracked, program)["pre-push"] == "installed"
    path.chmod(0o644)  # git passes it over
    assert states(tracked, program)["pre-push"] == "absent"


FILES: dict[Tool, str] = {"pre-commit": ".pre-commit-config.yaml", "lefthook": "lefthook.yml"}


@pytest.mark.parametrize("tool", ["pre-commit", "lefthook", "husky"])
def test_other_tools_lines_are_recognised(clone: Clone, program: Path, tool: Tool) -> None:
    """Where git also runs the tool."""
    advice = compose_advice(Obstacle(tool, ""))
    if tool == "husky":
        (clone.path / ".husky").mkdir()
        take_advice(clone, Obstacle(tool, ".husky"))
    else:
        (clone.path / FILES[tool]).write_text(advice)
    assert states(clone, program) == dict.fromkeys(ADVISED[tool], "absent")
    for name in ADVISED[tool]:
        path = clone.git_dir / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n# theirs\n")
        path.chmod(0o755)
    assert states(clone, program) == dict.fromkeys(ADVISED[tool], "installed")
    with clone.store() as store:
        assert install_hooks(store, str(program)).obstacle is not None
    found = status_of(clone, program)
    assert found.drivers is not None
    assert {found.drivers.state, *(hook.state for hook in found.hooks)} == {"installed"}


@pytest.mark.parametrize("name", ADVISED["husky"])
def test_a_line_fits_between_quotes_and_into_yaml(name: str) -> None:
    line = compose_line(name)
    assert not {"'", "\n"} & set(line)
    assert ": " not in line
    assert " #" not in line


@in_files
def test_hooks_that_are_switched_off(clone: Clone, program: Path) -> None:
    """The drivers are installed all the same."""
    clone.git("config", "core.hooksPath", "/dev/null")
    with clone.store() as store:
        report = install_hooks(store, str(program))
    assert (report.obstacle, report.hooks, report.has_changed_drivers) == (Obstacle("nowhere", "/dev/null"), [], True)
    assert set(states(clone, program).values()) == {"absent"}


def test_the_drivers_are_installed_where_hooks_cannot_be(clone: Clone, program: Path) -> None:
    clone.git("config", "core.hooksPath", "/proc/self/hooks")
    with clone.store() as store, pytest.raises(EnvironmentFault):
        install_hooks(store, str(program))
    drivers = status_of(clone, program).drivers
    assert drivers is not None
    assert drivers.state == "installed"


@pytest.mark.parametrize("content", ["*.png binary\n", ""])
def test_attributes_behind_a_link_stay_behind_it(clone: Clone, program: Path, tmp_path: Path, content: str) -> None:
    attributes = clone.path / ".milestones" / ".gitattributes"
    attributes.unlink()
    clone.git("commit", "-qam", "from before there were drivers")
    shared = tmp_path / "attributes"
    shared.write_text(content)
    shared.chmod(0o600)
    link = clone.git_dir / "info" / "attributes"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(shared)
    with clone.store() as store:
        install_hooks(store, str(program))
    assert "merge=milestone" in shared.read_text()
    assert shared.read_text().endswith(content)
    with clone.store() as store:
        uninstall_hooks(store)
    assert link.is_symlink()
    assert (shared.read_text(), shared.stat().st_mode & 0o777) == (content, 0o600)
