"""What files say: one by its id, or all of them; what can't be read is a problem, and the others are served."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.errors import InvalidContent, MilestoneNotFound
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.snapshot.documents import get_document, read_all, read_at, read_one
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from tests.derived.states import Told
from tests.repositories import Clone

A = "schema: 1\ntitle: A\nstatus: planned\nrisk: high\n"
SETTINGS = "format: 1\n\nlayout: flat\n\nfields:\n  - risk\n"


def states(store: Store) -> list[Files]:
    return [store.files_at(), store.staged_files(), store.work_files()]


def link(clone: Clone, name: str, target: str) -> None:
    path = clone.path / ".milestones" / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(target)
    clone.git("add", ".")
    clone.git("commit", "-qm", f"link {name}")


@pytest.fixture
def project(clone: Clone) -> Clone:
    """Two that are served, one of them twice; and files that say nothing, each for another reason."""
    clone.write(
        {
            "config/project.yaml": SETTINGS,
            "active/a.yaml": A,
            "active/b.yaml": A.replace("title: A", "title: B").replace("risk", "rsik"),
            "completed/b.yaml": A.replace("title: A", "title: Second"),
            "active/zz/broken.yaml": "title: [\n",
            "active/large.yaml": A + "#" * MAX_BYTES,
            "active/Upper.yaml": A,
            "notes.yaml": A,
            "active/readme.md": "read me\n",
        }
    )
    link(clone, "active/linked.yaml", "a.yaml")
    return clone


def test_all_that_can_be_read_is_and_the_rest_are_problems(project: Clone) -> None:
    told = Told()
    with project.store() as store:
        readings = [read_all(files, told) for files in states(store)]
    assert readings[0] == readings[1] == readings[2]
    reading = readings[0]
    assert [(one.title, path) for one, path in reading.entries] == [
        ("A", ".milestones/active/a.yaml"),
        ("B", ".milestones/active/b.yaml"),
    ]
    found = sorted({(one.path.removeprefix(".milestones/"), one.code) for one in reading.problems})
    assert found == [
        ("active/Upper.yaml", "bad-id"),
        ("active/b.yaml", "duplicate-id"),
        ("active/b.yaml", "unknown-key"),
        ("active/large.yaml", "file-too-large"),
        ("active/linked.yaml", "symbolic-link"),
        ("active/zz/broken.yaml", "yaml-syntax"),
        ("completed/b.yaml", "duplicate-id"),
        ("completed/b.yaml", "wrong-folder"),
    ]
    assert (reading.unreadable, reading.unreadable_ids) == (5, {"broken", "large"})
    assert told.advanced == 3 * 5


def test_one_by_its_id_or_its_beginning(project: Clone) -> None:
    with project.store() as store:
        for files in states(store):
            assert get_document(store, files, "a").milestone.extra == {"risk": "high"}  # type: ignore[union-attr]
            for name, said in (
                ("broken", "active/zz/broken.yaml can't be read"),
                ("large", "large"),
                ("lin", "linked"),
            ):
                with pytest.raises(InvalidContent, match=said) as fault:
                    get_document(store, files, name)
                assert len(fault.value.problems) >= 1
                assert fault.value.hint == "mend the file, then commit it"


def test_a_link_is_never_followed(project: Clone) -> None:
    with project.store() as store:
        for files in states(store):
            entry = files.find("active/linked.yaml")
            assert entry is not None
            document = read_one(files, entry)
            assert (document.path, document.milestone) == (".milestones/active/linked.yaml", None)
            assert [one.code for one in document.problems] == ["symbolic-link"]


def test_one_file_by_its_path(project: Clone) -> None:
    with project.store() as store:
        files = store.files_at()
        titles = [getattr(read_at(files, path), "title", None) for path in (
            "active/a.yaml", "completed/b.yaml", "active/zz/broken.yaml", "active/nobody.yaml", "notes.yaml",
        )]  # fmt: skip
    assert titles == ["A", "Second", None, None, None]


def test_a_file_that_goes_while_it_is_looked_at(project: Clone) -> None:
    with project.store() as store:
        files = store.work_files()
        entry = files.find("active/a.yaml")
        assert entry is not None
        (Path(project.path) / ".milestones/active/a.yaml").unlink()
        with pytest.raises(MilestoneNotFound, match=r"\.milestones/active/a\.yaml is gone"):
            read_one(files, entry)
        assert "a" not in read_all(files).documents
