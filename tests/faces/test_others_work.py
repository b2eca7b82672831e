"""Law 7 at the command line: whatever a command does, what others have begun is byte-identical afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gitmilestone.faces.cli.table import iter_commands
from tests.faces.conftest import Run

SESSIONS: dict[str, tuple[str, ...]] = {
    "init": ("init",),
    "demo": ("demo", "-h"),
    "list": ("list", "--all"),
    "show": ("show", "first"),
    "log": ("log", "first"),
    "watch": ("watch", "--since", "HEAD~2", "--count", "1"),
    "ready": ("ready",),
    "blocked": ("blocked",),
    "graph": ("graph", "--all"),
    "review": ("review", "HEAD~1..HEAD"),
    "propose": ("propose",),
    "resolve": ("resolve",),
    "hooks install": ("hooks", "install", "--dry-run"),
    "hooks uninstall": ("hooks", "uninstall"),
    "hooks status": ("hooks", "status"),
    "__hook": ("__hook", "post-commit"),
    "__comment": ("__comment", "{plan}"),
    "__merge": ("__merge", "branches", "--", "{plan}", "{plan}", "{plan}", "7", ".milestones/active/x.yaml"),
    "__textconv": ("__textconv", "{plan}"),
    "calibrate": ("calibrate", "--seconds", "1"),
    "diff": ("diff",),
    "sql": ("sql", "SELECT id FROM milestones"),
    "stats": ("stats",),
    "current": ("current", "first"),
    "new": ("new", "Another", "--id", "another"),
    "edit": ("edit", "first", "--due", "2027-01-01"),
    "start": ("start", "first"),
    "block": ("block", "first"),
    "complete": ("complete", "first", "second"),
    "cancel": ("cancel", "second"),
    "reopen": ("reopen", "closed"),
    "archive": ("archive", "status:cancelled"),
    "delete": ("delete", "second"),
    "task add": ("task", "add", "first", "Another"),
    "task start": ("task", "start", "first", "step"),
    "task done": ("task", "done", "first", "step"),
    "task reopen": ("task", "reopen", "first", "step"),
    "task remove": ("task", "remove", "first", "step"),
    "depend add": ("depend", "add", "first", "closed"),
    "depend remove": ("depend", "remove", "second", "first"),
    "apply": ("apply", "{plan}"),
    "import": ("import", "{sheet}"),
    "export": ("export",),
    "check": ("check", "--fix"),
    "migrate": ("migrate", "sharded"),
    "index status": ("index", "status"),
    "index rebuild": ("index", "rebuild"),
    "index verify": ("index", "verify"),
    "index drop": ("index", "drop"),
    "status": ("status",),
    "schema": ("schema",),
    "completion": ("completion", "bash"),
    "__complete": ("__complete", "--", "show", "f"),
}

_STATUSES = {"propose": 1, "hooks status": 1, "__comment": 2}
"""Where there is nothing to do, or something is missing."""


def test_every_command_is_tried() -> None:
    assert set(SESSIONS) == {command.name for command in iter_commands()}


@pytest.fixture
def others(repository: Path, run: Run, environ: dict[str, str]) -> Path:
    """A repository in which somebody is in the middle of everything that a commit could disturb."""

    def git(*args: str) -> None:
        subprocess.run(["git", *args], cwd=repository, env=environ, check=True, capture_output=True)

    run("init")
    run("new", "First", "--id", "first", "--task", "Step")
    run("new", "Second", "--id", "second", "--depends-on", "first")
    run("new", "Closed", "--id", "closed", "--status", "cancelled")
    for name in ("kept", "staged", "dirty", "both", "gone", "stashed"):
        (repository / name).write_text(f"{name}\n")
    git("add", ".")
    git("commit", "-qm", "Files of others")
    (repository / "stashed").write_text("put away\n")
    git("stash")
    run("index", "rebuild")
    (repository / "staged").write_text("staged\nmore\n")
    (repository / "both").write_text("both, staged\n")
    git("add", "staged", "both")
    (repository / "both").write_text("both, then edited\n")
    (repository / "dirty").write_text("edited\n")
    git("rm", "-q", "--cached", "gone")
    (repository / "intended").write_text("not yet\n")
    git("add", "-N", "intended")
    (repository / "untracked").write_text("nobody knows\n")
    (repository / ".git" / "hooks" / "post-rewrite").write_text("#!/bin/sh\nexit 1\n")
    git("config", "some.setting", "mine")
    return repository


def _picture(repository: Path, environ: dict[str, str]) -> dict[str, str | bytes]:
    """Everything of others that git or the file system knows."""

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=repository, env=environ, check=True, capture_output=True, text=True
        ).stdout

    staged = [line for line in git("ls-files", "-s", "--debug").split("\n") if ".milestones" not in line]
    picture: dict[str, str | bytes] = {
        "staged": "\n".join(line for line in staged if line[:1].isdigit()),
        "intended": git("diff", "--name-status", "--", ":!.milestones"),
        "cached": git("diff", "--cached", "--raw", "--", ":!.milestones"),
        "stash": git("stash", "list"),
        "stashed": git("rev-parse", "refs/stash"),
        "config": (repository / ".git" / "config").read_bytes(),
        "hook": (repository / ".git" / "hooks" / "post-rewrite").read_bytes(),
    }
    for path in repository.iterdir():
        if path.is_file():
            picture[path.name] = path.read_bytes()
    return picture


@pytest.mark.parametrize("name", SESSIONS)
def test_others_work_is_left_alone(name: str, others: Path, run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    plan, sheet = tmp_path / "plan.jsonl", tmp_path / "sheet.csv"
    plan.write_text('{"op": "create", "title": "From a plan"}\n{"op": "update", "id": "first", "owner": "ana"}\n')
    sheet.write_text("id,title\nsecond,Second thought\n")
    before = _picture(others, environ)
    done = run(*(word.format(plan=plan, sheet=sheet) for word in SESSIONS[name]))
    assert done.returncode == _STATUSES.get(name, 0), done.stderr
    assert _picture(others, environ) == before


def test_a_merge_in_progress_keeps_its_state(others: Path, run: Run, environ: dict[str, str]) -> None:
    merge_head = others / ".git" / "MERGE_HEAD"
    merge_head.write_text(
        subprocess.run(["git", "rev-parse", "HEAD"], cwd=others, env=environ, capture_output=True, text=True).stdout
    )
    before = _picture(others, environ)
    assert run("start", "first").returncode == 128
    assert merge_head.exists()
    assert _picture(others, environ) == before
