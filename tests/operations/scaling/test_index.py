"""The index on disk, looked at and looked after: `verify` finds whatever does not follow from the blobs."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gitmilestone.derived.database import SMALLEST, IndexFile
from gitmilestone.derived.schema import COLUMNS, INDEXES, SCHEMA_VERSION
from gitmilestone.derived.verify import Fault
from gitmilestone.errors import MilestoneError, Refused
from gitmilestone.operations.scaling.index import drop_index, get_index_status, rebuild_index, verify_index
from gitmilestone.operations.scaling.status import get_status
from tests.derived.states import assert_right, index_path, many, rebuild, yaml
from tests.repositories import NOW, Clone, init_project

RICH = yaml(
    "Rich title",
    "",
    "project: auth",
    "",
    "owner: ana",
    "",
    "priority: high",
    "",
    "start: 2026-12-01",
    "",
    "due: 2027-01-15",
    "",
    "estimate: 15d",
    "",
    "created: 2026-11-22T10:00:00Z",
    "",
    "labels:",
    "  - red",
    "",
    "depends_on:",
    "  - other",
    "",
    "tasks:",
    "  t-1:",
    "    title: A task",
    "    status: completed",
    "    weight: 3",
    "    completed: 2026-12-04T09:12:44Z",
    "    note: odd",
    "",
    "description: |",
    "  Free text",
    "",
    "risk: high",
)
PLACES = [(table, column) for table, columns in COLUMNS.items() for column in columns]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clone = Clone(tmp_path_factory.mktemp("prepared") / "project")
    init_project(clone.path)
    clone.write({"active/rich.yaml": RICH, "active/gone.yaml": yaml("Gone")})
    rebuild(clone)
    for path, text in (("active/bad.yaml", "title: [\n"), ("active/ab/rich.yaml", RICH), ("completed/other.yaml", "")):
        place = clone.path / ".milestones" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text or yaml("Other", status="completed"))
    clone.git("add", "-A")
    clone.git("commit", "-qm", "by hand")
    clone.delete("gone")
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []
    return clone.path


@pytest.fixture
def indexed(prepared: Path, tmp_path: Path) -> Clone:
    """One milestone with everything in it, one that is closed, a file that can't be read, an id that is there twice."""
    shutil.copytree(prepared, tmp_path / "project", symlinks=True)
    return Clone(tmp_path / "project")


def plant(clone: Clone, *statements: str) -> None:
    with closing(sqlite3.connect(index_path(clone))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def tables_at_fault(clone: Clone) -> set[str]:
    with clone.store() as store:
        return {fault.table for fault in verify_index(store).faults}


@pytest.mark.parametrize(("table", "column"), PLACES)
def test_verify_finds_every_value_that_no_file_says(indexed: Clone, table: str, column: str) -> None:
    key = "id" if table == "milestone" else "milestone_id"
    with closing(sqlite3.connect(index_path(indexed))) as connection:
        select = f"SELECT typeof({column}) FROM {table} WHERE {key} = 'rich'"
        ((kind,),) = connection.execute(select).fetchall()
    values = {"text": "'planted'", "integer": "77", "real": "0.125", "blob": f"x'{'12' * 20}'", "null": "'planted'"}
    plant(indexed, f"UPDATE {table} SET {column} = {values[kind]} WHERE {key} = 'rich'")
    assert ("search" if column == "number" else table) in tables_at_fault(indexed)


@pytest.mark.parametrize("table", [*COLUMNS, "unserved", "stamp", "search"])
def test_verify_finds_what_is_missing(indexed: Clone, table: str) -> None:
    if table == "search":
        plant(indexed, "INSERT INTO search (search) VALUES ('delete-all')")
    else:
        plant(indexed, f"DELETE FROM {table}")
    assert tables_at_fault(indexed) >= ({table} if table != "stamp" else {""})


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("milestone", "INSERT INTO milestone SELECT {copy} FROM milestone WHERE id = 'rich'"),
        ("label", "INSERT INTO label VALUES ('rich', 'blue', 'blue')"),
        ("dependency", "INSERT INTO dependency VALUES ('other', 'rich', 'blocks')"),
        ("task", "INSERT INTO task SELECT milestone_id, 9, {task} FROM task"),
        ("custom", "INSERT INTO custom VALUES ('nobody', 'risk', 0, 'high')"),
        ("unserved", "INSERT INTO unserved VALUES (x'61', x'00', 'a', NULL)"),
        ("unserved", "UPDATE unserved SET problems = '[]' WHERE problems IS NOT NULL"),
        ("unserved", "UPDATE unserved SET oid = x'00' WHERE problems IS NULL"),
        ("stamp", "UPDATE stamp SET milestones = milestones + 1"),
        ("stamp", "UPDATE stamp SET bytes = bytes - 1"),
        ("search", "INSERT INTO search (rowid, title) SELECT number, 'planted' FROM milestone WHERE id = 'rich'"),
        ("search", "INSERT INTO search (rowid, description) VALUES (12345, 'planted')"),
        ("retired", "UPDATE retired SET rows = replace(rows, 'Gone', 'Went')"),
        ("retired", "UPDATE retired SET rows = '{'"),
        *((name, f"DROP INDEX {name}") for name in INDEXES),
    ],
)
def test_verify_finds_rows_too_many_and_other_rows(indexed: Clone, table: str, statement: str) -> None:
    copy = ", ".join({"id": "'copy'", "number": "99"}.get(name, name) for name in COLUMNS["milestone"])
    plant(indexed, statement.replace("{copy}", copy).replace("{task}", ", ".join(COLUMNS["task"][2:])))
    assert table in tables_at_fault(indexed)


def test_verify_finds_rows_of_another_tree(indexed: Clone) -> None:
    """Whatever the stamp says, it is the rows that count."""
    tree = indexed.git("rev-parse", "HEAD~2:.milestones")
    plant(indexed, f"UPDATE stamp SET tree = '{tree}'")
    assert "milestone" in tables_at_fault(indexed)


def test_verify_names_the_table_and_the_milestone(indexed: Clone) -> None:
    plant(indexed, "UPDATE label SET key = 'blue'", "UPDATE unserved SET id = 'x' WHERE id = 'bad'")
    with indexed.store() as store:
        verified = verify_index(store)
        assert verified.tree == store.files_at().tree
    assert verified.milestones == 2
    faulty = (("label", "rich"), ("unserved", "active/bad.yaml"))
    messages = ("holds what its blob does not say", "lacks what its blob says")
    assert verified.faults == [Fault(*where, message) for where in faulty for message in messages]


def test_verify_changes_nothing_and_leaves_nothing(indexed: Clone) -> None:
    path = index_path(indexed)
    before = path.read_bytes(), sorted(os.listdir(path.parent))
    plant(indexed)
    assert tables_at_fault(indexed) == set()
    assert (path.read_bytes(), sorted(os.listdir(path.parent))) == before


def test_verify_of_what_is_no_database(indexed: Clone) -> None:
    index_path(indexed).write_bytes(b"no database\n" * 900)
    with indexed.store() as store:
        (fault,) = verify_index(store).faults
    assert "not a database" in fault.message


def test_what_can_not_be_compared_is_refused(indexed: Clone) -> None:
    with indexed.store() as store:
        for statement, said in (
            ("UPDATE stamp SET tree = NULL", "not whole"),
            ("PRAGMA user_version = 1", "not whole"),
            (f"PRAGMA user_version = {SCHEMA_VERSION + (1 << 16)}", "newer version"),
        ):
            plant(indexed, statement)
            with pytest.raises(Refused, match=said):
                verify_index(store)
        drop_index(store)
        with pytest.raises(Refused, match="no index"):
            verify_index(store)


def test_a_tree_that_is_no_more_is_named(indexed: Clone) -> None:
    plant(indexed, f"UPDATE stamp SET tree = '{'12' * 20}'")
    with indexed.store() as store:
        with pytest.raises(MilestoneError, match="12121212"):
            verify_index(store)
        assert_right(store)
        assert verify_index(store).faults == []


def test_status_says_what_lies_there(clone: Clone) -> None:
    with clone.store() as store:
        assert not get_index_status(store).is_there
        assert not drop_index(store)
        built = rebuild_index(store)
        assert built == get_index_status(store)
        assert (built.is_there, built.milestones, built.retired, built.is_newer) == (True, 0, 0, False)
        assert built.stamp == store.files_at().tree
        clone.new("a")
        assert get_index_status(store) == built
        assert_right(store)
        now = get_index_status(store)
        assert (now.milestones, now.stamp) == (1, store.files_at().tree)
        assert now.bytes >= index_path(clone).stat().st_size
        clone.delete("a")
        assert_right(store)
        assert get_index_status(store).retired == 1
        index_path(clone).write_bytes(b"x")
        broken = get_index_status(store)
        assert (broken.is_there, broken.version, broken.stamp) == (True, 0, None)
        assert drop_index(store)
        assert not get_index_status(store).is_there


def test_an_empty_tree_has_a_stamp_too(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q")
    with clone.store() as store:
        assert rebuild_index(store).stamp == ""
        assert_right(store)
        assert verify_index(store).faults == []
    clone.git("commit", "-q", "--allow-empty", "-m", "first")
    with clone.store() as store:
        assert_right(store)
    clone.init()
    clone.new("a")
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_an_index_is_made_from_a_certain_size_and_then_kept(clone: Clone) -> None:
    there = len(clone.git("ls-tree", "-r", "--name-only", "HEAD", ".milestones").split("\n"))
    clone.write(many(SMALLEST - there - 1))
    with clone.store() as store:
        assert_right(store)
        assert not get_index_status(store).is_there
        clone.new("one-more")
        assert_right(store)
        assert get_index_status(store).milestones == SMALLEST - there
        clone.git("reset", "-q", "--hard", "HEAD~2")
        assert_right(store)
        assert get_index_status(store).milestones == 0
        assert verify_index(store).faults == []


def test_a_rebuild_forgets_everything(indexed: Clone) -> None:
    plant(indexed, "UPDATE milestone SET title = 'planted'", "UPDATE retired SET rows = '{'", "DROP TABLE search")
    rebuild(indexed)
    with indexed.store() as store:
        assert verify_index(store).faults == []
        assert get_index_status(store).retired == 0
        assert_right(store)


@pytest.mark.parametrize("file", ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"])
def test_drop_leaves_nothing_and_needs_nothing(indexed: Clone, file: str) -> None:
    path = index_path(indexed)
    path.with_name(file).write_bytes(b"left")
    with indexed.store() as store:
        assert drop_index(store)
    assert not [name for name in os.listdir(path.parent) if name.startswith(path.name)]
    with indexed.store() as store:
        assert_right(store)


def test_each_worktree_has_an_index_of_its_own(indexed: Clone, tmp_path: Path) -> None:
    indexed.git("worktree", "add", "-q", str(tmp_path / "linked"), "HEAD~1")
    linked = Clone(tmp_path / "linked")
    with linked.store() as store, indexed.store() as first:
        assert not get_index_status(store).is_there
        rebuild_index(store)
        assert get_index_status(store).path != get_index_status(first).path
        assert get_index_status(store).stamp != get_index_status(first).stamp
        for there in (store, first):
            assert_right(there)
            assert verify_index(there).faults == []
        assert drop_index(store)
        assert get_index_status(first).is_there


def test_the_figures_of_a_status(indexed: Clone) -> None:
    with indexed.store() as store:
        status = get_status(store, NOW.date())
        assert (status.statistics.total, status.unreadable) == (2, 2)
        assert status.local_index == get_index_status(store)
        assert status.data_volume == sum(
            int(indexed.git("cat-file", "-s", f"HEAD:.milestones/{path}"))
            for path in ("active/ab/rich.yaml", "completed/other.yaml")
        )


def test_a_path_with_odd_characters_is_opened(tmp_path: Path) -> None:
    place = tmp_path / "a % b?c#d ü"
    place.mkdir()
    clone = Clone(place)
    clone.git("init", "-q")
    clone.init()
    clone.new("a")
    rebuild(clone)
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []
        assert IndexFile(store.repository.state_dir).find_current(store.files_at().tree or "") is not None
