"""Edits that git's merges drop or give to another milestone: of a merge to come, and of those in a range of commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from gitmilestone.errors import MilestoneError
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merging.strays import (
    WHOLE,
    Meeting,
    Place,
    Stray,
    find_stray_edits,
    find_unasked_deletions,
    flatten,
)
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.operations.asking.diff import format_value
from gitmilestone.snapshot.documents import read_at
from gitmilestone.snapshot.locate import locate_unindexed
from gitmilestone.snapshot.merged import Heads, State, find_changed, read_heads
from gitmilestone.store.asking.forks import Joined, Span, merge_by_lines
from gitmilestone.store.asking.merges import Merge, iter_merges
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store

CODE, DELETED = "stray-edit", "stray-deletion"
_SHOWN = 8


def foresee_strays(store: Store, target: str, head: str, joined: Joined) -> list[Stray]:
    """What goes astray where git joins two commits.

    Args:
        joined: What git makes of them. Files in conflict are of no account: somebody will look at them.
    """
    meetings = _meet(store, read_heads(store, target, head), store.files_at(joined.tree))
    return _add_deletions(find_stray_edits(meetings), meetings, joined)


def find_standing(store: Store, merge: Merge, files: Files) -> list[Stray]:
    """What went astray in a merge commit, and still is. O(what it joined).

    A merge that leaves everything as one of its parents has it (`-s ours`) was asked to. What is not in a commit that
    was picked may have been left out: there only that counts which is in another milestone.

    Args:
        files: What is there now.
    """
    result = store.files_at(merge.commit)
    strays = _find_strays(store, merge, result)
    now: dict[str, Milestone | None] = {}
    for name in {name for stray in strays for name in (stray.id, stray.landed_in) if name}:
        entry = next(iter(locate_unindexed(files, name)), None)
        now[name] = read_at(files, entry.path) if entry else None
    return [stray for stray in strays if is_left(stray, now[stray.id]) or is_foreign(stray, now.get(stray.landed_in))]


def _find_strays(store: Store, merge: Merge, result: TreeFiles) -> list[Stray]:
    ours, theirs = store.files_at(merge.ours), store.files_at(merge.theirs)
    is_one_side = result.tree in (ours.tree, theirs.tree)
    if merge.base:
        heads = Heads(State(ours), State(theirs), (State(store.files_at(merge.base)),))
        strays = [] if is_one_side else find_stray_edits(_meet(store, heads, result))
        return [stray for stray in strays if stray.landed_in]
    if ours.tree == theirs.tree:
        return []
    meetings = _meet(store, read_heads(store, merge.ours, merge.theirs), result)
    strays = [] if is_one_side else find_stray_edits(meetings)
    if find_unasked_deletions(meetings):
        joined = merge_by_lines(store, merge.ours, merge.theirs)
        # Where it is not as git alone has it, somebody has decided.
        if joined and store.files_at(joined.tree).tree == result.tree:
            return _add_deletions(strays, meetings, joined)
    return strays


def find_stray_problems(store: Store, span: Span, files: Files) -> Iterator[Problem]:
    """One for each milestone whose edits went astray in a merge among some commits, and where they went."""
    return tell_strays(store, iter_merges(store, span), files)


def tell_strays(store: Store, merges: Iterable[Merge], files: Files) -> Iterator[Problem]:
    """The same, of some merges."""
    for merge in merges:
        try:
            strays = find_standing(store, merge, files)
        except MilestoneError:  # a shallow clone has not all that was joined
            continue
        for (name, landed_in), some in groupby(strays, lambda stray: (stray.id, stray.landed_in)):
            found = locate_unindexed(files, landed_in or name)
            code, went = _tell(name, landed_in, list(some))
            message = f"the {merge.kind} {merge.commit[:10]} {went}"
            hint = f"`git milestone resolve --merge {merge.name}` puts it right"
            yield Problem(f"{ROOT}/{found[0].path}" if found else ROOT, 0, code, message, hint)


def _tell(name: str, landed_in: str, strays: Sequence[Stray]) -> tuple[str, str]:
    if is_unasked(strays[0]):
        return DELETED, f"deleted {name}, which its other side had edited, and nobody was asked"
    went = f"gave {landed_in} what was edited in {name}" if landed_in else f"dropped edits of {name}"
    return CODE, f"{went}: {describe_strays(strays)}"


def is_unasked(stray: Stray) -> bool:
    """Whether it is of a milestone that one side deleted and the other had edited."""
    return stray.place == WHOLE and stray.value is not None and not stray.landed_in and stray.left is None


def describe_strays(strays: Sequence[Stray]) -> str:
    """`owner: ana, due: 2027-01-15`, of the edits of one milestone."""
    whole = {stray.place.item for stray in strays if stray.place.field == "tasks" and not stray.place.key}
    told = [_describe(stray) for stray in strays if not (stray.place.key and stray.place.item in whole)]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{', '.join(told[:_SHOWN])}{more}"


def _describe(stray: Stray) -> str:
    name, value = stray.place.name, stray.value
    if is_unasked(stray):
        return "deleted, though edited"
    if stray.place == WHOLE:
        return "deleted" if value is None else "made"
    if stray.place.field in ("labels", "depends_on"):
        return f"{name}: {'-' if value is None else '+'} {stray.place.item}"
    if value is None or (stray.place.field == "tasks" and not stray.place.key):
        return f"{name}: {'unset' if value is None else 'made'}"
    text = " ".join(format_value(name, value).split())
    return f"{name}: {text if len(text) <= 60 else text[:59] + '…'}"


def is_left(stray: Stray, milestone: Milestone | None) -> bool:
    """Whether a milestone lacks an edit that it should have, and has not been edited there since the merge."""
    if not stray.is_lost:
        return False
    if stray.place == WHOLE:
        return (milestone is None) == (stray.left is None)
    return milestone is not None and flatten(milestone).get(stray.place) == stray.left


def is_foreign(stray: Stray, milestone: Milestone | None) -> bool:
    """Whether the milestone in which an edit landed still has it."""
    if milestone is None:
        return False
    value = flatten(milestone).get(stray.place)
    return bool(value == stray.landed)


def _add_deletions(strays: list[Stray], meetings: Mapping[str, Meeting], joined: Joined) -> list[Stray]:
    """With what git deleted without a conflict, unless what was edited there is told of already."""
    asked = {place.id for path in joined.conflicts if (place := find_place(path))} | {stray.id for stray in strays}
    return sorted([*strays, *(one for one in find_unasked_deletions(meetings) if one.id not in asked)], key=_order)


def _order(stray: Stray) -> tuple[str, Place]:
    return stray.id, stray.place


def _meet(store: Store, heads: Heads, result: TreeFiles) -> dict[str, Meeting]:
    """All that a side has changed, without those that can't be read somewhere.

    Nothing is read, and nothing told, where each file is as the side has it that alone changed it.
    """
    states = [*(heads.bases or [State(TreeFiles(store.objects, None))]), heads.ours, heads.theirs, State(result)]
    found = {name: [state.find(name) for state in states] for name in sorted(find_changed(store, heads))}
    if all(_is_plain([entry and entry.oid for entry in entries]) for entries in found.values()):
        return {}
    meetings = {}
    for name, entries in found.items():
        read = [
            read_at(state.files, entry.path) if entry else None for state, entry in zip(states, entries, strict=True)
        ]
        if all(bool(entry) == bool(one) for entry, one in zip(entries, read, strict=True)):
            *bases, ours, theirs, after = read
            meetings[name] = Meeting(tuple(bases), ours, theirs, after)
    return meetings


def _is_plain(oids: Sequence[str | None]) -> bool:
    *bases, ours, theirs, after = oids
    return len(bases) == 1 and ((ours == bases[0] and after == theirs) or (theirs in (*bases, ours) and after == ours))
