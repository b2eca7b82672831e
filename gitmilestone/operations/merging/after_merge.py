"""What follows a merge, a pull or a rebase: what changed is told, and what is derived is brought along."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitmilestone.derived.database import IndexFile, read_index
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import MilestoneError
from gitmilestone.model.change import Change
from gitmilestone.model.layout import find_place
from gitmilestone.model.problem import Problem
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.carry_out import follow_write
from gitmilestone.operations.checking.check_change import check_change
from gitmilestone.operations.checking.strays import find_stray_problems, tell_strays
from gitmilestone.operations.scaling.measure import take_sizes, weigh
from gitmilestone.operations.scaling.pace import is_time
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.asking.forks import Span
from gitmilestone.store.asking.merges import iter_picks
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.refs import find_unfinished
from gitmilestone.store.store import Store
from gitmilestone.tiers.table import find_tier, get_tier, iter_tiers
from gitmilestone.tiers.tier import Tier

_READ_AT_MOST = 200
_MADE_BY_MERGES = ("dangling-dependency", "due-before-blocker", "open-tasks")
"""Warnings that are nobody's slip: both sides were right until they met."""


class Arrived(NamedTuple):
    """Attributes:
    total: How many milestones are not what they were.
    changes: Of all of them, or of none where they are many.
    problems: Errors that came with them, and what the merge itself left crooked.
    """

    total: int
    changes: Sequence[Change]
    problems: Sequence[Problem]


def look_at_arrived(store: Store, before: str, after: str, rewritten: Iterable[tuple[str, str]] = ()) -> Arrived:
    """What differs between two commits; what is wrong with it is looked up where it is not much.

    Args:
        rewritten: (original, commit) of what a rebase has made anew.

    Raises:
        UnknownRevision: There is no such commit.
    """
    old, new = store.files_at(before), store.files_at(after)
    changed = list(store.iter_changed(old, new))
    olds = {place.id: oid for path, oid, _ in changed if oid and (place := find_place(path))}
    news = {place.id: oid for path, _, oid in changed if oid and (place := find_place(path))}
    total = sum(1 for name in {*olds, *news} if olds.get(name) != news.get(name))
    span = Span(before, after)
    strays = look_at_picked(store, rewritten)
    if not 0 < len(changed) <= _READ_AT_MOST:
        judged = get_project(new).check.judge(find_stray_problems(store, span, new))
        return Arrived(total, (), [*(one for one in judged if one.severity == "error"), *strays])
    report = check_change(store, old, new, [path for path, _, _ in changed], span=span)
    told = [one for one in report.problems if one.severity == "error" or one.code in _MADE_BY_MERGES]
    return Arrived(total, diff(store, old, new).changes, [*told, *strays])


def look_at_picked(store: Store, pairs: Iterable[tuple[str, str]]) -> list[Problem]:
    """What went astray where commits were made from others, as (original, commit): no later look can tell."""
    files = store.files_at()
    return list(get_project(files).check.judge(tell_strays(store, iter_picks(store, pairs), files)))


def warm(store: Store, watch: Watch = SILENT) -> None:
    """Brings the index on disk to HEAD; where there is none, none is made."""
    if IndexFile(store.repository.state_dir).exists:
        read_index(store, store.files_at(), _look, watch)


def _look(index: Index) -> None:
    del index


def follow_merge(store: Store, watch: Watch = SILENT, now: int | None = None) -> None:
    """The same as after a write, but nothing is started that would stay: an embedded server is used where it runs.

    While git has not forgotten the merge, which it does behind its hook, no commit can be made: then the next write
    takes the decision. A fast-forward leaves nothing to forget.
    """
    moment = int(time.time()) if now is None else now
    files = store.files_at()
    try:
        if get_tier(files).would_start(store):
            return
        if is_time(store, moment) and _would_start_server(store, files, moment):
            return
        unfinished = find_unfinished(store.repository, store.objects)
    except MilestoneError:  # no server to be had: the next write says so
        return
    if unfinished:
        get_tier(files).follow(store, watch)
    else:
        follow_write(store, watch, moment)


def _would_start_server(store: Store, files: TreeFiles, now: int) -> bool:
    if not any(_would_start(store, tier) for tier in iter_tiers()):
        return False
    sizes = read_index(store, files, lambda index: take_sizes(store, files, index))
    decision = weigh(store, files, sizes, now).decision
    target = find_tier(decision.target)
    return decision.is_due and target is not None and _would_start(store, target)


def _would_start(store: Store, tier: Tier) -> bool:
    return not tier.find_obstacle(store, is_asked=False) and tier.would_start(store)
