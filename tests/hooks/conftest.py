"""An executable for hooks to run, and projects that have them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from gitmilestone.operations.checking.hooks import install_hooks
from tests.repositories import ROOT, Clone

OPEN = "schema: 1\n\ntitle: {title}\n\nstatus: in_progress\n"


class Said(NamedTuple):
    status: int
    out: str


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """What `git-milestone` is when it is installed."""
    place = tmp_path / "installed" / "git-milestone"
    place.parent.mkdir()
    place.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gitmilestone "$@"\n')
    place.chmod(0o755)
    return place


def install(clone: Clone, program: Path, *, for_server: bool = False) -> None:
    with clone.store() as store:
        report = install_hooks(store, str(program), for_server=for_server)
    assert report.obstacle is None
    assert {hook.state for hook in report.hooks} <= {"installed"}


@pytest.fixture
def hooked(clone: Clone, program: Path) -> Clone:
    """A project with our hooks, and two milestones."""
    clone.new("ship-2fa", title="Ship two-factor login")
    clone.new("beta", due="2027-01-15")
    install(clone, program)
    return clone


@pytest.fixture
def run() -> Callable[..., Said]:
    """`run(clone, "commit", "-m", "x")`: git's status, and both its streams as a user sees them."""

    def run(clone: Clone, *args: str, **env: str) -> Said:
        done = subprocess.run(
            ["git", *args],
            cwd=clone.path,
            env={**os.environ, **clone.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Said(done.returncode, done.stdout)

    return run


@pytest.fixture
def lay() -> Callable[..., Path]:
    """`lay(clone, "active/ship.yaml", text)` writes a file below `.milestones/`."""

    def lay(clone: Clone, path: str, text: str = OPEN.format(title="Ship")) -> Path:
        place = clone.path / ".milestones" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    return lay


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "frameworks: beside the real pre-commit, husky and lefthook")
