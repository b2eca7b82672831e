"""Branches and backups by name."""

from __future__ import annotations

from gitmilestone.store.git import DURABLY
from gitmilestone.store.store import Store

_BACKUPS_KEPT = 5


def find_default_branch(store: Store) -> str | None:
    """The branch that everybody means by the repository's name, as far as this clone knows it; its full name."""
    repository = store.repository
    if repository.is_bare:
        return store.head().branch
    remote = "refs/remotes/origin/"
    found = repository.git.run("symbolic-ref", "--quiet", f"{remote}HEAD").stdout
    name = found.decode("utf-8", "replace").strip()
    return f"refs/heads/{name[len(remote) :]}" if name.startswith(remote) else None


def list_branches(store: Store) -> set[str]:
    """The full names of the branches that this clone has, or knows a remote to have."""
    listed = store.git.check("for-each-ref", "--format=%(refname)", "refs/heads/", "refs/remotes/")
    names = listed.decode("utf-8", "surrogateescape").split("\n")
    parts = [name.split("/", 3) for name in names if name]
    return {f"refs/heads/{'/'.join(rest[1:] if kind == 'remotes' else rest)}" for _, kind, *rest in parts}


def keep_backup(store: Store, name: str, commit: str | None = None) -> str:
    """Keeps a commit under a ref, as the newest of five in its folder; returns the ref, "" on an unborn branch.

    Args:
        commit: None is HEAD's.
    """
    commit = commit or store.head().commit
    if commit is None:
        return ""
    store.git.check(*DURABLY, "update-ref", name, commit)
    folder = name.rpartition("/")[0]
    listed = store.git.check("for-each-ref", "--sort=-refname", "--format=%(refname)", folder).decode().split()
    for old in listed[_BACKUPS_KEPT:]:
        store.git.check("update-ref", "-d", old)
    return name
