"""When a project will outgrow its tier, if it goes on as it did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, combinations
from typing import NamedTuple

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.model.settings_table import SCORE
from gitmilestone.scale.metrics import ScaleMetrics
from gitmilestone.scale.score import choose_tier, compute_score

WEEKS = 12
"""How far back growth is looked at."""

_LEAST_WEEKS = 3
_HORIZON = 260
"""Weeks: what five years of the same would bring is nothing to say."""


class Prediction(NamedTuple):
    """Attributes:
    before, after: Tiers.
    name: `score` or the metric that will reach its limit.
    weeks: From now.
    growth: Milestones a week.
    """

    before: str
    after: str
    name: str
    limit: float
    weeks: float
    growth: float


def predict(
    metrics: ScaleMetrics, settings: ScaleSettings, created: Sequence[int], current: str = TIERS[0]
) -> Prediction | None:
    """The next tier that will be wanted; None where none will be, or too little is known.

    Milestones and their volume are taken to grow at the present pace, all else to stay.

    Args:
        created: Milestones that came in each of the last weeks, the oldest first.
        current: The project's tier.
    """
    growth = estimate_growth(created)
    if growth <= 0:
        return None
    wanted = choose_tier(metrics, settings, current)
    before = max(current, wanted, key=TIERS.index)
    crossings = sorted(_iter_crossings(metrics, settings, before, growth), key=_sooner)
    if not crossings or crossings[0].weeks > _HORIZON:
        return None
    return crossings[0]


def estimate_growth(created: Sequence[int]) -> float:
    """Milestones a week: the median of the slopes between any two weeks' sums, which no single import moves much.

    0 where less than three weeks are known.
    """
    if len(created) < _LEAST_WEEKS:
        return 0.0
    sums = list(enumerate(accumulate(created, initial=0)))
    slopes = sorted((later - sooner) / (end - start) for (start, sooner), (end, later) in combinations(sums, 2))
    middle = len(slopes) // 2
    return slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2


def _sooner(prediction: Prediction) -> tuple[float, int]:
    return prediction.weeks, -TIERS.index(prediction.after)


def _iter_crossings(metrics: ScaleMetrics, settings: ScaleSettings, before: str, growth: float) -> Iterator[Prediction]:
    """When each limit of the tiers beyond will be reached that is reached at all."""
    volume = metrics.data_volume_mb / metrics.milestone_count * growth if metrics.milestone_count else 0.0
    weights = settings.weights
    weekly_score = weights.get("milestone_count", 0) * growth + weights.get("data_volume_mb", 0) * volume
    paces = {"milestone_count": growth, "data_volume_mb": volume, SCORE: weekly_score}
    total = compute_score(metrics, settings).total
    for tier in TIERS[TIERS.index(before) + 1 :]:
        for name, limit in settings.limits.get(tier, {}).items():
            value = total if name == SCORE else getattr(metrics, name)
            if paces.get(name):
                yield Prediction(before, tier, name, limit, max(limit - value, 0) / paces[name], growth)
