"""What installed hooks add to git's own commands: where no milestone is concerned, and where one is."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.measure import Timing, run, time_in_turn
from benchmarks.repositories import Made
from gitmilestone.store.installing.hook_text import CLIENT

HEADINGS = ("what", "milestones", "with hooks", "git's own", "added, ms", "goal")
_GOAL_MS = 10
_CODE = "code.txt"


class _Pair(NamedTuple):
    """Two clones of one repository, the second of which has the hooks."""

    bare_of_hooks: str
    hooked: str


def measure_hooks(made: Made, runs: int, executable: str) -> list[list[str]]:
    """In clones that borrow the objects of `made`, which is not written to."""
    with tempfile.TemporaryDirectory(prefix="milestone-benchmarks-hooks-") as folder:
        pair = _Pair(*(_clone(made.directory, os.path.join(folder, name)) for name in ("bare", "hooked")))
        run([executable, "hooks", "install"], pair.hooked)
        run([executable, "index", "rebuild"], pair.hooked)
        milestone = run(["git", "ls-files", ".milestones/active"], pair.hooked).decode().splitlines()[0]
        rows = []
        for what, path, goal in (
            ("commit of code", _CODE, f"<= {_GOAL_MS}"),
            ("commit of a milestone", milestone, ""),
        ):
            commits = [_commits(directory, path) for directory in pair]
            timings = time_in_turn(dict(zip(pair, commits, strict=True)), runs, warmups=2)
            rows.append(_to_row(what, made, timings[pair.hooked], timings[pair.bare_of_hooks], goal))
        switches = time_in_turn({directory: _switches(directory) for directory in pair}, runs)
        rows.append(_to_row("switch of branches", made, switches[pair.hooked], switches[pair.bare_of_hooks], ""))
        return rows + _measure_each(made, pair.hooked, runs)


def _measure_each(made: Made, directory: str, runs: int) -> list[list[str]]:
    """Each hook by itself as git runs it, where no milestone is concerned."""
    head = run(["git", "rev-parse", "HEAD"], directory).decode().strip()
    args = {
        "prepare-commit-msg": [".git/COMMIT_EDITMSG", "message"],
        "commit-msg": [".git/COMMIT_EDITMSG"],
        "post-checkout": [head, head, "1"],
        "post-merge": ["0"],
        "post-rewrite": ["rebase"],
        "pre-push": ["origin", "url"],
    }
    run(["git", "update-ref", "ORIG_HEAD", "HEAD"], directory)
    stdin = f"refs/heads/main {head} refs/heads/main {head}\n".encode()

    def call(name: str) -> object:
        return run([f".git/hooks/{name}", *args.get(name, [])], directory, stdin=stdin)

    actions = {name: partial(call, name) for name in CLIENT}
    timings = time_in_turn({"sh": lambda: run(["sh", "-c", ":"], directory), **actions}, runs)
    floor = timings.pop("sh")
    return [_to_row(f"{name}, by itself", made, timing, floor, "") for name, timing in timings.items()]


def _to_row(what: str, made: Made, ours: Timing, floor: Timing, goal: str) -> list[str]:
    added = (ours.median - floor.median) * 1000
    return [what, f"{made.size:,}", str(ours), str(floor), f"{added:.1f}", goal]


def _clone(origin: str, directory: str) -> str:
    run(["git", "clone", "-q", "--shared", origin, directory], "/")
    run(["git", "config", "gc.auto", "0"], directory)
    with open(os.path.join(directory, _CODE), "w", encoding="utf-8") as file:
        file.write("code\n")
    run(["git", "add", _CODE], directory)
    run(["git", "commit", "-qm", "code"], directory)
    return directory


def _commits(directory: str, path: str) -> Callable[[], object]:
    number = itertools.count()

    def commit() -> None:
        with open(os.path.join(directory, path), "a", encoding="utf-8") as file:
            file.write(f"# {next(number)}\n")
        run(["git", "commit", "-qm", "more", "--", path], directory)

    return commit


def _switches(directory: str) -> Callable[[], object]:
    """To a branch that differs in code alone, and back."""
    if not run(["git", "branch", "--list", "other"], directory):
        run(["git", "branch", "other"], directory)
        _commits(directory, _CODE)()
    branch = run(["git", "branch", "--show-current"], directory).decode().strip()
    return lambda: [run(["git", "switch", "-q", name], directory) for name in ("other", branch)]
