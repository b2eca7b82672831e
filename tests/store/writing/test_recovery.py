"""Killed at any moment: the old state or the new one, and the next command heals."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import NOW, Clone, spawn_python

SHIP = ".milestones/active/ship.yaml"
CALLS = (
    "write,pwrite64,writev,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,"
    "fdatasync,fchmod,chmod,fchmodat,ftruncate,fallocate,utimensat,flock,vfork,clone,clone3,fork"
)
WRITE = """
import os
from datetime import datetime, timezone
from gitmilestone.changes.commit import commit_edit
from gitmilestone.operations.editing.milestones import create
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.store.store import Store
store = Store.open(".", os.environ)
print("open", flush=True)
{body}
"""
NEW = "commit_edit(store, create('Ship', {}, now=datetime(2026, 11, 22, 10, tzinfo=timezone.utc), milestone_id='ship'))"
MOVE = """
from gitmilestone.store.writing.plan import Plan
move = lambda files: {'active/ship.yaml': None, 'completed/ship.yaml': files.find('active/ship.yaml')}
store.write(lambda files: Plan(move(files), "move"))
"""
STAGE = NEW[:-1] + ", WriteOptions(stage_only=True))"
BULK = """
from gitmilestone.store.writing.plan import Plan
store.write(lambda files: Plan({f"active/many-{number}.yaml": b"%d" % number for number in range(150)}, "bulk"))
"""

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


Call = tuple[str, int]


def list_calls(clone: Clone, script: str, log: Path) -> list[Call]:
    """The system calls of those that the writer itself makes, each with its number among those of its name."""
    run = spawn_python(script, cwd=clone.path, prefix=("strace", "-qq", "-o", str(log), "-e", f"trace={CALLS}"))
    _, said = run.communicate()
    if run.returncode != 0 and "ptrace" in said:
        pytest.skip(f"strace may not trace here: {said}")
    assert run.returncode == 0, said
    names = re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE)
    return [(name, names[: place + 1].count(name)) for place, name in enumerate(names)]


def kill_at(clone: Clone, script: str, call: Call) -> None:
    """Kills the writer as it makes that call. (It sets a file's time only where that second matters to git.)"""
    name, number = call
    strace = ("strace", "-qq", "-o", os.devnull, "-e", f"trace={name}")
    run = spawn_python(script, cwd=clone.path, prefix=(*strace, "-e", f"inject={name}:signal=KILL:when={number}"))
    run.communicate()
    is_killed = run.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert is_killed or (name == "utimensat" and run.returncode == 0), call


def sample(calls: list[Call], points: int | None) -> list[Call]:
    """That many of them, spread evenly; None is all."""
    return calls if points is None else [calls[place * len(calls) // points] for place in range(points)]


def locks(clone: Clone) -> list[str]:
    """Unfinished objects of the dead are left to git's own gc, which knows their names."""
    return [name for name in clone.locks() if "/tmp_" not in name]


def copy(clone: Clone, place: Path) -> Clone:
    subprocess.run(["cp", "-a", str(clone.path), str(place)], check=True)  # hard links, too
    made = Clone(place)
    made.git("update-index", "-q", "--refresh", is_checked=False)
    return made


def assert_healed(clone: Clone, old: str, status: str = "") -> bool:
    """After one command more, the state is the old one or the new one, whole; True for the new one."""
    with clone.store() as store:
        read_all(store.files_at())
    assert clone.status() == status
    assert clone.git("diff", "--cached", "--name-only") == ""
    # Temporary files of the dead, which are in nobody's way, wait for the next writer.
    assert [name for name in locks(clone) if not name.startswith(("milestone/laying-", "milestone/journal."))] == []
    clone.fsck()
    return clone.head != old


def sweep(clone: Clone, script: str, tmp_path: Path, points: int | None) -> tuple[int, int]:
    """Kills at each call, or at so many spread evenly; how often the old state and the new one were left."""
    calls = list_calls(copy(clone, tmp_path / "listed"), script, tmp_path / "log")
    left = [0, 0]
    for call in sample(calls, points):
        victim = copy(clone, tmp_path / "killed")
        old = victim.head
        kill_at(victim, script, call)
        left[assert_healed(victim, old)] += 1
        victim.new("after")
        assert victim.status() == ""
        assert locks(victim) == []
        shutil.rmtree(victim.path)
    return left[0], left[1]


@needs_strace
@pytest.mark.parametrize("points", [14, pytest.param(None, marks=pytest.mark.long)])
def test_row_3_new_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path, points: int | None) -> None:
    old, new = sweep(clone, WRITE.format(body=NEW), tmp_path, points)
    assert old
    assert new


@needs_strace
@pytest.mark.parametrize("points", [6, pytest.param(None, marks=pytest.mark.long)])
def test_row_3_a_move_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path, points: int | None) -> None:
    """One file goes, another comes."""
    clone.new("ship")
    sweep(clone, WRITE.format(body=MOVE), tmp_path, points)


@needs_strace
@pytest.mark.parametrize("points", [6, pytest.param(None, marks=pytest.mark.long)])
def test_row_3_the_healer_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path, points: int | None) -> None:
    clone.new("ship")
    crash(clone, BETWEEN["before the files"], MOVE)
    script = WRITE.format(body="store.close()")
    for call in sample(list_calls(copy(clone, tmp_path / "listed"), script, tmp_path / "log"), points):
        victim = copy(clone, tmp_path / "killed")
        kill_at(victim, script, call)
        assert_healed(victim, victim.head)
        assert (victim.path / ".milestones" / "completed" / "ship.yaml").exists()
        victim.new("after")
        assert locks(victim) == []
        shutil.rmtree(victim.path)


@needs_strace
@pytest.mark.long
def test_row_3_bulk_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path) -> None:
    sweep(clone, WRITE.format(body=BULK), tmp_path, 80)


@needs_strace
@pytest.mark.parametrize("points", [6, pytest.param(None, marks=pytest.mark.long)])
def test_row_3_no_commit_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path, points: int | None) -> None:
    """Staged, or not; a file that was laid and not staged is in nobody's way, and no lock is left."""
    script = WRITE.format(body=STAGE)
    calls = list_calls(copy(clone, tmp_path / "listed"), script, tmp_path / "log")
    for call in sample(calls, points):
        victim = copy(clone, tmp_path / "killed")
        kill_at(victim, script, call)
        victim.ids()
        assert victim.status() in ("", f"A  {SHIP}", f"?? {SHIP}"), call
        victim.git("add", "-A")
        victim.new("ship" if not victim.status() else "after")
        assert locks(victim) == [], call
        victim.fsck()
        shutil.rmtree(victim.path)


CRASH = """
from gitmilestone.store.writing import staging
from gitmilestone.store.writing import transaction
from gitmilestone.store.writing import worktree
def die(*args, **kwargs):
    os.kill(os.getpid(), 9)
{where} = die
"""


def crash(clone: Clone, where: str, body: str) -> None:
    """Ends the writer as `kill -9` does when it comes to `where`."""
    run = spawn_python(WRITE.format(body=CRASH.format(where=where) + body), cwd=clone.path)
    _, said = run.communicate()
    assert run.returncode == -signal.SIGKILL, said


BETWEEN = {
    "before the branch": "transaction.update_head",
    "before the files": "worktree.WorkTree.lay",
    "before the staging area": "staging.IndexLock.replace",
    "before the journal goes": "transaction.remove_journal",
}


@pytest.mark.parametrize("when", BETWEEN)
@pytest.mark.parametrize("heals", ["read", "write"])
def test_row_4_killed_between_the_branch_and_the_staging_area(clone: Clone, when: str, heals: str) -> None:
    """The next command, be it a reader, finishes: `git status` shows no phantom revert."""
    clone.new("ship")
    old = clone.head
    crash(clone, BETWEEN[when], MOVE)
    has_moved = when != "before the branch"
    assert (clone.head != old) == has_moved
    if when in ("before the files", "before the staging area"):
        assert clone.status() != ""
    if heals == "read":
        assert clone.ids() == {"ship"}
    else:
        clone.new("other")
    assert clone.status() == ""
    assert clone.locks() == []
    assert (clone.path / ".milestones" / "completed" / "ship.yaml").exists() == has_moved
    assert (clone.path / SHIP).exists() != has_moved
    clone.fsck()


def test_row_4_the_first_commit_of_all(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q")
    crash(
        clone,
        BETWEEN["before the files"],
        "from gitmilestone.operations.editing.init import init\ncommit_edit(store, init())",
    )
    assert clone.ids() == set()
    assert clone.status() == ""
    assert (tmp_path / ".milestones" / "config" / "project.yaml").exists()


def test_row_4_what_the_user_did_since_is_kept(clone: Clone) -> None:
    """Edited, staged or reset after the kill: only what still is as the writer found it is brought along."""
    for name in ("edited", "staged", "kept"):
        clone.new(name)
    body = "from gitmilestone.operations.editing.milestones import delete\n"
    body += "commit_edit(store, delete(['edited', 'staged', 'kept']))"
    crash(clone, BETWEEN["before the files"], body)
    active = clone.path / ".milestones" / "active"
    (active / "edited.yaml").write_text("mine\n")
    (active / "staged.yaml").write_text("mine\n")
    # git can't stage while the dead writer's lock is there; a user would remove it.
    (clone.git_dir / "index.lock").unlink()
    clone.git("add", ".milestones/active/staged.yaml")
    (clone.path / "readme").write_text("mine\n")
    clone.git("add", "readme")
    clone.ids()
    assert clone.status().split("\n") == [
        "A  .milestones/active/staged.yaml",
        "M  readme",
        "?? .milestones/active/edited.yaml",
    ]
    assert (active / "edited.yaml").read_text() == "mine\n"
    assert clone.locks() == []


@pytest.mark.parametrize("how", ["reset", "switch", "amend", "commit"])
def test_row_4_after_the_branch_went_elsewhere_nothing_is_brought_along(clone: Clone, how: str) -> None:
    clone.git("branch", "other")
    crash(clone, BETWEEN["before the files"], NEW)
    (clone.git_dir / "index.lock").unlink()
    if how == "reset":
        clone.git("reset", "-q", "--hard", "HEAD~1")
    elif how == "switch":
        clone.git("symbolic-ref", "HEAD", "refs/heads/other")
    elif how == "amend":
        clone.git("reset", "-q", "--hard")
        clone.git("commit", "-q", "--amend", "-m", "mine")
    else:
        clone.git("reset", "-q", "--hard")
        (clone.path / "readme").write_text("mine\n")
        clone.git("commit", "-qam", "mine")
    clone.ids()
    assert clone.status() == ""
    assert (clone.path / SHIP).exists() == (how in ("amend", "commit"))
    assert clone.locks() == []


def test_row_4_many_files_moved_on_twice(clone: Clone) -> None:
    """The journal is of an older commit than HEAD: HEAD's content is laid."""
    crash(clone, BETWEEN["before the files"], NEW)
    (clone.git_dir / "index.lock").unlink()
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"schema: 1\n\ntitle: Newer\n\nstatus: planned\n")
    clone.git("read-tree", "HEAD", GIT_INDEX_FILE=str(clone.git_dir / "another"))
    clone.git("update-index", "--cacheinfo", f"100644,{blob},{SHIP}", GIT_INDEX_FILE=str(clone.git_dir / "another"))
    tree = clone.git("write-tree", GIT_INDEX_FILE=str(clone.git_dir / "another"))
    clone.git("update-ref", "refs/heads/main", clone.git("commit-tree", tree, "-p", "HEAD", "-m", "newer"))
    clone.ids()
    assert clone.status() == ""
    assert "title: Newer" in (clone.path / SHIP).read_text()


def test_a_journal_that_is_not_understood_is_no_obstacle(clone: Clone) -> None:
    journal = clone.git_dir / "milestone" / "journal"
    for content in (
        "",
        "git-milestone journal 99\nx\ny\n",
        "git-milestone journal 1\n",
        "git-milestone journal 1\nx\n1\n \n",
    ):
        journal.write_text(content)
        clone.ids()
        assert not journal.exists()
        journal.write_text(content)
        clone.new(f"ship-{len(content)}")
    assert clone.status() == ""
    assert clone.locks() == []


def test_a_reader_does_not_wait_for_a_lock_to_heal(clone: Clone) -> None:
    """Somebody else's index.lock, or a writer at work: reads answer at once, and heal later."""
    crash(clone, BETWEEN["before the files"], NEW)
    (clone.git_dir / "index.lock").unlink()
    (clone.git_dir / "index.lock").write_text("theirs")
    assert clone.ids() == {"ship"}
    assert (clone.git_dir / "index.lock").read_text() == "theirs"
    (clone.git_dir / "index.lock").unlink()
    clone.ids()
    assert clone.status() == ""


@pytest.mark.parametrize("heals", ["read", "write"])
def test_row_4_killed_while_git_moves_the_branch(clone: Clone, heals: str) -> None:
    """git lives on and moves it: nobody writes, nor takes the write for lost, before it has ended."""
    hook = clone.git_dir / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ntest "$1" = prepared && touch reached && sleep .6\nexit 0\n')
    hook.chmod(0o755)
    run = spawn_python(WRITE.format(body=NEW), cwd=clone.path)
    while not (clone.path / "reached").exists():
        assert run.poll() is None
    run.kill()
    run.communicate()
    hook.unlink()
    if heals == "read":
        assert clone.ids() == set()
        deadline = time.monotonic() + 20
        while not clone.ids() or clone.status() != "?? reached":
            assert time.monotonic() < deadline
    else:
        clone.new("other")
    assert clone.ids() >= {"ship"}
    assert clone.status() == "?? reached"
    assert clone.locks() == []


def test_ctrl_c_is_like_a_kill(clone: Clone) -> None:
    """An interrupt unwinds the stack: locks are given back, and the next command finishes."""
    script = WRITE.format(
        body=f"""
from gitmilestone.store.writing import worktree
def interrupt(*args):
    raise KeyboardInterrupt
worktree.WorkTree.lay = interrupt
{NEW}
"""
    )
    run = spawn_python(script, cwd=clone.path)
    run.communicate()
    assert run.returncode != 0
    assert clone.git("status", "--porcelain") != ""
    assert not (clone.git_dir / "index.lock").exists()
    assert clone.ids() == {"ship"}
    assert clone.status() == ""
    assert clone.locks() == []


def test_a_stage_only_write_that_was_killed_leaves_no_lock(clone: Clone) -> None:
    crash(clone, BETWEEN["before the staging area"], STAGE)
    assert (clone.git_dir / "index.lock").exists()
    clone.ids()
    assert clone.locks() == []
    assert clone.status() == f"?? {SHIP}"
    clone.git("add", SHIP)


def test_leftovers_of_killed_writers_are_cleared(clone: Clone) -> None:
    state = clone.git_dir / "milestone"
    for name in ("laying-1", "journal.1", "next-index-1.lock"):
        (state / name).write_text("left")
    clone.new("ship")
    assert clone.locks() == []
    assert NOW.year == 2026
    assert subprocess.run(["git", "fsck"], cwd=clone.path, check=True, capture_output=True).returncode == 0
    assert clone.edit("ship", WriteOptions(), priority="high")
