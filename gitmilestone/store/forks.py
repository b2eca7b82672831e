"""Two branches that have a common past: where they part, and whether git's own merge joins them again."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import NamedTuple

from gitmilestone.errors import EnvironmentFault, GitFailed, UnknownRevision
from gitmilestone.model.layout import ROOT
from gitmilestone.store.store import Store

_CONFLICTS = 1


class Span(NamedTuple):
    """The commits that are in the history of `head` and not in that of `base`, by their oids."""

    base: str
    head: str


def get_sides(store: Store, text: str) -> tuple[str, str]:
    """The commits of a target and of a branch, by their oids.

    Args:
        text: `TARGET..BRANCH` (three dots mean the same), or `BRANCH` alone, whose target is found as `get_target`
            says; HEAD stands for a side that is left out.

    Raises:
        UnknownRevision.
    """
    first, dots, second = text.partition("..")
    if dots:
        return _get_commit(store, first or "HEAD"), _get_commit(store, second.removeprefix(".") or "HEAD")
    head = _get_commit(store, text or "HEAD")
    return _get_commit(store, get_target(store, text or "HEAD")), head


def _get_commit(store: Store, revision: str) -> str:
    commit = store.commit_at(revision)
    if commit is None:
        raise UnknownRevision("there is no commit yet", "`git milestone init` makes the first")
    return commit


def get_merge_base(store: Store, target: str, head: str) -> str:
    """The oid of the best commit that both have in their past.

    Raises:
        EnvironmentFault: There is none, or this clone does not have it.
    """
    result = store.git.run("merge-base", target, head)
    if result.status == 0:
        return result.stdout.decode().strip()
    if result.stderr:
        raise GitFailed(("merge-base", target, head), result.status, result.stderr)
    if store.git.check("rev-parse", "--is-shallow-repository") == b"true\n":
        raise EnvironmentFault(
            f"this shallow clone does not reach back to where {head[:10]} left {target[:10]}",
            "`git fetch --unshallow`; in continuous integration, fetch the whole history",
        )
    raise EnvironmentFault(f"{target[:10]} and {head[:10]} have no commit in common", "name another target")


def find_text_conflicts(store: Store, target: str, head: str) -> list[str] | None:
    """The paths below `.milestones/` that git's merge of two commits leaves in conflict; None where git can't say.

    Nothing is merged: git 2.38 and later do it in memory.
    """
    result = store.git.run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", target, head)
    if result.status == 0:
        return []
    if result.status != _CONFLICTS or not result.stdout:
        return None
    _, *paths = result.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [path[len(ROOT) + 1 :] for path in dict.fromkeys(paths) if path.startswith(f"{ROOT}/")]


def get_target(store: Store, branch: str) -> str:
    """The branch that another one is most likely to be merged into: the remote's own, else what it follows.

    Raises:
        UnknownRevision: Nothing says.
    """
    for candidate in ("refs/remotes/origin/HEAD", f"{branch}@{{upstream}}"):
        found = store.git.run("rev-parse", "--symbolic-full-name", "--verify", "--quiet", candidate)
        name = found.stdout.decode("utf-8", "surrogateescape").strip()
        if found.status == 0 and name and store.objects.find(f"{name}^{{commit}}"):
            return name.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    raise UnknownRevision(
        f"nothing says what {branch} is to be merged into: no origin/HEAD, no upstream",
        "name both, like `main..feature`; or `git remote set-head origin --auto`",
    )


def find_push_remote(store: Store, branch: str | None) -> str:
    """The remote that git would push a new branch to, as `git push` finds it; "" where there is none.

    Args:
        branch: The one it was made from.
    """
    config = store.config
    name = (branch or "").removeprefix("refs/heads/")
    keys = (f"branch.{name}.pushremote", "remote.pushdefault", f"branch.{name}.remote")
    configured = next((config[key] for key in keys if key in config), "")
    if configured:
        return configured
    remotes = store.git.check("remote").decode("utf-8", "surrogateescape").split()
    return "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else ""
