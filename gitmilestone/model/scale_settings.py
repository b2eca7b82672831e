"""The numbers by which a project changes its tier: the `scale` section of `config/project.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gitmilestone.model.settings_table import PROJECT_SETTINGS
from gitmilestone.model.tiers import TIERS

LIMITED_TIERS = TIERS[1:]
_SCALE = "scale."
_NUMBERS: Mapping[str, Any] = {
    one.name.removeprefix(_SCALE): one.default for one in PROJECT_SETTINGS if one.name.startswith(_SCALE)
}


def _group_defaults() -> dict[str, dict[str, float]]:
    groups: dict[str, dict[str, float]] = {}
    for name, default in _NUMBERS.items():
        group, _, inner = name.partition(".")
        groups.setdefault(group, {}).update({inner: default} if inner else default)
    return groups


DEFAULTS: Mapping[str, Mapping[str, float]] = _group_defaults()
"""Group -> setting -> number, as in the file."""


_LIMITS = {tier: DEFAULTS[tier] for tier in LIMITED_TIERS}


class ScaleSettings(NamedTuple):
    """Attributes:
    weights: Metric -> what one of it adds to the score.
    limits: Tier -> `score` or metric -> the number from which on that tier is wanted.
    monitoring_interval: Seconds that rates are taken over, and between two decisions at least.
    user_days: Whose commits count as those of present users.
    migration_delay: Seconds for which a decision has to hold.
    rollback_threshold: Milliseconds of a query behind a switch, from which on it is taken back.
    down_margin: The part by which everything has to lie below a tier's limits to leave it.
    retry_growth: The part by which the score has to grow before a switch that was taken back is tried again.
    """

    weights: Mapping[str, float] = DEFAULTS["weights"]
    limits: Mapping[str, Mapping[str, float]] = _LIMITS
    monitoring_interval: float = DEFAULTS["measure"]["monitoring_interval"]
    user_days: float = DEFAULTS["measure"]["user_days"]
    migration_delay: float = DEFAULTS["migrate"]["migration_delay"]
    rollback_threshold: float = DEFAULTS["migrate"]["rollback_threshold"]
    down_margin: float = DEFAULTS["migrate"]["down_margin"]
    retry_growth: float = DEFAULTS["migrate"]["retry_growth"]


def take_scale(values: Mapping[str, Any]) -> ScaleSettings:
    """From the values of all settings, by name."""
    numbers = {name: values[_SCALE + name] for name in _NUMBERS}
    limits = {tier: numbers[tier] for tier in LIMITED_TIERS}
    single = {name.partition(".")[2]: value for name, value in numbers.items() if "." in name}
    return ScaleSettings(numbers["weights"], limits, **single)
