"""Milestones that nobody has planned, to measure with: any number of them, the same ones each time."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from gitmilestone.model.milestone import PRIORITIES, Dependency, Milestone, Status, Task

WORD = "review"
"""In about every eighth description."""

LABEL = "area-3"
"""On every twentieth."""

_STATUSES: tuple[Status, ...] = (
    "planned", "planned", "planned", "in_progress", "in_progress", "blocked",
    "completed", "completed", "completed", "completed", "completed", "cancelled",
)  # fmt: skip
_STEPS = ("Draft it", "Agree on it with the others", "Build it", "Measure it", "Tell the users")
_COMMON = "the of and to a in is for that with as on by this be are from at or it not which can has have will was all"
_SYLLABLES = "al an be ca di el fi go hi in ju ka lo ma ne or pa qui ra so ta un va we"
_WORDS = 60  # in a description, on average

Words = tuple[Sequence[str], Sequence[str]]
"""Frequent ones, and the syllables of all others."""


def iter_specimens(seed: int = 1) -> Iterator[Milestone]:
    """As large as milestones usually are (about 900 bytes), without end; each depends on earlier ones alone."""
    chance = random.Random(seed)  # repeatable on purpose
    words = (_COMMON.split(), _SYLLABLES.split())
    recent: deque[str] = deque(maxlen=500)
    number = 0
    while True:
        milestone = _make(chance, number, words, recent)
        recent.append(milestone.id)
        yield milestone
        number += 1


def _make(chance: random.Random, number: int, words: Words, recent: deque[str]) -> Milestone:
    _, syllables = words
    start = date(2025, 1, 1) + timedelta(chance.randrange(700))
    steps = chance.randrange(len(_STEPS) + 1)
    status = chance.choice(_STATUSES)
    is_done = status == "completed"
    return Milestone(
        id=f"specimen-{number:06}",
        title=f"{_draw(chance, syllables).capitalize()} {_draw(chance, syllables)} {number}",
        status=status,
        project=f"project-{number % 40}",
        owner=f"person{chance.randrange(200)}@example.com",
        priority=chance.choice(PRIORITIES),
        start=start,
        due=start + timedelta(chance.randrange(10, 120)) if number % 11 else None,
        estimate=float(chance.randrange(1, 40)),
        created=datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        labels=(f"area-{number % 20}", f"team-{chance.randrange(8)}"),
        depends_on=(Dependency(chance.choice(recent)),) if recent and number % 3 == 0 else (),
        tasks=tuple(
            Task(f"step-{place}", _STEPS[place], "completed" if is_done else "planned", 1.0) for place in range(steps)
        ),
        description=_write(chance, number, words),
    )


def _write(chance: random.Random, number: int, words: Words) -> str:
    common, syllables = words
    count = min(8 + int(chance.expovariate(1 / _WORDS)), 400)
    drawn = [chance.choice(common) if chance.random() < 0.5 else _draw(chance, syllables) for _ in range(count)]
    if number % 8 == 5:
        drawn[count // 2] = WORD
    return "\n".join(" ".join(drawn[at : at + 14]).capitalize() + "." for at in range(0, count, 14)) + "\n"


def _draw(chance: random.Random, syllables: Sequence[str]) -> str:
    return "".join(chance.choices(syllables, k=chance.randrange(2, 5)))
