"""The write protocol: one commit, or nothing, and nobody else's work touched."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitmilestone.errors import (
    DetachedHead,
    EnvironmentFault,
    GitFailed,
    InvalidId,
    LockHeld,
    MilestoneError,
    MilestoneNotFound,
    NotARepository,
    NotInitialised,
    OperationInProgress,
    StorageFull,
    UncommittedEdits,
    UnsafePath,
)
from gitmilestone.operations.check import check
from gitmilestone.operations.query import answer
from gitmilestone.query.query import Query
from gitmilestone.store import locks, refs
from gitmilestone.store.files import Files, read_file
from gitmilestone.store.plan import Plan, WriteOptions
from gitmilestone.store.staging import Staging
from tests.repositories import Clone, init_project, spawn_python

SHIP = ".milestones/active/ship.yaml"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Bounded waits that a test can sit out."""
    monkeypatch.setattr(Staging.lock, "__defaults__", (0.3,))
    monkeypatch.setattr(refs, "_LOCK_SECONDS", 0.3)
    monkeypatch.setattr(locks.WriteLock.__init__, "__defaults__", (0.3,))
    return 0.3


def test_one_commit_moves_the_branch_the_files_and_the_staging_area(clone: Clone) -> None:
    before = clone.head
    commit = clone.new("ship", title="Ship two-factor login", due="2027-01-15")
    assert clone.head == commit
    assert clone.git("rev-parse", "HEAD^") == before
    assert (
        clone.git("log", "-1", "--format=%s|%an|%ae|%cn") == "milestone: create ship|Ana Lima|ana@example.com|Ana Lima"
    )
    assert clone.git("show", "--format=", "--name-status", "HEAD") == f"A\t{SHIP}"
    assert (clone.path / SHIP).read_text() == clone.text("active/ship.yaml") + "\n"
    assert clone.status() == ""
    assert clone.git("log", "-g", "-1", "--format=%gs") == "commit: milestone: create ship"
    assert clone.git("log", "-g", "-1", "--format=%gs", "main") == "commit: milestone: create ship"
    clone.complete("ship")
    assert clone.git("show", "--format=", "--name-status", "-M20", "HEAD").split("\t")[1:] == [
        SHIP,
        ".milestones/completed/ship.yaml",
    ]
    clone.delete("ship")
    assert clone.status() == ""
    assert not (clone.path / ".milestones" / "completed").exists()
    assert clone.locks() == []
    clone.fsck()


def test_a_plan_that_changes_nothing_makes_no_commit(clone: Clone) -> None:
    clone.write({"active/x.yaml": "x\n"})
    others, head = clone.others(), clone.head
    assert clone.write({"active/x.yaml": "x\n", "active/absent.yaml": None}) is None
    assert clone.head == head
    others.assert_kept(clone.others())


def test_an_empty_commit_where_it_is_asked_for(clone: Clone) -> None:
    tree, others = clone.git("rev-parse", "HEAD^{tree}"), clone.others()
    assert clone.write({}, allow_empty=True) == clone.head
    assert clone.git("rev-parse", "HEAD^{tree}") == tree
    others.assert_kept(clone.others())


def test_before_init_a_write_says_how_to_begin(clone: Clone) -> None:
    clone.git("rm", "-rq", ".milestones")
    clone.git("commit", "-qm", "away")
    with pytest.raises(NotInitialised, match=r"\.milestones") as fault:
        clone.new("ship")
    assert "git milestone init" in fault.value.hint


def test_init_twice_is_once(clone: Clone) -> None:
    assert clone.init() is None
    assert clone.status() == ""


def test_a_message_of_ones_own(clone: Clone) -> None:
    clone.new("ship", WriteOptions(message="Größe: ship it\n\nbecause"))
    assert clone.git("log", "-1", "--format=%B").strip() == "Größe: ship it\n\nbecause"


def test_a_message_of_any_length(clone: Clone) -> None:
    message = "long " * 100_000 + "\n"
    clone.new("ship", WriteOptions(message=message))
    assert clone.git("log", "-1", "--format=%B").strip() == message.strip()


def test_the_message_is_utf8_whatever_git_is_told_of_encodings(clone: Clone) -> None:
    clone.git("config", "i18n.commitEncoding", "ISO-8859-1")
    clone.new("ship", WriteOptions(message="Größe"))
    assert clone.git("-c", "i18n.logOutputEncoding=UTF-8", "log", "-1", "--format=%s") == "Größe"
    assert "encoding" not in clone.git("cat-file", "commit", "HEAD").partition("\n\n")[0]


def test_no_commit_stages_only(clone: Clone) -> None:
    head, others = clone.head, clone.others(SHIP)
    clone.new("ship", WriteOptions(stage_only=True))
    assert clone.head == head
    assert clone.status() == f"A  {SHIP}"
    clone.edit("ship", WriteOptions(stage_only=True), priority="high")
    assert clone.status() == f"A  {SHIP}"
    assert "priority: high" in clone.git("show", f":{SHIP}")
    others.assert_kept(clone.others(SHIP))
    with pytest.raises(MilestoneNotFound):
        clone.edit("ship", priority="low")
    clone.git("commit", "-qm", "by hand")
    assert clone.status() == ""
    clone.edit("ship", priority="low")
    assert clone.status() == ""


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
            assert [row.milestone.id for row in answer(store.files_at(), Query()).rows] == ["ship"]
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


@pytest.mark.parametrize("times", [1, 3])
def test_row_10_a_branch_that_moves_under_a_write_is_built_upon(clone: Clone, times: int) -> None:
    seen = []

    def build(files: Files) -> Plan:
        seen.append(read_file(files, "active/theirs.yaml"))
        if len(seen) <= times:
            number = len(seen)
            (clone.path / "readme").write_text(f"change {number}\n")
            (clone.path / ".milestones" / "active").mkdir(exist_ok=True)
            (clone.path / ".milestones" / "active" / "theirs.yaml").write_text(f"{number}\n")
            clone.git("add", "readme", ".milestones")
            clone.git("commit", "-qm", f"theirs {number}")
        return Plan({"active/ours.yaml": b"ours\n"}, "ours")

    with clone.store() as store:
        commit = store.write(build).commit
    assert seen == [None, *(b"%d\n" % number for number in range(1, times + 1))]
    assert commit == clone.head
    assert clone.git("log", "--format=%s", f"-{times + 1}").split("\n") == [
        "ours",
        *(f"theirs {number}" for number in range(times, 0, -1)),
    ]
    assert clone.status() == ""


def test_row_10_what_was_right_before_the_branch_moved_is_validated_again(clone: Clone) -> None:
    """Somebody takes the id meanwhile: nothing of theirs is overwritten."""
    clone.git("worktree", "add", "-q", "--detach", str(clone.path.parent / "theirs"))
    theirs = Clone(clone.path.parent / "theirs")
    tree = theirs.git("rev-parse", "HEAD^{tree}")
    (theirs.path / ".milestones" / "active").mkdir()
    (theirs.path / SHIP).write_text("schema: 1\ntitle: Theirs\nstatus: planned\n")
    theirs.git("add", ".milestones")
    theirs.git("commit", "-qm", "theirs")

    def build(files: Files) -> Plan:
        if files.find("active/ship.yaml"):
            raise EnvironmentFault("taken")
        clone.git("update-ref", "refs/heads/main", theirs.head)
        clone.git("reset", "-q", "--hard")
        return Plan({"active/ship.yaml": b"ours\n"}, "ours")

    with clone.store() as store, pytest.raises(EnvironmentFault, match="taken"):
        store.write(build)
    assert clone.head == theirs.head
    assert clone.git("rev-parse", "HEAD^{tree}") != tree
    assert clone.status() == ""


def test_row_10_a_branch_that_is_switched_under_a_write(clone: Clone) -> None:
    clone.git("branch", "other")
    switched: list[str] = []

    def build(_: Files) -> Plan:
        if not switched:
            switched.append(clone.git("switch", "-q", "other"))
        return Plan({"active/ours.yaml": b"ours\n"}, "ours")

    main = clone.git("rev-parse", "main")
    with clone.store() as store:
        commit = store.write(build).commit
    assert clone.git("rev-parse", "main") == main
    assert clone.git("rev-parse", "other") == commit
    assert clone.status() == ""


def test_edits_that_come_while_a_write_is_prepared_are_kept(clone: Clone) -> None:
    """A hook may take a minute; what the user does to the same file meanwhile is not overwritten."""
    clone.new("ship")
    hook = clone.git_dir / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '# mine' >> {SHIP}\n")
    hook.chmod(0o755)
    head = clone.head
    with pytest.raises(UncommittedEdits, match="ship"):
        clone.edit("ship", priority="high")
    assert clone.head == head
    assert (clone.path / SHIP).read_text().endswith("# mine\n")
    assert clone.locks() == []


def test_row_11_detached_head_is_refused_unless_it_is_asked_for(clone: Clone) -> None:
    clone.git("switch", "-q", "--detach")
    others, head = clone.others(), clone.head
    with pytest.raises(DetachedHead, match="detached") as fault:
        clone.new("ship")
    assert "--detached" in fault.value.hint
    others.assert_kept(clone.others())
    commit = clone.new("ship", WriteOptions(detached=True))
    assert clone.head == commit
    assert clone.git("rev-parse", "main") == head
    assert clone.status() == ""
    clone.git("switch", "-q", "main")
    assert clone.ids() == set()


def test_row_12_an_unborn_branch_takes_the_first_commit(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q")
    (tmp_path / "theirs").write_text("untracked\n")
    assert clone.ids() == set()
    commit = clone.init()
    assert clone.git("rev-list", "HEAD") == commit
    clone.new("ship")
    assert clone.ids() == {"ship"}
    assert clone.status() == "?? theirs"
    assert clone.git("log", "-g", "--format=%gs").split("\n")[-1] == "commit (initial): milestone: init"
    clone.fsck()


def test_row_12_files_that_are_staged_on_an_unborn_branch_stay_staged(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q")
    (tmp_path / "theirs").write_text("staged\n")
    clone.git("add", "theirs")
    clone.init()
    assert clone.status() == "A  theirs"
    assert "theirs" not in clone.git("ls-tree", "-r", "--name-only", "HEAD")


def diverge(clone: Clone) -> None:
    """Two branches that conflict in `readme`."""
    clone.git("switch", "-qc", "side")
    (clone.path / "readme").write_text("side\n")
    clone.git("commit", "-qam", "side")
    clone.git("switch", "-q", "main")
    (clone.path / "readme").write_text("main\n")
    clone.git("commit", "-qam", "main")


UNFINISHED = {
    "merge": ("merge", "side"),
    "rebase": ("rebase", "side"),
    "rebase --apply": ("rebase", "--apply", "side"),
    "cherry-pick": ("cherry-pick", "side"),
    "revert": ("revert", "--no-edit", "HEAD~1"),
}


@pytest.mark.parametrize("what", UNFINISHED)
def test_row_13_in_the_middle_of_something_a_write_is_refused(clone: Clone, what: str) -> None:
    diverge(clone)
    if what == "revert":
        (clone.path / "readme").write_text("main again\n")
        clone.git("commit", "-qam", "again")
    clone.git(*UNFINISHED[what], is_checked=False)
    assert "UU readme" in clone.status()
    others, head = clone.others(), clone.head
    for options in (WriteOptions(), WriteOptions(stage_only=True), WriteOptions(detached=True)):
        with pytest.raises(OperationInProgress, match=what.split()[0]) as fault:
            clone.new("ship", options)
        assert "--continue" in fault.value.hint
        assert "--abort" in fault.value.hint
    assert clone.ids() == set()
    others.assert_kept(clone.others())
    assert clone.head == head
    clone.git(what.split()[0], "--abort")
    clone.new("ship")
    assert clone.status() == ""


def test_row_13_a_bisection_is_a_detached_head(clone: Clone) -> None:
    diverge(clone)
    clone.new("later")
    clone.git("bisect", "start")
    clone.git("bisect", "bad")
    clone.git("bisect", "good", "HEAD~3")
    others = clone.others()
    with pytest.raises(DetachedHead):
        clone.new("ship")
    others.assert_kept(clone.others())
    clone.git("bisect", "reset")
    clone.new("ship")


def lay(clone: Clone, text: str) -> None:
    (clone.path / SHIP).write_text(text)


def stage(clone: Clone, text: str) -> None:
    lay(clone, text)
    clone.git("add", SHIP)


def stage_and_undo(clone: Clone) -> None:
    stage(clone, "mine\n")
    lay(clone, clone.text("active/ship.yaml") + "\n")


def swap(clone: Clone, make: Callable[[Path], object]) -> None:
    (clone.path / SHIP).unlink()
    make(clone.path / SHIP)


EDITS: dict[str, Callable[[Clone], object]] = {
    "edited": lambda clone: lay(clone, "mine\n"),
    "staged": lambda clone: stage(clone, "mine\n"),
    "staged, then undone in the work tree": stage_and_undo,
    "deleted": lambda clone: (clone.path / SHIP).unlink(),
    "deletion staged": lambda clone: clone.git("rm", "-q", SHIP),
    "taken out of git": lambda clone: clone.git("rm", "-q", "--cached", SHIP),
    "made executable": lambda clone: clone.git("update-index", "--chmod=+x", SHIP),
    "a folder": lambda clone: swap(clone, Path.mkdir),
    "a link": lambda clone: swap(clone, lambda place: place.symlink_to("../../readme")),
    "a link to nothing": lambda clone: swap(clone, lambda place: place.symlink_to("nowhere")),
    "a pipe": lambda clone: swap(clone, os.mkfifo),
}


@pytest.mark.parametrize("how", EDITS)
@pytest.mark.parametrize("verb", ["edit", "complete", "delete", "edit --no-commit"])
def test_row_14_uncommitted_edits_of_the_same_file_are_never_overwritten(clone: Clone, how: str, verb: str) -> None:
    clone.new("ship")
    EDITS[how](clone)
    if verb == "edit --no-commit" and clone.git("diff", "--cached", "--name-only"):
        pytest.skip("to build on what is staged is what it is for")
    status, head = clone.status(), clone.head
    others = clone.others()
    with pytest.raises(UncommittedEdits, match="ship") as fault:
        if verb == "edit --no-commit":
            clone.edit("ship", WriteOptions(stage_only=True), priority="high")
        elif verb == "edit":
            clone.edit("ship", priority="high")
        else:
            getattr(clone, verb)("ship")
    assert "nothing was overwritten" in fault.value.hint
    assert (clone.status(), clone.head) == (status, head)
    others.assert_kept(clone.others())
    assert clone.locks() == []


def test_row_14_files_that_git_does_not_track_are_never_overwritten(clone: Clone) -> None:
    (clone.path / SHIP).parent.mkdir()
    lay(clone, "mine\n")
    with pytest.raises(UncommittedEdits, match="does not track"):
        clone.new("ship")
    assert (clone.path / SHIP).read_text() == "mine\n"
    clone.git("add", "-N", SHIP)
    others = clone.others()
    with pytest.raises(UncommittedEdits, match="ship"):
        clone.new("ship")
    others.assert_kept(clone.others())


def test_row_14_a_file_where_our_folder_should_be_is_refused_before_the_branch_moves(clone: Clone) -> None:
    (clone.path / ".milestones" / "active").write_text("mine\n")
    head = clone.head
    with pytest.raises(MilestoneError):
        clone.new("ship")
    assert clone.head == head
    assert clone.locks() == []


def test_row_14_an_edit_that_git_was_told_not_to_see_is_kept(clone: Clone) -> None:
    """`git update-index --skip-worktree` is how people keep a private edit."""
    clone.new("ship")
    clone.git("update-index", "--skip-worktree", SHIP)
    lay(clone, "my private edit\n")
    clone.edit("ship", priority="high")
    assert (clone.path / SHIP).read_text() == "my private edit\n"
    assert "priority: high" in clone.text("active/ship.yaml")
    assert clone.git("ls-files", "-t", SHIP).startswith("S ")
    assert clone.status() == ""


def make_a_mess(clone: Clone) -> None:
    """Staged, half-staged, dirty, deleted, untracked, ignored and intended files; a stash; a configuration."""
    path = clone.path
    (path / "readme").write_text("stashed\n")
    clone.git("stash", "push", "-q")
    (path / "readme").write_text("staged\n")
    clone.git("add", "readme")
    (path / "readme").write_text("staged, and edited again\n")
    (path / "intended").write_text("later\n")
    clone.git("add", "-N", "intended")
    (path / "new").write_text("new\n")
    clone.git("add", "new")
    (path / "src" / "main.c").unlink()
    (path / "untracked").write_text("untracked\n")
    (path / ".git" / "info").mkdir(exist_ok=True)
    (path / ".git" / "info" / "exclude").write_text("ignored\n")
    (path / "ignored").write_text("ignored\n")
    clone.git("config", "alias.mine", "status")
    clone.git("tag", "mine")
    clone.git("branch", "mine")
    clone.git("notes", "add", "-m", "mine")


def test_row_15_what_others_have_staged_is_neither_committed_nor_changed(clone: Clone) -> None:
    make_a_mess(clone)
    touched = (SHIP, ".milestones/completed/ship.yaml")
    others, status = clone.others(*touched), clone.status()
    writes: list[Callable[[], object]] = [
        lambda: clone.new("ship"),
        lambda: clone.edit("ship", owner="bo"),
        lambda: clone.complete("ship"),
        lambda: clone.delete("ship"),
    ]
    for write in writes:
        write()
        others.assert_kept(clone.others(*touched))
        names = clone.git("show", "--format=", "--name-only", "--no-renames", "HEAD").split("\n")
        assert set(names) <= set(touched)
        assert clone.status() == status
    clone.git("stash", "show", "stash@{0}")
    clone.fsck()


def test_row_16_objects_are_synced_before_the_branch_is(clone: Clone, tmp_path: Path) -> None:
    """Every loose object of the commit, then the ref, are fsynced before they get their names."""
    script = (
        "import os; from gitmilestone.store.store import Store; from gitmilestone.store.plan import Plan\n"
        "store = Store.open('.', os.environ)\n"
        "print(store.write(lambda files: Plan({'active/x.yaml': b'x'}, 'x')).commit); store.close()"
    )
    log = tmp_path / "trace"
    strace = ("strace", "-f", "-y", "-qq", "-o", str(log), "-e", "trace=fsync,fdatasync,rename,link,linkat,renameat2")
    run = spawn_python(script, cwd=clone.path, prefix=strace)
    out, said = run.communicate()
    assert run.returncode == 0, said
    calls = [line.partition(" ")[2].strip() for line in log.read_text().splitlines() if "= 0" in line]
    moved = next(at for at, call in enumerate(calls) if call.startswith("rename") and '/refs/heads/main"' in call)
    lock = next(at for at, call in enumerate(calls) if "fsync" in call and "refs/heads/main.lock" in call)
    assert lock < moved
    objects = [at for at, call in enumerate(calls) if "fsync" in call and "tmp_obj" in call]
    named = [at for at, call in enumerate(calls) if call.startswith(("rename", "link")) and "/objects/" in call]
    assert len(objects) == len(named) == 5  # the blob, three trees, the commit
    assert max(objects + named) < lock
    assert all(synced < name for synced, name in zip(objects, named, strict=True))
    assert out.strip() == clone.head


def test_row_17_ids_are_unique_on_a_file_system_that_ignores_case(clone: Clone) -> None:
    clone.new("ship")
    for same in ("Ship", "SHIP", "\u017fhip"):
        with pytest.raises(InvalidId):
            clone.new(same)
    # Somebody adds one by hand, where the file system allows it.
    stage(clone, clone.text("active/ship.yaml") + "\n")
    (clone.path / ".milestones" / "active" / "Ship.yaml").write_text("schema: 1\ntitle: Ship\nstatus: planned\n")
    clone.git("add", ".")
    clone.git("commit", "-qm", "by hand")
    with clone.store() as store:
        assert [problem.path for problem in check(store.files_at()).problems] == [".milestones/active/Ship.yaml"]


@pytest.mark.parametrize("setting", ["true", "input", "false"])
def test_row_18_autocrlf(clone: Clone, setting: str) -> None:
    clone.git("config", "core.autocrlf", setting)
    clone.new("ship")
    clone.edit("ship", priority="high")
    assert b"\r" not in (clone.path / SHIP).read_bytes()
    assert clone.status() == ""
    # A fresh checkout under the same setting.
    (clone.path / SHIP).unlink()
    clone.git("checkout", "-q", "--", ".milestones")
    assert b"\r" not in (clone.path / SHIP).read_bytes()
    clone.complete("ship")
    assert clone.status() == ""
    assert "\r" not in clone.text("completed/ship.yaml")


def test_row_18_files_laid_with_crlf_are_no_edits(clone: Clone) -> None:
    """Where `.gitattributes` is gone, autocrlf lays CRLF."""
    clone.new("ship")
    clone.git("rm", "-q", ".milestones/.gitattributes")
    clone.git("commit", "-qm", "no attributes")
    clone.git("config", "core.autocrlf", "true")
    (clone.path / SHIP).unlink()
    clone.git("checkout", "-q", "--", SHIP)
    assert b"\r\n" in (clone.path / SHIP).read_bytes()
    clone.edit("ship", priority="high")
    assert clone.status() == ""
    assert "\r" not in clone.text("active/ship.yaml")


def test_row_18_a_file_that_was_committed_with_crlf_can_be_edited(clone: Clone) -> None:
    clone.git("rm", "-q", ".milestones/.gitattributes")
    clone.git("commit", "-qm", "no attributes")
    (clone.path / SHIP).parent.mkdir()
    (clone.path / SHIP).write_bytes(b"schema: 1\r\n\r\ntitle: Ship\r\n\r\nstatus: planned\r\n")
    clone.git("add", SHIP)
    clone.git("commit", "-qm", "CRLF")
    clone.edit("ship", priority="high")
    assert clone.status() == ""


def test_row_21_a_milestones_folder_that_is_a_link_is_refused(clone: Clone, tmp_path: Path) -> None:
    """In the work tree: nothing is written through it. Committed: nothing is read through it."""
    elsewhere = tmp_path / "elsewhere"
    (clone.path / ".milestones").rename(elsewhere)
    (clone.path / ".milestones").symlink_to(elsewhere)
    there = sorted(elsewhere.rglob("*"))
    with pytest.raises((UnsafePath, UncommittedEdits), match="milestones"):
        clone.new("ship")
    with clone.store() as store, pytest.raises(UnsafePath, match="symbolic link"):
        list(store.work_files().iter_entries())
    assert sorted(elsewhere.rglob("*")) == there
    clone.git("rm", "-rq", "--cached", ".milestones")
    clone.git("add", ".milestones")
    clone.git("commit", "-qm", "a link")
    attempts: list[Callable[[], object]] = [clone.ids, lambda: clone.new("ship"), clone.init]
    for attempt in attempts:
        with pytest.raises(UnsafePath, match="milestones"):
            attempt()
    assert sorted(elsewhere.rglob("*")) == there


@pytest.mark.parametrize("is_committed", [False, True])
def test_row_21_a_folder_below_that_is_a_link_is_refused(clone: Clone, tmp_path: Path, is_committed: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (clone.path / ".milestones" / "active").symlink_to(elsewhere)
    if is_committed:
        clone.git("add", ".")
        clone.git("commit", "-qm", "a link")
    head = clone.head
    with pytest.raises(UnsafePath, match="active"):
        clone.new("ship")
    assert clone.head == head
    assert list(elsewhere.iterdir()) == []
    assert clone.locks() == []
    with clone.store() as store:
        for files in (store.files_at(), store.work_files()) if is_committed else (store.work_files(),):
            assert [problem.code for problem in answer(files, Query()).problems] == ["symbolic-link"]


def test_row_21_a_milestone_that_is_a_link_is_reported_and_left(clone: Clone, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("schema: 1\ntitle: Secret\nstatus: planned\n")
    clone.new("other")
    (clone.path / SHIP).symlink_to(secret)
    clone.git("add", ".")
    clone.git("commit", "-qm", "a link")
    with clone.store() as store:
        for files in (store.files_at(), store.staged_files(), store.work_files()):
            found = answer(files, Query())
            assert [row.milestone.id for row in found.rows] == ["other"]
            assert [problem.code for problem in found.problems] == ["symbolic-link"]
    attempts: list[Callable[[], object]] = [
        lambda: clone.edit("ship", priority="high"),
        lambda: clone.write({"active/ship.yaml": "x\n"}),
    ]
    for attempt in attempts:
        with pytest.raises(MilestoneError):
            attempt()
    assert secret.read_text() == "schema: 1\ntitle: Secret\nstatus: planned\n"
    assert (clone.path / SHIP).is_symlink()


BAD_IDS = {
    "row 22": [
        "../x",
        "/x",
        "-rf",
        "",
        "a" * 300,
        "a\0b",
        "a\nb",
        ".",
        "..",
        ".git",
        "a/b",
        "a\\b",
        " a",
        "a ",
        "\udcff",
    ],
    "row 23": ["con", "aux.yaml", "a:b", "a.", "nul.txt", "COM1", "lpt9", "a*", "a?", "x.lock", "prn.tar.gz"],
    "row 24": ["café", "cafe\u0301", "\u212bngstrom", "ﬁx"],
}


@pytest.mark.parametrize("milestone_id", [item for ids in BAD_IDS.values() for item in ids])
def test_rows_22_23_24_an_id_that_is_no_safe_name_is_refused_before_anything_is_written(
    clone: Clone, milestone_id: str
) -> None:
    others, head = clone.others(), clone.head
    objects = sorted((clone.git_dir / "objects").rglob("*"))
    attempts: list[Callable[[], object]] = [
        lambda: clone.new(milestone_id),
        lambda: clone.edit(milestone_id, priority="high"),
        lambda: clone.delete(milestone_id),
        lambda: clone.new("ship", depends_on=[milestone_id]),
    ]
    for attempt in attempts:
        with pytest.raises(MilestoneError):
            attempt()
    assert clone.head == head
    assert sorted((clone.git_dir / "objects").rglob("*")) == objects
    others.assert_kept(clone.others())


def test_row_24_a_file_whose_name_is_not_nfc_is_reported(clone: Clone) -> None:
    (clone.path / SHIP).parent.mkdir()
    for name in ("cafe\u0301", "café"):
        (clone.path / ".milestones" / "active" / f"{name}.yaml").write_text("schema: 1\ntitle: Café\nstatus: planned\n")
    clone.git("-c", "core.precomposeUnicode=false", "add", ".")
    clone.git("commit", "-qm", "by hand")
    with clone.store() as store:
        found = answer(store.files_at(), Query())
    assert (found.rows, found.unreadable) == ([], 2)


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


def test_outside_of_any_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepository, match="not in a git repository"):
        Clone(tmp_path).ids()


def test_inside_a_git_directory_there_is_nothing_to_write_to(clone: Clone) -> None:
    inside = Clone(clone.git_dir)
    assert inside.ids() == set()
    with pytest.raises(EnvironmentFault, match="git directory"):
        inside.new("ship")


def test_a_clone_without_a_checkout_stays_one(clone: Clone, tmp_path: Path) -> None:
    """A staging area with only our file in it would read as the deletion of all others."""
    clone.new("ship")
    clone.git("clone", "-q", "--no-checkout", str(clone.path), str(tmp_path / "bare-ish"))
    there = Clone(tmp_path / "bare-ish")
    there.new("other")
    assert there.ids() == {"ship", "other"}
    assert [path.name for path in there.path.iterdir()] == [".git"]
    there.git("checkout", "-q")
    assert there.status() == ""
    assert (there.path / ".milestones" / "active" / "other.yaml").exists()


def test_a_staging_area_that_is_gone_is_no_clone_without_a_checkout(clone: Clone) -> None:
    """The files are there: a commit that leaves them behind would read as their edit."""
    clone.new("ship")
    (clone.git_dir / "index").unlink()
    with pytest.raises(UncommittedEdits, match="ship"):
        clone.edit("ship", priority="high")
    clone.new("boat")
    clone.git("reset", "-q")
    assert clone.status() == ""
    clone.edit("ship", priority="high")
    assert clone.status() == ""


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
