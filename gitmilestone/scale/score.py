"""What the metrics add up to, and which tier's limits they reach."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum
from typing import NamedTuple

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.model.settings_table import METRICS, SCORE
from gitmilestone.scale.metrics import ScaleMetrics


class Term(NamedTuple):
    """What one metric adds to the score."""

    metric: str
    value: float
    weight: float

    @property
    def points(self) -> float:
        return self.value * self.weight


class Score(NamedTuple):
    """`terms` in the order of the metrics, those that weigh nothing left out."""

    terms: tuple[Term, ...]

    @property
    def total(self) -> float:
        return fsum(term.points for term in self.terms)


class Reason(NamedTuple):
    """A number that is compared with a tier's limit.

    Attributes:
        name: `score`, or a metric.
        limit: From which on the tier is wanted; with the margin off it where the project is in that tier.
    """

    tier: str
    name: str
    value: float
    limit: float

    @property
    def is_reached(self) -> bool:
        return self.value >= self.limit


def compute_score(metrics: ScaleMetrics, settings: ScaleSettings) -> Score:
    weights = settings.weights
    return Score(tuple(Term(name, getattr(metrics, name), weights[name]) for name in METRICS if weights.get(name)))


def iter_reasons(metrics: ScaleMetrics, settings: ScaleSettings, current: str) -> Iterator[Reason]:
    """Every limit of every tier, the highest tier first; in the order of the settings."""
    total = compute_score(metrics, settings).total
    for tier in reversed(TIERS[1:]):
        is_held = TIERS.index(tier) <= TIERS.index(current)
        factor = 1 - settings.down_margin if is_held else 1.0
        for name, limit in settings.limits.get(tier, {}).items():
            yield Reason(tier, name, total if name == SCORE else getattr(metrics, name), limit * factor)


def choose_tier(metrics: ScaleMetrics, settings: ScaleSettings, current: str = TIERS[0]) -> str:
    """The highest tier of which any limit is reached.

    Args:
        current: The project's tier: it, and those below, are left only once everything is below by the margin.
    """
    return next((reason.tier for reason in iter_reasons(metrics, settings, current) if reason.is_reached), TIERS[0])
