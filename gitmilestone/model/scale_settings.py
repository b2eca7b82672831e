"""The numbers by which a project changes its tier: the `scale` section of `config/project.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.problem import Problem
from gitmilestone.model.text.yaml_nodes import Mapping as MappingNode
from gitmilestone.model.text.yaml_nodes import Node, Scalar

SCORE = "score"
METRICS = (
    "milestone_count",
    "data_volume_mb",
    "dependency_depth",
    "concurrent_users",
    "coordination_complexity",
    "query_frequency",
    "query_complexity",
    "average_query_ms",
    "write_operations_per_second",
)
DEFAULTS: Mapping[str, Mapping[str, float]] = {
    "weights": {
        "milestone_count": 2,
        "dependency_depth": 5,
        "concurrent_users": 3,
        "data_volume_mb": 0.1,
        "coordination_complexity": 10,
        "query_frequency": 1.5,
        "write_operations_per_second": 2,
    },
    "sqlite": {
        SCORE: 50,
        "milestone_count": 50,
        "query_complexity": 0.7,
        "concurrent_users": 3,
        "average_query_ms": 1000,
    },
    "postgresql": {
        SCORE: 200,
        "milestone_count": 200,
        "data_volume_mb": 100,
        "concurrent_users": 10,
        "write_operations_per_second": 50,
    },
    "distributed": {SCORE: 500},
    "measure": {"monitoring_interval": 300, "user_days": 14},
    "migrate": {"migration_delay": 3600, "rollback_threshold": 5000, "down_margin": 0.2, "retry_growth": 0.25},
}
"""Group -> setting -> number, as in the file."""

_WEIGHTS, _MEASURE, _MIGRATE = "weights", "measure", "migrate"
LIMITED_TIERS = tuple(group for group in DEFAULTS if group not in (_WEIGHTS, _MEASURE, _MIGRATE))
_KNOWN: Mapping[str, tuple[str, ...]] = {
    **{group: tuple(numbers) for group, numbers in DEFAULTS.items()},
    _WEIGHTS: METRICS,
    **dict.fromkeys(LIMITED_TIERS, (SCORE, *METRICS)),
}
_LIMITS: Mapping[str, Mapping[str, float]] = {group: DEFAULTS[group] for group in LIMITED_TIERS}
_FRACTIONS = ("down_margin",)
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?", re.ASCII)


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

    weights: Mapping[str, float] = DEFAULTS[_WEIGHTS]
    limits: Mapping[str, Mapping[str, float]] = _LIMITS
    monitoring_interval: float = DEFAULTS[_MEASURE]["monitoring_interval"]
    user_days: float = DEFAULTS[_MEASURE]["user_days"]
    migration_delay: float = DEFAULTS[_MIGRATE]["migration_delay"]
    rollback_threshold: float = DEFAULTS[_MIGRATE]["rollback_threshold"]
    down_margin: float = DEFAULTS[_MIGRATE]["down_margin"]
    retry_growth: float = DEFAULTS[_MIGRATE]["retry_growth"]


def read_scale(node: Node, path: str) -> tuple[ScaleSettings, list[Problem]]:
    """The settings, defaults where they are absent or wrong, and what is wrong with them.

    Args:
        path: Of the file, for the problems.
    """
    problems: list[Problem] = []
    given: dict[str, dict[str, float]] = {group: {} for group in DEFAULTS}
    for group, inner in _iter_known(node, "scale", tuple(DEFAULTS), path, problems):
        for name, value in _iter_known(inner, f"scale.{group}", _KNOWN[group], path, problems):
            number = _find_number(value)
            if number is None or (name in _FRACTIONS and number >= 1):
                wanted = "a number below 1" if name in _FRACTIONS else "a number, 0 or more"
                problems.append(Problem(path, value.line, "bad-value", f"`scale.{group}.{name}` is {wanted}"))
            else:
                given[group][name] = number
    weights = {**DEFAULTS[_WEIGHTS], **given[_WEIGHTS]}
    limits = {tier: {**DEFAULTS[tier], **given[tier]} for tier in LIMITED_TIERS}
    return ScaleSettings(weights, limits, **given[_MEASURE], **given[_MIGRATE]), problems


def _iter_known(
    node: Node, name: str, known: tuple[str, ...], path: str, problems: list[Problem]
) -> list[tuple[str, Node]]:
    """The entries that have a value and a name among the known ones."""
    if isinstance(node, Scalar) and node.is_null:
        return []
    if not isinstance(node, MappingNode):
        problems.append(Problem(path, node.line, "bad-value", f"`{name}` is `key: value` lines"))
        return []
    found = []
    for key, entry in node.entries.items():
        if key not in known:
            nearest = find_nearest(key, known)
            hint = f"did you mean `{nearest}`?" if nearest else f"known: {', '.join(known)}"
            problems.append(Problem(path, entry.key.line, "unknown-key", f"`{name}.{key}` is no setting", hint))
        elif not (isinstance(entry.value, Scalar) and entry.value.is_null):
            found.append((key, entry.value))
    return found


def _find_number(node: Node) -> float | None:
    if not isinstance(node, Scalar) or not _NUMBER.fullmatch(node.text):
        return None
    number = float(node.text)
    return int(number) if number == int(number) else number
