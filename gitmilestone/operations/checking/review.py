"""What a branch would do to the milestones of the branch that it is to be merged into."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from gitmilestone.model.change import Change, FieldChange
from gitmilestone.model.layout import find_place
from gitmilestone.model.link import Link
from gitmilestone.model.merging.merge import merge
from gitmilestone.model.merging.strays import Stray
from gitmilestone.model.milestone import CLOSED_STATUSES, Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.model.rules import LATE
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.checking.check_change import check_change, find_gate
from gitmilestone.operations.checking.review_graph import Consequences, find_consequences
from gitmilestone.operations.checking.strays import foresee_strays
from gitmilestone.planning.push import Pushed
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.asking.forks import Span, get_merge_base, get_sides, merge_by_lines
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store

_KINDS = {
    "planned": "planned",
    "in_progress": "started",
    "blocked": "blocked",
    "completed": "completed",
    "cancelled": "cancelled",
}


class StatusMove(NamedTuple):
    """Attributes:
    waiting: The open milestones that wait for it, directly or not, where it now holds them up anew;
        of more than `planning.push.LONGEST` the nearest.
    """

    id: str
    title: str
    old: str
    new: str
    waiting: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`completed`, `cancelled`, `reopened`, `started`, `blocked`; `planned` where an open one goes back to that."""
        return "reopened" if self.old in CLOSED_STATUSES and self.new not in CLOSED_STATUSES else _KINDS[self.new]


class DateMove(NamedTuple):
    """`field` is `due` or `start`; None where the day is not set."""

    id: str
    title: str
    field: str
    old: date | None
    new: date | None

    @property
    def days(self) -> int:
        """How much later it is; 0 where it was set or unset."""
        return (self.new - self.old).days if self.old and self.new else 0


class Changed(NamedTuple):
    """Some fields of a milestone that differ."""

    id: str
    title: str
    fields: tuple[FieldChange, ...]


class Clash(NamedTuple):
    """What both branches changed, each in its own way.

    Attributes:
        field: As in `model.merge.Conflict`; "" where one of them removed the milestone.
        ours, theirs: The value there in the target, and in the branch; None where it is unset or absent.
    """

    id: str
    title: str
    field: str
    base: Any
    ours: Any
    theirs: Any


class Review(NamedTuple):
    """Everything in order of id, but `pushed`, which has the shortest of time first.

    Attributes:
        target, head, base: Oids of commits; `base` is where `head` left `target`, and what it is compared with.
        statuses, dates, scope, progress, owners, others: Of milestones that are on both sides: each field that
            differs is in one of them. `scope` is project, estimate, and which tasks of what weight; `progress` how
            far tasks are; `others` what is none of these.
        made, broken: Dependencies, those of added and removed milestones too.
        pushed: What a change makes due before something that it waits for; see `planning.push`.
        cycles: That would be there after a merge, and are not in `target`; each ends where it begins.
        conflicts: With what `target` changed since `base`.
        text_conflicts: Paths below `.milestones/` in which git's own merge stops; None where git can't say.
        strays: Edits that git's own merge drops, or gives to another milestone, and says nothing.
        problems: That the branch makes.
        titles: Of every milestone that is only named: id -> title.
    """

    target: str
    head: str
    base: str
    added: tuple[Milestone, ...] = ()
    removed: tuple[Milestone, ...] = ()
    statuses: tuple[StatusMove, ...] = ()
    dates: tuple[DateMove, ...] = ()
    scope: tuple[Changed, ...] = ()
    progress: tuple[Changed, ...] = ()
    owners: tuple[Changed, ...] = ()
    others: tuple[Changed, ...] = ()
    made: tuple[Link, ...] = ()
    broken: tuple[Link, ...] = ()
    pushed: tuple[Pushed, ...] = ()
    cycles: tuple[tuple[str, ...], ...] = ()
    conflicts: tuple[Clash, ...] = ()
    text_conflicts: tuple[str, ...] | None = ()
    strays: tuple[Stray, ...] = ()
    problems: tuple[Problem, ...] = ()
    titles: Mapping[str, str] = {}


def review(store: Store, text: str, watch: Watch = SILENT) -> Review:
    """Reviews what a branch changed since it left its target. The cost follows what both changed since.

    Args:
        text: `TARGET..BRANCH` (three dots mean the same), or `BRANCH` alone, whose target is found as `get_target`
            says; HEAD stands for a side that is left out.

    Raises:
        UnknownRevision, EnvironmentFault: There is no common past, or it is not in this clone.
    """
    target, head = get_sides(store, text)
    base = get_merge_base(store, target, head)
    old, new, other = store.files_at(base), store.files_at(head), store.files_at(target)
    mine = diff(store, old, new).changes
    theirs = {change.id: change for change in diff(store, old, other).changes}
    found = find_consequences(store, new, mine, theirs, watch)
    conflicts = [clash for change in mine if change.id in theirs for clash in _find_clashes(change, theirs[change.id])]
    clashing = {clash.id for clash in conflicts}
    joined = merge_by_lines(store, target, head)
    return _describe(mine, found)._replace(
        target=target,
        head=head,
        base=base,
        conflicts=tuple(conflicts),
        text_conflicts=None
        if joined is None
        else tuple(path for path in joined.conflicts if not ((place := find_place(path)) and place.id in clashing)),
        strays=tuple(foresee_strays(store, target, head, joined)) if joined and theirs else (),
        problems=tuple(_find_problems(store, old, new, other, Span(base, head), watch)),
    )


def _describe(changes: Sequence[Change], found: Consequences) -> Review:
    both = [(change, change.old, change.new) for change in changes if change.old and change.new]
    links = [(change.id, field) for change in changes for field in change.fields() if field.field == "depends_on"]
    kinds = {change.id: _sort_fields(change) for change, _, _ in both}

    def choose(kind: str) -> tuple[Changed, ...]:
        return tuple(
            Changed(change.id, new.title, kinds[change.id][kind]) for change, _, new in both if kind in kinds[change.id]
        )

    return Review(
        target="",
        head="",
        base="",
        added=tuple(change.new for change in changes if change.old is None and change.new),
        removed=tuple(change.old for change in changes if change.new is None and change.old),
        statuses=tuple(
            StatusMove(old.id, new.title, old.status, new.status, found.waiting.get(old.id, ()))
            for _, old, new in both
            if old.status != new.status
        ),
        dates=tuple(
            DateMove(old.id, new.title, name, getattr(old, name), getattr(new, name))
            for _, old, new in both
            for name in ("due", "start")
            if getattr(old, name) != getattr(new, name)
        ),
        scope=choose("scope"),
        progress=choose("progress"),
        owners=choose("owners"),
        others=choose("others"),
        made=tuple(Link(name, field.new.id, field.new.type) for name, field in links if field.new),
        broken=tuple(Link(name, field.old.id, field.old.type) for name, field in links if field.old),
        pushed=found.pushed,
        cycles=found.cycles,
        titles={**found.titles, **{name: one.title for name, one in _iter_newest(changes)}},
    )


def _sort_fields(change: Change) -> dict[str, tuple[FieldChange, ...]]:
    """The fields that differ, by the part of a review that tells them; "" is told by whole milestones."""
    kinds: dict[str, tuple[FieldChange, ...]] = {}
    for field in change.fields():
        kind = _find_kind(field)
        kinds[kind] = (*kinds.get(kind, ()), field)
    # The order of its tasks, or keys in them that are no field, have no line of their own.
    return kinds or {"others": ()}


def _iter_newest(changes: Iterable[Change]) -> Iterable[tuple[str, Milestone]]:
    return ((change.id, one) for change in changes if (one := change.new or change.old))


def _find_kind(change: FieldChange) -> str:
    name = change.field
    if not name.startswith("tasks."):
        if name in ("status", "due", "start", "depends_on"):
            return ""
        return "scope" if name in ("project", "estimate") else "owners" if name == "owner" else "others"
    key = name.rpartition(".")[2]
    # The ids of tasks may have dots too: where a whole one is told, its title is.
    if key == "status" and change.old and change.new:
        return "progress"
    if key == "completed" and not (isinstance(change.old, str) or isinstance(change.new, str)):
        return "progress"
    return "others" if key == "title" and change.old and change.new else "scope"


def _find_clashes(mine: Change, theirs: Change) -> list[Clash]:
    """Of a milestone that both branches changed."""
    newest = mine.new or theirs.new or mine.old
    title = newest.title if newest else ""
    if mine.new == theirs.new:
        return []
    if mine.new is None or theirs.new is None:
        return [Clash(mine.id, title, "", mine.old, theirs.new, mine.new)]
    conflicts = merge(mine.old, theirs.new, mine.new).conflicts
    return [Clash(mine.id, title, one.field, one.base, one.ours, one.theirs) for one in conflicts]


def _find_problems(
    store: Store, old: TreeFiles, new: TreeFiles, target: TreeFiles, span: Span, watch: Watch
) -> list[Problem]:
    changed = [path for path, _, _ in store.iter_changed(old, new)]
    gate = find_gate(target, new)
    found = check_change(store, old, new, changed, watch, span, gate=gate).problems if changed else ()
    # Cycles are told with the target's changes in them, and with what is pushed, whom that holds up.
    return [one for one in found if one.code != "dependency-cycle" and (one.code, one.severity) != (LATE, "warning")]
