"""Many processes at once: what was acknowledged is there, and nothing of anybody is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.repositories import Clone, spawn_python

CREATE = """
import os, sys
from datetime import datetime, timezone
from gitmilestone.changes.commit import commit_edit
from gitmilestone.operations.editing.milestones import create
from gitmilestone.store.store import Store
name, count = sys.argv[1], int(sys.argv[2])
store = Store.open(".", os.environ)
for number in range(count):
    now = datetime(2026, 11, 22, tzinfo=timezone.utc)
    edit = create(f"{name} {number}", {}, now=now, milestone_id=f"{name}-{number}")
    print(commit_edit(store, edit).commit, flush=True)
store.close()
"""

LABEL = """
import os, sys
from gitmilestone.changes.commit import commit_edit
from gitmilestone.operations.editing.milestones import edit_fields
from gitmilestone.store.store import Store
name, count = sys.argv[1], int(sys.argv[2])
store = Store.open(".", os.environ)
for number in range(count):
    def add(before):
        return before._replace(labels=tuple(sorted({*before.labels, f"{name}-{number}"})))
    print(commit_edit(store, edit_fields("shared", add)).commit, flush=True)
store.close()
"""

# What people's editors and scripts do: `git add` and `git commit`, again where a lock was in the way. One of them
# at a time: `git commit` reads the staging area before it locks it, and so loses what another git stages between.
COMMIT = """
import fcntl, subprocess, sys, time
name, count = sys.argv[1], int(sys.argv[2])
def git(*args):
    while True:
        done = subprocess.run(["git", *args], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
        assert "lock" in done.stderr.lower() or "is at" in done.stderr, done.stderr
        time.sleep(.002)
for number in range(count):
    path = f"{name}-{number}.txt"
    with open(path, "w") as file:
        file.write("theirs\\n")
    with open(".git/one-git-at-a-time", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        git("add", path)
        git("commit", "-q", "-m", f"{name} {number}", *(["--", path] if number % 2 else []))
    print(git("log", "-1", "--format=%H", "--", path), flush=True)
"""


def run_all(clone: Clone, *jobs: tuple[str, str, int]) -> list[str]:
    """Runs every (script, name, count) at once; returns all commits that were printed."""
    running = [spawn_python(script, name, str(count), cwd=clone.path) for script, name, count in jobs]
    printed = gather(running)
    assert len(printed) == sum(count for _, _, count in jobs)
    return printed


def gather(running: list[subprocess.Popen[str]]) -> list[str]:
    ended = [process.communicate(timeout=300) for process in running]
    assert not any(process.returncode for process in running), [said for _, said in ended if said]
    return [line for out, _ in ended for line in out.split()]


def assert_sound(clone: Clone, printed: list[str], first: str) -> None:
    landed = clone.git("rev-list", f"{first}..HEAD").split()
    assert sorted(landed) == sorted(printed)
    assert not clone.git("rev-list", "--merges", "HEAD")
    assert clone.status() == ""
    assert clone.locks() == []
    clone.fsck()


@pytest.mark.parametrize(
    ("writers", "count"),
    [(2, 6), (8, 3), pytest.param(32, 1), pytest.param(32, 25, marks=pytest.mark.long)],
)
def test_row_1_concurrent_writers_lose_nothing(clone: Clone, writers: int, count: int) -> None:
    first = clone.head
    printed = run_all(clone, *((CREATE, f"w{number}", count) for number in range(writers)))
    assert clone.ids() == {f"w{writer}-{number}" for writer in range(writers) for number in range(count)}
    assert_sound(clone, printed, first)


@pytest.mark.parametrize(("writers", "count"), [(6, 3), pytest.param(32, 10, marks=pytest.mark.long)])
def test_row_1_concurrent_edits_of_one_milestone_lose_nothing(clone: Clone, writers: int, count: int) -> None:
    clone.new("shared")
    first = clone.head
    printed = run_all(clone, *((LABEL, f"w{number}", count) for number in range(writers)))
    text = clone.text("active/shared.yaml")
    assert all(f"- w{writer}-{number}\n" in text + "\n" for writer in range(writers) for number in range(count))
    assert_sound(clone, printed, first)


@pytest.mark.parametrize(("ours", "theirs", "count"), [(4, 2, 4), pytest.param(16, 16, 12, marks=pytest.mark.long)])
def test_row_2_mixed_with_commits_of_git_itself_nothing_is_lost(
    clone: Clone, ours: int, theirs: int, count: int
) -> None:
    first = clone.head
    jobs = [(CREATE, f"w{number}", count) for number in range(ours)]
    jobs += [(COMMIT, f"g{number}", count) for number in range(theirs)]
    printed = run_all(clone, *jobs)
    assert clone.ids() == {f"w{writer}-{number}" for writer in range(ours) for number in range(count)}
    files = clone.git("ls-tree", "--name-only", "HEAD").split("\n")
    assert {f"g{writer}-{number}.txt" for writer in range(theirs) for number in range(count)} < set(files)
    assert_sound(clone, printed, first)


@pytest.mark.parametrize("count", [4, pytest.param(40, marks=pytest.mark.long)])
def test_row_1_writers_in_linked_worktrees_lose_nothing(clone: Clone, tmp_path: Path, count: int) -> None:
    """Two branches, one object database and one lock."""
    clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Clone(tmp_path / "side")
    first = clone.head
    running = [
        (where, [spawn_python(CREATE, f"{name}{number}", str(count), cwd=where.path) for number in range(2)])
        for where, name in ((clone, "main"), (side, "side"))
    ]
    printed = [(where, gather(processes)) for where, processes in running]
    for where, commits in printed:
        assert_sound(where, commits, first)
    assert clone.ids() == {f"main{writer}-{number}" for writer in range(2) for number in range(count)}
    assert side.ids() == {f"side{writer}-{number}" for writer in range(2) for number in range(count)}


def test_row_1_writers_and_readers_of_a_bare_repository(clone: Clone, tmp_path: Path) -> None:
    clone.git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = Clone(tmp_path / "bare.git")
    first = bare.head
    printed = run_all(bare, *((CREATE, f"w{number}", 3) for number in range(4)))
    assert sorted(bare.git("rev-list", f"{first}..HEAD").split()) == sorted(printed)
    assert len(bare.ids()) == 12
    bare.fsck()


def test_a_reader_sees_one_commit_or_another_while_others_write(clone: Clone) -> None:
    """Every write adds a pair in one commit: a reader never sees half of one."""
    script = """
import os
from gitmilestone.store.writing.plan import Plan
from gitmilestone.store.store import Store
store = Store.open(".", os.environ)
text = b"schema: 1\\n\\ntitle: x\\n\\nstatus: planned\\n"
for number in range(12):
    pair = {f"active/{side}-{number}.yaml": text for side in "ab"}
    store.write(lambda files: Plan(pair, "pair"))
store.close()
"""
    writer = spawn_python(script, cwd=clone.path)
    seen = set()
    while writer.poll() is None:
        ids = clone.ids()
        assert {name[2:] for name in ids if name[0] == "a"} == {name[2:] for name in ids if name[0] == "b"}
        seen.add(len(ids))
    _, said = writer.communicate()
    assert writer.returncode == 0, said
    assert len(seen) > 2
    assert clone.status() == ""


def test_git_status_never_fails_while_we_write(clone: Clone) -> None:
    """A reader that refreshes the staging area, as every editor does, is no obstacle to either."""
    writer = spawn_python(CREATE, "w", "12", cwd=clone.path)
    while writer.poll() is None:
        subprocess.run(["git", "status"], cwd=clone.path, check=True, capture_output=True)
    out, said = writer.communicate()
    assert writer.returncode == 0, said
    assert len(out.split()) == 12
    assert clone.status() == ""
