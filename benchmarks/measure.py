"""Timing: interleaved runs, medians, and their spread."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds of several runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def __str__(self) -> str:
        return f"{self.median * 1000:.1f} ms ({min(self.runs) * 1000:.0f}-{max(self.runs) * 1000:.0f})"


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


def run(command: Sequence[str], directory: str, environ: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
    """Runs a command to its end; its output, an error where it fails."""
    done = subprocess.run(
        command, cwd=directory, env=environ or hermetic(), input=stdin, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def hermetic() -> dict[str, str]:
    """An environment without the user's configuration."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON"))}
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Bench"), ("EMAIL", "bench@example.com"))
    }
    return {**kept, **identity, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    widths = [max(len(row[place]) for row in [headings, *rows]) for place in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
