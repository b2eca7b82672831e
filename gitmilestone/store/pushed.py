"""What a hook asks git about: what is staged, where pushed branches come from, what a message names."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.errors import GitFailed
from gitmilestone.model.layout import ROOT
from gitmilestone.store.store import Store

_PATHS = f":(top,literal){ROOT}"
_SCISSORS = b"------------------------ >8 ------------------------"


def list_staged(store: Store) -> list[str]:
    """Paths below `.milestones/` that are staged otherwise than they are in HEAD.

    It is the index that the environment names.
    """
    base = store.head().commit or store.objects.hash("tree", b"")
    listed = store.git.check("diff-index", "--cached", "--name-only", "--no-renames", "-z", base, "--", _PATHS)
    return [path[len(ROOT) + 1 :] for path in listed.decode("utf-8", "surrogateescape").split("\0") if path]


def find_fork(store: Store, commit: str, refs: str) -> str | None:
    """The last commit that a new branch shares with refs that are there already; None where it shares none.

    Args:
        refs: A beginning of refs' names, `refs/heads/`.
    """
    known = store.git.check("for-each-ref", "--format=%(objectname)", refs).decode().split()
    if not known:
        return None
    found = store.git.run("merge-base", commit, *dict.fromkeys(known))
    if found.status > 1:
        raise GitFailed(("merge-base", commit), found.status, found.stderr)
    return found.stdout.decode().strip() or None


def read_trailers(store: Store, message: bytes, key: str) -> list[str]:
    """The values of a message's trailers, as git finds them."""
    parsed = store.git.check("interpret-trailers", "--parse", stdin=message).decode("utf-8", "surrogateescape")
    pairs = (line.partition(":") for line in parsed.splitlines())
    return [value.strip() for name, _, value in pairs if name.strip().lower() == key.lower()]


def add_trailer(store: Store, path: str, trailer: Sequence[str]) -> None:
    """Adds a (key, value) to the message in a file, unless it has one of that key."""
    said = ": ".join(trailer)
    store.git.check("interpret-trailers", "--in-place", "--if-exists=doNothing", "--trailer", said, path)


def read_message(store: Store, content: bytes) -> str:
    """A message as it will be committed: without comments, and without the diff that `commit --verbose` shows."""
    content = content.partition(_SCISSORS)[0]
    return store.git.check("stripspace", "--strip-comments", stdin=content).decode("utf-8", "surrogateescape")
