"""Finishes what a killed writer had begun."""

from __future__ import annotations

import os

from gitmilestone.model.layout import ROOT
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.objects import Objects, remove_if_present
from gitmilestone.store.refs import read_head
from gitmilestone.store.repository import Repository
from gitmilestone.store.writing.journal import Journal, find_journal, remove_journal
from gitmilestone.store.writing.staging import IndexLock, Staging
from gitmilestone.store.writing.worktree import WorkTree

_LEFTOVERS = ("laying-", "journal.", "next-index-")


def recover(repository: Repository, objects: Objects, staging: Staging, wait_seconds: float = 5.0) -> None:
    """Brings the work tree and the staging area to the commit that a killed writer made.

    Only entries that still are as that writer found them are touched. The caller holds the write lock,
    so the writer is dead; taking its lock on the staging area over is what clears that one.
    """
    journal = find_journal(repository.state_dir)
    with staging.lock(wait_seconds) as lock:
        if journal and _has_landed(repository, journal):
            _finish(repository, objects, staging, lock, journal)
    remove_leftovers(repository.state_dir)
    remove_journal(repository.state_dir)


def remove_leftovers(state_dir: str) -> None:
    """Clears the temporary files of writers that were killed; the caller holds the write lock."""
    if os.path.isdir(state_dir):
        for name in os.listdir(state_dir):
            if name.startswith(_LEFTOVERS):
                remove_if_present(os.path.join(state_dir, name))


def _has_landed(repository: Repository, journal: Journal) -> bool:
    return repository.git.run("merge-base", "--is-ancestor", journal.commit, journal.branch).status == 0


def _finish(repository: Repository, objects: Objects, staging: Staging, lock: IndexLock, journal: Journal) -> None:
    head = read_head(repository, objects)
    if repository.work_dir is None or (head.branch or "HEAD") != journal.branch:
        return
    files = TreeFiles.of_project(objects, head.tree)
    work_tree = WorkTree(repository.work_dir, repository.state_dir)
    staged = staging.lookup([f"{ROOT}/{path}" for path in journal.before])
    to_lay: dict[str, bytes | None] = {}
    to_stage: dict[str, tuple[int, str] | None] = {}
    for path, before in journal.before.items():
        entry = files.find(path)
        found = staged.get(f"{ROOT}/{path}", [])
        if (found[0].oid if found else "") == before:
            to_stage[f"{ROOT}/{path}"] = (entry.mode, entry.oid) if entry and entry.oid else None
        is_out = any(item.skip_worktree for item in found)
        if not is_out and work_tree.holds(path, before or None, objects):
            to_lay[path] = objects.get_blob(entry.oid) if entry and entry.oid else None
    work_tree.lay(to_lay)
    lock.replace(to_stage)
