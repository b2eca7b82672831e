"""Edits of the work tree, committed to a new branch without leaving the one that is checked out."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.errors import EnvironmentFault, InvalidRequest, Refused, UnsafePath
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.store.attributes import refuse_conversions
from gitmilestone.store.files import FileEntry, TreeFiles, refuse_links
from gitmilestone.store.git import DURABLY
from gitmilestone.store.locks import WriteLock
from gitmilestone.store.refs import Head, read_head, refuse_unfinished, update_head
from gitmilestone.store.store import Store
from gitmilestone.store.trees import FILE_MODE
from gitmilestone.store.writing.plan import Plan, WriteOptions
from gitmilestone.store.writing.transaction import Transaction
from gitmilestone.store.writing.worktree import WorkTree

Edits = Mapping[str, FileEntry | None]
"""Path below `.milestones/` -> the file as it lies, its content an object already; None where it is gone."""

_BELOW = f":(top,literal){ROOT}"


class _Branching(Transaction):
    """A commit that becomes a new branch, where the others move the one that is checked out."""

    def create(self, branch: str, base: Head, edits: Edits, message: str) -> str | None:
        """The commit's oid; None where there is such a branch already."""
        head = base._replace(branch=branch)
        base_files = TreeFiles.of_project(self.objects, base.tree)
        return self._commit(head, dict(edits), Plan(edits, message), base_files)

    def _move_branch(self, head: Head, commit: str, reflog: str) -> bool:
        return update_head(
            self.repository, self.objects, head._replace(commit=None), commit, reflog, self.lock_descriptor
        )


class Branched(NamedTuple):
    """`left` are the paths whose edits stay in the work tree: they have changed since, or git was busy."""

    commit: str
    left: tuple[str, ...] = ()


def read_edits(store: Store) -> dict[str, FileEntry | None]:
    """What the work tree has otherwise than HEAD, staged or not; the files' contents are written as objects.

    As `git add` takes them: what is ignored is left out, and line ends are as .gitattributes says. Files that git does
    not know and that are neither milestones nor configuration are left out too.

    Raises:
        OperationInProgress: In the middle of a merge, a rebase and the like.
        Refused: A file is staged otherwise than it lies. UnsafePath: One is no plain file.
    """
    repository = store.repository
    if repository.work_dir is None:
        raise EnvironmentFault("there is no work tree here", "propose from a clone that has one")
    refuse_unfinished(repository, store.objects)
    head = store.head()
    if head.commit is None:
        raise Refused("there is no commit yet to propose a change of", "commit something first")
    committed = TreeFiles.of_project(store.objects, head.tree)
    changed = [
        *_list(store, "diff-index", "--name-only", "--no-renames", "--no-ext-diff", "-z", head.commit),
        *_list(store, "diff-index", "--cached", "--name-only", "--no-renames", "-z", head.commit),
        *(path for path in _list(store, "ls-files", "--others", "--exclude-standard", "-z") if _is_known(path)),
    ]
    paths = sorted(set(changed))
    # Only the place counts: keywords are collapsed here as `git add` does it.
    refuse_conversions(store.attributes, dict.fromkeys(paths))
    oids = _hash(store, [path for path in paths if _is_there(repository.work_dir, path)])
    modes = {path: entry.mode if (entry := committed.find(path)) else FILE_MODE for path in oids}
    lying = {path: FileEntry(path, modes[path], oids[path]) if path in oids else None for path in paths}
    _refuse_third_versions(store, lying, committed)
    return {path: entry for path, entry in lying.items() if not _same(entry, committed.find(path))}


def commit_to_branch(
    store: Store, branch: str, base: str, edits: Edits, message: str, options: WriteOptions, *, keeps: bool
) -> Branched | None:
    """Makes a branch of one commit, on `base`, with those edits; None where the branch is there already.

    The commit is durable, and the branch there, before anything is taken out of the work tree.

    Args:
        branch: Its short name.
        base: A commit's oid.
        keeps: Leave the edits in the work tree and the staging area as they are.
    """
    if store.git.run("check-ref-format", "--branch", branch).status != 0:
        raise InvalidRequest(f"{branch!r} is no name for a branch", "`git help check-ref-format` says what is")
    found = store.objects.find(f"{base}^{{tree}}")
    assert found is not None  # it was resolved
    with WriteLock(store.repository.common_dir) as lock:
        transaction = _Branching(store.repository, store.objects, None, store.config, {}, options, lock)
        commit = transaction.create(f"refs/heads/{branch}", Head(None, base, found.oid), edits, message)
        if commit is None:
            return None
        return Branched(commit, () if keeps else _take_out(store, edits))


def find_branch(store: Store, branch: str) -> bool:
    return store.git.run("show-ref", "--verify", "--quiet", f"refs/heads/{branch}").status == 0


def _take_out(store: Store, edits: Edits) -> tuple[str, ...]:
    """Puts the files back to what HEAD has, but those that somebody has changed again; returns these."""
    repository, staging = store.repository, store.staging
    assert repository.work_dir is not None  # it has edits
    assert staging is not None  # as there is a work tree
    work_tree = WorkTree(repository.work_dir, repository.state_dir)
    committed = TreeFiles.of_project(store.objects, read_head(repository, store.objects).tree)
    taken = [path for path, one in edits.items() if work_tree.holds(path, one.oid if one else None, store.objects)]
    staged = staging.lookup([f"{ROOT}/{path}" for path in taken])
    # git restores what it knows; what it never knew is removed.
    known = [path for path in taken if staged[f"{ROOT}/{path}"] or committed.find(path)]
    pathspecs = "".join(f":(top,literal){ROOT}/{path}\0" for path in known).encode("utf-8", "surrogateescape")
    restore = ("restore", "--source=HEAD", "--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
    if known and store.git.run(*restore, stdin=pathspecs).status != 0:
        return tuple(edits)
    os.makedirs(repository.state_dir, exist_ok=True)
    work_tree.lay(dict.fromkeys(path for path in taken if path not in known))
    return tuple(path for path in edits if path not in taken)


def _list(store: Store, *args: str) -> list[str]:
    listed = store.git.check(*args, "--", _BELOW).decode("utf-8", "surrogateescape")
    return [path.removeprefix(f"{ROOT}/") for path in listed.split("\0") if path]


def _is_known(path: str) -> bool:
    return find_place(path) is not None or path.startswith("config/")


def _is_there(work_dir: str, path: str) -> bool:
    root = os.path.join(work_dir, ROOT)
    refuse_links(root, path)
    try:
        mode = os.lstat(os.path.join(root, path)).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        raise UnsafePath(f"{ROOT}/{path} is no plain file", "a link is never followed: remove it first")
    return True


def _hash(store: Store, paths: list[str]) -> dict[str, str]:
    """Writes the files as blobs, as `git add` would, and returns their oids."""
    if not paths:
        return {}
    if any("\n" in path for path in paths):
        raise UnsafePath("a file's name has a line break in it", "rename it")
    listed = "".join(f"{ROOT}/{path}\n" for path in paths).encode("utf-8", "surrogateescape")
    oids = store.git.check(*DURABLY, "hash-object", "-w", "--stdin-paths", stdin=listed).decode().split()
    return dict(zip(paths, oids, strict=True))


def _refuse_third_versions(store: Store, lying: Edits, committed: TreeFiles) -> None:
    """One that is staged, and neither what HEAD has nor what lies there, would get lost or be proposed unseen."""
    staging = store.staging
    assert staging is not None  # there is a work tree
    staged = staging.lookup([f"{ROOT}/{path}" for path in lying])
    for path, entry in lying.items():
        entries = [one for one in staged[f"{ROOT}/{path}"] if not one.intent_to_add]
        oid = entries[0].oid if entries else None
        known = {one.oid if one else None for one in (entry, committed.find(path))}
        if oid not in known or any(one.stage for one in entries):
            raise Refused(
                f"{ROOT}/{path} is staged otherwise than it lies",
                f"`git add {ROOT}/{path}`, or `git restore --staged` it",
            )


def _same(entry: FileEntry | None, committed: FileEntry | None) -> bool:
    return (entry.oid if entry else None) == (committed.oid if committed else None)
