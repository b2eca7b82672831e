"""How long after a commit `watch` has printed it, here and in another clone, and what a watcher costs that waits."""

from __future__ import annotations

import itertools
import os
import random
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from benchmarks.measure import Timing, hermetic, run
from benchmarks.repositories import make_repository
from benchmarks.writes import git_add_commit
from gitmilestone.derived.postgres.server.connect import DSN_KEY, embedded_server
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.model.config import encode_tier
from gitmilestone.model.layout import ROOT, TIER_FILE

HEADINGS = ("committed by", "tier", "printed", "behind the commit", "idle, of a core", "goal")
_GOAL = "<= 1 s, idle < 1 %"
_PATIENCE = 30.0
_FIRST = "first"


class Clone(NamedTuple):
    """A clone, and the watcher in it."""

    directory: str
    watcher: subprocess.Popen[bytes]


def measure_notifications(size: int, runs: int, executable: str, idle_seconds: float = 20.0) -> list[list[str]]:
    """A row for each tier, way to commit, and place of the watcher; commits come at any moment of its period."""
    rows = []
    for tier in ("file", "postgresql"):
        with _clones(tier, size, executable) as (here, there):
            watched = {"here": here, "in another clone": there} if tier == "postgresql" else {"here": here}
            idle = {place: _measure_idle(clone.watcher, idle_seconds) for place, clone in watched.items()}
            for way, commit in _ways(here.directory, executable).items():
                timings = _time(commit, [*watched.values()], runs)
                rows += [
                    [way, tier, place, str(timing), idle[place], _GOAL]
                    for place, timing in zip(watched, timings, strict=True)
                ]
    return rows


def _ways(directory: str, executable: str) -> dict[str, Callable[[], object]]:
    numbers = itertools.count()
    return {
        "git commit": lambda: git_add_commit(directory, "flat", next(numbers)),
        "git milestone": lambda: run([executable, "new", f"Written {next(numbers)}"], directory),
    }


def _time(commit: Callable[[], object], clones: list[Clone], runs: int) -> list[Timing]:
    """From the end of who commits to the line, 0 where that was sooner, by clone."""
    chance = random.Random(1)
    found: list[list[float]] = [[] for _ in clones]
    for _ in range(runs):
        time.sleep(0.3 + chance.random() * 0.2)
        commit()
        committed = time.perf_counter()
        for times, clone in zip(found, clones, strict=True):
            _read_line(clone.watcher)
            times.append(max(0.0, time.perf_counter() - committed))
    return [Timing(tuple(times)) for times in found]


def _read_line(watcher: subprocess.Popen[bytes]) -> None:
    assert watcher.stdout is not None
    ready, _, _ = select.select([watcher.stdout], [], [], _PATIENCE)
    if not ready or not watcher.stdout.readline():
        raise RuntimeError("a commit was never printed")


def _measure_idle(watcher: subprocess.Popen[bytes], seconds: float) -> str:
    """The share of one core that a watcher takes while nothing happens; only Linux tells."""
    if not os.path.exists(f"/proc/{watcher.pid}/stat"):
        return ""
    before = _read_ticks(watcher.pid)
    time.sleep(seconds)
    spent = (_read_ticks(watcher.pid) - before) / os.sysconf("SC_CLK_TCK")
    return f"{100 * spent / seconds:.2f} %"


def _read_ticks(pid: int) -> int:
    """Of the process and of the children that it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])


@contextmanager
def _clones(tier: str, size: int, executable: str) -> Iterator[tuple[Clone, Clone]]:
    """Two clones of a project of that tier, each with a watcher that waits."""
    with ExitStack() as stack:
        folder = tempfile.mkdtemp(prefix="milestone-benchmarks-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o711)  # root's server runs as somebody else
        here, there = (os.path.join(folder, name) for name in ("here", "there"))
        make_repository(here, size, "flat")
        with open(os.path.join(here, ROOT, TIER_FILE), "wb") as file:
            file.write(encode_tier(tier))
        run(["git", "commit", "-qam", "tier", "--allow-empty"], here)
        run([executable, "new", "First", "--id", _FIRST], here)
        run(["git", "clone", "-q", here, there], folder)
        if tier == "postgresql":
            embedded = Embedded(os.path.join(folder, "server"))
            stack.callback(embedded.stop)
            stack.callback(embedded.start().close)
            for directory in (here, there):
                run(["git", "config", DSN_KEY, embedded_server(embedded).conninfo], directory)
                run(["git", "config", "milestone.postgres.repository", "plans"], directory)
        yield _start(stack, here, executable), _start(stack, there, executable)


def _start(stack: ExitStack, directory: str, executable: str) -> Clone:
    command = [executable, "watch", "--json", "--since", "HEAD~1"]
    watcher = subprocess.Popen(command, cwd=directory, env=hermetic(), stdout=subprocess.PIPE, bufsize=0)
    assert watcher.stdout is not None
    stack.callback(watcher.stdout.close)
    stack.callback(watcher.wait)
    stack.callback(watcher.terminate)
    _read_line(watcher)  # the commit before: it waits now
    return Clone(directory, watcher)
