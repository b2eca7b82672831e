"""History and analytics: the first time, which derives them, and afterwards."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable

from benchmarks.commands import list_ids
from benchmarks.measure import Timing, hermetic, run, time_in_turn, time_once
from benchmarks.report import Measured, compare
from benchmarks.repositories import Made, reset
from benchmarks.writes import git_add_commit
from gitmilestone.derived.analytics.open import FILE_NAME
from gitmilestone.model.layout import ROOT, possible_paths
from gitmilestone.store.store import Store

_COUNT = ("sql", "SELECT count(*) FROM milestones")
_STATS = ("stats",)
_GIT_LOG = "git log --raw"
_DUCKDB = "python -c 'import duckdb'"


def measure_log(made: Made, runs: int, executable: str) -> list[Measured]:
    """Of one milestone, from an index that was just rebuilt and has no history yet, against git's walk over its files.

    The first one derives the history of all: git's walk is over all as well. Resets the repository.
    """
    number = itertools.count()
    (name,) = list_ids(made, executable, 1)
    paths = [f"{ROOT}/{path}" for path in possible_paths(name)]

    def log() -> None:
        run([executable, "log", name], made.directory)

    floor = time_once(lambda: _git_log(made, ROOT))
    first = time_once(log)
    again = time_in_turn({_GIT_LOG: lambda: _git_log(made, *paths), "log": log}, runs)
    increments: list[float] = []
    for _ in range(runs):
        git_add_commit(made.directory, made.layout, next(number))
        increments += time_once(log).runs
    reset(made)
    return [
        compare(made, "log, first", first, floor, f"{_GIT_LOG}, all"),
        compare(made, "log, after a commit", Timing(tuple(increments)), again[_GIT_LOG], _GIT_LOG),
        compare(made, "log, again", again["log"], again[_GIT_LOG], _GIT_LOG),
    ]


def _git_log(made: Made, *paths: str) -> None:
    run(["git", "log", "--raw", "--no-renames", "--format=%H", "--", *paths], made.directory)


def measure_analytics(made: Made, runs: int, executable: str) -> list[Measured]:
    """With an index and a history that are up to date."""
    (name,) = list_ids(made, executable, 1)
    run([executable, "log", name], made.directory)
    _drop_analytics(made)
    first = time_once(lambda: run([executable, *_COUNT], made.directory))
    actions: dict[str, Callable[[], object]] = {
        _DUCKDB: lambda: run([sys.executable, "-c", "import duckdb"], made.directory),
        "sql, again": lambda: run([executable, *_COUNT], made.directory),
        "stats, again": lambda: run([executable, *_STATS], made.directory),
    }
    timings = time_in_turn(actions, runs)
    floor = timings.pop(_DUCKDB)
    timings = {"sql, first": first, **timings}
    return [compare(made, name, timing, floor, _DUCKDB) for name, timing in timings.items()]


def _drop_analytics(made: Made) -> None:
    path = os.path.join(Store.open(made.directory, hermetic()).repository.state_dir, FILE_NAME)
    if os.path.exists(path):
        os.unlink(path)
