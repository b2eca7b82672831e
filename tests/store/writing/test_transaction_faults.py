"""What the machine and other processes do to a write: locks, full and read-only disks."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitmilestone.errors import (
    EnvironmentFault,
    GitFailed,
    LockHeld,
    NotARepository,
    StorageFull,
)
from gitmilestone.operations.asking.query import answer
from gitmilestone.query.query import Query
from gitmilestone.store import locks, refs
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.store.writing.staging import Staging
from tests.repositories import Clone, init_project, spawn_python

SHIP = ".milestones/active/ship.yaml"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Bounded waits that a test can sit out."""
    monkeypatch.setattr(Staging.lock, "__defaults__", (0.3,))
    monkeypatch.setattr(refs, "_LOCK_SECONDS", 0.3)
    monkeypatch.setattr(locks.WriteLock.__init__, "__defaults__", (0.3,))
    return 0.3


def test_a_file_system_that_can_not_reserve_room_is_written_to(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert clone.new("ship") == clone.head


def test_row_6_on_a_read_only_file_system_reads_work(clone: Clone, tmp_path: Path) -> None:
    clone.new("ship")
    place = tmp_path / "read-only"
    place.mkdir()
    mounted = subprocess.run(["mount", "--bind", str(clone.path), str(place)], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mount is not allowed here: {mounted.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        there = Clone(place)
        with there.store() as store:
            assert [row.milestone.id for row in answer(store, store.files_at(), Query()).rows] == ["ship"]
        with pytest.raises(EnvironmentFault, match="read-only file system"):
            there.new("other")
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert clone.status() == ""


def test_row_7_the_index_lock_of_somebody_else_is_waited_for_and_left(clone: Clone, impatient: float) -> None:
    lock = clone.git_dir / "index.lock"
    lock.write_text("theirs")
    before = clone.others("index.lock"), clone.head
    started = time.monotonic()
    writes: list[Callable[[], object]] = [
        lambda: clone.new("ship"),
        lambda: clone.new("ship", WriteOptions(stage_only=True)),
    ]
    for write in writes:
        with pytest.raises(LockHeld, match=r"index\.lock") as fault:
            write()
        assert "by hand" in fault.value.hint
    assert 2 * impatient <= time.monotonic() - started < 10
    assert lock.read_text() == "theirs"
    before[0].assert_kept(clone.others("index.lock"))
    assert clone.head == before[1]
    assert not (clone.path / SHIP).exists()
    lock.unlink()
    clone.new("ship")
    assert clone.status() == ""


def test_row_7_an_index_lock_that_goes_away_in_time_is_no_error(clone: Clone) -> None:
    lock = clone.git_dir / "index.lock"
    lock.write_text("theirs")
    holder = spawn_python("import os, sys, time; time.sleep(.4); os.unlink(sys.argv[1])", str(lock), cwd=clone.path)
    assert clone.new("ship") == clone.head
    holder.communicate()


def test_row_8_the_ref_lock_of_somebody_else_is_waited_for_and_left(clone: Clone, impatient: float) -> None:
    lock = clone.git_dir / "refs" / "heads" / "main.lock"
    lock.write_text("theirs")
    before = clone.others(), clone.head
    started = time.monotonic()
    with pytest.raises(LockHeld, match=r"refs/heads/main\.lock"):
        clone.new("ship")
    assert impatient <= time.monotonic() - started < 10
    before[0].assert_kept(clone.others())
    assert clone.head == before[1]
    lock.unlink()
    assert clone.locks() == []
    clone.new("ship")
    assert clone.status() == ""


def test_row_9_our_lock_clears_itself_when_its_owner_dies(clone: Clone, impatient: float) -> None:
    script = (
        "import sys, time; from gitmilestone.store.locks import WriteLock\n"
        "with WriteLock(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    owner = spawn_python(script, str(clone.git_dir), cwd=clone.path)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(LockHeld):
        clone.new("ship")
    owner.kill()
    owner.communicate()
    assert clone.new("ship") == clone.head


def test_row_61_we_never_collect_garbage(clone: Clone) -> None:
    """git's own commit would, from this many loose objects on; and a stash would be at stake."""
    (clone.path / "readme").write_text("stashed\n")
    clone.git("stash", "push", "-q")
    clone.git("config", "gc.auto", "1")
    clone.git("config", "gc.autoDetach", "false")
    clone.git("config", "gc.pruneExpire", "now")
    clone.git("config", "gc.reflogExpireUnreachable", "now")
    for number in range(3):
        clone.new(f"ship-{number}")
    assert not list((clone.git_dir / "objects" / "pack").glob("*.pack"))
    assert clone.git("show", "stash@{0}:readme") == "stashed"


def test_row_62_a_repository_of_another_owner_is_refused_as_git_refuses_it(clone: Clone) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for path in (clone.path, clone.git_dir):
        os.chown(path, 12345, 12345)
    attempts: list[Callable[[], object]] = [clone.ids, lambda: clone.new("ship")]
    for attempt in attempts:
        with pytest.raises(NotARepository, match="dubious ownership") as fault:
            attempt()
        assert "safe.directory" in fault.value.hint
    clone.git("config", "--global", "safe.directory", str(clone.path))
    clone.new("ship")


def test_row_62_an_embedded_bare_repository_is_refused_as_git_refuses_it(clone: Clone) -> None:
    inner = clone.path / "vendored"
    clone.git("init", "-q", "--bare", str(inner))
    clone.git("config", "--global", "safe.bareRepository", "explicit")
    with pytest.raises(NotARepository, match="bareRepository"):
        Clone(inner).ids()


def test_a_reference_transaction_that_is_refused_changes_nothing(clone: Clone) -> None:
    hook = clone.git_dir / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ntest "$1" != prepared\n')
    hook.chmod(0o755)
    head, others = clone.head, clone.others()
    with pytest.raises(GitFailed):
        clone.new("ship")
    others.assert_kept(clone.others())
    assert clone.head == head
    hook.unlink()
    clone.new("ship")
    assert clone.status() == ""
    assert clone.locks() == []


@pytest.fixture
def small_disk(template: Path, tmp_path: Path) -> Iterator[Clone]:
    """A repository on a file system of two megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"mount is not allowed here: {mounted.stderr.decode().strip()}")
    try:
        init_project(place / "project")
        yield Clone(place / "project")
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_row_5_no_space_left_at_each_step(small_disk: Clone) -> None:
    """With so many free blocks, the disk is full at so many different steps."""
    clone = small_disk
    ballast = clone.path.parent / "ballast"
    outcomes = set()
    for blocks in range(0, 34, 3):
        head, status, others = clone.head, clone.status(), clone.others()
        with ballast.open("wb", buffering=0) as file:
            room = os.statvfs(clone.path)
            os.posix_fallocate(file.fileno(), 0, max(1, (room.f_bavail - blocks)) * room.f_bsize)
        try:
            commit = clone.new(f"ship-{blocks}", description="text\n" * 2000)
        except EnvironmentFault as fault:
            outcomes.add(type(fault).__name__)
            ballast.unlink()
            assert clone.head == head, blocks
            others.assert_kept(clone.others())
        else:
            outcomes.add("done")
            ballast.unlink()
            assert commit == clone.head
        assert clone.status() == status, blocks
        assert clone.locks() == [], blocks
        clone.fsck()
    assert outcomes >= {"done", StorageFull.__name__}
