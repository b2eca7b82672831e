"""The hooks of a commit before it is made."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gitmilestone.faces.context import Context
from gitmilestone.faces.hooks.findings import tell, tell_problems
from gitmilestone.model.layout import ROOT
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.checking.naming import find_unknown_names, is_only_named, name_current
from gitmilestone.operations.checking.staged import find_left_behind, find_new_problems
from gitmilestone.store.asking.pushed import list_staged
from gitmilestone.store.store import Store

_OPERATIONS = ("CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


def check_staged(context: Context, store: Store, _: Sequence[str]) -> int:
    """pre-commit"""
    changed = list_staged(store)
    if changed:
        left_behind = find_left_behind(store, changed)
        for one in left_behind:
            tell(
                context,
                f"error: the commit deletes {one.id}, whose file lies in {ROOT}/{one.new}; nothing was committed",
            )
            tell(context, f"hint: `git add {ROOT}/{one.new}`; where you name files, name it too; or --no-verify")
        if left_behind:
            return 1
        problems = find_new_problems(store, changed, context)
    elif context.environ.get("PRE_COMMIT"):  # `pre-commit run --all-files` means what there is
        problems = check(store.staged_files()).problems
    else:
        return 0
    way_out = "mend it and stage it again (`git milestone check --staged`), or commit with --no-verify"
    return tell_problems(context, problems, "nothing was committed", way_out)


def prepare_message(context: Context, store: Store, args: Sequence[str]) -> int:
    """prepare-commit-msg FILE [SOURCE [COMMIT]]"""
    path, *source = args
    is_unfinished = any(os.path.exists(os.path.join(store.repository.git_dir, name)) for name in _OPERATIONS)
    # Only `git commit` itself tells its hooks of the author; cherry-pick, revert and rebase repeat somebody's words.
    if source[:1] not in (["merge"], ["squash"]) and not is_unfinished and "GIT_AUTHOR_DATE" in context.environ:
        name_current(store, context.resolve_path(path))
    return 0


def check_message(context: Context, store: Store, args: Sequence[str]) -> int:
    """commit-msg FILE"""
    path = context.resolve_path(args[0])
    if is_only_named(store, path):
        tell(context, "error: the commit message is empty but for its `Milestone:` trailer; nothing was committed")
        return 1
    unknown = find_unknown_names(store, path)
    for one in unknown:
        tell(context, f"error: the trailer `Milestone: {one.name}` names no milestone")
        tell(context, f"hint: {one.hint}" if one.hint else "")
    if unknown:
        tell(context, f"hint: the message is kept in {args[0]}; --no-verify commits it as it is")
    return 1 if unknown else 0
