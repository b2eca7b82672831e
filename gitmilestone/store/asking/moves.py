"""Where a branch stands, asked so cheaply that it can be asked all day, and what lies between two of its commits."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from typing import NamedTuple

from gitmilestone.errors import GitFailed, InvalidValue, UnknownRevision
from gitmilestone.store.asking.log import log_all
from gitmilestone.store.git import OWN_PARENTS, Git
from gitmilestone.store.store import Store

_CERTAIN_SECONDS = 5.0
"""After which a ref is read whatever its files look like: times can be coarse, and a ref can name another one."""

_Mark = tuple[int, int, int] | None


class Standing(NamedTuple):
    """Attributes:
    ref: The full name of the branch; `HEAD` where that is detached.
    commit: None where the branch has none, or is gone.
    """

    ref: str
    commit: str | None


class Difference(NamedTuple):
    """The commits that only one of two has in its history.

    Attributes:
        gone, come: Those of the old, and of the new one. Where clocks are wrong, some that both have may be among them.
        is_rewind: Whether the old one is not in the history of the new one; never wrong.
    """

    gone: set[bytes]
    come: set[bytes]
    is_rewind: bool


class RefWatch:
    """One ref, looked at again and again.

    Args:
        ref: By its full name; `HEAD` is the branch that is checked out, whichever that is.
    """

    def __init__(self, store: Store, ref: str = "HEAD") -> None:
        self._store = store
        self._ref = ref
        self._paths: tuple[str, ...] = ()
        self._marks: list[_Mark] = []
        self._due = 0.0

    def look(self, now: float) -> Standing | None:
        """Where it stands, if it may have moved since the last look; a few calls of stat while it has not.

        Args:
            now: Seconds of a clock that only goes forward.
        """
        # Taken before the ref is read: what moves in between shows in the next look.
        marks = [_mark(path) for path in self._paths]
        if marks == self._marks and self._paths and now < self._due:
            return None
        standing = self._read()
        paths = self._find_paths(standing.ref)
        self._marks = marks if paths == self._paths else []
        self._paths = paths
        self._due = now + _CERTAIN_SECONDS
        return standing

    def _read(self) -> Standing:
        if self._ref == "HEAD":
            head = self._store.head()
            return Standing(head.branch or "HEAD", head.commit)
        found = self._store.objects.find(f"{self._ref}^{{commit}}")
        return Standing(self._ref, found.oid if found else None)

    def _find_paths(self, ref: str) -> tuple[str, ...]:
        """Every file of which one changes when the ref does, in whichever way this repository keeps its refs."""
        own, common = self._store.repository.git_dir, self._store.repository.common_dir
        paths = [f"{folder}/{name}" for folder in (own, common) for name in (ref, "reftable/tables.list")]
        return tuple(dict.fromkeys([f"{own}/HEAD", f"{common}/packed-refs", *paths]))


def _mark(path: str) -> _Mark:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino, facts.st_size


def find_ref(store: Store, name: str) -> str:
    """The full name of a ref; of several that are called so, the branch.

    Raises:
        UnknownRevision.
    """
    if name.startswith("-"):
        raise InvalidValue(f"{name!r} is no branch", "`git branch --all` lists them")
    if store.objects.find(f"refs/heads/{name}^{{commit}}"):
        return f"refs/heads/{name}"
    found = store.git.run("rev-parse", "--symbolic-full-name", "--verify", "--quiet", name)
    ref = found.stdout.decode("utf-8", "surrogateescape").strip()
    if not ref.startswith("refs/"):
        raise UnknownRevision(f"{name!r} is no branch of this repository", "`git branch --all` lists them")
    return ref


def find_difference(git: Git, old: str, new: str) -> Difference | None:
    """What lies between two commits; None where git does not know the old one any more. O(commits that differ)

    Args:
        old: "" for none: all of the history of `new` has come.
    """
    sides: dict[str, set[bytes]] = {"<": set(), ">": set(), "-": set()}
    try:
        with log_all(git, new, old) as commits:
            for logged in commits:
                sides[logged.side].add(bytes.fromhex(logged.oid))
    except GitFailed:
        return None
    gone = sides["<"]
    return Difference(gone, sides[">"], bool(gone) and not is_ancestor(git, old, new))


def is_ancestor(git: Git, old: str, new: str) -> bool:
    """Whether a commit is in the history of another one; False where git does not know one of them."""
    return git.run("merge-base", "--is-ancestor", old, new, env=OWN_PARENTS).status == 0
