from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.scale.decision import ScaleDecision, ScaleHistory, Switch, decide
from gitmilestone.scale.metrics import ScaleMetrics
from tests.scale.strategies import NOW, histories, metrics, settings, unavailable

DEFAULTS = ScaleSettings()
AT_ONCE = DEFAULTS._replace(migration_delay=0)
HOUR = 3600


def sized(count: int) -> ScaleMetrics:
    return ScaleMetrics(milestone_count=count)


def switch(before: str, after: str, score: float | None = None, reverted_by: str = "") -> Switch:
    return Switch("a" * 40, "Ana", NOW, before, after, score, reverted_by)


def live_through(
    counts: Sequence[int], given_settings: ScaleSettings, step: int = HOUR, tier: str = "file"
) -> list[ScaleDecision]:
    """The decisions of a project that grows and shrinks, and does what they say."""
    decisions = []
    wishes: Mapping[str, int] = {}
    for place, count in enumerate(counts):
        made = decide(sized(count), given_settings, ScaleHistory(tier, (), wishes), NOW + place * step)
        tier, wishes = made.tier, made.wishes
        decisions.append(made)
    return decisions


def test_it_takes_the_whole_delay() -> None:
    tiers = [made.tier for made in live_through([60] * 5, DEFAULTS, step=HOUR // 2)]
    assert tiers == ["file", "file", "sqlite", "sqlite", "sqlite"]


def test_a_passing_wish_is_forgotten() -> None:
    tiers = [made.tier for made in live_through([60, 10, 60, 60, 60], DEFAULTS, step=HOUR // 2)]
    assert tiers == ["file", "file", "file", "file", "sqlite"]


def test_what_was_wanted_for_long_does_not_wait_for_what_is_wanted_since_lately() -> None:
    decisions = live_through([60, 60, 120, 120, 120], DEFAULTS, step=HOUR // 2)
    assert [made.tier for made in decisions] == ["file", "file", "sqlite", "sqlite", "postgresql"]
    assert decisions[2].target == "postgresql"


def test_a_large_import_goes_straight_to_its_tier() -> None:
    first, second = live_through([120, 120], DEFAULTS)
    assert (first.tier, first.target, first.until) == ("file", "postgresql", NOW + HOUR)
    assert second.tier == "postgresql"
    assert second.is_due


def test_down_needs_everything_to_be_a_fifth_below() -> None:
    def tier_of(count: int, users: int = 0) -> str:
        measured = ScaleMetrics(milestone_count=count, concurrent_users=users)
        return decide(measured, AT_ONCE, ScaleHistory("sqlite"), NOW).tier

    assert tier_of(20) == "sqlite"
    assert tier_of(19) == "file"
    assert tier_of(10, users=3) == "sqlite"
    assert tier_of(10, users=2) == "file"


def test_the_way_down_names_what_is_below() -> None:
    made = decide(sized(5), AT_ONCE, ScaleHistory("sqlite"), NOW)
    assert [(reason.name, reason.limit) for reason in made.reasons][:2] == [("score", 40), ("milestone_count", 40)]
    assert not any(reason.is_reached for reason in made.reasons)


def test_a_tier_that_cannot_be_had_is_named_and_passed_over() -> None:
    why = {"postgresql": "there is no server", "distributed": "there is no cluster"}
    made = decide(sized(1000), AT_ONCE, ScaleHistory("file"), NOW, why)
    assert (made.wanted, made.target, made.tier) == ("distributed", "sqlite", "sqlite")
    assert [obstacle.tier for obstacle in made.blocked_by] == ["distributed", "postgresql"]


def test_what_was_reverted_waits_until_the_score_has_grown_by_a_quarter() -> None:
    history = ScaleHistory("file", (switch("file", "sqlite", 60, "b" * 40),))
    held = decide(sized(37), AT_ONCE, history, NOW)
    assert (held.wanted, held.target, held.held_by) == ("sqlite", "file", history.switches[0])
    assert held.wishes == {}
    assert decide(sized(38), AT_ONCE, history, NOW).tier == "sqlite"


def test_a_revert_holds_the_tiers_beyond_it_too() -> None:
    history = ScaleHistory("file", (switch("file", "sqlite", None, "b" * 40),))
    assert decide(sized(1000), AT_ONCE, history, NOW).target == "file"


def test_a_revert_of_a_higher_tier_leaves_the_lower_one() -> None:
    history = ScaleHistory("file", (switch("sqlite", "postgresql", 210, "b" * 40),))
    assert decide(sized(110), AT_ONCE, history, NOW).target == "sqlite"


def test_who_asks_again_is_heard() -> None:
    reverted = switch("file", "sqlite", 60, "b" * 40)
    history = ScaleHistory("file", (switch("file", "sqlite", 60), reverted))
    assert decide(sized(30), AT_ONCE, history, NOW).target == "sqlite"


def test_a_reverted_step_down_waits_until_the_score_has_shrunk() -> None:
    history = ScaleHistory("sqlite", (switch("sqlite", "file", 36, "b" * 40),))
    assert decide(sized(18), AT_ONCE, history, NOW).target == "sqlite"
    assert decide(sized(13), AT_ONCE, history, NOW).target == "file"


def test_a_clock_that_was_set_back_is_no_wish_from_the_future() -> None:
    made = decide(sized(60), DEFAULTS, ScaleHistory("file", (), {"sqlite": NOW + 9999}), NOW)
    assert made.since == NOW


@given(metrics, settings, histories, unavailable)
def test_it_is_deterministic_and_sound(
    measured: ScaleMetrics, given_settings: ScaleSettings, history: ScaleHistory, why: dict[str, str]
) -> None:
    made = decide(measured, given_settings, history, NOW, why)
    assert made == decide(measured, given_settings, history, NOW, why)
    assert made.target == history.tier or made.target not in why
    assert made.tier == history.tier or made.tier in made.wishes
    assert {obstacle.tier for obstacle in made.blocked_by} <= why.keys()
    bounds = sorted((TIERS.index(history.tier), TIERS.index(made.wanted)))
    assert bounds[0] <= TIERS.index(made.target) <= bounds[1]
    assert all(since <= NOW for since in made.wishes.values())


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_no_switch_is_taken_back_without_a_fifth_between(counts: list[int]) -> None:
    decisions = live_through(counts, AT_ONCE)
    ups = [(place, made) for place, made in enumerate(decisions) if TIERS.index(made.tier) > TIERS.index(made.current)]
    for place, up in ups:
        down = next((made for made in decisions[place + 1 :] if TIERS.index(made.tier) < TIERS.index(up.tier)), None)
        if down:
            limit = AT_ONCE.limits[up.tier]["score"]
            assert up.score.total >= limit
            assert down.score.total < limit * 0.8


@given(st.integers(21, 300), st.lists(st.floats(0.9, 1.1), min_size=2, max_size=60))
def test_a_project_of_about_one_size_never_flaps(size: int, wobbles: list[float]) -> None:
    decisions = live_through([round(size * wobble) for wobble in wobbles], AT_ONCE)
    tiers = [TIERS.index(made.tier) for made in decisions]
    assert tiers == sorted(tiers)


@given(metrics, st.integers(0, 7200), st.integers(0, 7200))
def test_the_delay_counts(measured: ScaleMetrics, delay: int, passed: int) -> None:
    chosen = DEFAULTS._replace(migration_delay=delay)
    first = decide(measured, chosen, ScaleHistory(), NOW)
    second = decide(measured, chosen, ScaleHistory(wishes=first.wishes), NOW + passed)
    assert second.is_due == (first.wanted != "file" and passed >= delay)
