"""What a change of dates pushes later among whatever waits for it."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

LONGEST = 100
"""Of a chain that is told, and of those that wait: nobody reads more, and all together would grow with the square."""


class Waiting(NamedTuple):
    """An open milestone, as a plan sees it.

    Attributes:
        blockers: The ids that must be closed before it; those that are not open hold nothing up.
    """

    due: date | None
    blockers: tuple[str, ...] = ()


class Shortfall(NamedTuple):
    """Attributes:
    days: More than 0.
    chain: From the milestone that comes too late, over what waits for it, to the one that is short: a shortest one.
        Of one that is longer than LONGEST, the first and the last.
    """

    days: int
    chain: tuple[str, ...]


class Pushed(NamedTuple):
    """A milestone that a change has made short, or shorter.

    Attributes:
        days, chain: Of its shortfall now.
        days_before: Of the one before the change; 0 where it had none.
    """

    id: str
    due: date
    days: int
    days_before: int
    chain: tuple[str, ...]


def find_shortfalls(plan: Mapping[str, Waiting]) -> dict[str, Shortfall]:
    """The milestones that are due before something that they wait for. O(milestones and dependencies).

    A milestone is short by the days between its due day and the latest due day among the open milestones that it
    waits for, directly or not. Where `store` is due on the 10th, `login`, which waits for it, on no day, and `ship`,
    which waits for that, on the 7th, `ship` is short by 3 days, along `store`, `login`, `ship`.

    Args:
        plan: Every open milestone, or at least all that some of them wait for, directly or not: of those, the answer
            is the same. Cycles end.
    """
    dependents: dict[str, list[str]] = {}
    for name in sorted(plan):
        for blocker in plan[name].blockers:
            dependents.setdefault(blocker, []).append(name)
    # The latest first: whoever has been reached waits for nothing later than what has reached it.
    above: dict[str, str | None] = {}
    sources: dict[str, str] = {}
    latest: dict[str, date] = {}
    dated = sorted((-one.due.toordinal(), name) for name, one in plan.items() if one.due)
    for ordinal, group in groupby(dated, key=lambda pair: pair[0]):
        frontier = [name for _, name in group if name not in above]
        above |= dict.fromkeys(frontier)
        sources |= zip(frontier, frontier, strict=True)
        while frontier:
            reached = []
            for name in frontier:
                latest[name] = date.fromordinal(-ordinal)
                for dependent in dependents.get(name, ()):
                    if dependent not in above:
                        above[dependent] = name
                        sources[dependent] = sources[name]
                        reached.append(dependent)
            frontier = reached
    found = {}
    for name, day in latest.items():
        due = plan[name].due
        if due and due < day:
            found[name] = Shortfall((day - due).days, _follow(name, above, sources[name]))
    return found


def find_pushed(before: Mapping[str, Waiting], after: Mapping[str, Waiting]) -> list[Pushed]:
    """The milestones that are short by more days than they were, the shortest of time first."""
    old, new = find_shortfalls(before), find_shortfalls(after)
    pushed = []
    for name, shortfall in new.items():
        days_before = old[name].days if name in old else 0
        due = after[name].due
        if due and shortfall.days > days_before:
            pushed.append(Pushed(name, due, shortfall.days, days_before, shortfall.chain))
    return sorted(pushed, key=lambda one: (-one.days, one.id))


def find_dependents(names: Iterable[str], plan: Mapping[str, Waiting]) -> dict[str, list[str]]:
    """Milestone -> open ones that wait for it, directly or not, the nearest LONGEST; sorted, without itself.

    O(milestones and dependencies): all that wait for each of many milestones would be the square of that.
    """
    dependents: dict[str, list[str]] = {}
    for name, one in plan.items():
        for blocker in one.blockers:
            dependents.setdefault(blocker, []).append(name)
    return {name: sorted(_find_nearest(name, dependents)) for name in names}


def _find_nearest(name: str, dependents: Mapping[str, Sequence[str]]) -> Collection[str]:
    seen = {name: None}
    pending = deque(seen)
    while pending and len(seen) <= LONGEST:
        for other in dependents.get(pending.popleft(), ()):
            if other not in seen and len(seen) <= LONGEST:
                seen[other] = None
                pending.append(other)
    return seen.keys() - {name}


def _follow(name: str, above: Mapping[str, str | None], source: str) -> tuple[str, ...]:
    chain = [name]
    while (following := above[chain[-1]]) is not None:
        if len(chain) == LONGEST - 1:
            chain.append(source)
            break
        chain.append(following)
    return tuple(reversed(chain))
