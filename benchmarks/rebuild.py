"""Building the index from nothing: its speed, its size, its memory."""

from __future__ import annotations

import random
import shutil
import sys

from benchmarks.measure import hermetic, run, run_for_peak, time_in_turn
from benchmarks.naive import load_on_one_core
from benchmarks.report import Measured
from benchmarks.repositories import Made
from gitmilestone.derived.database import read_index
from gitmilestone.model.layout import ROOT
from gitmilestone.operations.scaling.index import get_index_status
from gitmilestone.store.store import Store

_SAMPLED = 5000
_FLOOR = "cat-file + CSafeLoader + the same tables, one core"
_GOALS = {100_000: ">= 4"}
_MANY = 50_000
"""Milestones from which one run says enough."""


def measure_rebuild(made: Made, runs: int, executable: str) -> list[Measured]:
    """`index rebuild` as a whole process, where there is a work tree and where there is none.

    The floor takes 5,000 of the documents at most: its pace only falls with more.
    """
    bare = f"{made.directory}.bare"
    shutil.rmtree(bare, ignore_errors=True)
    run(["git", "clone", "-q", "--bare", made.directory, bare], "/")
    oids = _sample_oids(made)
    timings = time_in_turn(
        {
            "floor": lambda: load_on_one_core(made.directory, oids),
            "rebuild": lambda: run([executable, "index", "rebuild"], made.directory),
            "rebuild, bare repository": lambda: run([executable, "index", "rebuild"], bare),
        },
        1 if made.size >= _MANY else min(runs, 3),
        warmups=0 if made.size >= _MANY else 1,
    )
    shutil.rmtree(bare)
    pace = len(oids) / timings.pop("floor").median
    sampled = f" ({len(oids):,} of them)" if len(oids) < made.size else ""
    rows = []
    for name, timing in timings.items():
        ours = made.size / timing.median
        shown = f"{ours:,.0f} documents/s"
        goal = _GOALS.get(made.size, "")
        rows.append(Measured(name, made.size, made.layout, shown, f"{_FLOOR}{sampled} {pace:,.0f}", ours / pace, goal))
    return rows


def measure_rebuild_once(made: Made, executable: str) -> list[Measured]:
    """The same where one run takes minutes: its speed, its memory and its size together."""
    bare = run_for_peak([sys.executable, "-c", "pass"], made.directory).megabytes
    oids = _sample_oids(made)
    floor = time_in_turn({"floor": lambda: load_on_one_core(made.directory, oids)}, 1)["floor"]
    pace = len(oids) / floor.median
    built = run_for_peak([executable, "index", "rebuild"], made.directory)
    listed = run_for_peak([executable, "list", "--limit", "50"], made.directory)
    ours = made.size / built.seconds
    of = f"{_FLOOR} ({len(oids):,} of them) {pace:,.0f}"
    rows = [Measured("rebuild", made.size, made.layout, f"{ours:,.0f} documents/s", of, ours / pace)]
    store = Store.open(made.directory, hermetic())
    on_disk = get_index_status(store).bytes / 1e6
    volume = read_index(store, store.files_at(), lambda index: index.data_volume) / 1e6
    store.close()
    shown, of = f"{on_disk:.1f} MB", f"the files {volume:.1f} MB"
    rows.append(Measured("index on disk", made.size, made.layout, shown, of, on_disk / volume))
    for name, peak in (("memory, rebuild", built.megabytes), ("memory, list", listed.megabytes)):
        shown, of = f"{peak:.0f} MB", f"python -c pass {bare:.0f} MB"
        rows.append(Measured(name, made.size, made.layout, shown, of, peak / bare))
    return rows


def measure_size(made: Made, executable: str) -> list[Measured]:
    """On the disk against the files, and in memory against the bare interpreter."""
    bare = run_for_peak([sys.executable, "-c", "pass"], made.directory).megabytes
    peaks = {
        name: run_for_peak([executable, *words], made.directory).megabytes
        for name, words in {
            "memory, rebuild": ("index", "rebuild"),
            "memory, list": ("list", "--limit", "50"),
            "memory, list --all": ("list", "--all"),
        }.items()
    }
    floor = f"python -c pass {bare:.0f} MB"
    rows = [
        Measured(name, made.size, made.layout, f"{peak:.0f} MB", floor, peak / bare) for name, peak in peaks.items()
    ]
    store = Store.open(made.directory, hermetic())
    on_disk = get_index_status(store).bytes / 1e6
    volume = read_index(store, store.files_at(), lambda index: index.data_volume) / 1e6
    store.close()
    shown, of = f"{on_disk:.1f} MB", f"the files {volume:.1f} MB"
    return [Measured("index on disk", made.size, made.layout, shown, of, on_disk / volume), *rows]


def _sample_oids(made: Made) -> list[str]:
    listed = run(["git", "ls-tree", "-r", "HEAD", f"{ROOT}/active", f"{ROOT}/completed"], made.directory)
    oids = [line.split(None, 3)[2].decode() for line in listed.splitlines()]
    return sorted(random.Random(1).sample(oids, min(len(oids), _SAMPLED)))
