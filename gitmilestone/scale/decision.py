"""Which tier a project should be in, and why: a pure function of what was measured, its settings and its past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.scale.metrics import ScaleMetrics
from gitmilestone.scale.score import Reason, Score, choose_tier, compute_score, iter_reasons


class Switch(NamedTuple):
    """A commit that changed the tier.

    Attributes:
        time: Author's, Unix seconds.
        score: As it was then; None where the commit does not say.
        reverted_by: The commit that took it back; "" where it stands.
    """

    oid: str
    author: str
    time: int
    before: str
    after: str
    score: float | None = None
    reverted_by: str = ""


class ScaleHistory(NamedTuple):
    """What a decision knows of the past.

    Attributes:
        tier: In which the project is.
        switches: The newest first.
        wishes: Tier -> since when, in Unix seconds, it or one beyond it has been wanted at every look.
    """

    tier: str = TIERS[0]
    switches: tuple[Switch, ...] = ()
    wishes: Mapping[str, int] = {}


class Obstacle(NamedTuple):
    """A tier that is wanted and can't be had here."""

    tier: str
    reason: str


class ScaleDecision(NamedTuple):
    """Attributes:
    current: The tier in which the project is.
    wanted: The tier that its size asks for, whether it can be had or not.
    target: The tier to go to once that has held for long enough; the current one where it is to stay.
    tier: The tier to be in now: `current` while nothing is due.
    reasons: The limits that say so: those reached, or, on the way down, those that nothing reaches any more.
    blocked_by: Tiers that are wanted and can't be had here, the highest first.
    held_by: The switch that was taken back, and so is not made again yet.
    wishes: For the next decision.
    since, until: When the target was first wanted, and when it is due; None where it is to stay.
    """

    current: str
    wanted: str
    target: str
    tier: str
    score: Score
    reasons: tuple[Reason, ...]
    blocked_by: tuple[Obstacle, ...]
    held_by: Switch | None
    wishes: Mapping[str, int]
    since: int | None
    until: int | None

    @property
    def is_due(self) -> bool:
        return self.tier != self.current


def decide(
    metrics: ScaleMetrics,
    settings: ScaleSettings,
    history: ScaleHistory,
    now: int,
    unavailable: Mapping[str, str] = {},
) -> ScaleDecision:
    """Args:
    now: Unix seconds.
    unavailable: Tier -> why it can't be had here.
    """
    current = history.tier
    wanted = choose_tier(metrics, settings, current)
    score = compute_score(metrics, settings)
    on_the_way = _tiers_between(current, wanted)
    possible = [tier for tier in on_the_way if tier not in unavailable]
    if _is_below(wanted, current) and _is_chosen_by_hand(history):
        possible = []
    held_by = next((switch for tier in possible if (switch := _find_hold(history, tier, score.total, settings))), None)
    if held_by:
        possible = possible[: possible.index(held_by.after)]
    wishes = {tier: min(history.wishes.get(tier, now), now) for tier in possible}
    due = [tier for tier, since in wishes.items() if now - since >= settings.migration_delay]
    target = possible[-1] if possible else current
    since = wishes.get(target)
    return ScaleDecision(
        current=current,
        wanted=wanted,
        target=target,
        tier=due[-1] if due else current,
        score=score,
        reasons=_find_reasons(metrics, settings, current, wanted),
        blocked_by=tuple(Obstacle(tier, unavailable[tier]) for tier in reversed(on_the_way) if tier in unavailable),
        held_by=held_by,
        wishes=wishes,
        since=since,
        until=None if since is None else since + int(settings.migration_delay),
    )


def _is_chosen_by_hand(history: ScaleHistory) -> bool:
    """Whether somebody, and not a score, has brought the project to where it is: then it stays there."""
    last = next((switch for switch in history.switches if not switch.reverted_by), None)
    return last is not None and last.after == history.tier and last.score is None


def _tiers_between(current: str, wanted: str) -> tuple[str, ...]:
    """The tiers from behind the first to the second, in that order."""
    start, end = TIERS.index(current), TIERS.index(wanted)
    return TIERS[start + 1 : end + 1] if end > start else tuple(reversed(TIERS[end:start]))


def find_retry_score(switch: Switch, settings: ScaleSettings) -> float | None:
    """The score from which on, or of a switch down to which, one that was taken back is made again; None: never."""
    if switch.score is None:
        return None
    sign = 1 if _is_below(switch.before, switch.after) else -1
    return switch.score * (1 + sign * settings.retry_growth)


def _find_hold(history: ScaleHistory, tier: str, total: float, settings: ScaleSettings) -> Switch | None:
    """The last switch to a tier, from the same side, where it was taken back and the score is still about the same."""
    is_up = _is_below(history.tier, tier)
    for switch in history.switches:
        if switch.after == tier and _is_below(switch.before, tier) == is_up:
            retry_score = find_retry_score(switch, settings)
            has_moved = retry_score is not None and (total >= retry_score if is_up else total <= retry_score)
            return switch if switch.reverted_by and not has_moved else None
    return None


def _is_below(one: str, other: str) -> bool:
    return TIERS.index(one) < TIERS.index(other)


def _find_reasons(metrics: ScaleMetrics, settings: ScaleSettings, current: str, wanted: str) -> tuple[Reason, ...]:
    if _is_below(wanted, current):
        left = _tiers_between(wanted, current)
        return tuple(reason for reason in iter_reasons(metrics, settings, current) if reason.tier in left)
    reasons = iter_reasons(metrics, settings, current)
    return tuple(reason for reason in reasons if reason.tier == wanted and reason.is_reached)
