"""Edits that git's merges drop or give to another milestone: of a merge to come, and of those in a range of commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from gitmilestone.errors import MilestoneError
from gitmilestone.model.layout import ROOT
from gitmilestone.model.merging.strays import WHOLE, Meeting, Stray, find_stray_edits, flatten
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.operations.asking.diff import format_value
from gitmilestone.snapshot.documents import read_at
from gitmilestone.snapshot.locate import locate_unindexed
from gitmilestone.snapshot.merged import Heads, State, find_changed, read_heads
from gitmilestone.store.asking.forks import Merge, Span, find_merges
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store

CODE = "stray-edit"
_SHOWN = 8


def foresee_strays(store: Store, target: str, head: str, tree: str) -> list[Stray]:
    """What goes astray where git joins two commits.

    Args:
        tree: The oid of what git makes of them. Files in conflict are of no account: somebody will look at them.
    """
    return _compare(store, read_heads(store, target, head), store.files_at(tree))


def find_standing(store: Store, merge: Merge, files: Files) -> list[Stray]:
    """What went astray in a merge commit, and still is. O(what it joined).

    A merge that leaves everything as one of its parents has it (`-s ours`) was asked to.

    Args:
        files: What is there now.
    """
    result = store.files_at(merge.commit)
    if result.tree in (store.files_at(merge.ours).tree, store.files_at(merge.theirs).tree):
        return []
    strays = _compare(store, read_heads(store, merge.ours, merge.theirs), result)
    now: dict[str, Milestone | None] = {}
    for name in {name for stray in strays for name in (stray.id, stray.landed_in) if name}:
        entry = next(iter(locate_unindexed(files, name)), None)
        now[name] = read_at(files, entry.path) if entry else None
    return [stray for stray in strays if is_left(stray, now[stray.id]) or is_foreign(stray, now.get(stray.landed_in))]


def find_stray_problems(store: Store, span: Span, files: Files) -> Iterator[Problem]:
    """One for each milestone whose edits went astray in a merge among some commits, and where they went.

    git joins more than two branches without pairing files, so only merges of two are looked at.
    """
    for merge in find_merges(store, span):
        try:
            strays = find_standing(store, merge, files)
        except MilestoneError:  # a shallow clone has not all that was joined
            continue
        for (name, landed_in), some in groupby(strays, lambda stray: (stray.id, stray.landed_in)):
            found = locate_unindexed(files, landed_in or name)
            went = f"gave {landed_in} what was edited in {name}" if landed_in else f"dropped edits of {name}"
            message = f"the merge {merge.commit[:10]} {went}: {describe_strays(list(some))}"
            hint = f"`git milestone resolve --merge {merge.commit[:10]}` puts it right"
            yield Problem(f"{ROOT}/{found[0].path}" if found else ROOT, 0, CODE, message, hint)


def describe_strays(strays: Sequence[Stray]) -> str:
    """`owner: ana, due: 2027-01-15`, of the edits of one milestone."""
    whole = {stray.place.item for stray in strays if stray.place.field == "tasks" and not stray.place.key}
    told = [_describe(stray) for stray in strays if not (stray.place.key and stray.place.item in whole)]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{', '.join(told[:_SHOWN])}{more}"


def _describe(stray: Stray) -> str:
    name, value = stray.place.name, stray.value
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


def _compare(store: Store, heads: Heads, result: TreeFiles) -> list[Stray]:
    end = State(result)
    meetings = {}
    for name in sorted(find_changed(store, heads)):
        states = [*(heads.bases or [State(TreeFiles(store.objects, None))]), heads.ours, heads.theirs, end]
        entries = [state.find(name) for state in states]
        read = [
            read_at(state.files, entry.path) if entry else None for state, entry in zip(states, entries, strict=True)
        ]
        if all(bool(entry) == bool(one) for entry, one in zip(entries, read, strict=True)):
            *bases, ours, theirs, after = read
            meetings[name] = Meeting(tuple(bases), ours, theirs, after)
    return find_stray_edits(meetings)
