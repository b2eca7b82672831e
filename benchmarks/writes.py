"""One-file and bulk writes against git's own."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence

from benchmarks.measure import hermetic, run, time_in_turn
from benchmarks.repositories import iter_milestones, make_repository
from gitmilestone.api import Repository
from gitmilestone.model.layout import LAYOUTS, ROOT, Layout, path_of
from gitmilestone.model.text.encode import encode
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan

HEADINGS = ("what", "milestones", "layout", "ours", "floor", "ratio", "goal")
_ONE_FILE_GOALS = {10_000: 1.0, 100_000: 0.5}
_BARE_GOAL = 0.15


def measure_one_file(sizes: Sequence[int], runs: int, executable: str) -> list[list[str]]:
    """`new` as a process, in process, and in a bare repository, against `git add` + `git commit`."""
    rows = []
    for size, layout in itertools.product(sizes, LAYOUTS):
        with tempfile.TemporaryDirectory() as folder:
            rows += _measure_size(folder, size, layout, runs, executable)
    return rows


def _measure_size(folder: str, size: int, layout: Layout, runs: int, executable: str) -> list[list[str]]:
    floor = os.path.join(folder, "floor")
    make_repository(floor, size, layout)
    copies = {name: os.path.join(folder, name) for name in ("process", "in-process")}
    for copy in copies.values():
        shutil.copytree(floor, copy)
        run(["git", "status"], copy)
    bare = os.path.join(folder, "bare.git")
    run(["git", "clone", "-q", "--bare", floor, bare], folder)
    opened = Repository(Store.open(copies["in-process"], hermetic()))
    opened_bare = Repository(Store.open(bare, hermetic()))
    number = itertools.count()
    timings = time_in_turn(
        {
            "git add + git commit": lambda: git_add_commit(floor, layout, next(number)),
            "process": lambda: run([executable, "new", f"Written {next(number)}"], copies["process"]),
            "in process": lambda: opened.create(f"Written {next(number)}"),
            "in process, bare": lambda: opened_bare.create(f"Written {next(number)}"),
        },
        runs,
    )
    opened.close()
    opened_bare.close()
    floor_time = timings.pop("git add + git commit")
    goals = {"process": _ONE_FILE_GOALS.get(size), "in process, bare": _BARE_GOAL if size >= 10_000 else None}
    return [
        [
            f"one-file write, {name}",
            f"{size:,}",
            layout,
            str(timing),
            f"git add + git commit {floor_time}",
            f"{timing.median / floor_time.median:.2f}",
            f"<= {goals[name]}" if goals.get(name) else "",
        ]
        for name, timing in timings.items()
    ]


def git_add_commit(directory: str, layout: Layout, number: int) -> None:
    """One new milestone, by git's own two commands."""
    milestone = next(iter(iter_milestones(1, seed=number)))
    path = f"{ROOT}/{path_of(f'by-git-{number}', layout)}"
    full = os.path.join(directory, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(encode(milestone))
    run(["git", "add", path], directory)
    run(["git", "commit", "-q", "-m", f"milestone: create {number}"], directory)


def measure_bulk(sizes: Sequence[int], runs: int) -> list[list[str]]:
    """One commit of many new files, in a bare repository, against `git fast-import` of the same."""
    rows = []
    for size in sizes:
        files = {path_of(m.id, "sharded"): encode(m) for m in iter_milestones(size)}
        stream = _fast_import_stream(files)
        timings = time_in_turn(
            {
                "ours": lambda files=files: _in_bare(lambda folder: _write_bulk(folder, files)),  # type: ignore[misc]
                "fast-import": lambda stream=stream: _in_bare(  # type: ignore[misc]
                    lambda folder: run(["git", "fast-import", "--quiet"], folder, stdin=stream)
                ),
            },
            runs,
            warmups=0,
        )
        ours, floor = timings["ours"].median, timings["fast-import"].median
        rows.append(
            [
                "bulk commit, files a second",
                f"{size:,}",
                "sharded",
                f"{size / ours:,.0f}",
                f"git fast-import {size / floor:,.0f}",
                f"{floor / ours:.2f}",
                ">= 2",
            ]
        )
    return rows


def _in_bare(action: Callable[[str], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(["git", "init", "-q", "--bare", "-b", "main", folder], "/")
        action(folder)


def _write_bulk(folder: str, files: dict[str, bytes]) -> None:
    store = Store.open(folder, hermetic())

    def build(_: Files) -> Plan:
        return Plan(dict(files), "milestone: bulk")

    written = store.write(build)
    store.close()
    if len(written.paths) != len(files):
        sys.exit("the bulk write wrote less than it was asked for")


def _fast_import_stream(files: dict[str, bytes]) -> bytes:
    parts = [b"commit refs/heads/main\ncommitter Bench <bench@example.com> 1700000000 +0000\ndata 4\nbulk\n"]
    for path, content in files.items():
        parts.append(b"M 100644 inline %s/%s\ndata %d\n%s\n" % (ROOT.encode(), path.encode(), len(content), content))
    return b"".join([*parts, b"done\n"])
