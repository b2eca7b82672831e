"""The write protocol: one commit, or nothing, and nobody else's work touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import (
    EnvironmentFault,
    MilestoneNotFound,
    NotInitialised,
)
from gitmilestone.store.files import Files, read_file
from gitmilestone.store.writing.plan import Plan, WriteOptions
from tests.repositories import Clone, spawn_python

SHIP = ".milestones/active/ship.yaml"


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
    assert clone.git("show", "--format=", "--numstat", "HEAD") == f"1\t1\t{SHIP}"
    clone.archive("ship")
    assert clone.git("show", "--format=", "--name-status", "HEAD") == f"R100\t{SHIP}\t.milestones/completed/ship.yaml"
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
        lambda: clone.archive("ship"),
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
        "import os; from gitmilestone.store.store import Store; from gitmilestone.store.writing.plan import Plan\n"
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
    clone.archive("ship")
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
