"""Start-up of commands against the bare interpreter, and how many modules they import."""

from __future__ import annotations

import os
import subprocess
import tempfile

from benchmarks.measure import hermetic, run, time_in_turn
from benchmarks.repositories import make_repository

HEADINGS = ("command", "median", "x `python -c pass`", "modules", "goal")
_GOALS = {"list --limit 50": "<= 4"}


def measure_startup(runs: int, python: str, executable: str) -> list[list[str]]:
    """Over 100 milestones, the size of a small project."""
    with tempfile.TemporaryDirectory() as folder:
        directory = os.path.join(folder, "project")
        make_repository(directory, 100, "flat")
        commands = {
            "list --limit 50": ["list", "--limit", "50"],
            "-h": ["-h"],
            "show": ["show", "ship"],
            "--version": ["--version"],
        }
        name = run([executable, "list", "--all", "--format", "ids", "--limit", "1"], directory).decode().strip()
        commands["show"] = ["show", name]
        actions = {words: (lambda args=args: run([executable, *args], directory)) for words, args in commands.items()}
        timings = time_in_turn({"pass": lambda: run([python, "-c", "pass"], directory), **actions}, runs, warmups=2)
        floor = timings.pop("pass")
        rows = [["python -c pass", str(floor), "1.00", str(_count_modules(python, ["-c", "pass"], directory)), ""]]
        for words, timing in timings.items():
            modules = _count_modules(python, ["-m", "gitmilestone", *commands[words]], directory)
            rows.append(
                [words, str(timing), f"{timing.median / floor.median:.2f}", str(modules), _GOALS.get(words, "")]
            )
        return rows


def _count_modules(python: str, words: list[str], directory: str) -> int:
    """Lines of `-X importtime`, which the interpreter prints whatever way the process ends."""
    done = subprocess.run(
        [python, "-X", "importtime", *words], cwd=directory, env=hermetic(), capture_output=True, check=False
    )
    return done.stderr.count(b"import time:") - 1
