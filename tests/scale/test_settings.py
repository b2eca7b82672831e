"""The `scale` section of config/project.yaml: every number is a setting, and a wrong one is a located problem."""

from __future__ import annotations

import pytest

from gitmilestone.model.config import TIERS, Project, encode_project, read_project, read_scale_settings
from gitmilestone.model.scale_settings import DEFAULTS, LIMITED_TIERS, ScaleSettings
from gitmilestone.model.settings_table import METRICS
from gitmilestone.model.text.yaml_canonical import load_canonical
from gitmilestone.scale.metrics import ScaleMetrics

HEAD = "format: 1\n\nlayout: flat\n\n"
PLACES = [(group, name) for group, numbers in DEFAULTS.items() for name in numbers]


def read(section: str) -> ScaleSettings:
    content = (HEAD + section).encode()
    assert read_project(content) == (Project(), ())
    return read_scale_settings(content)


def find_number(settings: ScaleSettings, group: str, name: str) -> float:
    if group == "weights":
        return settings.weights[name]
    found: float = settings.limits[group][name] if group in LIMITED_TIERS else getattr(settings, name)
    return found


def test_names_agree() -> None:
    assert TIERS[1:] == LIMITED_TIERS
    assert ScaleMetrics._fields == METRICS


@pytest.mark.parametrize("content", [None, b"", encode_project(Project()), b"format: 1\nscale:\n", b"scale: {"])
def test_without_a_section_the_design_counts(content: bytes | None) -> None:
    assert read_scale_settings(content) == ScaleSettings()


@pytest.mark.parametrize(("group", "name"), PLACES)
def test_every_number_is_a_setting(group: str, name: str) -> None:
    assert find_number(ScaleSettings(), group, name) == DEFAULTS[group][name]
    settings = read(f"scale:\n  {group}:\n    {name}: 0.125\n")
    assert find_number(settings, group, name) == 0.125
    others = [place for place in PLACES if place != (group, name)]
    assert all(find_number(settings, *place) == DEFAULTS[place[0]][place[1]] for place in others)


def test_a_tier_can_be_given_any_limit() -> None:
    settings = read("scale:\n  weights:\n    query_complexity: 7\n  distributed:\n    data_volume_mb: 5000\n")
    assert settings.weights["query_complexity"] == 7
    assert settings.limits["distributed"] == {"score": 500, "data_volume_mb": 5000}


def test_a_setting_without_a_value_is_its_default() -> None:
    assert read("scale:\n  weights:\n  sqlite:\n    score:\n") == ScaleSettings()


def test_the_fast_reader_takes_it() -> None:
    groups = "".join(
        f"  {group}:\n" + "".join(f"    {name}: {number}\n" for name, number in numbers.items())
        for group, numbers in DEFAULTS.items()
    )
    assert load_canonical(f"{HEAD}scale:\n{groups}") is not None
    assert read(f"scale:\n{groups}") == ScaleSettings()


@pytest.mark.parametrize(
    ("section", "line", "code", "hint"),
    [
        ("scale: 3", 5, "bad-value", ""),
        ("scale:\n  - a", 6, "bad-value", ""),
        ("scale:\n  weight:\n    milestone_count: 1", 6, "unknown-key", "did you mean `weights`?"),
        ("scale:\n  weights:\n    milestones: 1", 7, "unknown-key", "did you mean `milestone_count`?"),
        ("scale:\n  sqlite: 3", 6, "bad-value", ""),
        ("scale:\n  sqlite:\n    score: many", 7, "bad-value", ""),
        ("scale:\n  sqlite:\n    score: -1", 7, "bad-value", ""),
        ("scale:\n  sqlite:\n    score: nan", 7, "bad-value", ""),
        ("scale:\n  sqlite:\n    score: 1e3", 7, "bad-value", ""),
        ("scale:\n  sqlite:\n    score: [1]", 7, "bad-value", ""),
        ("scale:\n  migrate:\n    down_margin: 1", 7, "bad-value", ""),
        ("scale:\n  migrate:\n    monitoring_interval: 1", 7, "unknown-key", ""),
    ],
)
def test_what_is_wrong_is_told_and_counts_for_nothing(section: str, line: int, code: str, hint: str) -> None:
    content = f"{HEAD}{section}\n".encode()
    _, (problem,) = read_project(content)
    assert (problem.path, problem.line, problem.code) == (".milestones/config/project.yaml", line, code)
    assert problem.hint == hint or not hint
    assert read_scale_settings(content) == ScaleSettings()
