"""`git milestone hooks`, and what a hook's process imports."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.faces.conftest import Run
from tests.faces.test_import_budget import find_imported
from tests.repositories import run_git

CLIENT = 8


@pytest.fixture
def environ(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """With an executable on PATH, wherever this runs."""
    place = tmp_path / "bin" / "git-milestone"
    place.parent.mkdir()
    place.write_text("#!/bin/sh\nexit 0\n")
    place.chmod(0o755)
    return {**environ, "PATH": f"{place.parent}:{environ['PATH']}"}


def configuration(repository: Path) -> bytes:
    return (repository / ".git" / "config").read_bytes()


@pytest.mark.usefixtures("milestones")
def test_install_status_uninstall(run: Run, repository: Path) -> None:
    before = configuration(repository)
    absent = run("hooks", "status")
    assert absent.returncode == 1
    assert absent.stdout.count(" absent") == CLIENT + 1
    assert "hooks install" in absent.stderr
    dry = run("hooks", "install", "--dry-run")
    assert dry.stdout.count("would be installed in") == CLIENT + 1
    assert configuration(repository) == before
    assert run("hooks", "install").stdout.replace("installed", "would be installed") == dry.stdout
    assert run("hooks", "status").returncode == 0
    again = run("hooks", "install")
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing to change" in again.stderr
    assert run("hooks", "uninstall").stdout.count("removed from") == CLIENT + 1
    nothing = run("hooks", "uninstall")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert b"milestone" not in configuration(repository)


def test_status_for_programs(run: Run) -> None:
    run("hooks", "install")
    found = json.loads(run("hooks", "status", "--json").stdout)
    assert found["schema_version"] == 1
    assert os.path.basename(found["program"]) == "git-milestone"
    assert os.path.isabs(found["program"])
    assert found["looked_after_by"] is None
    assert found["drivers"]["state"] == "installed"
    assert {hook["state"] for hook in found["hooks"]} == {"installed"}
    assert len(found["hooks"]) == CLIENT


def test_a_server(run: Run) -> None:
    assert run("hooks", "install", "--server").stdout.count("installed in") == 2
    status = run("hooks", "status")
    assert status.stdout.count(" installed ") == 2


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        (".pre-commit-config.yaml", "id: milestone-check"),
        (".husky", ".husky/pre-commit"),
        ("lefthook.yml", "git milestone __hook post-rewrite"),
    ],
)
def test_what_to_add_is_printed(run: Run, repository: Path, sign: str, said: str) -> None:
    (repository / sign).write_text("")
    done = run("hooks", "install")
    assert done.returncode == 1
    assert said in done.stdout
    assert "no hook was changed" in done.stderr
    hooks = repository / ".git" / "hooks"
    assert [name for name in os.listdir(hooks) if not name.endswith(".sample")] == []


def test_a_shared_folder_is_named(run: Run, tmp_path: Path, environ: dict[str, str]) -> None:
    run_git("config", "--file", environ["GIT_CONFIG_GLOBAL"], "core.hooksPath", str(tmp_path / "all"))
    done = run("hooks", "install")
    assert done.returncode == 1
    assert str(tmp_path / "all") in done.stderr


def test_lines_that_were_added_are_found(run: Run, repository: Path) -> None:
    (repository / ".husky" / "_").mkdir(parents=True)
    run_git("config", "core.hooksPath", ".husky/_", cwd=repository)
    assert "says what to add beside .husky" in run("hooks", "status").stderr
    advice = [line for line in run("hooks", "install").stdout.splitlines() if "husky" in line or line[:1] == " "]
    for name, line in zip(advice[::2], advice[1::2], strict=True):
        (repository / name.removesuffix(":")).write_text(line)
        place = repository / ".husky" / "_" / os.path.basename(name.removesuffix(":"))
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    done = run("hooks", "status")
    assert (done.returncode, done.stderr) == (0, "")


def test_hooks_that_are_switched_off(run: Run, repository: Path) -> None:
    run_git("config", "core.hooksPath", "/dev/null", cwd=repository)
    done = run("hooks", "install")
    assert (done.returncode, "driver: installed" in done.stdout) == (1, True)
    assert "git runs no hooks here" in done.stderr
    done = run("hooks", "status")
    assert (done.returncode, "git runs no hooks here" in done.stderr) == (1, True)


def test_an_unknown_hook_is_a_usage_error(run: Run) -> None:
    done = run("__hook", "post-nonsense")
    assert done.returncode == 2
    assert "pre-commit" in done.stderr


@pytest.mark.usefixtures("milestones")
def test_a_hook_starts_fast(repository: Path, environ: dict[str, str]) -> None:
    (repository / ".milestones" / "active" / "new.yaml").write_text("schema: 1\n\ntitle: New\n\nstatus: planned\n")
    run_git("add", ".", cwd=repository, env=environ)
    imported = find_imported(("__hook", "pre-commit"), repository, environ)
    slow = {"dulwich", "tabulate", "click", "subprocess", "dataclasses", "pathlib", "logging", "tempfile", "psycopg"}
    assert not imported & slow
