"""Metrics and settings of any size."""

from __future__ import annotations

from hypothesis import strategies as st

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.model.settings_table import METRICS, SCORE
from gitmilestone.scale.decision import ScaleHistory, Switch
from gitmilestone.scale.metrics import ScaleMetrics

NOW = 1_800_000_000

_counts = st.integers(0, 1000)
_rates = st.floats(0, 200, allow_nan=False)
_numbers = st.floats(0, 1000, allow_nan=False)
_names = st.sampled_from((SCORE, *METRICS))

metrics = st.builds(
    ScaleMetrics,
    _counts,
    _numbers,
    st.integers(0, 30),
    _counts,
    st.floats(0, 10),
    _rates,
    st.floats(0, 1),
    _numbers,
    _rates,
)
settings = st.builds(
    ScaleSettings,
    weights=st.dictionaries(st.sampled_from(METRICS), st.floats(0, 20)),
    limits=st.dictionaries(st.sampled_from(TIERS[1:]), st.dictionaries(_names, _numbers, max_size=4)),
    migration_delay=st.integers(0, 7200),
    down_margin=st.floats(0, 0.9),
    retry_growth=st.floats(0, 1),
)
_times = st.integers(NOW - 10_000, NOW + 10_000)
switches = st.builds(
    Switch,
    st.text("0123456789abcdef", min_size=40, max_size=40),
    st.just("Ana"),
    _times,
    st.sampled_from(TIERS),
    st.sampled_from(TIERS),
    st.none() | _numbers,
    st.sampled_from(("", "f" * 40)),
)
histories = st.builds(
    ScaleHistory,
    st.sampled_from(TIERS),
    st.lists(switches, max_size=5).map(tuple),
    st.dictionaries(st.sampled_from(TIERS), _times),
)
unavailable = st.dictionaries(st.sampled_from(TIERS[2:]), st.just("there is no server"))
