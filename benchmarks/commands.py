"""The installed command, as a whole process: reading against the bare interpreter, writing against git's commands."""

from __future__ import annotations

import itertools
import sys

from benchmarks.measure import run, time_in_turn
from benchmarks.report import Measured, compare_all
from benchmarks.repositories import FREQUENT_WORD, RARE_WORD, Made, reset
from benchmarks.writes import git_add_commit

_PASS = "python -c pass"
_GIT = "git add + git commit"
_READ_GOAL = "<= 4"
_WRITE_GOALS = {10_000: "<= 1.0", 100_000: "<= 0.5", 1_000_000: "<= 0.2"}
_PAGE = ("list", "--limit", "50")
_QUERIES = {
    "list, first page": (),
    "list, a project": ("project:project-3",),
    "list, a label": ("label:area-3",),
    "list, due before": ("due:<2024-06-01",),
    "list, a rare word": (RARE_WORD,),
    "list, a frequent word": (FREQUENT_WORD,),
}


def measure_reads(made: Made, runs: int, executable: str) -> list[Measured]:
    """With an index that is up to date."""
    (name,) = list_ids(made, executable, 1)
    commands = {title: (*_PAGE, *words) for title, words in _QUERIES.items()}
    commands["show"] = ("show", name)
    actions = {
        title: (lambda words=words: run([executable, *words], made.directory)) for title, words in commands.items()
    }
    floor = {_PASS: lambda: run([sys.executable, "-c", "pass"], made.directory)}
    timings = time_in_turn({**floor, **actions}, runs, warmups=2)
    return compare_all(made, timings, _PASS, dict.fromkeys(commands, _READ_GOAL), is_flat=True)


def measure_writes(made: Made, runs: int, executable: str) -> list[Measured]:
    """In one repository in turn, which is reset behind it."""
    number = itertools.count()
    ids = iter(list_ids(made, executable, runs + 1))

    def new() -> None:
        run([executable, "new", f"Written {next(number)}"], made.directory)

    def new_and_list() -> None:
        new()
        run([executable, *_PAGE], made.directory)

    timings = time_in_turn(
        {
            _GIT: lambda: git_add_commit(made.directory, made.layout, next(number)),
            "new": new,
            "complete": lambda: run([executable, "complete", next(ids)], made.directory),
            "new, then list": new_and_list,
        },
        runs,
    )
    reset(made)
    goal = _WRITE_GOALS.get(made.size, "")
    return compare_all(made, timings, _GIT, dict.fromkeys(timings, goal))


def list_ids(made: Made, executable: str, count: int) -> list[str]:
    """The first open milestones; makes the index current."""
    return run([executable, "list", "--format", "ids", "--limit", str(count)], made.directory).decode().split()
