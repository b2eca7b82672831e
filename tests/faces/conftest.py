"""A repository of its own for every test, and no way to the user's files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]

_IDENTITY = "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "gitconfig").write_text(_IDENTITY)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
    }


@pytest.fixture
def repository(tmp_path: Path, environ: dict[str, str]) -> Path:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(folder)], env=environ, check=True)
    return folder


@pytest.fixture
def run(repository: Path, environ: dict[str, str]) -> Run:
    """Runs `git-milestone ARGS` in the repository, as its own process."""

    def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gitmilestone", *args]
        return subprocess.run(
            command, cwd=repository, env={**environ, **more}, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def milestones(run: Run) -> list[str]:
    """Two milestones with everything that completion offers; their ids."""
    for args in (
        ("init",),
        ("new", "Ship two-factor login", "--id", "ship-2fa", "--project", "auth", "--label", "security"),
        ("task", "add", "ship-2fa", "Enrol with TOTP", "--id", "enrol"),
        ("new", "Session store", "--id", "session-store", "--owner", "bo@example.com", "--due", "2027-01-15"),
    ):
        done = run(*args)
        assert done.returncode == 0, done.stderr
    return ["session-store", "ship-2fa"]
