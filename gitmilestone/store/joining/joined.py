"""What git is joining in this work tree: the commits behind `base`, `ours` and `theirs`, and what people call them."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

_REBASES = ("rebase-merge", os.path.join("rebase-apply", "rebasing"))
_STASH = "refs/stash"
_STASHES = 50
_MERGED = r"Merge (?:remote-tracking )?(?:branch|tag|commit) '([^']+)'(?: of (\S+))?"


class Joined(NamedTuple):
    """Revisions; `ours` is HEAD.

    Attributes:
        cause: The ref that says so: MERGE_HEAD, CHERRY_PICK_HEAD, REVERT_HEAD, REBASE_HEAD; refs/stash may.
        base: None where they have no common past.
        is_sure: Whether git says that it is this.
    """

    cause: str
    theirs: str
    base: str | None
    is_rebase: bool
    is_sure: bool = True


def find_joined(store: "Store") -> Joined | None:
    """None where nothing is in progress, and where git does not tell: in `git am`."""
    found = next(iter_joined(store), None)
    return found if found and found.is_sure else None


def iter_joined(store: "Store") -> Iterator[Joined]:
    """What may be joined: of a merge that is picked, git does not keep which parent counts; nor which stash it was."""
    git_dir, common_dir = store.repository.git_dir, store.repository.common_dir
    is_rebase = any(os.path.exists(os.path.join(git_dir, name)) for name in _REBASES)
    # A tag of that name would be found as well, but reftable keeps no such files.
    has_files = not os.path.exists(os.path.join(common_dir, "reftable"))
    for cause in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", *(("REBASE_HEAD",) if is_rebase else ())):
        if has_files and not os.path.exists(os.path.join(git_dir, cause)):
            continue
        commit = store.objects.find(f"{cause}^{{commit}}")
        if commit is None:
            continue
        if cause == "MERGE_HEAD":
            base = store.git.run("merge-base", "HEAD", commit.oid).stdout.decode().strip()
            yield Joined(cause, commit.oid, base or None, is_rebase)
            return
        parents = re.findall(rb"^parent (\w+)$", commit.content.partition(b"\n\n")[0], re.MULTILINE)
        for parent in (oid.decode() for oid in parents):
            theirs, before = (parent, commit.oid) if cause == "REVERT_HEAD" else (commit.oid, parent)
            yield Joined(cause, theirs, before, is_rebase, len(parents) == 1)
        return
    if not os.path.exists(os.path.join(git_dir, "rebase-apply")):
        listed = store.git.run(
            "log", "-g", f"-{_STASHES}", "--no-show-signature", "--format=%H %P", _STASH, "--"
        ).stdout
        for stash, before, *_ in (line.split() for line in listed.decode("ascii").splitlines()):
            yield Joined(_STASH, stash, before, is_rebase=False, is_sure=False)


def name_sides(store: "Store", joined: Joined) -> tuple[str, str]:
    """What people call ours and theirs: a branch, or a commit with its subject."""
    if joined.is_rebase:
        ours = _name_commit(store, _read(store, "rebase-merge/onto") or _read(store, "rebase-apply/onto") or "HEAD")
    else:
        ours = (store.head().branch or "").removeprefix("refs/heads/") or _describe(store, "HEAD")
    if joined.cause == "MERGE_HEAD":
        found = re.match(_MERGED, _read(store, "MERGE_MSG"))
        named = " of ".join(filter(None, found.groups())) if found else ""
        return ours, named or _name_commit(store, joined.theirs)
    if joined.cause == "REVERT_HEAD":
        return ours, f"what was before {_describe(store, joined.base or joined.theirs)}"
    return ours, _describe(store, joined.theirs)


def _name_commit(store: "Store", commit: str) -> str:
    """The first branch that is there; else as `_describe`."""
    args = ("for-each-ref", "--count=1", f"--points-at={commit}", "--format=%(refname:short)")
    return _decode(store.git.run(*args, "refs/heads", "refs/remotes").stdout) or _describe(store, commit)


def _describe(store: "Store", commit: str) -> str:
    return _decode(store.git.run("log", "-1", "--no-show-signature", "--no-color", "--format=%h (%s)", commit).stdout)


def _read(store: "Store", name: str) -> str:
    """A file of git's own; "" where there is none."""
    try:
        with open(os.path.join(store.repository.git_dir, *name.split("/")), "rb") as file:
            return _decode(file.read())
    except FileNotFoundError:
        return ""


def _decode(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()
