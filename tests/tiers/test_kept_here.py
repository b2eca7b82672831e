"""The tiers that keep nothing outside of the clone: what they build, who answers, and that nothing else is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.derived.database import IndexFile
from gitmilestone.derived.engine import Engine
from gitmilestone.errors import Refused
from gitmilestone.query.query import Query
from gitmilestone.store.store import Store
from gitmilestone.tiers.sqlite import build_index
from gitmilestone.tiers.table import load_tier
from gitmilestone.tiers.tier import Site
from tests.derived.states import Told
from tests.repositories import Clone

LOCAL = ("file", "sqlite", "distributed")


def ids(engine: Engine) -> list[str]:
    return [row.milestone.id for row in engine.rows(Query())]


@pytest.fixture
def project(clone: Clone) -> Clone:
    clone.new("a")
    clone.new("b")
    return clone


def has_index(store: Store) -> bool:
    return IndexFile(store.repository.state_dir).exists


@pytest.mark.parametrize("name", LOCAL)
def test_it_is_in_this_clone_and_nothing_is_started(project: Clone, name: str) -> None:
    tier = load_tier(name)
    with project.store() as store:
        files = store.files_at()
        assert (tier.name, tier.is_shared, tier.would_start(store), tier.try_site(store)) == (
            name,
            False,
            False,
            Site(),
        )
        assert tier.describe(store) == ""
        assert tier.ask(store, files, ids) == ["a", "b"]
        tier.prepare(store)
        tier.follow(store)
        tier.drop(store)
        assert not has_index(store)
        obstacles = {tier.find_obstacle(store, is_asked=asked) for asked in (True, False)}
    assert obstacles == ({"this version has no mirror on a cluster"} if name == "distributed" else {""})


@pytest.mark.parametrize("name", ["file", "distributed"])
def test_there_is_nothing_to_build(project: Clone, name: str) -> None:
    with project.store() as store:
        assert load_tier(name).build(store, store.files_at()) is None
        assert load_tier(name).open(store, store.files_at()) is None
        assert not has_index(store)


def test_an_index_is_built_once_and_kept(project: Clone) -> None:
    tier = load_tier("sqlite")
    with project.store() as store:
        files = store.files_at()
        assert tier.open(store, files) is None
        compared = tier.build(store, files)
        assert compared is not None
        assert (compared.records, compared.differing) == (2, ())
        path = Path(IndexFile(store.repository.state_dir).path)
        opened = tier.open(store, files)
        assert opened is not None
        with opened:
            assert ids(opened) == ["a", "b"]
            assert opened.is_kept
        assert tier.open(store, store.files_at("HEAD~1")) is None, "it is of another state"
        first = path.stat().st_ino
        assert build_index(store, files, ids) == ["a", "b"]
        assert path.stat().st_ino == first
        tier.drop(store)
        assert has_index(store), "it answers whatever the tier"


def test_it_is_open_for_the_empty_tree_as_well(clone: Clone) -> None:
    clone.git("rm", "-qr", ".milestones")
    clone.git("commit", "-qm", "none")
    tier = load_tier("sqlite")
    with clone.store() as store:
        files = store.files_at()
        assert files.tree is None
        assert build_index(store, files, ids) == []
        opened = tier.open(store, files)
        assert opened is not None
        with opened:
            assert ids(opened) == []


def test_where_none_can_be_kept_it_is_refused(project: Clone) -> None:
    """An index that a newer version has written is left alone, and this one answers from memory."""
    told = Told()
    with project.store() as store:
        files = store.files_at()
        build_index(store, files, ids)
        with IndexFile(store.repository.state_dir).open_for_refresh() as index:
            index.connection.execute("PRAGMA user_version = 2000000000")
        with pytest.raises(Refused, match="no index can be kept here") as fault:
            build_index(store, files, ids, told)
        assert "index rebuild" in fault.value.hint
