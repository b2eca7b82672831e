"""Milestones that wait for each other: all of them, or as far as somebody's change made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from gitmilestone.planning.graph import turn_cycle

Edges = Mapping[str, Collection[str]]
"""Milestone -> what it waits for."""


def find_cycles(edges: Edges) -> list[list[str]]:
    """A cycle of each knot of milestones that wait for each other, sorted; O(milestones and edges).

    Returns:
        Paths that begin and end with the first id of their knot. What waits for itself is a cycle where it is on no
        other.
    """
    knots = _find_knots(edges)
    sizes = Counter(knots.values())
    cycles: dict[int, list[str]] = {}
    for name in sorted(edges):
        knot = knots[name]
        inside = (on for on in edges[name] if knots[on] == knot and (on != name or sizes[knot] == 1))
        if knot not in cycles and (on := min(inside, default="")):
            cycles[knot] = [name, *_find_path(on, name, edges, knots)]
    return list(cycles.values())


def find_made_cycles(made: Collection[tuple[str, str]], edges: Edges) -> list[list[str]]:
    """A cycle for each knot that has one of some edges on a cycle; O(milestones and edges).

    Args:
        made: (milestone, what it waits for), each among `edges`.

    Returns:
        Shortest paths through such an edge, ending where they begin, sorted.
    """
    knots = _find_knots(edges)
    cycles: dict[int, list[str]] = {}
    # What waits for itself tells nothing of those that it is in a knot with.
    for name, on in sorted(made, key=lambda edge: (edge[0] == edge[1], edge)):
        knot = knots.get(name)
        if knot is not None and knots.get(on) == knot and knot not in cycles:
            cycles[knot] = turn_cycle([name, *_find_path(on, name, edges, knots)])
    return sorted(cycles.values())


def _find_path(start: str, goal: str, edges: Edges, knots: Mapping[str, int]) -> list[str]:
    """From one milestone of a knot to another one of it, both included."""
    above: dict[str, str] = {start: ""}
    frontier = [start]
    while goal not in above:
        reached = []
        for name in frontier:
            for following in sorted(edges.get(name, ())):
                if following not in above and knots.get(following) == knots[goal]:
                    above[following] = name
                    reached.append(following)
        frontier = reached
    path = [goal]
    while above[path[-1]]:
        path.append(above[path[-1]])
    return path[::-1]


def _find_knots(edges: Edges) -> dict[str, int]:
    """Milestone -> a number that those have in common which can reach each other (Tarjan's algorithm, iterative)."""
    found: dict[str, int] = {}
    place: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    for start in edges:
        if start in place:
            continue
        pending: list[tuple[str, Iterator[str]]] = [(start, iter(edges[start]))]
        place[start] = lowest[start] = len(place)
        stack.append(start)
        while pending:
            name, following = pending[-1]
            on = next(following, None)
            if on is None:
                pending.pop()
                if pending:
                    above = pending[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == place[name]:
                    _close(name, stack, place[name], found)
            elif on not in place:
                place[on] = lowest[on] = len(place)
                stack.append(on)
                pending.append((on, iter(edges.get(on, ()))))
            elif on not in found:
                lowest[name] = min(lowest[name], place[on])
    return found


def _close(name: str, stack: list[str], number: int, found: dict[str, int]) -> None:
    while True:
        member = stack.pop()
        found[member] = number
        if member == name:
            return
