"""Bringing an index to another commit, in process, against `git diff-tree` of the same two trees."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

from benchmarks.measure import Timing, hermetic, run, time_once
from benchmarks.report import Measured, compare
from benchmarks.repositories import START, Made, reset
from gitmilestone.derived.database import read_index
from gitmilestone.model.layout import ROOT
from gitmilestone.store.store import Store

_COUNTS = (1, 100, 1000)
_FLOOR = "git diff-tree -r"
_GOAL = "<= 4"
_GOAL_AT = (100, 100_000)


def measure_refresh(made: Made, runs: int) -> list[Measured]:
    """There, with documents that were never seen, and back, to what was parsed before. The repository is reset."""
    paths = sample_paths(made)
    _refresh(made)
    rows = []
    for count in (count for count in _COUNTS if count <= len(paths)):
        there, back, floor = [], [], []
        for number in range(runs):
            commit = commit_changes(made, paths[:count], f"{os.getpid()}-{count}-{number}")
            floor.append(time_once(lambda commit=commit: diff_trees(made, commit)))  # type: ignore[misc]
            there.append(_time_refresh(made, commit))
            back.append(_time_refresh(made, START))
        reset(made)
        goal = _GOAL if (count, made.size) == _GOAL_AT else ""
        rows.append(compare(made, f"refresh, {count:,} changed", _join(there), _join(floor), _FLOOR, goal))
        rows.append(compare(made, f"refresh, {count:,} changed back", _join(back), _join(floor), _FLOOR, goal))
    return rows


def _join(timings: Sequence[Timing]) -> Timing:
    return Timing(tuple(seconds for timing in timings for seconds in timing.runs))


def diff_trees(made: Made, commit: str) -> None:
    run(["git", "diff-tree", "-r", "-z", "--no-renames", START, commit], made.directory)


def _time_refresh(made: Made, commit: str) -> Timing:
    run(["git", "reset", "-q", "--hard", commit], made.directory)
    return _refresh(made)


def _refresh(made: Made) -> Timing:
    """By a store that has just been opened: nothing of the trees is known yet."""
    store = Store.open(made.directory, hermetic())
    timing = time_once(lambda: read_index(store, store.files_at(), lambda index: index.stamp))
    store.close()
    return timing


def sample_paths(made: Made) -> list[str]:
    listed = run(["git", "ls-tree", "-r", "--name-only", START, f"{ROOT}/active", f"{ROOT}/completed"], made.directory)
    paths = listed.decode().splitlines()
    return random.Random(1).sample(paths, min(len(paths), max(_COUNTS)))


def commit_changes(made: Made, paths: Sequence[str], word: str) -> str:
    """A commit on top of the first one that changes the title in these files, made beside the branch."""
    ref = f"refs/benchmarks/changed-{word}"
    message = f"committer Bench <bench@example.com> 1900000000 +0000\ndata {len(word)}\n{word}\n"
    parts = [f"commit {ref}\n{message}from {START}^0\n".encode()]
    for path in paths:
        with open(os.path.join(made.directory, path), "rb") as file:
            content = file.read().replace(b"\ntitle: ", b"\ntitle: Changed %s " % word.encode(), 1)
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    run(["git", "fast-import", "--quiet", "--done"], made.directory, stdin=b"".join([*parts, b"done\n"]))
    commit = run(["git", "rev-parse", ref], made.directory).decode().strip()
    run(["git", "update-ref", "-d", ref], made.directory)
    return commit
