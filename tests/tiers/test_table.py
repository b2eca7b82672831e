"""Every tier is an object in a module of its own, and says of itself what the table says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitmilestone.tiers
from gitmilestone.model.tiers import TIERS
from gitmilestone.tiers.table import find_tier, get_tier, iter_tiers, load_tier
from tests.repositories import Clone


def test_each_name_has_its_module_and_each_module_its_name() -> None:
    assert [tier.name for tier in iter_tiers()] == [*TIERS]
    (folder,) = gitmilestone.tiers.__path__
    modules = {path.stem for path in Path(folder).glob("*.py") if "\nTIER: Tier = " in path.read_text()}
    assert modules == {*TIERS}


def test_what_is_no_tier_is_none() -> None:
    assert find_tier("tier") is None
    assert find_tier("") is None


@pytest.mark.parametrize("name", TIERS)
def test_a_project_is_on_the_tier_that_its_file_says(clone: Clone, name: str) -> None:
    clone.write({"config/tier.yaml": f"tier: {name}\n"})
    with clone.store() as store:
        assert get_tier(store.files_at()) is load_tier(name)


@pytest.mark.parametrize("name", TIERS)
def test_a_tier_that_nobody_uses_yet_stops_nothing(clone: Clone, name: str) -> None:
    """Whatever a project's file says, writes go on and answers come, also where the tier can't be had."""
    clone.write({"config/tier.yaml": f"tier: {name}\n"})
    clone.git("config", "milestone.postgres.dsn", f"host={clone.path} dbname=none")
    tier = load_tier(name)
    with clone.store() as store:
        assert tier.open(store, store.files_at()) is None
        tier.follow(store)
        tier.drop(store)
        assert "\n" not in tier.describe(store)
