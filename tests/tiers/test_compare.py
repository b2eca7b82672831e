"""A comparison finds whatever a tier holds that its files don't say, and is the same wherever the files are."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gitmilestone.derived.database import read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.sqlite import Index
from gitmilestone.model.record import fingerprint
from gitmilestone.model.row import Row
from gitmilestone.model.text.document import MAX_BYTES, read_document
from gitmilestone.query.query import Query
from gitmilestone.store.store import Store
from gitmilestone.tiers import compare as comparing
from gitmilestone.tiers.compare import Comparison, compare
from tests.derived.states import Told
from tests.repositories import Clone

A = "schema: 1\ntitle: A\nstatus: planned\n"


@pytest.fixture
def project(clone: Clone) -> Clone:
    """Five that are served, the third from an archive; second files, and such as say nothing."""
    files = {f"active/m{number}.yaml": A.replace("A", f"A{number}") for number in (0, 1, 3, 4)}
    clone.write(
        files
        | {
            "active/zz/m1.yaml": A.replace("A", "Second"),
            "completed/m2.yaml": A.replace("planned", "completed"),
            "completed/m4.yaml": A.replace("planned", "completed"),
            "active/broken.yaml": "title: [\n",
            "active/large.yaml": A + "#" * MAX_BYTES,
            "active/Upper.yaml": A,
            "notes.yaml": A,
        }
    )
    return clone


def served(clone: Clone) -> list[tuple[str, str]]:
    paths = ["active/m0.yaml", "active/m1.yaml", "active/m3.yaml", "active/m4.yaml", "completed/m2.yaml"]
    return [(path, clone.text(path) + "\n") for path in paths]


def run(store: Store, watch: Told | None = None) -> Comparison:
    files = store.files_at()
    return read_index(store, files, lambda index: compare(files, index, watch or Told()))


@pytest.mark.parametrize("batch", [400, 2, 1])
def test_every_readable_file_is_compared_once(project: Clone, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_BATCH", batch)
    expected = sha256()
    for path, text in served(project):
        milestone = read_document(path, path.rpartition("/")[2].removesuffix(".yaml"), text.encode()).milestone
        assert milestone is not None
        expected.update(f"{fingerprint(milestone)} .milestones/{path}\n".encode())
    told = Told()
    with project.store() as store:
        assert run(store, told) == Comparison(5, expected.hexdigest(), ())
    assert told.advanced == 7, "with the two files that another one stands before"


def tampered(clone: Clone, *statements: str) -> tuple[str, ...]:
    with clone.store() as store:
        files = store.files_at()

        def read(index: Index) -> Comparison:
            for statement in statements:
                index.connection.execute(statement)
            return compare(files, index)

        return read_index(store, files, read).differing


def test_whatever_differs_is_named(project: Clone) -> None:
    for statement in (
        "UPDATE milestone SET title = 'Other' WHERE id = 'm3'",
        "UPDATE milestone SET path = CAST('active/m9.yaml' AS BLOB) WHERE id = 'm3'",
        "UPDATE milestone SET owner = 'ana' WHERE id = 'm3'",
    ):
        assert tampered(project, statement) == ("m3",)


class Partial:
    """A tier that has lost some, or has some more than there are."""

    def __init__(self, engine: Engine, lost: set[str], more: int) -> None:
        self.engine = engine
        self.lost = lost
        self.milestones = engine.milestones - len(lost) + more

    def rows(self, query: Query) -> list[Row]:
        return [row for row in self.engine.rows(query) if row.milestone.id not in self.lost]


@pytest.mark.parametrize(
    ("lost", "more", "differing"),
    [(set(), 0, ()), ({"m0"}, 0, ("m0", "-1 milestones")), (set(), 2, ("+2 milestones",)), ({"m3"}, 1, ("m3",))],
)
def test_one_that_is_lost_and_one_too_many(
    project: Clone, lost: set[str], more: int, differing: tuple[str, ...]
) -> None:
    with project.store() as store:
        files = store.files_at()
        found = read_index(store, files, lambda index: compare(files, Partial(index, lost, more)))
    assert (found.records, found.differing) == (5, differing)


def test_of_many_that_differ_some_are_named(project: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_BATCH", 2)
    assert tampered(project, "UPDATE milestone SET title = 'Other'") == ("m0", "m1")


def test_nothing_is_as_nothing(clone: Clone) -> None:
    with clone.store() as store:
        assert run(store) == Comparison(0, sha256().hexdigest(), ())
