from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.model.settings_table import METRICS, SCORE
from gitmilestone.scale.metrics import ScaleMetrics
from gitmilestone.scale.score import choose_tier, compute_score
from tests.scale.strategies import metrics, settings

DEFAULTS = ScaleSettings()


def test_the_score_is_the_designs() -> None:
    measured = ScaleMetrics(7, 40, 3, 2, 1.5, 4, 0.9, 900, 0.5)
    expected = 2 * 7 + 5 * 3 + 3 * 2 + 40 / 10 + 10 * 1.5 + 1.5 * 4 + 2 * 0.5
    assert compute_score(measured, DEFAULTS).total == pytest.approx(expected)


@pytest.mark.parametrize(
    ("measured", "tier"),
    [
        (ScaleMetrics(), "file"),
        (ScaleMetrics(milestone_count=24), "file"),
        (ScaleMetrics(milestone_count=25), "sqlite"),
        (ScaleMetrics(milestone_count=99), "sqlite"),
        (ScaleMetrics(milestone_count=100), "postgresql"),
        (ScaleMetrics(milestone_count=249), "postgresql"),
        (ScaleMetrics(milestone_count=250), "distributed"),
        (ScaleMetrics(query_complexity=0.7), "sqlite"),
        (ScaleMetrics(query_complexity=0.69), "file"),
        (ScaleMetrics(concurrent_users=3), "sqlite"),
        (ScaleMetrics(concurrent_users=10), "postgresql"),
        (ScaleMetrics(average_query_ms=1000), "sqlite"),
        (ScaleMetrics(data_volume_mb=100), "postgresql"),
        (ScaleMetrics(write_operations_per_second=50), "postgresql"),
    ],
)
def test_the_higher_of_score_and_threshold_counts(measured: ScaleMetrics, tier: str) -> None:
    assert choose_tier(measured, DEFAULTS) == tier


@given(metrics, settings, st.sampled_from(METRICS), st.floats(0, 1000), st.sampled_from(TIERS))
def test_more_of_anything_never_lowers_the_tier(
    measured: ScaleMetrics, given_settings: ScaleSettings, name: str, more: float, current: str
) -> None:
    grown = measured._replace(**{name: getattr(measured, name) + more})
    before, after = (choose_tier(one, given_settings, current) for one in (measured, grown))
    assert TIERS.index(after) >= TIERS.index(before)
    assert compute_score(grown, given_settings).total >= compute_score(measured, given_settings).total - 1e-6


@pytest.mark.parametrize("name", METRICS)
def test_every_weight_counts(name: str) -> None:
    measured = ScaleMetrics()._replace(**{name: 1})
    assert compute_score(measured, DEFAULTS._replace(weights={name: 1234})).total == 1234
    assert choose_tier(measured, DEFAULTS._replace(weights={name: 1234})) == "distributed"


@pytest.mark.parametrize("tier", TIERS[1:])
@pytest.mark.parametrize("name", [SCORE, *METRICS])
def test_every_limit_counts(tier: str, name: str) -> None:
    measured = ScaleMetrics(milestone_count=1) if name == SCORE else ScaleMetrics()._replace(**{name: 2})
    chosen = DEFAULTS._replace(weights={"milestone_count": 2}, limits={tier: {name: 2}})
    assert choose_tier(measured, chosen) == tier
    assert choose_tier(measured, chosen._replace(limits={tier: {name: 2.1}})) == "file"
