"""What happens to an index, or to what it is made from: each a drill of its row in the list of faults."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gitmilestone.derived import catch_up, database, workers
from gitmilestone.derived import listing as documents
from gitmilestone.derived.database import IndexFile, read_index
from gitmilestone.derived.listing import Contents
from gitmilestone.errors import GitFailed, MilestoneError, MissingObject
from gitmilestone.operations.scaling.index import get_index_status, verify_index
from gitmilestone.query.query import EVERYTHING, Query, Term
from gitmilestone.store.files import FileEntry
from tests.derived.states import (
    BY_ID,
    COUNT,
    INDEXED,
    Answers,
    Told,
    answers_from_nothing,
    ask,
    assert_right,
    count_parsed,
    dump,
    index_path,
    lock_path,
    many,
    read,
    rebuild,
    yaml,
)
from tests.repositories import ROOT, Clone, init_project, run_git, spawn_python


@pytest.fixture(autouse=True)
def _few_are_worth_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a few files are taken from the work tree where they prove to be the blob's."""
    monkeypatch.setattr(documents, "_WORTH_HASHING", 0)


@contextmanager
def mounted(place: Path, *how: str) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *how, str(place)], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"mount is not allowed here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def is_on_disk(clone: Clone) -> bool:
    with clone.store() as store:
        return read_index(store, store.files_at(), lambda index: index.is_on_disk)


def run_list(clone: Clone, *args: str) -> subprocess.CompletedProcess[str]:
    return run_command(clone, "list", "--all", "--format", "ids", *args)


def run_command(clone: Clone, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gitmilestone", *args],
        cwd=clone.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def overwrite(path: Path, content: bytes, at: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


DAMAGES = {
    "no database": lambda path: path.write_bytes(b"no database\n" * 4000),
    "a broken header": lambda path: overwrite(path, b"\xff" * 100),
    "cut": cut,
    "a zeroed first page": lambda path: overwrite(path, bytes(4096)),
    "all but the first page zeroed": lambda path: overwrite(path, bytes(path.stat().st_size - 4096), 4096),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", [name for name in DAMAGES if name != "a folder"])
def test_row_40_a_damaged_index_is_built_anew_and_that_is_said_once(large: Clone, how: str) -> None:
    path = index_path(large)
    DAMAGES[how](path)
    listed = run_list(large)
    assert (listed.returncode, listed.stdout.split()) == (0, INDEXED)
    assert listed.stderr.count("damaged") == 1, listed.stderr
    assert len(listed.stderr.splitlines()) == 1
    again = run_list(large)
    assert (again.returncode, again.stdout, again.stderr) == (0, listed.stdout, "")
    with large.store() as store:
        assert verify_index(store).faults == []


def test_row_40_a_folder_in_its_place_is_left_alone(large: Clone) -> None:
    path = index_path(large)
    DAMAGES["a folder"](path)
    listed = run_list(large)
    assert (listed.returncode, listed.stdout.split()) == (0, INDEXED)
    assert path.is_dir()


@pytest.mark.parametrize("page", range(2, 36, 3))
def test_row_40_any_page_that_is_zeroed(large: Clone, page: int) -> None:
    """Answers are right, before and after it shows; what no answer needs, `verify` finds."""
    path = index_path(large)
    if path.stat().st_size <= page * 4096:
        pytest.skip("the index has fewer pages")
    overwrite(path, bytes(4096), page * 4096)
    told = Told()
    with large.store() as store:
        assert_right(store, told=told)
        assert len(told.warnings) <= 1
        has_faults = bool(verify_index(store).faults)
    assert has_faults or told.warnings


def test_row_40_rows_that_nobody_has_written(large: Clone) -> None:
    for statement in (
        "UPDATE milestone SET created = 'yesterday' WHERE id = 'm-0007'",
        "UPDATE milestone SET extra = '{' WHERE id = 'm-0007'",
        "UPDATE milestone SET created = x'ff' WHERE id = 'm-0007'",
        "UPDATE milestone SET title = CAST(x'ff' AS TEXT) WHERE id = 'm-0007'",
        "INSERT INTO unserved VALUES (x'61', x'00', 'a', '{')",
        "INSERT INTO unserved VALUES (x'61', x'00', 'a', '[[1]]')",
        "UPDATE stamp SET milestones = 'many'",
        "DELETE FROM stamp",
        "DROP TABLE stamp",
    ):
        with closing(sqlite3.connect(index_path(large))) as connection, connection:
            connection.execute(statement)
        told = Told()
        with large.store() as store:
            assert_right(store, told=told)
            assert verify_index(store).faults == []
        assert len(told.warnings) == 1, (statement, told.warnings)


def test_row_40_what_was_kept_of_files_that_went(large: Clone) -> None:
    large.delete("m-0059")
    assert len(read(large)) == COUNT - 1
    with closing(sqlite3.connect(index_path(large))) as connection, connection:
        assert connection.execute("UPDATE retired SET rows = '{'").rowcount == 1
    large.git("reset", "-q", "--hard", "HEAD^")
    told = Told()
    with large.store() as store:
        assert_right(store, told=told)
        assert verify_index(store).faults == []
    assert len(told.warnings) == 1


BUILD = """
import os, signal, sys
from gitmilestone.derived import catch_up, writer
from gitmilestone.derived.database import read_index
from gitmilestone.store.store import Store
catch_up._BATCH, catch_up._COMMIT_EVERY = 10, 20
apply, left = writer.Writer.apply, int(sys.argv[1])
def count(self, removed, added):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return apply(self, removed, added)
writer.Writer.apply = count
store = Store.open(".", os.environ)
read_index(store, store.files_at(), lambda index: None)
store.close()
"""


@pytest.mark.parametrize(("batches", "committed"), [(0, 0), (1, 0), (3, 29), (5, 49)])
def test_row_43_a_build_that_was_killed_is_never_seen_and_goes_on(
    clone: Clone, batches: int, committed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file of the first batch is no milestone's; two batches and what they lack of 20 are committed together."""
    clone.write(many(COUNT))
    spawn_python(BUILD, str(batches), cwd=clone.path).communicate()
    with clone.store() as store:
        status = get_index_status(store)
        assert status.stamp is None
        place = IndexFile(store.repository.state_dir)
        assert place.find_current(store.files_at().tree or "") is None
        with closing(sqlite3.connect(index_path(clone))) as connection:
            ((there,),) = connection.execute("SELECT COUNT(*) FROM milestone")
    assert there == committed
    parsed = count_parsed(monkeypatch)
    with clone.store() as store:
        read_index(store, store.files_at(), ask)
    assert len(parsed) == COUNT - there
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a few files are shared among processes."""
    monkeypatch.setattr(catch_up, "_BATCH", 5)
    monkeypatch.setattr(catch_up, "_WORTH_WORKERS", 20)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)


@pytest.mark.parametrize("dies", [0, 1, 4])
def test_row_43_who_helps_to_parse_may_die(
    clone: Clone, shared: None, dies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its first question or later: what it was asked is parsed here."""
    clone.write(many(COUNT))
    asked, send = [], workers._Worker.send

    def send_or_kill(self: workers._Worker, entries: Sequence[FileEntry]) -> None:
        asked.append(self)
        if len(asked) == dies:
            os.kill(self._pid, signal.SIGKILL)
        send(self, entries)

    monkeypatch.setattr(workers._Worker, "send", send_or_kill)
    monkeypatch.setattr(workers._Worker, "has_answered", lambda _: True)  # and is waited for
    parsed = count_parsed(monkeypatch)
    assert read(clone) == INDEXED
    assert len(asked) > 10
    assert (len(parsed) > 0) == (dies > 0)
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_row_46_who_helps_to_parse_says_nothing_of_what_can_not_be_read(
    clone: Clone, shared: None, capfd: pytest.CaptureFixture[str]
) -> None:
    clone.write(many(COUNT))
    clone.new("lost")
    find_object(clone, clone.git("rev-parse", "HEAD:.milestones/active/lost.yaml")).unlink()
    (clone.path / ".milestones/active/lost.yaml").unlink()
    with clone.store() as store, pytest.raises(MissingObject):
        read_index(store, store.files_at(), ask)
    assert capfd.readouterr().err == ""


def test_row_43_head_moves_before_a_killed_build_goes_on(clone: Clone) -> None:
    clone.write(many(COUNT))
    spawn_python(BUILD, "4", cwd=clone.path).communicate()
    clone.write({"active/m-0000.yaml": yaml("Another"), "active/m-0003.yaml": None, "active/new.yaml": yaml("New")})
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_row_44_an_older_index_is_built_anew_in_silence(large: Clone) -> None:
    with closing(sqlite3.connect(index_path(large))) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
        connection.execute("DROP TABLE custom")
    listed = run_list(large)
    assert (listed.returncode, listed.stdout.split(), listed.stderr) == (0, INDEXED, "")
    with large.store() as store:
        assert get_index_status(store).version == database.SCHEMA_VERSION
        assert verify_index(store).faults == []


def test_row_44_an_index_of_another_unicode_is_built_anew(large: Clone) -> None:
    with closing(sqlite3.connect(index_path(large))) as connection, connection:
        connection.execute("UPDATE stamp SET unicode = '1.1.5', tree = 'another'")
        connection.execute("UPDATE milestone SET title_key = 'old'")
    with large.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_row_44_a_newer_index_is_left_alone_and_answers_come_from_memory(large: Clone) -> None:
    path = index_path(large)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 9999999")
        connection.execute("UPDATE milestone SET title = 'From the future'")
        connection.execute("DROP TABLE retired")
    before = path.read_bytes()
    listed = run_list(large)
    assert (listed.returncode, listed.stdout.split(), listed.stderr) == (0, INDEXED, "")
    large.new("another")
    with large.store() as store:
        assert_right(store)
        assert_right(store, store.files_at("HEAD~1"))
        assert_right(store, store.work_files())
        assert get_index_status(store).is_newer
        with pytest.raises(MilestoneError, match="newer version"):
            verify_index(store)
    assert path.read_bytes() == before


def test_row_6_on_a_read_only_file_system_the_index_is_used_while_it_is_current(large: Clone, tmp_path: Path) -> None:
    place = tmp_path / "read-only"
    with mounted(place, "--bind", str(large.path)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        there = Clone(place)
        assert is_on_disk(there)
        with there.store() as store:
            told = Told()
            assert_right(store, told=told)
            assert_right(store, store.files_at("HEAD~1"), told)
            assert_right(store, store.work_files(), told)
            assert told.warnings == []
        large.new("another")
        assert not is_on_disk(there)
        assert read(there) == ["another", *INDEXED]
        listed = run_list(there)
        assert (listed.returncode, listed.stderr) == (0, "")


def test_row_6_a_damaged_index_on_a_read_only_file_system(large: Clone, tmp_path: Path) -> None:
    cut(index_path(large))
    place = tmp_path / "read-only"
    with mounted(place, "--bind", str(large.path)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        listed = run_list(Clone(place))
    assert (listed.returncode, listed.stdout.split()) == (0, INDEXED)


def test_row_6_a_log_that_was_left_on_a_read_only_file_system(large: Clone, tmp_path: Path) -> None:
    """What is in it counts, and can't be read without a lock: the answer comes from memory."""
    large.new("another")
    copy = tmp_path / "copy"
    with closing(sqlite3.connect(index_path(large))) as connection:
        connection.execute("PRAGMA user_version")
        read(large)
        shutil.copytree(large.path, copy, symlinks=True)
    assert (copy / ".git/milestone/index.sqlite-wal").stat().st_size
    place = tmp_path / "read-only"
    with mounted(place, "--bind", str(copy)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        assert read(Clone(place)) == ["another", *INDEXED]
    assert read(Clone(copy)) == ["another", *INDEXED]


@pytest.mark.parametrize("kilobytes", [4, 48, 96, 128, 192, 256])
def test_row_5_without_space_the_answer_comes_from_memory(clone: Clone, tmp_path: Path, kilobytes: int) -> None:
    clone.write(many(300))
    head, status = clone.head, clone.status()
    state = clone.git_dir / "milestone"
    with mounted(state, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"):
        listed = run_list(clone)
        assert (listed.returncode, len(listed.stdout.split())) == (0, 300)
        assert listed.stderr.count("no space is left") == 1, listed.stderr
        assert len(listed.stderr.splitlines()) == 1, listed.stderr
        assert {file.name for file in state.iterdir() if file.stat().st_blocks} <= {"operations"}
    assert (clone.head, clone.status()) == (head, status)


@pytest.mark.parametrize("kilobytes", [96, 256])
def test_row_5_without_space_for_a_rebuild(clone: Clone, kilobytes: int) -> None:
    clone.write(many(300))
    state = clone.git_dir / "milestone"
    with mounted(state, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"):
        rebuilt = run_command(clone, "index", "rebuild")
        assert (rebuilt.returncode, rebuilt.stdout) == (128, "")
        assert rebuilt.stderr.startswith("fatal: ")
        assert "full" in rebuilt.stderr
        assert read(clone) == [f"m-{number:04}" for number in range(300)]
        assert {file.name for file in state.iterdir() if file.stat().st_blocks} <= {"operations"}


def test_row_6_what_writes_the_index_is_refused_on_a_read_only_file_system(large: Clone, tmp_path: Path) -> None:
    place = tmp_path / "read-only"
    with mounted(place, "--bind", str(large.path)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        for command in ("rebuild", "verify", "drop"):
            refused = run_command(Clone(place), "index", command)
            assert (refused.returncode, refused.stdout) == (128, "")
            assert "Read-only file system" in refused.stderr
        assert run_command(Clone(place), "index", "status").returncode == 0


def test_row_5_without_space_for_a_refresh_the_old_index_stays(large: Clone) -> None:
    state = large.git_dir / "milestone"
    size = index_path(large).stat().st_size
    aside = large.path.parent / "aside"
    shutil.copytree(state, aside)
    large.write(many(900, "n"))
    with mounted(state, "-t", "tmpfs", "-o", f"size={size // 1024 + 200}k", "tmpfs"):
        shutil.copytree(aside, state, dirs_exist_ok=True)
        before = dump(index_path(large))
        listed = run_list(large)
        assert (listed.returncode, len(listed.stdout.split())) == (0, COUNT + 900)
        assert listed.stderr.count("no space is left") == 1, listed.stderr
        assert dump(index_path(large)) == before
        large.git("reset", "-q", "--hard", "HEAD^")
        assert is_on_disk(large)
        with large.store() as store:
            assert_right(store)


def find_object(clone: Clone, oid: str) -> Path:
    return clone.git_dir / "objects" / oid[:2] / oid[2:]


@pytest.mark.parametrize("how", ["corrupt", "missing"])
def test_row_46_a_blob_that_can_not_be_read(clone: Clone, tmp_path: Path, how: str) -> None:
    """In a bare clone no file of a work tree can stand for it. The index is as it was, and serves what it held."""
    for number in range(3):
        clone.new(f"first-{number}")
    bare = Clone(tmp_path / "bare.git")
    run_git("clone", "-q", "--bare", "--no-hardlinks", str(clone.path), str(bare.path))
    rebuild(bare)
    before = dump(index_path(bare))
    bare.new("second")
    blob = find_object(bare, bare.git("rev-parse", "HEAD:.milestones/active/second.yaml"))
    content = blob.read_bytes()
    blob.chmod(0o644)
    if how == "corrupt":
        blob.write_bytes(content[:12] + b"damage" + content[18:])
    else:
        blob.unlink()
    for _ in range(2):
        with bare.store() as store:
            with pytest.raises((GitFailed, MissingObject)) as fault:
                read_index(store, store.files_at(), ask)
            assert blob.name in str(fault.value).replace("/", "") or how == "corrupt"
            # Whatever HEAD holds, the others can be asked about.
            assert_right(store, store.files_at("HEAD~1"))
            assert_right(store, store.files_at("HEAD~2"))
        assert dump(index_path(bare)) == before
    blob.write_bytes(content)
    with bare.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_row_46_the_work_tree_stands_for_a_blob_only_byte_for_byte(large: Clone) -> None:
    large.write({"active/m-0003.yaml": yaml("Lost")})
    blob = find_object(large, large.git("rev-parse", "HEAD:.milestones/active/m-0003.yaml"))
    blob.unlink()
    place = large.path / ".milestones/active/m-0003.yaml"
    content = place.read_bytes()
    place.write_bytes(content + b"\n")
    with large.store() as store, pytest.raises(MissingObject):
        read_index(store, store.files_at(), ask)
    place.write_bytes(content)
    assert read(large) == INDEXED


def test_row_46_the_tree_of_the_stamp_is_corrupt(large: Clone) -> None:
    """It says what the index holds, which the index says, too."""
    large.new("another")
    read(large)
    tree = find_object(large, large.git("rev-parse", "HEAD:.milestones/active"))
    large.git("reset", "-q", "--hard", "HEAD^")
    tree.chmod(0o644)
    tree.write_bytes(tree.read_bytes()[:20] + b"damage")
    with large.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_a_head_that_can_not_be_read_stops_no_question_about_another_state(large: Clone) -> None:
    good = large.head
    (large.path / ".milestones").rename(large.path / "elsewhere")
    (large.path / ".milestones").symlink_to("elsewhere")
    large.git("add", "-A")
    large.git("commit", "-qm", "a link")
    with large.store() as store:
        assert_right(store, store.files_at(good))
        assert_right(store, store.files_at(f"{good}^"))


def test_row_47_force_push_rewind_and_switch(large: Clone, tmp_path: Path) -> None:
    """Caught up by the difference of trees, whichever way history went."""
    run_git("clone", "-q", "--bare", str(large.path), str(tmp_path / "origin.git"))
    large.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    large.git("push", "-q", "-u", "origin", "main")
    other = Clone(tmp_path / "other")
    run_git("clone", "-q", str(tmp_path / "origin.git"), str(other.path))
    other.git("reset", "-q", "--hard", "HEAD^")
    other.new("forced")
    other.git("push", "-q", "-f")
    parsed: list[int] = []
    for command in (
        ("fetch", "-q"),
        ("reset", "-q", "--hard", "origin/main"),
        ("reset", "-q", "--hard", "ORIG_HEAD"),
        ("switch", "-q", "-c", "side", "HEAD^"),
        ("switch", "-q", "main"),
        ("switch", "-q", "--orphan", "empty"),
        ("switch", "-q", "-f", "main"),
    ):
        large.git(*command)
        told = Told()
        with large.store() as store:
            assert_right(store, told=told)
            assert verify_index(store).faults == []
        parsed.append(told.advanced)
    assert parsed[0] == 0
    assert is_on_disk(large)


def test_row_53_text_that_means_something_to_a_database_is_text(clone: Clone) -> None:
    hostile = "'; DROP TABLE milestone; --"
    clone.new("bobby", title=hostile, owner=hostile, project='a" OR 1=1', labels="NEAR(a b) OR *")
    rebuild(clone)
    with clone.store() as store:
        for field, value in (("owner", hostile), ("project", 'a" OR 1=1'), ("x.a'); DROP TABLE custom; --", "v")):
            query = Query(Term(field, "=", value), BY_ID)
            found = read_index(store, store.files_at(), lambda index, query=query: index.rows(query))
            assert [row.milestone.id for row in found] == ([] if field.startswith("x.") else ["bobby"])
        assert_right(store)
        assert verify_index(store).faults == []
    for words in (hostile, 'title:"a\\" b', "NEAR(a b)", "a* OR b", "title:*", "-(", "^a", "{title}: a"):
        listed = run_list(clone, "--", words)
        assert listed.returncode in (0, 2), listed.stderr
        assert "unexpected" not in listed.stderr


def test_a_reader_of_the_stamped_tree_waits_for_nobody(large: Clone) -> None:
    with open(lock_path(large), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        listed = run_list(large)
        assert (listed.returncode, listed.stdout.split(), listed.stderr) == (0, INDEXED, "")
        with closing(sqlite3.connect(index_path(large), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM milestone")
            assert read(large) == INDEXED
            connection.execute("ROLLBACK")


def test_the_blobs_are_read_by_git_where_there_is_no_work_tree(clone: Clone, tmp_path: Path) -> None:
    clone.write(many(COUNT))
    run_git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = Clone(tmp_path / "bare.git")
    assert read(bare) == INDEXED
    assert is_on_disk(bare)
    with bare.store() as store:
        assert verify_index(store).faults == []
        entries = list(store.files_at().iter_entries())
        plain = [entry for entry in entries if entry.path.startswith("active/m-")]
        assert Contents(store.objects, None).iter_parsed(plain)


@pytest.mark.parametrize("kind", ["sha256", "separate", "shallow", "partial"])
def test_every_kind_of_repository_has_an_index(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "project"
    how = {"sha256": ["--object-format=sha256"], "separate": [f"--separate-git-dir={tmp_path / 'git'}"]}
    init_project(place, *how.get(kind, []))
    clone = Clone(place)
    clone.write(many(COUNT))
    clone.write({"active/m-0001.yaml": yaml("Newer"), "active/m-0002.yaml": None})
    if kind in ("shallow", "partial"):
        clone.git("config", "uploadpack.allowFilter", "true")
        how_much = "--depth=1" if kind == "shallow" else "--filter=blob:none"
        run_git("clone", "-q", "--no-checkout", how_much, place.as_uri(), str(tmp_path / "copy"))
        clone = Clone(tmp_path / "copy")
        clone.git("reset", "-q", "--hard")
    assert len(read(clone)) == COUNT - 1
    clone.new("another")
    for revision in ("HEAD", "HEAD~1", *(["HEAD~2"] if kind != "shallow" else [])):
        with clone.store() as store:
            assert_right(store, store.files_at(revision))
            assert_right(store, store.staged_files())
            assert_right(store, store.work_files())
            assert verify_index(store).faults == []
    assert is_on_disk(clone)


def test_a_tree_that_names_one_path_twice_is_answered(clone: Clone) -> None:
    """git never makes one, and takes it from whoever does."""
    rebuild(clone)
    good, bad = (
        clone.git("hash-object", "-w", "--stdin", stdin=text.encode()) for text in (yaml("Good"), "title: [\n")
    )
    for blobs in ((good, good), (good, bad), (bad, bad)):
        entries: Sequence[str] = [f"100644 blob {blob}\ttwice.yaml" for blob in blobs]
        tree = bytes.fromhex("".join(b"100644 twice.yaml\0".hex() + blob for blob in blobs))
        active = clone.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=tree)
        milestones = clone.git("mktree", stdin=f"040000 tree {active}\tactive\n".encode())
        top = clone.git("mktree", stdin=f"040000 tree {milestones}\t.milestones\n".encode())
        clone.git("update-ref", "refs/heads/main", clone.git("commit-tree", top, "-m", "twice"))
        assert entries
        with clone.store() as store:
            read_index(store, store.files_at(), ask)
            answers_from_nothing(store, store.files_at())


def test_answers_are_values(large: Clone) -> None:
    with large.store() as store:
        assert isinstance(read_index(store, store.files_at(), ask), Answers)
        assert read_index(store, store.files_at(), lambda index: index.count(Query(EVERYTHING))) == COUNT
