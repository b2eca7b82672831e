"""The tiers by their names, in the order of `gitmilestone.model.tiers`: a module each, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from gitmilestone.model.config import read_tier
from gitmilestone.model.layout import TIER_FILE
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.model.tiers import TIERS
from gitmilestone.store.files import Files, read_sized
from gitmilestone.tiers.tier import Tier


def get_tier(files: Files) -> Tier:
    """The tier that a project has chosen."""
    return load_tier(read_tier(*read_sized(files, TIER_FILE, MAX_BYTES))[0])


def find_tier(name: str) -> Tier | None:
    return load_tier(name) if name in TIERS else None


def iter_tiers() -> Iterator[Tier]:
    """The smallest first."""
    return map(load_tier, TIERS)


def load_tier(name: str) -> Tier:
    """Args:
    name: One of TIERS.
    """
    from importlib import import_module

    tier: Tier = import_module(f"gitmilestone.tiers.{name}").TIER
    return tier
