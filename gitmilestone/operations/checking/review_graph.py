"""What follows from changed milestones for those that wait for them."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from gitmilestone.derived.engine import Engine
from gitmilestone.model.change import Change
from gitmilestone.model.link import Outline
from gitmilestone.model.merging.merge import merge
from gitmilestone.model.milestone import Milestone
from gitmilestone.planning.knots import find_made_cycles
from gitmilestone.planning.push import Pushed, Waiting, find_dependents, find_pushed
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.answer import read_ready
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store

Blockers = dict[str, tuple[str, ...]]


class Consequences(NamedTuple):
    """Attributes:
    waiting: Milestone that was reopened or blocked -> open ones that wait for it, as `find_dependents` lists them.
    pushed, cycles: As in a review.
    titles: Of those that are named.
    """

    pushed: tuple[Pushed, ...] = ()
    cycles: tuple[tuple[str, ...], ...] = ()
    waiting: Mapping[str, tuple[str, ...]] = {}
    titles: Mapping[str, str] = {}


def find_consequences(
    store: Store, files: Files, mine: Sequence[Change], theirs: Mapping[str, Change], watch: Watch = SILENT
) -> Consequences:
    """What a branch's changes do to the milestones around them; O(what waits for these, and what all that waits for).

    Args:
        files: Of the branch.
        mine: What the branch changed.
        theirs: What its target changed meanwhile, by id.
    """
    causes = {change.id for change in mine if _weight(change.old) != _weight(change.new)}
    held = {change.id for change in mine if _holds_anew(change)}
    gained = {(change.id, on) for change in mine for on in _find_gained(change)}
    if not (causes or held or gained):
        return Consequences()

    def read(index: Engine) -> Consequences:
        part = _Part(index)
        before, after = part.read_plans(causes | held, mine)
        waiting = find_dependents(held, after)
        pushed = find_pushed(before, after)
        cycles = find_made_cycles(*part.read_merged(gained, mine, theirs)) if gained else []
        told = [cycle for cycle in cycles if len(cycle) > 2]  # a self-dependency is a problem of its own
        named = {name for chain in (*(one.chain for one in pushed), *told, *waiting.values()) for name in chain}
        return Consequences(
            tuple(pushed),
            tuple(map(tuple, told)),
            {name: tuple(others) for name, others in waiting.items()},
            {outline.id: outline.title for outline in index.iter_outlines(sorted(named))},
        )

    return read_ready(store, files, read, watch)


def _weight(one: Milestone | None) -> tuple[object, ...]:
    """What of a milestone has a say in when others can be reached."""
    return (one.due, one.is_open, sorted(one.blockers)) if one and one.is_open else (None, False)


def _find_gained(change: Change) -> Iterable[str]:
    """What it waits for since the change."""
    held = frozenset(change.old.blockers if change.old else ())
    return (on for on in change.new.blockers if on not in held) if change.new else ()


def _holds_anew(change: Change) -> bool:
    old, new = change.old, change.new
    if old is None or new is None or not new.is_open:
        return False
    return not old.is_open or (new.status == "blocked" != old.status)


class _Part:
    """As much of the graph as changes have a say in. What is not changed is alike on all sides."""

    def __init__(self, index: Engine) -> None:
        self._index = index

    def read_plans(
        self, changed: Collection[str], mine: Sequence[Change]
    ) -> tuple[dict[str, Waiting], dict[str, Waiting]]:
        """The open milestones before and after the changes: those changed, all that waits for them, and all that these
        wait for."""
        olds = {change.id: change.old for change in mine}
        dropped = {name: old.blockers for name, old in olds.items() if old}
        blockers = self._close(self._find_dependents(changed), dropped)
        after = {
            outline.id: Waiting(outline.due, blockers.get(outline.id, ()))
            for outline in self._find_outlines(blockers)
            if outline.is_open
        }
        before = {name: one for name, one in after.items() if name not in olds}
        before |= {
            name: Waiting(old.due, old.blockers)
            for name, old in olds.items()
            if old and old.is_open and name in blockers
        }
        return before, after

    def read_merged(
        self, gained: Collection[tuple[str, str]], mine: Sequence[Change], theirs: Mapping[str, Change]
    ) -> tuple[list[tuple[str, str]], Blockers]:
        """Those of the edges that a merge would bring into the target, and all that can be reached from them there."""
        merged: Blockers = {name: change.new.blockers if change.new else () for name, change in theirs.items()}
        for change in mine:
            merged[change.id] = _join(change, theirs.get(change.id))
        grown = {name for name, _ in gained}
        held = {name: frozenset(new.blockers) for name in grown if name in theirs and (new := theirs[name].new)}
        kept = {name: frozenset(merged[name]) - held.get(name, frozenset()) for name in grown}
        made = [(name, on) for name, on in gained if on in kept[name]]
        return made, self._close({name for name, _ in made}, {}, merged)

    def _find_dependents(self, names: Collection[str]) -> set[str]:
        """With themselves. That of what is closed as well is harmless: only open ones become part of a plan."""
        seen, frontier = set(names), sorted(names)
        while frontier:
            links = self._index.links_on(frontier)
            frontier = sorted({link.id for link in links if link.type == "blocks"} - seen)
            seen.update(frontier)
        return seen

    def _close(
        self, names: Iterable[str], also: Mapping[str, Sequence[str]], instead: Mapping[str, Sequence[str]] = {}
    ) -> Blockers:
        """Milestone -> its blockers, of these and of all that they wait for.

        Args:
            also: Blockers that are followed as well.
            instead: Blockers that take the place of what the index says.
        """
        found: Blockers = {}
        frontier = set(names)
        while frontier:
            asked = sorted(name for name in frontier if name not in instead)
            held: dict[str, list[str]] = {name: [*instead.get(name, ())] for name in frontier}
            for link in self._index.links_of(asked):
                if link.type == "blocks" and ":" not in link.on:
                    held[link.id].append(link.on)
            found |= {name: tuple(on) for name, on in held.items()}
            ahead = {on for name in frontier for on in (*held[name], *also.get(name, ()))}
            frontier = ahead - found.keys()
        return found

    def _find_outlines(self, names: Iterable[str]) -> Iterable[Outline]:
        return self._index.iter_outlines(sorted(names))


def _join(change: Change, other: Change | None) -> tuple[str, ...]:
    """For what a milestone waits once both branches are merged."""
    if change.new is None or (other and other.new is None):
        return ()
    return merge(change.old, other.new, change.new).milestone.blockers if other and other.new else change.new.blockers
