"""What a hook asks git about: what is staged, where pushed branches come from, what a message names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gitmilestone.model.layout import ROOT
from gitmilestone.store.store import Store

_PATHS = f":(top,literal){ROOT}"
_BY_COLON = ("-c", "trailer.separators=:")
_SCISSORS = b"------------------------ >8 ------------------------"


def list_staged(store: Store, commit: str | None = None) -> list[str]:
    """Paths below `.milestones/` that are staged otherwise than they are in a commit.

    It is the index that the environment names.

    Args:
        commit: None is HEAD's.
    """
    base = commit or store.head().commit or store.objects.hash("tree", b"")
    listed = store.git.check("diff-index", "--cached", "--name-only", "--no-renames", "-z", base, "--", _PATHS)
    return [path[len(ROOT) + 1 :] for path in listed.decode("utf-8", "surrogateescape").split("\0") if path]


def find_fork(store: Store, commit: str, refs: str) -> str | None:
    """The last commit that a new branch shares with refs that are there already; None where it shares none.

    Args:
        refs: A beginning of refs' names, `refs/heads/`.
    """
    listed = store.git.check("rev-list", "--boundary", commit, "--not", f"--glob={refs}*").decode().split()
    shared = [oid.removeprefix("-") for oid in listed if oid.startswith("-")]
    if len(shared) > 1:  # it has joined what others had meanwhile
        newest = ("rev-list", "--no-walk", "--max-count=1", "--stdin")
        return store.git.check(*newest, stdin="\n".join(shared).encode()).decode().strip()
    return shared[0] if shared else None if listed else commit


def list_joined(store: Store) -> list[str]:
    """The commits that the one to be made joins to HEAD; none but in a merge."""
    try:
        with open(os.path.join(store.repository.git_dir, "MERGE_HEAD"), encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def read_trailers(store: Store, message: bytes, key: str) -> list[str]:
    """The values of a message's trailers, as git finds them; as in history, only a colon separates."""
    parsed = store.git.check(*_BY_COLON, "interpret-trailers", "--parse", stdin=message).decode(
        "utf-8", "surrogateescape"
    )
    pairs = (line.partition(":") for line in parsed.splitlines())
    return [value.strip() for name, _, value in pairs if name.strip().lower() == key.lower()]


def add_trailer(store: Store, path: str, trailer: Sequence[str]) -> None:
    """Adds a (key, value) to the message in a file, unless it has one of that key."""
    said = ": ".join(trailer)
    store.git.check(*_BY_COLON, "interpret-trailers", "--in-place", "--if-exists=doNothing", "--trailer", said, path)


def read_message(store: Store, content: bytes) -> str:
    """A message as it will be committed: without comments, and without the diff that `commit --verbose` shows."""
    content = content.partition(_SCISSORS)[0]
    return store.git.check("stripspace", "--strip-comments", stdin=content).decode("utf-8", "surrogateescape")
