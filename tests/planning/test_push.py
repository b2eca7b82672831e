"""A shortfall is what its definition says, on any graph, and on any part of it that has what is waited for."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.planning.push import (
    LONGEST,
    Pushed,
    Shortfall,
    Waiting,
    find_dependents,
    find_pushed,
    find_shortfalls,
)

DAY = date(2027, 1, 1)
_NAMES = st.sampled_from("abcdefgh")
_DAYS = st.none() | st.integers(0, 12).map(lambda days: DAY + timedelta(days))
PLANS = st.dictionaries(
    _NAMES, st.builds(Waiting, _DAYS, st.lists(_NAMES, max_size=3, unique=True).map(tuple)), max_size=8
)


def day(number: int) -> date:
    return date(2027, 1, number)


def wait_for(plan: dict[str, Waiting], name: str) -> set[str]:
    """All that a milestone waits for, by the definition: the closure of its open blockers."""
    found: set[str] = set()
    pending = [on for on in plan[name].blockers if on in plan]
    while pending:
        on = pending.pop()
        if on not in found:
            found.add(on)
            pending += [other for other in plan[on].blockers if other in plan]
    return found


@given(PLANS)
def test_a_shortfall_is_what_it_is_defined_as(plan: dict[str, Waiting]) -> None:
    expected = {}
    for name, one in plan.items():
        days = [plan[on].due for on in wait_for(plan, name)]
        latest = max((due for due in days if due), default=None)
        if one.due and latest and one.due < latest:
            expected[name] = (latest - one.due).days
    found = find_shortfalls(plan)
    assert {name: shortfall.days for name, shortfall in found.items()} == expected
    for name, shortfall in found.items():
        first, *rest = shortfall.chain
        late, short = plan[first].due, plan[name].due
        assert late is not None
        assert short is not None
        assert shortfall.chain[-1] == name
        assert (late - short).days == shortfall.days
        for blocker, waiting in zip(shortfall.chain, rest, strict=False):
            assert blocker in plan[waiting].blockers
        assert len(set(shortfall.chain)) == len(shortfall.chain)


@given(PLANS, st.sets(_NAMES))
def test_what_is_waited_for_is_all_that_counts(plan: dict[str, Waiting], wanted: set[str]) -> None:
    asked = wanted & plan.keys()
    part = {name: plan[name] for name in asked.union(*(wait_for(plan, name) for name in asked))}
    whole = find_shortfalls(plan)
    days = {name: shortfall.days for name, shortfall in find_shortfalls(part).items()}
    assert days == {name: whole[name].days for name in part if name in whole}


@given(PLANS, PLANS)
def test_pushed_is_who_is_shorter_than_before(before: dict[str, Waiting], after: dict[str, Waiting]) -> None:
    assert find_pushed(after, after) == []
    old, new = find_shortfalls(before), find_shortfalls(after)
    for one in find_pushed(before, after):
        assert one.days == new[one.id].days > one.days_before == (old[one.id].days if one.id in old else 0)
        assert one.due == after[one.id].due
    assert {one.id for one in find_pushed({}, after)} == new.keys()


@given(PLANS)
def test_dependents_are_the_other_way_round(plan: dict[str, Waiting]) -> None:
    found = find_dependents(plan, plan)
    for name in plan:
        assert found[name] == sorted(other for other in plan if other != name and name in wait_for(plan, other))


def test_of_many_dependents_the_nearest_are_found() -> None:
    chain = {f"m{number:04}": Waiting(None, (f"m{number - 1:04}",)) for number in range(1, 1000)} | {
        "m0000": Waiting(None)
    }
    assert find_dependents(["m0000"], chain)["m0000"] == [f"m{number:04}" for number in range(1, LONGEST + 1)]


def test_the_example() -> None:
    plan = {"store": Waiting(day(10)), "login": Waiting(None, ("store",)), "ship": Waiting(day(7), ("login", "gone"))}
    assert find_shortfalls(plan) == {"ship": Shortfall(3, ("store", "login", "ship"))}
    earlier = {**plan, "store": Waiting(day(8))}
    assert find_pushed(earlier, plan) == [Pushed("ship", day(7), 3, 1, ("store", "login", "ship"))]
    # Who comes later than what it waits for takes the push up.
    plan["login"] = Waiting(day(12), ("store",))
    assert find_shortfalls(plan) == {"ship": Shortfall(5, ("login", "ship"))}


def test_cycles_end_and_chains_may_be_long() -> None:
    ring = {"a": Waiting(day(1), ("b",)), "b": Waiting(day(3), ("a",))}
    assert find_shortfalls(ring) == {"a": Shortfall(2, ("b", "a"))}
    chain = {f"m{n}": Waiting(None if n % 2 else day(1), (f"m{n + 1}",)) for n in range(50_000)}
    chain["m50000"] = Waiting(day(2))
    found = find_shortfalls(chain)
    assert len(found) == 25_000
    assert found["m0"].chain == ("m50000", *(f"m{n}" for n in range(LONGEST - 2, -1, -1)))
