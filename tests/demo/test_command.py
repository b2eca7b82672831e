"""`git milestone demo`, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from gitmilestone.demo.findings import KINDS
from gitmilestone.demo.history import read_history
from gitmilestone.errors import Refused
from gitmilestone.faces.cli.commands import demo
from gitmilestone.faces.context import Context
from gitmilestone.store.installing.create import create_repository
from tests.demo.records import Replayed, commit, stated
from tests.repositories import ROOT, Clone

_FEW = 40


def run_demo(directory: Path, commits: int = _FEW) -> str:
    stdout = StringIO()
    context = Context(os.environ, str(directory.parent), StringIO(), stdout, StringIO())
    assert demo.show(context, str(directory), read_history()[:commits]) == 0
    return stdout.getvalue()


def test_it_reports_every_kind_and_names_the_list(tmp_path: Path) -> None:
    directory = tmp_path / "a place"
    printed = run_demo(directory)
    assert f"{_FEW} commits of kubernetes/enhancements into {directory}" in printed
    assert KINDS["template"][0] in printed
    report = directory / ".git" / "milestone" / "demo-report.txt"
    assert f"One by one: {report}" in printed
    assert KINDS["dangling"][0] in report.read_text()


def test_every_command_that_it_prints_works(tmp_path: Path) -> None:
    printed = run_demo(tmp_path / "a place")
    commands = [line[2:] for line in printed.splitlines() if line.startswith("$ ")]
    assert len(commands) > 10
    shim = tmp_path / "bin" / "git-milestone"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitmilestone "$@"\n')
    shim.chmod(0o755)
    environ = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(commands)], env=environ, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    shown = printed.partition(f"$ {commands[1]}\n")[2].partition("\n\n")[0]
    assert shown
    assert done.stdout.startswith(shown)


@pytest.mark.parametrize("content", ["a folder with a file", "a file"])
def test_a_place_that_is_taken_is_refused(tmp_path: Path, content: str) -> None:
    place = tmp_path / "taken"
    if content == "a file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Refused):
        run_demo(place)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_users_configuration_has_no_say(tmp_path: Path, home: Path) -> None:
    hooks = home / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {home}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    config = home / "gitconfig"
    config.write_text(
        f"{config.read_text()}[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n"
        "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n[init]\n\tdefaultBranch = trunk\n"
    )
    before = config.read_bytes()
    os.environ |= {"GIT_DIR": str(home / "nowhere"), "GIT_AUTHOR_DATE": "2001-02-03T04:05:06Z"}
    replayed = Replayed(tmp_path / "r", [commit(1, stated("1-a"))])
    del os.environ["GIT_DIR"]
    assert replayed.clone.git("log", "--format=%an %cn %ae %at %D", "-1") == (
        f"Ana Lima Ana Lima ana@example.com {int(replayed.imported[0].source.time.timestamp())} HEAD -> main"
    )
    assert replayed.clone.status() == ""
    assert config.read_bytes() == before
    assert not (home / "ran").exists()


def test_without_an_identity_the_repository_names_one(tmp_path: Path, home: Path) -> None:
    (home / "gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    environ = create_repository(str(tmp_path / "r"), os.environ)
    clone = Clone(tmp_path / "r")
    clone.git("commit", "-qm", "mine", "--allow-empty")
    assert clone.git("log", "-1", "--format=%an") == environ["GIT_AUTHOR_NAME"] == "git milestone"
    assert (home / "gitconfig").read_text() == "[user]\n\tuseConfigOnly = true\n"
