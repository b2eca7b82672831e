"""Reading, refreshing and rebuilding at every size, in repositories that are made once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.commands import list_ids, measure_reads, measure_writes
from benchmarks.derivations import measure_analytics, measure_log
from benchmarks.queries import measure_queries
from benchmarks.rebuild import measure_rebuild, measure_rebuild_once, measure_size
from benchmarks.refresh import measure_refresh
from benchmarks.report import Measured
from benchmarks.repositories import Made, get_repository

_HUGE = 500_000
"""Milestones from which it is built once, and what is derived from its history is left to the smaller sizes."""


def iter_measured(sizes: Sequence[int], runs: int, executable: str, folder: str) -> Iterator[list[Measured]]:
    """What was measured at each size.

    Args:
        folder: Where the repositories lie, or are put.
    """
    for size in sizes:
        _tell(size, "repository")
        made = get_repository(folder, size)
        yield [row for part in _parts(made, runs, executable) for row in part()]


def _parts(made: Made, runs: int, executable: str) -> Iterator[Callable[[], list[Measured]]]:
    """In an order that leaves each what it wants to find: the history's is an index that was just rebuilt."""
    _tell(made.size, "index")
    list_ids(made, executable, 1)
    parts: dict[str, Callable[[], list[Measured]]] = {
        "commands that read": lambda: measure_reads(made, runs, executable),
        "queries": lambda: measure_queries(made),
        "commands that write": lambda: measure_writes(made, runs, executable),
        "refresh": lambda: measure_refresh(made, runs),
        "rebuild": lambda: measure_rebuild(made, runs, executable),
        "size": lambda: measure_size(made, executable),
        "log": lambda: measure_log(made, runs, executable),
        "analytics": lambda: measure_analytics(made, runs, executable),
    }
    if made.size >= _HUGE:
        for name in ("size", "log", "analytics"):
            del parts[name]
        parts["rebuild"] = lambda: measure_rebuild_once(made, executable)
    for name, part in parts.items():
        _tell(made.size, name)
        yield part


def _tell(size: int, what: str) -> None:
    """At a million, a silent hour would look like a fault."""
    print(f"{time.strftime('%H:%M:%S')} {size:,}: {what}", file=sys.stderr, flush=True)
