"""What can be worked on, and what holds up the rest: the blockers of other repositories count here."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from gitmilestone.derived.answers import Unserved
from gitmilestone.derived.engine import Engine
from gitmilestone.model.link import Outline
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.across import Elsewhere, read_across
from gitmilestone.operations.asking.query import COUNTED, place
from gitmilestone.planning.graph import spread
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import BLOCKED, OPEN, READY, Condition, Group, Query, Term
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store

Reason = Literal["", "by hand", "elsewhere", "unknown", "cycle"]


class Ready(NamedTuple):
    """Attributes:
    rows: In the query's order.
    hidden: How many there are behind them; counting ends at COUNTED.
    blocked: How many of the open ones that the query is about are held up, where none is ready.
    served: How many milestones could be read.
    """

    rows: list[Row]
    hidden: int
    blocked: int
    served: int
    unserved: Unserved


class Held(NamedTuple):
    """An open milestone that is held up.

    Attributes:
        waits_for: The milestones that have to be closed before it, sorted by id.
        start_with: Where its chain begins: of all that it waits for, directly or not, what can be worked on and comes
            first in the order of `list`; else whatever else holds it up; None on a cycle.
        reason: Why nobody here can work on that: "" where somebody can.
    """

    row: Row
    waits_for: tuple[Outline, ...]
    start_with: Outline | None
    reason: Reason


class Blocked(NamedTuple):
    """Attributes:
    held: In the query's order.
    hidden, served: As in Ready.
    """

    held: list[Held]
    hidden: int
    served: int
    unserved: Unserved


def find_ready(store: Store, files: Files, query: Query, watch: Watch = SILENT, *, after: str | None = None) -> Ready:
    """The open milestones of a query that neither a hand nor another milestone holds up. Its cost follows the rows.

    Args:
        after: Id of a milestone: only what follows it in the query's order.

    Raises:
        MilestoneNotFound: There is none that is called `after`.
    """

    def read(index: Engine, elsewhere: Elsewhere) -> Ready:
        held = _find_held(index, elsewhere)
        wanted = place(index, query._replace(where=_both(query.where, READY)), after)
        end = None if query.limit is None else query.offset + query.limit
        found = index.iter_rows(wanted._replace(limit=None if end is None else end + len(held), offset=0))
        rows = list(islice((row for row in found if row.milestone.id not in held), query.offset, end))
        hidden = 0 if end is None else _count_behind(index, wanted, held, end)
        asked = query._replace(where=_both(query.where, OPEN))
        return Ready(rows, hidden, 0 if rows else index.count(asked), index.milestones, index.unserved())

    return read_across(store, files, read, watch)


def find_blocked(
    store: Store, files: Files, query: Query, watch: Watch = SILENT, *, after: str | None = None
) -> Blocked:
    """The open milestones of a query that are held up, each with what it waits for.

    Its cost follows the rows, and what they wait for. Raises as `find_ready`.
    """

    def read(index: Engine, elsewhere: Elsewhere) -> Blocked:
        held = _find_held(index, elsewhere)
        # Whoever waits for another repository is not blocked as far as this tree says.
        waiting: Condition = Group("or", (BLOCKED, Term("depends_on", "set"))) if held else BLOCKED
        wanted = place(index, query._replace(where=Group("and", (query.where, OPEN, waiting))), after)
        found = index.iter_rows(wanted._replace(limit=None, offset=0))
        rows = (row for row in found if row.is_blocked or row.milestone.id in held)
        page = list(islice(rows, query.offset, None if query.limit is None else query.offset + query.limit))
        hidden = sum(1 for _ in islice(rows, COUNTED))
        return Blocked(_Chains(index, elsewhere, held).explain(page), hidden, index.milestones, index.unserved())

    return read_across(store, files, read, watch)


def _both(first: Condition, second: Condition) -> Condition:
    return Group("and", (first, second))


def _count_behind(index: Engine, wanted: Query, left_out: Collection[str], end: int) -> int:
    bound = end + len(left_out) + COUNTED
    found = index.iter_ids(wanted._replace(limit=bound, offset=0))
    names = (name for name in found if name not in left_out)
    return sum(1 for _ in islice(names, end, end + COUNTED))


def _find_held(index: Engine, elsewhere: Elsewhere) -> dict[str, list[Outline]]:
    """Milestone -> what it waits for in other repositories: what is open there, or not known."""
    held: dict[str, list[Outline]] = {}
    for link in index.foreign_links():
        outline = elsewhere.outlines.get(link.on) or Outline(link.on)
        if link.type == "blocks" and (outline.is_open or not outline.is_known):
            held.setdefault(link.id, []).append(outline)
    return held


class _Chains:
    """What some milestones wait for, as far as it goes."""

    def __init__(self, index: Engine, elsewhere: Elsewhere, held: Mapping[str, Sequence[Outline]]) -> None:
        self._index = index
        self._elsewhere = elsewhere
        self._held = held
        self._outlines: dict[str, Outline] = {}
        self._blockers: dict[str, list[str]] = {}
        self._dependents: dict[str, list[str]] = {}

    def explain(self, rows: Sequence[Row]) -> list[Held]:
        self._walk([row.milestone.id for row in rows])
        reasons = {name: self._reason(outline) for name, outline in self._outlines.items() if self._is_root(outline)}
        ranks: dict[Reason, int] = {"": 0, "elsewhere": 1, "unknown": 2, "by hand": 3}
        order = sorted(reasons, key=lambda name: (ranks[reasons[name]], self._outlines[name].place))
        starts = spread(order, lambda name: self._dependents.get(name, ()))
        return [self._tell(row, starts.get(row.milestone.id), reasons) for row in rows]

    def _tell(self, row: Row, start: str | None, reasons: Mapping[str, Reason]) -> Held:
        waits_for = tuple(self._outlines[name] for name in sorted(self._blockers.get(row.milestone.id, ())))
        return Held(row, waits_for, self._outlines[start] if start else None, reasons[start] if start else "cycle")

    def _is_root(self, outline: Outline) -> bool:
        return not self._blockers.get(outline.id)

    def _reason(self, outline: Outline) -> Reason:
        if ":" in outline.id:
            return "elsewhere" if outline.is_known else "unknown"
        return "by hand" if outline.status == "blocked" else ""

    def _walk(self, ids: Collection[str]) -> None:
        """Level by level: each is one look at the index."""
        frontier = {outline.id: outline for outline in self._index.iter_outlines(sorted(ids))}
        while frontier:
            self._outlines |= frontier
            links = [link for link in self._index.links_of(sorted(frontier)) if link.type == "blocks"]
            ahead = {link.on for link in links if ":" not in link.on} - self._outlines.keys()
            found = {outline.id: outline for outline in self._index.iter_outlines(sorted(ahead)) if outline.is_open}
            for name in frontier:
                self._add(name, self._held.get(name, ()))
            for link in links:
                blocker = found.get(link.on) or self._outlines.get(link.on)
                if blocker and ":" not in link.on:
                    self._add(link.id, (blocker,))
            frontier = found

    def _add(self, name: str, blockers: Iterable[Outline]) -> None:
        for blocker in blockers:
            self._outlines.setdefault(blocker.id, blocker)
            self._blockers.setdefault(name, []).append(blocker.id)
            self._dependents.setdefault(blocker.id, []).append(name)
