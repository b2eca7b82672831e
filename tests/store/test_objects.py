"""The object database: read through git, written as git writes it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.errors import EnvironmentFault, GitFailed, MilestoneError, MissingObject
from gitmilestone.operations.asking.history import history
from gitmilestone.operations.asking.query import answer
from gitmilestone.query.query import Query
from gitmilestone.store.objects import Objects
from gitmilestone.store.pack import PackWriter
from tests.repositories import Clone


@pytest.fixture(params=["sha1", "sha256"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    clone.git("init", "-q", "--bare", "--template=", f"--object-format={request.param}")
    return clone


@pytest.fixture
def objects(bare: Clone) -> Iterator[Objects]:
    with bare.store() as store:
        yield store.objects


@given(st.binary(max_size=3000))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_object_has_the_id_and_the_bytes_that_git_gives_it(bare: Clone, objects: Objects, content: bytes) -> None:
    oid = objects.write("blob", content)
    assert oid == bare.git("hash-object", "--stdin", stdin=content)
    assert objects.get_blob(oid) == content
    assert objects.write("blob", content) == oid


def test_a_pack_is_one_that_git_reads(bare: Clone, objects: Objects) -> None:
    writer = PackWriter(objects)
    contents = [b"", b"x" * 100_000, *(b"number %d" % number for number in range(300))]
    oids = [writer.write("blob", content) for content in contents]
    assert writer.write("blob", contents[0]) == oids[0]
    writer.finish()
    packs = sorted(path.suffix for path in bare.path.glob("objects/pack/*"))
    assert packs == [".idx", ".pack"]
    bare.git("verify-pack", *map(str, bare.path.glob("objects/pack/*.idx")))
    assert [content for _, content in objects.iter_blobs(oids)] == contents
    bare.fsck()


def test_an_empty_pack_leaves_nothing(bare: Clone, objects: Objects) -> None:
    PackWriter(objects).finish()
    assert not list(bare.path.glob("objects/pack/*"))


def test_objects_that_come_while_we_read_are_seen(bare: Clone, objects: Objects) -> None:
    """By a loose file, by a pack, by a branch that moves."""
    assert objects.find("refs/heads/main") is None
    for number in range(3):
        blob = bare.git("hash-object", "-w", "--stdin", stdin=b"%d" % number)
        assert objects.get_blob(blob) == b"%d" % number
        tree = bare.git("mktree", stdin=f"100644 blob {blob}\tfile\n".encode())
        commit = bare.git("commit-tree", tree, "-m", "next")
        bare.git("update-ref", "refs/heads/main", commit)
        found = objects.find("refs/heads/main")
        assert found is not None
        assert found.oid == commit
        bare.git("gc", "-q", "--prune=now")


def test_large_blobs_are_passed_over_unread(bare: Clone, objects: Objects) -> None:
    small, large = objects.write("blob", b"small"), objects.write("blob", b"x" * 3_000_000)
    read = list(objects.iter_blobs([small, large, small], max_bytes=1000))
    assert read == [(5, b"small"), (3_000_000, None), (5, b"small")]


def test_what_is_missing_is_named(objects: Objects) -> None:
    absent = "1" * (2 * objects.oid_length)
    with pytest.raises(MissingObject, match=absent):
        objects.get_blob(absent)
    with pytest.raises(MissingObject, match=absent):
        objects.get_tree(absent)
    assert objects.find("no such\nthing") is None


def test_alternates_are_read(bare: Clone, objects: Objects, tmp_path: Path) -> None:
    other = Clone(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "-q", "--bare", f"--object-format={bare.git('rev-parse', '--show-object-format')}")
    blob = other.git("hash-object", "-w", "--stdin", stdin=b"elsewhere")
    (bare.path / "objects" / "info").mkdir(exist_ok=True)
    (bare.path / "objects" / "info" / "alternates").write_text(str(other.path / "objects") + "\n")
    assert objects.get_blob(blob) == b"elsewhere"


def loose(clone: Clone, oid: str) -> Path:
    return clone.git_dir / "objects" / oid[:2] / oid[2:]


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def list_all(clone: Clone) -> int:
    with clone.store() as store:
        return len(answer(store, store.files_at(), Query()).rows)


@pytest.mark.parametrize("what", ["commit", "tree", "blob"])
@pytest.mark.parametrize("how", ["missing", "garbage", "cut"])
def test_row_46_a_corrupt_object_is_named(clone: Clone, what: str, how: str, capfd: pytest.CaptureFixture[str]) -> None:
    clone.new("ship")
    name = {"commit": "HEAD", "tree": "HEAD:.milestones", "blob": "HEAD:.milestones/active/ship.yaml"}[what]
    oid = clone.git("rev-parse", name)
    if how == "missing":
        loose(clone, oid).unlink()
    else:
        whole = loose(clone, oid).read_bytes()
        overwrite(loose(clone, oid), b"garbage" if how == "garbage" else whole[: len(whole) // 2])
    if what == "blob":  # a file of the work tree would prove to be the same bytes
        (clone.path / ".milestones/active/ship.yaml").unlink()
    before = sorted((clone.git_dir / "objects").rglob("*"))
    with pytest.raises(EnvironmentFault) as fault:
        list_all(clone)
    assert oid in fault.value.message + capfd.readouterr().err or what == "commit"
    with pytest.raises(MilestoneError):
        clone.new("other") if what != "blob" else clone.edit("ship", title="Other")
    assert not [path for path in before if not path.exists()]
    assert clone.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_branch_without_its_commit_is_no_unborn_branch(clone: Clone) -> None:
    """It must not read as an empty project, nor be written over."""
    loose(clone, clone.head).unlink()
    ref = (clone.git_dir / "refs" / "heads" / "main").read_text()
    with pytest.raises(MissingObject, match="refs/heads/main"):
        list_all(clone)
    with pytest.raises(MissingObject):
        clone.new("ship")
    assert (clone.git_dir / "refs" / "heads" / "main").read_text() == ref


def test_a_reader_goes_on_after_git_has_stopped(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    oid = clone.git("hash-object", "-w", "--stdin", stdin=b"some text that is not short\n" * 9)
    overwrite(loose(clone, oid), loose(clone, oid).read_bytes()[:20])
    with clone.store() as store:
        with pytest.raises(GitFailed):
            store.objects.get_blob(oid)
        assert store.files_at().find("config/project.yaml") is not None
    capfd.readouterr()


HOSTILE = {
    "separators in the subject": (b"a\x01b\x02c\x1b[31m\x1ed\n\nbody", b"1795403239 +0000"),
    "no subject": (b"", b"1795403239 +0000"),
    "a date far away": (b"later", b"99999999999999999999 +0000"),
    "no date": (b"whenever", b"never"),
    "a subject that is no UTF-8": (b"caf\xe9", b"1795403239 -9999"),
    "lines like a difference": (b":100644 100644 1 2 M\n", b"0 +0000"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_commit_does_not_break_the_history(clone: Clone, what: str) -> None:
    message, date = HOSTILE[what]
    clone.new("ship")
    clone.edit("ship", priority="high")
    tree = clone.git("rev-parse", "HEAD^{tree}")
    clone.edit("ship", priority="low")
    raw = f"tree {tree}\nparent {clone.head}\nauthor Eve <e@e> ".encode() + date + b"\ncommitter Eve <e@e> " + date
    commit = clone.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw + b"\n\n" + message)
    clone.git("update-ref", "refs/heads/main", commit)
    clone.git("reset", "-q", "--hard")
    clone.new("next")
    with clone.store() as store:
        events = list(history(store, "ship"))
    assert len(events) == 4
    assert events[0].commit == commit
    assert (events[0].author, events[0].email) == ("Eve", "e@e")


@pytest.mark.parametrize(("setting", "folder_mode", "file_mode"), [("group", 0o2770, 0o440), ("all", 0o2775, 0o444)])
def test_core_shared_repository_lets_the_others_in(
    clone: Clone, setting: str, folder_mode: int, file_mode: int
) -> None:
    clone.git("config", "core.sharedRepository", setting)
    shutil.rmtree(clone.git_dir / "milestone")
    umask = os.umask(0o077)
    try:
        with clone.store() as store:
            oids = [store.objects.write("blob", b"before sharing is known")]
        commit = clone.new("ship")
    finally:
        os.umask(umask)
    assert commit is not None
    oids = [clone.git("rev-parse", name) for name in ("HEAD:.milestones/active/ship.yaml", "HEAD:.milestones")]
    for oid in oids:
        assert stat.S_IMODE(loose(clone, oid).stat().st_mode) == file_mode
    folders = {loose(clone, oid).parent for oid in oids}
    made = [folder for folder in folders if len(list(folder.iterdir())) == 1]
    assert all(stat.S_IMODE(folder.stat().st_mode) == folder_mode for folder in made)
    state = clone.git_dir / "milestone"
    assert stat.S_IMODE(state.stat().st_mode) & 0o2070 == 0o2070
    assert stat.S_IMODE((state / "lock").stat().st_mode) & 0o060 == 0o060
