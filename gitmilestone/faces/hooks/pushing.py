"""The hooks of a push: before it leaves, and where it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.faces.context import Context
from gitmilestone.faces.hooks.findings import tell, tell_problems
from gitmilestone.model.problem import errors_among
from gitmilestone.operations.checking.check_change import check_change, find_gate
from gitmilestone.store.asking.forks import Span
from gitmilestone.store.asking.pushed import find_fork
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store

_BRANCHES = "refs/heads/"
_MEND = "mend it in a new commit, and push again"


class _Update(NamedTuple):
    """A branch that is to be moved; an oid of zeros is none."""

    ref: str
    old: str
    new: str


def check_push(context: Context, store: Store, _: Sequence[str]) -> int:
    """pre-push REMOTE URL, and LOCAL-REF LOCAL-OID REMOTE-REF REMOTE-OID in lines"""
    updates = [_Update(ref, old, new) for _, new, ref, old in _read_lines(context, 4)]
    # Whoever has it already: the remote may be a mere URL, or not have been fetched from yet.
    return _check(context, store, updates, "refs/remotes/", "mend it, or push with --no-verify")


def check_received(context: Context, store: Store, _: Sequence[str]) -> int:
    """pre-receive, with OLD NEW REF in lines; of warnings, pre-push has told"""
    updates = [_Update(ref, old, new) for old, new, ref in _read_lines(context, 3)]
    return _check(context, store, updates, _BRANCHES, _MEND, only_errors=True)


def check_update(context: Context, store: Store, args: Sequence[str]) -> int:
    """update REF OLD NEW"""
    ref, old, new = args
    return _check(context, store, [_Update(ref, old, new)], _BRANCHES, _MEND, only_errors=True)


def _read_lines(context: Context, words: int) -> list[list[str]]:
    lines = (line.rstrip("\n").split(" ") for line in context.stdin)
    return [line for line in lines if len(line) == words]


def _check(
    context: Context,
    store: Store,
    updates: Sequence[_Update],
    known_refs: str,
    way_out: str,
    *,
    only_errors: bool = False,
) -> int:
    status = 0
    for update in updates:
        if not update.ref.startswith(_BRANCHES) or not update.new.strip("0"):
            continue
        base, new = _find_base(store, update, known_refs), store.files_at(update.new)
        old = store.files_at(base) if base else TreeFiles(store.objects, None)
        changed = [path for path, _, _ in store.iter_changed(old, new)]
        if not changed:
            continue
        gate = find_gate(old if base or not only_errors else store.files_at(), new)
        span = Span(base, update.new) if base else None
        report = check_change(store, old, new, changed, context, span, gate=gate)
        problems = errors_among(report.problems) if only_errors else report.problems
        branch = update.ref.removeprefix(_BRANCHES)
        if problems:
            tell(context, f"{branch}:")
        status |= tell_problems(context, problems, f"{branch} was not pushed", way_out)
    return status


def _find_base(store: Store, update: _Update, known_refs: str) -> str | None:
    """What the other side has already: the branch, or where a new one leaves the others."""
    if update.old.strip("0") and store.objects.find(update.old) is not None:
        return update.old
    return find_fork(store, update.new, known_refs)
