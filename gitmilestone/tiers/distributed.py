"""A mirror on a cluster, which is not to be had yet: a project that outgrows one server is told so, and stays."""

from __future__ import annotations

from gitmilestone.store.store import Store
from gitmilestone.tiers.local import LocalTier
from gitmilestone.tiers.tier import Tier


class DistributedTier(LocalTier):
    name = "distributed"

    def find_obstacle(self, store: Store, *, is_asked: bool) -> str:
        del store, is_asked
        return "this version has no mirror on a cluster"


TIER: Tier = DistributedTier()
