"""The dependency graph."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

Following = Callable[[str], Iterable[str]]
"""What is one step away from a milestone, in one direction."""

_ENDS = 5
"""Ids of a path that are told at each of its ends."""


class Branch(NamedTuple):
    """A line of a graph that is drawn as trees.

    Attributes:
        id: "" of a line that stands for several.
        above: What it branches off from; "" at the top of a tree.
        closing: For each level above it, whether the branch there is the last one; () at the top of a tree.
        mark: Why nothing is drawn below it: it closes a cycle; it is drawn elsewhere, above or below; or it stands for
            the `left_out` other branches here, which are all drawn elsewhere.
    """

    id: str
    above: str
    closing: tuple[bool, ...]
    mark: Literal["", "cycle", "above", "below", "more"] = ""
    left_out: int = 0


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


def turn_cycle(cycle: list[str]) -> list[str]:
    """The same cycle, beginning and ending with the first of its ids: whoever finds it tells it alike."""
    start = min(range(len(cycle) - 1), key=lambda place: cycle[place])
    return [*cycle[start:-1], *cycle[:start], cycle[start]]


def describe_path(path: Sequence[str]) -> str:
    """In one line: of a long path the ends, and how many are between them."""
    if len(path) <= 2 * _ENDS + 1:
        return " -> ".join(path)
    between = f"... {len(path) - 2 * _ENDS} more ..."
    return " -> ".join((*path[:_ENDS], between, *path[-_ENDS:]))


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


def iter_branches(
    starts: Iterable[str], following: Following, deepest: int, most: int | None = None
) -> Iterator[Branch]:
    """Draws what can be reached from `starts`: a tree each, and every milestone's own branches once.

    A start that is drawn already is left out. Iterative; what lies deeper than `deepest` levels begins a tree of its
    own behind this one, so that lines stay short whatever the length of a chain. O(edges).

    Args:
        most: Of a milestone's branches that are drawn elsewhere, all others stand in one line: as many lines as
            milestones then, whatever the number of edges. None draws all.
    """
    trees = _Trees(following, deepest, most)
    for start in starts:
        trees.later.append(start)
        while trees.later:
            name = trees.later.popleft()
            if name not in trees.drawn:
                yield from trees.iter_tree(name)


class _Trees:
    """Attributes:
    drawn: Whose own branches have a place.
    later: What is to begin a tree of its own.
    """

    def __init__(self, following: Following, deepest: int, most: int | None) -> None:
        self._following = following
        self._deepest = deepest
        self._most = most
        self.drawn: set[str] = set()
        self.later: deque[str] = deque()

    def iter_tree(self, start: str) -> Iterator[Branch]:
        self.drawn.add(start)
        yield Branch(start, "", ())
        path = {start: None}  # in its order
        pending = [self._iter_below(Branch(start, "", ()), path)]
        while pending:
            branch = next(pending[-1], None)
            if branch is None:
                pending.pop()
                path.popitem()
                continue
            yield branch
            if not branch.mark and self._has_branches(branch.id):
                path[branch.id] = None
                pending.append(self._iter_below(branch, path))

    def _iter_below(self, top: Branch, path: Collection[str]) -> Iterator[Branch]:
        """The branches of one that is drawn here, each as it is when its turn comes."""
        names = list(self._following(top.id))
        elsewhere = left = 0
        for place, name in enumerate(names, 1):
            is_drawn = name in self.drawn
            mark = self._mark(name, len(top.closing) + 1, path)
            is_elsewhere = mark != "cycle" and (is_drawn or mark == "below")
            elsewhere += is_elsewhere
            if is_elsewhere and self._most is not None and elsewhere > self._most:
                left += 1
            else:
                yield Branch(name, top.id, (*top.closing, place == len(names) and not left), mark)
        if left:
            yield Branch("", top.id, (*top.closing, True), "more", left)

    def _mark(self, name: str, level: int, path: Collection[str]) -> Literal["", "cycle", "above", "below"]:
        if name in path:
            return "cycle"
        if self._has_branches(name):
            if name in self.drawn:
                return "above"
            if level == self._deepest:
                self.later.append(name)
                return "below"
        self.drawn.add(name)
        return ""

    def _has_branches(self, name: str) -> bool:
        return next(iter(self._following(name)), None) is not None
