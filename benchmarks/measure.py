"""Timing: interleaved runs, medians, and their spread."""

from __future__ import annotations

import atexit
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

_FOREIGN = ("GIT_", "PYTHON", "XDG_")

# A process reports as its peak what its parent held when it was started, so a small one stands between.
_LAUNCHER = """\
import os, resource, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
os.write(2, b"\\n%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


class Timing(NamedTuple):
    """Seconds of several runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def __str__(self) -> str:
        if self.median < 0.002:
            return f"{self.median * 1e6:.0f} µs ({min(self.runs) * 1e6:.0f}-{max(self.runs) * 1e6:.0f})"
        return f"{self.median * 1000:.1f} ms ({min(self.runs) * 1000:.0f}-{max(self.runs) * 1000:.0f})"


class Peak(NamedTuple):
    """Attributes:
    seconds: From the start of a process to its end.
    megabytes: What the largest of it and its children had in memory at its peak.
    """

    seconds: float
    megabytes: float


def time_in_turn(actions: Mapping[str, Callable[[], object]], runs: int, warmups: int = 1) -> dict[str, Timing]:
    """Times each action `runs` times, A B C A B C ..., so that a drifting machine drifts for all of them."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(warmups + runs):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            elapsed = time.perf_counter() - start
            if turn >= warmups:
                times[name].append(elapsed)
    return {name: Timing(tuple(found)) for name, found in times.items()}


def time_once(action: Callable[[], object]) -> Timing:
    """For what can't be done twice, or takes minutes."""
    return time_in_turn({"": action}, 1, warmups=0)[""]


def run(command: Sequence[str], directory: str, environ: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
    """Runs a command to its end; its output, an error where it fails."""
    done = subprocess.run(
        command, cwd=directory, env=environ or hermetic(), input=stdin, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def run_for_peak(command: Sequence[str], directory: str) -> Peak:
    """Runs a command to its end, watching its memory."""
    start = time.perf_counter()
    launched = [sys.executable, "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launched, cwd=directory, env=hermetic(), capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.decode(errors='replace')}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Peak(seconds, int(done.stderr.rpartition(b"\n")[2]) / unit)


@cache
def _home() -> str:
    folder = tempfile.mkdtemp(prefix="milestone-benchmarks-home-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def hermetic() -> dict[str, str]:
    """An environment without the user's configuration, and a home of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Bench"), ("EMAIL", "bench@example.com"))
    }
    return {**kept, **identity, "HOME": _home(), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    widths = [max(len(row[place]) for row in [headings, *rows]) for place in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
