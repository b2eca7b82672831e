from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.config import read_project, read_scale_settings
from gitmilestone.scale.calibration import Costs, Limit, Sample, format_settings, propose
from gitmilestone.scale.decision import ScaleHistory, decide
from gitmilestone.scale.metrics import ScaleMetrics


def sample(milestones: int, file: float, sqlite: float, postgresql: float | None = None) -> Sample:
    mirror = None if postgresql is None else Costs({"by id": 0.1, "text": postgresql}, 1.0)
    return Sample(milestones, Costs({"by id": 0.1, "text": file}, 1.0), Costs({"text": sqlite}, 1.0), mirror, mirror)


def test_an_index_pays_where_it_saves_more_than_patience() -> None:
    found = propose([sample(50, 20, 2), sample(1000, 202, 2)], 100)
    # 18 ms are saved at 50, 200 at 1,000: 100 in between.
    assert found.sqlite == Limit(480, True)
    assert propose([sample(50, 20, 2), sample(1000, 90, 2)], 100).sqlite == Limit(1000, False)
    assert propose([sample(50, 200, 2)], 100).sqlite == Limit(50, True)


def test_a_mirror_pays_where_it_is_faster_or_if_unknown_where_patience_ends() -> None:
    sizes = [sample(50, 20, 2, 30), sample(1000, 300, 10, 30), sample(20_000, 6000, 40, 30)]
    assert propose(sizes, 100).postgresql == Limit(14_000, True)
    assert propose(sizes[:2], 100).postgresql == Limit(1000, False)
    assert propose([sample(50, 20, 2, 9), sample(9000, 900, 150, 200)], 100).postgresql == Limit(9000, False)
    without = [sample(50, 20, 2), sample(1000, 300, 10), sample(100_000, 9000, 190)]
    assert propose(without, 100).postgresql == Limit(50_000, True)


SAMPLES = st.lists(
    st.builds(
        sample,
        st.integers(1, 10**6),
        st.floats(0, 1e6),
        st.floats(0, 1e6),
        st.one_of(st.none(), st.floats(0, 1e6)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.milestones,
).map(sorted)


@given(samples=SAMPLES, patience=st.floats(0, 1e5))
def test_what_is_proposed_can_be_pasted_and_does_what_it_says(samples: list[Sample], patience: float) -> None:
    proposal = propose(samples, patience)
    text = format_settings(proposal).encode()
    assert read_project(b"format: 1\n\n" + text)[1] == ()
    settings = read_scale_settings(text)
    limits = proposal.settings
    assert limits["sqlite"]["score"] < limits["postgresql"]["score"] < limits["distributed"]["score"]
    for tier, numbers in limits.items():
        assert numbers.items() <= dict(settings.limits[tier]).items()
    for tier, count in (("sqlite", proposal.sqlite.milestones), ("postgresql", proposal.postgresql.milestones)):
        for milestones, is_wanted in ((count, True), (count - 1, False)):
            metrics = ScaleMetrics(milestone_count=milestones)
            wanted = decide(metrics, settings, ScaleHistory("file"), 0).wanted
            assert (wanted == tier) is is_wanted
