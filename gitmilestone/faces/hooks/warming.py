"""The hooks behind a commit, a switch, a merge and a rebase: they warm what is derived, and stop nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitmilestone.errors import MilestoneError, UnknownRevision
from gitmilestone.faces.context import Context
from gitmilestone.faces.hooks.findings import tell, tell_problems
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.model.change import Change
from gitmilestone.model.problem import Problem
from gitmilestone.operations.checking.strays import CODE
from gitmilestone.operations.merging import after_merge
from gitmilestone.operations.merging.after_merge import Arrived, look_at_arrived, look_at_picked, warm
from gitmilestone.store.joining.joined import find_joined
from gitmilestone.store.store import Store

_BEFORE = "ORIG_HEAD"
_SHOWN = 5
_FIELDS = 3


def follow_commit(context: Context, store: Store, _: Sequence[str]) -> int:
    """post-checkout OLD NEW FLAG"""
    return _warm(context, store)


def follow_pick(context: Context, store: Store, _: Sequence[str]) -> int:
    """post-commit, which git runs while it still knows what it picks"""
    joined = find_joined(store)
    if joined and joined.cause == "CHERRY_PICK_HEAD" and not joined.is_rebase:
        _tell_strays(context, store, [(joined.theirs, store.head().commit or "HEAD")])
    return _warm(context, store)


def follow_rebase(context: Context, store: Store, _: Sequence[str]) -> int:
    """post-rewrite COMMAND, with OLD NEW in lines: a rebase, the one of `git pull --rebase` too"""
    lines = [] if context.stdin.isatty() else [line.split() for line in context.stdin]
    _report(context, store, [(line[0], line[1]) for line in lines if len(line) > 1])
    return _warm(context, store)


def follow_merge(context: Context, store: Store, _: Sequence[str]) -> int:
    """post-merge SQUASHED"""
    _report(context, store)
    _warm(context, store)
    after_merge.follow_merge(store, context)
    return 0


def _warm(context: Context, store: Store) -> int:
    try:
        warm(store, context)
    except MilestoneError:  # the next command that reads says what is the matter, if it still is
        pass
    return 0


def _report(context: Context, store: Store, rewritten: Sequence[tuple[str, str]] = ()) -> None:
    try:
        arrived = look_at_arrived(store, _BEFORE, "HEAD", rewritten)
    except UnknownRevision:
        return
    except MilestoneError as error:
        tell(context, f"warning: {error.message}")
        return
    if arrived.total:
        tell(context, describe_arrived(arrived))
    _tell(context, arrived.problems)


def _tell_strays(context: Context, store: Store, pairs: Sequence[tuple[str, str]]) -> None:
    try:
        _tell(context, look_at_picked(store, pairs))
    except MilestoneError as error:
        tell(context, f"warning: {error.message}")


def _tell(context: Context, problems: Sequence[Problem]) -> None:
    mends = (problem.hint for problem in problems if problem.code == CODE)
    way_out = next(mends, "`git milestone check` shows them again")
    tell_problems(context, problems, "they came with this merge", way_out)


def describe_arrived(arrived: Arrived) -> str:
    """`2 milestones changed: ship-2fa completed, beta due 2027-01-15 -> 2027-02-01`"""
    said = f"{count_nouns(arrived.total, 'milestone')} changed"
    told = [_describe(change) for change in arrived.changes[:_SHOWN]]
    all_of_them = f"`git milestone diff {_BEFORE} HEAD`"
    if not told:
        return f"{said} ({all_of_them})"
    left = arrived.total - len(told)
    return f"{said}: {', '.join([*told, *([f'and {left} more ({all_of_them})'] if left > 0 else [])])}"


def _describe(change: Change) -> str:
    if change.old is None or change.new is None:
        return f"{change.id} {'added' if change.old is None else 'deleted'}"
    told = list(dict.fromkeys(_iter_words(change)))
    more = [f"{len(told) - _FIELDS} more"] if len(told) > _FIELDS else []
    return f"{change.id} {' and '.join([*told[:_FIELDS], *more])}"


def _iter_words(change: Change) -> Iterator[str]:
    """The status, then days, then the names of whatever else differs."""
    old, new = change.old, change.new
    assert old is not None  # told apart by the caller, as is the next
    assert new is not None
    if old.status != new.status:
        yield new.status
    for field in ("due", "start"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield f"{field} {before or 'none'} -> {after or 'none'}"
    for one in change.fields():
        name = one.field.partition(".")[0] if one.field.startswith("tasks") else one.field
        if name not in ("status", "due", "start"):
            yield name
