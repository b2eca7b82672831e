"""The files alone: answers come from git, and from whatever index there is."""

from __future__ import annotations

from gitmilestone.tiers.local import LocalTier
from gitmilestone.tiers.tier import Tier


class FileTier(LocalTier):
    name = "file"


TIER: Tier = FileTier()
