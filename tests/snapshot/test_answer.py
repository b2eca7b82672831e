"""Which engine answers: the index that is there; where none is, and one would take long, what the tier has."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.derived.database import IndexFile
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.operations.scaling.switch import switch_tier
from gitmilestone.query.query import Query
from gitmilestone.snapshot import answer
from gitmilestone.snapshot.answer import has_index, read_ready
from gitmilestone.snapshot.dependents import find_dependents
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from tests.derived.states import Told
from tests.repositories import Clone


@pytest.fixture
def mirrored(clone: Clone, mirror_server: Server, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A project on the tier `postgresql` whose index is gone, and which is a large one from three files on."""
    clone.git("config", DSN_KEY, mirror_server.conninfo)
    clone.new("a")
    clone.new("b", depends_on=["a"])
    with clone.store() as store:
        switch_tier(store, "postgresql")
        IndexFile(store.repository.state_dir).remove()
    monkeypatch.setattr(answer, "LARGE", 3)
    return clone


def who(store: Store, files: Files, told: Told | None = None) -> tuple[str, list[str]]:
    def read(engine: Engine) -> tuple[str, list[str]]:
        return type(engine).__name__, [row.milestone.id for row in engine.rows(Query())]

    return read_ready(store, files, read, told or Told())


def test_a_mirror_answers_where_an_index_would_be_built(mirrored: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    with mirrored.store() as store:
        assert who(store, store.files_at()) == ("Mirror", ["a", "b"])
        assert not has_index(store, store.files_at())
        assert who(store, store.files_at("HEAD~2")) == ("Index", ["a"]), "it is of another state"
        for files in (store.work_files(), store.staged_files()):
            assert who(store, files) == ("Index", ["a", "b"])
        monkeypatch.setattr(answer, "LARGE", 6)
        assert store.files_at().estimate_count() == 5
        assert who(store, store.files_at())[0] == "Index"


def test_the_bound_is_met_by_as_many(mirrored: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    with mirrored.store() as store:
        monkeypatch.setattr(answer, "LARGE", store.files_at().estimate_count())
        assert who(store, store.files_at())[0] == "Mirror"


def test_an_index_that_is_there_answers(mirrored: Clone) -> None:
    with mirrored.store() as store:
        rebuild_index(store)
        files = store.files_at()
        assert has_index(store, files)
        assert not has_index(store, store.work_files())
        assert not has_index(store, store.staged_files())
        assert who(store, files) == ("Index", ["a", "b"])


def test_a_mirror_that_can_not_be_had_is_told_and_the_index_answers(mirrored: Clone, tmp_path: Path) -> None:
    mirrored.git("config", DSN_KEY, f"host={tmp_path} dbname=none")
    told = Told()
    with mirrored.store() as store:
        assert who(store, store.files_at(), told) == ("Index", ["a", "b"])
    assert len(told.warnings) == 1
    assert "the index is built instead" in told.warnings[0]


def test_an_engine_is_closed_also_where_reading_fails(mirrored: Clone) -> None:
    opened: list[Engine] = []

    def fail(engine: Engine) -> None:
        opened.append(engine)
        raise ZeroDivisionError

    with mirrored.store() as store, pytest.raises(ZeroDivisionError):
        read_ready(store, store.files_at(), fail)
    assert opened[0]._link.connection.closed  # type: ignore[attr-defined]


TEXT = "schema: 1\ntitle: T\nstatus: {}\ndepends_on:\n  - t1\n  - t2: relates\n  - far:t3\n"


@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.parametrize("many", [0, 200])
def test_who_depends_is_the_same_whoever_is_asked(clone: Clone, is_indexed: bool, many: int) -> None:
    """git, which searches for a few ids; an index, which is made for many of them; a listing of uncommitted files."""
    files = {f"active/m{n}.yaml": TEXT.format(s) for n, s in ((1, "planned"), (2, "blocked"))}
    files |= {
        "active/zz/m0.yaml": TEXT.format("cancelled"),
        "active/mentions.yaml": "schema: 1\ntitle: t1\nstatus: planned\nproject: t2\n",
        "active/bad.yaml": "depends_on:\n  - t1\ntitle: [\n",
        "active/t1.yaml": "schema: 1\ntitle: T\nstatus: planned\n",
        "notes.yaml": TEXT.format("planned"),
    }
    clone.write(files)
    ids = ["t2", "t1", "t3", "m1", *(f"n{number}" for number in range(many))]
    expected = {"t1": ["m0", "m1", "m2"], "t2": ["m0", "m1", "m2"]}
    with clone.store() as store:
        if is_indexed:
            rebuild_index(store)
        for state in (store.files_at(), store.staged_files(), store.work_files()):
            assert find_dependents(store, state, ids) == expected
            assert find_dependents(store, state, ["m1"]) == {}


def test_an_index_is_made_for_a_hundred_ids(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.new("a")
    asked: list[int] = []

    def search(_: Store, __: Files, ids: list[str]) -> list[str]:
        asked.append(len(ids))
        return []

    monkeypatch.setattr("gitmilestone.snapshot.dependents.find_mentioning", search)
    with clone.store() as store:
        for count in (99, 100):
            find_dependents(store, store.files_at(), [f"n{number}" for number in range(count)])
    assert asked == [99]


def test_an_index_that_is_there_is_asked_who_depends(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.write({"active/m1.yaml": TEXT.format("planned")})
    monkeypatch.setattr("gitmilestone.snapshot.dependents.find_mentioning", lambda *_: pytest.fail("git was asked"))
    with clone.store() as store:
        rebuild_index(store)
        assert find_dependents(store, store.files_at(), ["t1"]) == {"t1": ["m1"]}
