"""What an index is made from: which bytes are parsed, and how often."""

from __future__ import annotations

import shutil

import pytest

from gitmilestone.derived import catch_up, writer
from gitmilestone.derived import listing as documents
from gitmilestone.derived.database import read_index
from gitmilestone.operations.migrating.migrate import migrate
from gitmilestone.operations.scaling.index import get_index_status, verify_index
from tests.derived.states import COUNT, INDEXED, ask, assert_right, count_parsed, read, rebuild, yaml
from tests.repositories import Clone


@pytest.fixture(autouse=True)
def _few_are_worth_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a few files are taken from the work tree where they prove to be the blob's."""
    monkeypatch.setattr(documents, "_WORTH_HASHING", 0)


def test_switching_back_and_forth_parses_nothing_twice(large: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    large.git("switch", "-qc", "side")
    parsed = count_parsed(monkeypatch)
    large.write({f"active/m-{number:04}.yaml": yaml(f"Side {number}", status="blocked") for number in range(20)})
    large.write({"active/m-0059.yaml": None})
    for branch in ("side", "main", "side", "main", "side"):
        large.git("switch", "-q", branch)
        read(large)
    assert len(parsed) == 20
    with large.store() as store:
        for _ in range(2):
            read_index(store, store.files_at("main~1"), ask)  # an overlay, of a state without them
            read_index(store, store.files_at("main"), ask)
    assert len(parsed) == 20
    with large.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


def test_another_state_is_parsed_once(large: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    large.git("switch", "-qc", "side")
    large.write({f"active/m-{number:04}.yaml": yaml(f"Side {number}") for number in range(20)})
    large.git("switch", "-q", "main")
    parsed = count_parsed(monkeypatch)
    with large.store() as store:
        first = read_index(store, store.files_at("side"), ask)
        assert read_index(store, store.files_at("side"), ask) == first
    assert len(parsed) == 20
    large.git("switch", "-q", "side")
    with large.store() as store:
        assert read_index(store, store.files_at(), ask) == first
    assert len(parsed) == 20


def test_a_migration_of_the_layout_parses_nothing(large: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = count_parsed(monkeypatch)
    for layout in ("sharded", "sharded2", "flat"):
        with large.store() as store:
            migrate(store, layout)
            parsed.clear()
            assert [row.milestone.id for row in read_index(store, store.files_at(), ask).rows] == INDEXED
            assert parsed == []
            assert_right(store)
            assert verify_index(store).faults == []


def test_what_is_kept_of_files_that_went_is_bounded(large: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_KEPT", 30)
    monkeypatch.setattr(catch_up, "_KEPT", 30)
    for number in range(6):
        large.write({f"active/m-{n:04}.yaml": yaml(f"Version {number} of {n}") for n in range(40)})
        read(large)
        with large.store() as store:
            read_index(store, store.files_at("HEAD~1"), ask)
            assert get_index_status(store).retired <= 30 + COUNT
    with large.store() as store:
        for number in range(1, 6):  # HEAD stays, and others are asked about
            assert_right(store, store.files_at(f"HEAD~{number}"))
            assert get_index_status(store).retired <= 30 + COUNT
        assert_right(store)


@pytest.mark.parametrize("setting", ["autocrlf", "eol"])
def test_bytes_come_from_git_where_the_work_tree_has_other_line_ends(clone: Clone, setting: str) -> None:
    if setting == "autocrlf":
        (clone.path / ".milestones/.gitattributes").unlink(missing_ok=True)
        (clone.path / ".gitattributes").write_text(".milestones/** text=auto -eol\n")
        clone.git("config", "core.autocrlf", "true")
    else:
        (clone.path / ".gitattributes").write_text(".milestones/**/*.yaml text eol=crlf\n")
        (clone.path / ".milestones/.gitattributes").unlink(missing_ok=True)
    clone.git("add", "-A")
    clone.git("commit", "-qm", "line ends")
    clone.write({"active/block.yaml": yaml("Block", "", "description: |", "  one", "  two")})
    shutil.rmtree(clone.path / ".milestones")
    clone.git("checkout", "-q", "-f", "HEAD", "--", ".")
    assert b"\r\n" in (clone.path / ".milestones/active/block.yaml").read_bytes()
    rebuild(clone)
    with clone.store() as store:
        (row,) = read_index(store, store.files_at(), ask).rows
        size = read_index(store, store.files_at(), lambda index: index.data_volume)
        assert size == int(clone.git("cat-file", "-s", "HEAD:.milestones/active/block.yaml"))
        assert row.milestone.description == "one\ntwo\n"
        assert_right(store)
        assert verify_index(store).faults == []


def test_what_is_not_committed_is_never_indexed_as_head(large: Clone) -> None:
    before = read(large)
    place = large.path / ".milestones/active/m-0001.yaml"
    place.write_text(yaml("Not committed"))
    (large.path / ".milestones/active/m-9999.yaml").write_text(yaml("Not committed"))
    with large.store() as store:
        assert_right(store)
        assert len(read_index(store, store.work_files(), ask).rows) == COUNT + 1
        assert len(read_index(store, store.staged_files(), ask).rows) == COUNT
    rebuild(large)
    assert read(large) == before
    with large.store() as store:
        assert "Not committed" not in {row.milestone.title for row in read_index(store, store.files_at(), ask).rows}
        assert verify_index(store).faults == []
