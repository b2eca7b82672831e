"""The dependency graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


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
