"""Which files hold some words, as git searches for them."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.errors import GitFailed
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store

_ARGS = ("grep", "-l", "-z", "-F", "--text", "--no-color", "--no-recurse-submodules", "--full-name")


def find_mentioning(store: Store, files: TreeFiles, words: Sequence[str]) -> list[str]:
    """Paths below `.milestones/` of the files of a tree that hold one of some words, as part of others too."""
    if files.tree is None or not words:
        return []
    patterns = [part for word in words for part in ("-e", word)]
    result = store.git.run(*_ARGS, *patterns, files.tree)
    if result.status > 1:
        raise GitFailed((*_ARGS, files.tree), result.status, result.stderr)
    listed = result.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [name.partition(":")[2] for name in listed if name]
