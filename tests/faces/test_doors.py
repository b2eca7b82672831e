"""A command that reads, or rehearses, commits nothing and moves nothing: also where a migration is due."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitmilestone.faces.cli.table import iter_commands
from gitmilestone.model.layout import path_of
from gitmilestone.operations.carry_out import follow_write
from gitmilestone.operations.scaling.pace import STATE
from gitmilestone.store.store import Store
from tests.faces.conftest import ROOT, Run
from tests.faces.test_others_work import SESSIONS
from tests.repositories import run_git

ENOUGH = 60
"""Milestones of which a project wants another tier than `file`."""

REHEARSED = sorted(command.name for command in iter_commands() if any(o.name == "dry_run" for o in command.options))
CHANGING = {
    # what is asked of these is to change something outside of commits, and each has tests of its own
    *("current", "demo", "check", "resolve", "propose", "hooks uninstall", "__hook", "__comment", "__merge"),
}
READING = sorted(set(SESSIONS) - {*REHEARSED} - CHANGING)
_WRITING = re.compile(r"\bstore\.(write|rehearse)\(")


@pytest.fixture
def due(repository: Path, run: Run, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has wanted the tier `sqlite` for longer than the delay, and whose next write would switch."""
    run("init")
    run("new", "To be deleted", "--id", "gone")
    run("delete", "gone")
    folder = repository / ".milestones"
    names = ["first", "second", "closed", *(f"more-{number}" for number in range(ENOUGH))]
    for name in names:
        path = folder / path_of(name, "flat")
        path.parent.mkdir(exist_ok=True)
        more = "\ndepends_on:\n  - first\n" if name == "second" else ""
        more += "\ntasks:\n  step:\n    title: Step\n" if name == "first" else ""
        status = "cancelled" if name == "closed" else "planned"
        path.write_text(f"schema: 1\n\ntitle: Do {name}\n\nstatus: {status}\n{more}")
    for words in (["add", "."], ["commit", "-qm", "Many"], ["config", "milestone.autoMigrate", "commit"]):
        subprocess.run(["git", *words], cwd=repository, env=environ, check=True)
    store = Store.open(str(repository), {**os.environ, **environ})
    follow_write(store, now=int(time.time()) - 7200)
    assert "sqlite" in (store.read_state(STATE) or "")
    store.close()
    assert "due with the next write" in run("status").stdout
    return repository


def _iter_facts(repository: Path) -> Iterator[tuple[str, object]]:
    """Everything in the repository but what is derived, and git's memory of what it has looked at."""
    for path in sorted(repository.rglob("*")):
        name = path.relative_to(repository).as_posix()
        if path.is_file() and not name.startswith(".git/milestone/"):
            yield name, path.read_bytes()


def _words(name: str, folder: Path) -> list[str]:
    plan, sheet = folder / "plan.jsonl", folder / "sheet.csv"
    plan.write_text('{"op": "create", "title": "From a plan"}\n{"op": "update", "id": "first", "owner": "ana"}\n')
    sheet.write_text("id,title\nsecond,Second thought\n")
    return [word.format(plan=plan, sheet=sheet) for word in SESSIONS[name]]


@pytest.mark.parametrize("name", READING)
def test_a_command_that_reads_changes_nothing(name: str, due: Path, run: Run, tmp_path: Path) -> None:
    before = dict(_iter_facts(due))
    done = run(*_words(name, tmp_path))
    assert done.returncode in (0, 1), done.stderr
    assert dict(_iter_facts(due)) == before


@pytest.mark.parametrize("name", REHEARSED)
def test_a_rehearsal_changes_nothing(name: str, due: Path, run: Run, tmp_path: Path) -> None:
    before = dict(_iter_facts(due))
    words = [word for word in _words(name, tmp_path) if word != "--dry-run"]
    done = run(*words, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert dict(_iter_facts(due)) == before


@pytest.mark.parametrize("name", sorted(set(REHEARSED) - {"init", "hooks install", "task reopen", "resolve"}))
def test_a_rehearsal_says_what_would_change(name: str, due: Path, run: Run, tmp_path: Path) -> None:
    words = [word for word in _words(name, tmp_path) if word != "--dry-run"]
    done = run(*words, "--dry-run")
    assert "would " in done.stdout + done.stderr
    assert done.stdout


def test_a_rehearsal_refuses_what_the_write_would(due: Path, run: Run) -> None:
    for words in (["delete", "first"], ["depend", "add", "first", "second"], ["new", "Again", "--id", "first"]):
        written, rehearsed = run(*words), run(*words, "--dry-run")
        assert (rehearsed.returncode, rehearsed.stderr) == (written.returncode, written.stderr)
        assert written.returncode != 0
    (due / ".milestones" / "active" / "first.yaml").write_text("title: Mine\n")
    written, rehearsed = run("start", "first"), run("start", "first", "--dry-run")
    assert (rehearsed.returncode, rehearsed.stderr) == (written.returncode, written.stderr)
    assert "edits that are not committed" in written.stderr


@pytest.mark.parametrize("why", ["a filter", "a detached HEAD", "edits"])
def test_a_rehearsal_of_a_migration_refuses_what_the_migration_would(why: str, due: Path, run: Run) -> None:
    if why == "a filter":
        (due / ".gitattributes").write_text("*.yaml filter=mine\n")
    elif why == "edits":
        for path in (due / ".milestones").rglob("*.yaml"):
            path.write_text(path.read_text() + "# mine\n")
    else:
        run_git("checkout", "-q", "--detach", cwd=due)
    for target in ("sharded", "sqlite"):
        written, rehearsed = run("migrate", target), run("migrate", target, "--dry-run")
        assert written.returncode not in (0, 2)
        assert (rehearsed.returncode, rehearsed.stdout, rehearsed.stderr) == (written.returncode, "", written.stderr)


def test_the_next_write_switches(due: Path, run: Run) -> None:
    """Or the tests above would prove nothing."""
    assert "migrated tier file -> sqlite" in run("start", "first").stderr
    assert (due / ".milestones" / "config" / "tier.yaml").read_text() == "tier: sqlite\n"


def test_only_one_place_writes() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gitmilestone").rglob("*.py")
        if _WRITING.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"gitmilestone/changes/commit.py"}
