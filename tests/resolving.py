"""Conflicts that a real merge has left, and `git milestone resolve` as its own process."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
from typing import Any

from gitmilestone.model.layout import ROOT as FOLDER
from tests.merging import SHIP, edit, fork, text_of
from tests.repositories import ROOT, Clone

DONE = f"{FOLDER}/completed/ship.yaml"


class Run:
    """`git milestone resolve` as its own process."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
        self.command = [sys.executable, "-m", "gitmilestone", "resolve"]

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *args], cwd=self.clone.path, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def read(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self("--json").stdout)["conflicts"]
        return rows

    def type(self, answers: str, *args: str, at_last: str = "") -> tuple[int, str]:
        """What it prints to somebody at a terminal who answers so, and its exit status.

        Args:
            at_last: What is typed once the answers are read and the next question is there: Ctrl-C is no answer.
        """
        main, side = pty.openpty()
        running = subprocess.Popen(
            [*self.command, *args],
            cwd=self.clone.path,
            env=self.environ,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(side)
        os.write(main, answers.encode())
        said = b""
        try:
            while piece := os.read(main, 1 << 16):
                said += piece
                if at_last and said.count(b"Take: ") > answers.count("\n"):
                    os.write(main, at_last.encode())
                    at_last = ""
        except OSError:  # the other end is closed
            pass
        os.close(main)
        return running.wait(30), said.decode().replace("\r\n", "\n")


def merge(clone: Clone) -> None:
    clone.git("merge", "--no-edit", "side", is_checked=False)
    assert clone.git("ls-files", "-u"), clone.status()


def dispute(clone: Clone) -> None:
    """Two fields in conflict, and two that are merged."""
    fork(
        clone,
        edit(owner="bo", due="2027-01-15", labels=["m", "p"]),
        edit(owner="cy", due="2027-02-01", priority="high", labels=["m", "q"]),
    )
    merge(clone)


MERGED = "priority: high\n", "labels:\n  - m\n\n  - p\n\n  - q\n"


def finish(clone: Clone, path: str = SHIP) -> str:
    """The committed file, after a merge that nothing is left of."""
    assert clone.git("ls-files", "-u") == ""
    assert "<<<<<<<" not in text_of(clone, path)
    clone.git("commit", "--no-edit", "-q")
    assert clone.status() == ""
    assert run_check(clone) == []
    return text_of(clone, path)


def run_check(clone: Clone) -> list[str]:
    from gitmilestone.operations.checking.check import check

    with clone.store() as store:
        return [problem.code for problem in check(store.files_at()).problems]
