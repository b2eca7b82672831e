"""The dependency graph."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal, NamedTuple

Following = Callable[[str], Iterable[str]]
"""What is one step away from a milestone, in one direction."""


class Branch(NamedTuple):
    """A line of a graph that is drawn as trees.

    Attributes:
        above: What it branches off from; "" at the top of a tree.
        closing: For each level above it, whether the branch there is the last one; () at the top of a tree.
        mark: Why nothing is drawn below it: it closes a cycle; it is drawn elsewhere, above or below.
    """

    id: str
    above: str
    closing: tuple[bool, ...]
    mark: Literal["", "cycle", "above", "below"] = ""


def find_cycle(
    starts: Iterable[str], blockers_of: Callable[[str], Iterable[str]], finished: set[str] | None = None
) -> list[str] | None:
    """A cycle that can be reached from `starts`, as a path that ends where it begins; None where there is none.

    Iterative, so that no chain is too long; each milestone is looked at once.

    Args:
        finished: Milestones from which no cycle can be reached: not looked at, and added to.
    """
    finished = set() if finished is None else finished
    for start in starts:
        if start in finished:
            continue
        path: list[str] = [start]
        on_path: set[str] = {start}
        pending: list[Iterator[str]] = [iter(blockers_of(start))]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                done = path.pop()
                on_path.discard(done)
                finished.add(done)
            elif following in on_path:
                return [*path[path.index(following) :], following]
            elif following not in finished:
                path.append(following)
                on_path.add(following)
                pending.append(iter(blockers_of(following)))
    return None


def find_cycles(blockers: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """One cycle of each knot of milestones that wait for each other."""
    left = dict(blockers)
    cycles = []
    finished: set[str] = set()
    for start in sorted(blockers):
        while start in left and (cycle := find_cycle([start], lambda name: left.get(name, ()), finished)):
            cycles.append(cycle)
            for name in cycle:
                left.pop(name, None)
    return cycles


def turn_cycle(cycle: list[str]) -> list[str]:
    """The same cycle, beginning and ending with the first of its ids: whoever finds it tells it alike."""
    start = min(range(len(cycle) - 1), key=lambda place: cycle[place])
    return [*cycle[start:-1], *cycle[:start], cycle[start]]


def spread(roots: Iterable[str], dependents_of: Following) -> dict[str, str]:
    """Milestone -> the first of `roots` that it waits for, however far away; roots are their own. O(edges)."""
    found: dict[str, str] = {}
    for root in roots:
        pending = [root] if root not in found else []
        while pending:
            name = pending.pop()
            if name not in found:
                found[name] = root
                pending += dependents_of(name)
    return found


def iter_branches(starts: Iterable[str], following: Following, deepest: int) -> Iterator[Branch]:
    """Draws what can be reached from `starts`: a tree each, and every milestone's own branches once.

    A start that is drawn already is left out. Iterative; what lies deeper than `deepest` levels begins a tree of its
    own behind this one, so that lines stay short whatever the length of a chain.
    """
    drawn: set[str] = set()
    for start in starts:
        later = deque((start,))
        while later:
            name = later.popleft()
            if name not in drawn:
                yield from _iter_tree(name, following, deepest, drawn, later)


def _iter_tree(start: str, following: Following, deepest: int, drawn: set[str], later: deque[str]) -> Iterator[Branch]:
    drawn.add(start)
    yield Branch(start, "", ())
    path, on_path = [start], {start}
    pending = [_iter_last(following(start))]
    closing: tuple[bool, ...] = ()
    while pending:
        name, is_last = next(pending[-1], ("", False))
        if not name:
            pending.pop()
            on_path.discard(path.pop())
            closing = closing[:-1]
            continue
        below = list(following(name))
        branch = Branch(name, path[-1], (*closing, is_last))
        if name in on_path:
            yield branch._replace(mark="cycle")
        elif not below:
            drawn.add(name)
            yield branch
        elif name in drawn:
            yield branch._replace(mark="above")
        elif len(pending) == deepest:
            later.append(name)
            yield branch._replace(mark="below")
        else:
            drawn.add(name)
            yield branch
            path.append(name)
            on_path.add(name)
            pending.append(_iter_last(below))
            closing = branch.closing


def _iter_last(names: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each, and whether it is the last one."""
    listed: Collection[str] = list(names)
    return ((name, place == len(listed)) for place, name in enumerate(listed, 1))
