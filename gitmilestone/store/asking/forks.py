"""Two branches that have a common past: where they part, and whether git's own merge joins them again."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import NamedTuple

from gitmilestone.errors import EnvironmentFault, GitFailed, UnknownRevision
from gitmilestone.model.layout import ROOT
from gitmilestone.store.installing.drivers import NAME
from gitmilestone.store.store import Store

_CONFLICTS = 1
_USUAL_TARGETS = (
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
# Attributes can't be switched off for one command, so the driver that they name does what git does without one.
_BY_LINES = (
    "-c", f"merge.{NAME}.driver=git merge-file --marker-size=%L %A %O %B", "-c", f"merge.{NAME}.recursive=text",
)  # fmt: skip


class Span(NamedTuple):
    """The commits that are in the history of `head` and not in that of `base`, by their oids."""

    base: str
    head: str


class Joined(NamedTuple):
    """Attributes:
    tree: The oid of the whole tree, with markers where there are conflicts.
    conflicts: Paths below `.milestones/`.
    """

    tree: str
    conflicts: list[str]


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


def merge_by_lines(store: Store, target: str, head: str) -> Joined | None:
    """What git's merge by lines makes of two commits; None where git can't say.

    A forge runs no merge driver, so whether this clone has one does not count. Nothing is merged: git 2.38 and later do
    it in memory, and leave a tree that nothing refers to.
    """
    by_lines = _BY_LINES if f"merge.{NAME}.driver" in store.config else ()
    result = store.git.run(*by_lines, "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", target, head)
    if result.status not in (0, _CONFLICTS) or not result.stdout:
        return None
    tree, *paths = result.stdout.decode("utf-8", "surrogateescape").rstrip("\n").split("\0")
    conflicts = [path[len(ROOT) + 1 :] for path in dict.fromkeys(paths) if path.startswith(f"{ROOT}/")]
    return Joined(tree, conflicts)


def get_target(store: Store, revision: str) -> str:
    """The branch that another one is most likely to be merged into.

    The remote's own; what it follows, unless that is where it is pushed to; `main` or `master` of the remote, or here.

    Raises:
        UnknownRevision: Nothing says.
    """
    branch = _find_full_name(store, revision).removeprefix("refs/heads/")
    for candidate in ("refs/remotes/origin/HEAD", f"{revision}@{{upstream}}", *_USUAL_TARGETS):
        name = _find_full_name(store, candidate)
        short = name.removeprefix("refs/remotes/").removeprefix("refs/heads/")
        is_its_own = branch and (short == branch or short.partition("/")[2] == branch)
        if name and not is_its_own and store.objects.find(f"{name}^{{commit}}"):
            return short
    raise UnknownRevision(
        f"nothing says what {revision} is to be merged into: no other branch is origin/HEAD, its upstream or main",
        "name both, like `main..feature`; or `git remote set-head origin --auto`",
    )


def _find_full_name(store: Store, revision: str) -> str:
    """`refs/heads/main`; "" of what is no ref."""
    found = store.git.run("rev-parse", "--symbolic-full-name", "--verify", "--quiet", revision)
    return found.stdout.decode("utf-8", "surrogateescape").strip() if found.status == 0 else ""


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
