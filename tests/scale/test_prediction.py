from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.scale.metrics import ScaleMetrics
from gitmilestone.scale.prediction import estimate_growth, predict
from gitmilestone.scale.score import choose_tier
from tests.scale.strategies import metrics

DEFAULTS = ScaleSettings()


def test_the_first_limit_that_is_reached_is_named() -> None:
    found = predict(ScaleMetrics(milestone_count=10, concurrent_users=1), DEFAULTS, [3, 3, 3])
    assert found is not None
    assert (found.before, found.after, found.name, found.limit, found.growth) == ("file", "sqlite", "score", 50, 3)
    assert found.weeks == (50 - 23) / 6


def test_the_next_tier_follows_the_one_that_is_wanted_already() -> None:
    found = predict(ScaleMetrics(milestone_count=60), DEFAULTS, [4, 4, 4])
    assert found is not None
    assert (found.before, found.after) == ("sqlite", "postgresql")


def test_volume_grows_along() -> None:
    chosen = DEFAULTS._replace(weights={}, limits={"sqlite": {"data_volume_mb": 30}})
    found = predict(ScaleMetrics(milestone_count=10, data_volume_mb=10), chosen, [2, 2, 2, 2])
    assert found is not None
    assert (found.name, found.weeks) == ("data_volume_mb", 10)


def test_nothing_is_said_of_what_will_never_be() -> None:
    measured = ScaleMetrics(milestone_count=10)
    assert predict(measured, DEFAULTS, [3, 3]) is None
    assert predict(measured, DEFAULTS, [0, 0, 0, 0]) is None
    assert predict(measured, DEFAULTS._replace(weights={}, limits={}), [3, 3, 3]) is None
    assert predict(measured, DEFAULTS._replace(limits={"sqlite": {"milestone_count": 10**6}}), [1, 1, 1]) is None
    assert predict(ScaleMetrics(milestone_count=9999), DEFAULTS, [3, 3, 3]) is None


def test_one_import_is_no_pace() -> None:
    assert estimate_growth([2] * 11 + [5000]) == 2
    assert estimate_growth([5000] + [2] * 11) == 2


@given(metrics, st.lists(st.integers(0, 50), max_size=12))
def test_what_is_predicted_is_what_would_be_decided(measured: ScaleMetrics, created: list[int]) -> None:
    found = predict(measured, DEFAULTS, created)
    if found is None:
        return
    assert TIERS.index(found.after) > TIERS.index(found.before)
    grown = measured.milestone_count + round(found.growth * (found.weeks + 1)) + 1
    volume = measured.data_volume_mb * (grown / max(measured.milestone_count, 1))
    later = measured._replace(milestone_count=grown, data_volume_mb=volume)
    assert TIERS.index(choose_tier(later, DEFAULTS)) >= TIERS.index(found.after)
