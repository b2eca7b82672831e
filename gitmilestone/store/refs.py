"""HEAD and its branch: what they are, and the compare-and-swap that moves them."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from gitmilestone.errors import DetachedHead, GitFailed, LockHeld, MissingObject, OperationInProgress
from gitmilestone.store.git import DURABLY
from gitmilestone.store.objects import Objects
from gitmilestone.store.repository import Repository
from gitmilestone.store.worktrees import refuse_checked_out_elsewhere

_LOCK_SECONDS = 5.0
_UNFINISHED = (
    ("rebase-merge", "a rebase", "git rebase --continue"),
    ("rebase-apply", "a rebase or `git am`", "git rebase --continue"),
    ("MERGE_HEAD", "a merge", "git merge --continue"),
    ("CHERRY_PICK_HEAD", "a cherry-pick", "git cherry-pick --continue"),
    ("REVERT_HEAD", "a revert", "git revert --continue"),
)


class Head(NamedTuple):
    """Where HEAD stands.

    Attributes:
        branch: Full name of its branch, also while that has no commit yet; None where HEAD is detached.
        commit: None on an unborn branch.
        tree: Of the commit; None on an unborn branch.
    """

    branch: str | None
    commit: str | None
    tree: str | None


def read_head(repository: Repository, objects: Objects) -> Head:
    branch = _read_branch(repository)
    # The branch by its own name: HEAD could be switched between two questions.
    found = objects.find(f"{branch or 'HEAD'}^{{commit}}")
    if found is None:
        if branch is None or repository.git.run("rev-parse", "--verify", "--quiet", branch).status == 0:
            raise MissingObject(f"the commit of {branch or 'HEAD'} is missing", "`git fsck` names what else is")
        return Head(branch, None, None)
    return Head(branch, found.oid, found.content[5 : found.content.index(b"\n")].decode())


def _read_branch(repository: Repository) -> str | None:
    with open(os.path.join(repository.git_dir, "HEAD"), encoding="utf-8", errors="surrogateescape") as file:
        content = file.read().strip()
    if not content.startswith("ref: "):
        return None
    # A reftable repository keeps a HEAD file that only says so.
    if content == "ref: refs/heads/.invalid":
        result = repository.git.run("symbolic-ref", "--quiet", "HEAD")
        return result.stdout.decode("utf-8", "surrogateescape").strip() or None
    return content[5:].strip()


def refuse_unfinished(repository: Repository, objects: Objects) -> None:
    """Raises what `find_unfinished` finds."""
    fault = find_unfinished(repository, objects)
    if fault is not None:
        raise fault


def find_unfinished(repository: Repository, objects: Objects) -> OperationInProgress | None:
    """The merge, rebase, cherry-pick or revert that is in progress."""
    for name, what, way_out in _UNFINISHED:
        is_there = os.path.exists(os.path.join(repository.git_dir, name))
        # A tag of that name would be found as well, but reftable keeps no such files.
        is_ref = name.endswith("_HEAD") and os.path.exists(os.path.join(repository.common_dir, "reftable"))
        if is_there or (is_ref and objects.find(name) is not None):
            return OperationInProgress(
                f"{what} is in progress in this work tree", f"finish it (`{way_out}`) or `--abort` it, then try again"
            )
    return None


def refuse_detached(head: Head, is_allowed: bool) -> None:
    if head.branch is None and not is_allowed:
        raise DetachedHead(
            "HEAD is detached: a commit here would belong to no branch",
            "`git switch BRANCH` first, or say --detached",
        )


def update_head(
    repository: Repository, objects: Objects, head: Head, commit: str, message: str, holding: int | None = None
) -> bool:
    """Moves HEAD's branch from `head` to `commit`, with both reflogs; False where it had moved meanwhile.

    Args:
        holding: The write lock's descriptor, so that no other writer starts before git has ended.

    Raises:
        CheckedOutElsewhere: Another work tree has that branch.
        LockHeld: Somebody else's lock on the ref did not go away.
    """
    refuse_checked_out_elsewhere(repository, head.branch)
    old = head.commit or "0" * (2 * repository.oid_length)
    target = [head.branch] if head.branch else ["--no-deref", "HEAD"]
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        result = repository.git.run(
            *(*DURABLY, "update-ref", "-m", message, *target, commit, old),
            env={"LC_ALL": "C", "LANGUAGE": ""},
            holding=holding,
        )
        if result.status == 0:
            return True
        if read_head(repository, objects) != head:
            return False
        said = result.stderr.decode("utf-8", "replace")
        if "File exists" not in said and "unable to lock" not in said.lower():
            raise GitFailed(("update-ref", *target), result.status, result.stderr)
        if time.monotonic() > deadline:
            raise LockHeld(_name_lock(said), _LOCK_SECONDS)
        time.sleep(0.05)


def _name_lock(said: str) -> str:
    """The lock file that git's message names between quotes."""
    parts = [part for part in said.split("'") if part.endswith(".lock")]
    return parts[0] if parts else "the branch's lock"
