"""What was measured of the tiers on one machine -> the settings that it asks for."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gitmilestone.model.scale_settings import DEFAULTS
from gitmilestone.model.settings_table import SCORE

_COUNT = "milestone_count"
_POINTS = DEFAULTS["weights"][_COUNT]
_BEYOND = DEFAULTS["distributed"][SCORE] / DEFAULTS["postgresql"][SCORE]
_DIGITS = 2


class Costs(NamedTuple):
    """What one tier takes, in milliseconds.

    Attributes:
        questions: Question -> its answer.
        write: One change, committed, and the tier brought there.
    """

    questions: Mapping[str, float]
    write: float

    @property
    def slowest(self) -> float:
        return max(self.questions.values())


class Sample(NamedTuple):
    """All tiers at one size.

    Attributes:
        file: Every file parsed for each answer.
        sqlite: The index on disk, opened for each answer.
        postgresql: The mirror, connected to for each answer; None where there is no server.
        connected: The same over a connection that is there.
    """

    milestones: int
    file: Costs
    sqlite: Costs
    postgresql: Costs | None = None
    connected: Costs | None = None


class Limit(NamedTuple):
    """From how many milestones on a tier pays.

    Attributes:
        is_reached: False where it paid at no size that was measured, of which this is the largest.
    """

    milestones: int
    is_reached: bool


class Proposal(NamedTuple):
    sqlite: Limit
    postgresql: Limit

    @property
    def settings(self) -> dict[str, dict[str, int]]:
        """Group -> setting -> number, as in the `scale` section; a project of nothing but so many has that score."""
        limits = {"sqlite": self.sqlite.milestones, "postgresql": self.postgresql.milestones}
        found = {tier: {SCORE: int(_POINTS * count), _COUNT: count} for tier, count in limits.items()}
        return {**found, "distributed": {SCORE: int(_BEYOND * found["postgresql"][SCORE])}}


def propose(samples: Sequence[Sample], patience: float) -> Proposal:
    """Args:
    samples: At least one, by size.
    patience: Milliseconds that nobody minds.
    """
    sqlite = _find_limit(samples, lambda sample: sample.file.slowest - sample.sqlite.slowest - patience)
    postgresql = _find_limit(samples, lambda sample: _measure_need(sample, patience))
    # One behind the other, whatever was measured.
    return Proposal(sqlite, postgresql._replace(milestones=max(postgresql.milestones, 2 * sqlite.milestones)))


def _measure_need(sample: Sample, patience: float) -> float:
    """By how many milliseconds the index is slower than the mirror; where none was measured, than anybody's patience.

    An index that takes longer than that is no reason for a mirror that takes longer still.
    """
    return sample.sqlite.slowest - (sample.postgresql.slowest if sample.postgresql else patience)


def _find_limit(samples: Sequence[Sample], measure: Callable[[Sample], float]) -> Limit:
    """Where a measure that grows comes above 0, on a line between the sizes on both sides of it."""
    before: tuple[int, float] | None = None
    for sample in samples:
        value = measure(sample)
        if value > 0:
            count: float = sample.milestones
            if before is not None:
                part = -before[1] / (value - before[1])
                count = before[0] + part * (sample.milestones - before[0])
            return Limit(_round(count), True)
        before = (sample.milestones, value)
    return Limit(samples[-1].milestones, False)


def _round(number: float) -> int:
    """To as many digits as such a measurement is worth."""
    return max(int(float(f"{number:.{_DIGITS}g}")), 1)


def format_settings(proposal: Proposal) -> str:
    """The `scale` section of `config/project.yaml`, to be pasted."""
    groups = [
        "\n".join([f"  {group}:", *(f"    {name}: {number}" for name, number in numbers.items())])
        for group, numbers in proposal.settings.items()
    ]
    return "scale:\n" + "\n\n".join(groups) + "\n"
