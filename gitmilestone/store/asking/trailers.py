"""Commits by a trailer of their messages, and what became of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from gitmilestone.model.layout import ROOT
from gitmilestone.store.store import Store

_REVERTS = re.compile(
    r"^This reverts commit ([0-9a-f]{40,64})\b(?:, reversing\s+changes made to ([0-9a-f]{40,64}))?", re.MULTILINE
)
"""git's own words; of a merge they also name the parent that was gone back to."""
_FIELDS = 5


class Trailed(NamedTuple):
    """A commit with the trailer.

    Attributes:
        time: Author's, Unix seconds.
        value: The trailer's.
        reverted_by: The commit that took it back and was not taken back itself; "" where there is none.
    """

    oid: str
    author: str
    time: int
    value: str
    reverted_by: str


def find_trailed(store: Store, key: str) -> list[Trailed]:
    """The commits below HEAD that touch `.milestones/` and have that trailer, newest first. O(history)."""
    if store.head().commit is None:
        return []
    raw = store.git.check(
        "-c", "log.showSignature=false", "-c", "trailer.separators=:",
        "log", "-z", "--topo-order", "--no-color", "--encoding=UTF-8",
        f"--grep=^{key}: ", "--grep=^This reverts commit ",
        f"--format=tformat:%H%x00%aN%x00%at%x00%(trailers:key={key},valueonly,separator=%x2C)%x00%b",
        "HEAD", "--", f":(top,literal){ROOT}",
    )  # fmt: skip
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    found: list[Trailed] = []
    reverted: dict[str, str] = {}
    for place in range(0, len(parts) - _FIELDS + 1, _FIELDS):
        oid, author, time, value, body = parts[place : place + _FIELDS]
        if oid not in reverted:
            for commit, parent in _REVERTS.findall(body):
                reverted |= dict.fromkeys([commit, *(_list_merged(store, parent, commit) if parent else ())], oid)
        if value:
            found.append(Trailed(oid, author, int(time or 0), value.strip(), reverted.get(oid, "")))
    return found


def _list_merged(store: Store, parent: str, merge: str) -> list[str]:
    """The commits that a merge brought to one of its parents; none where they are not known here."""
    listed = store.git.run("rev-list", f"{parent}..{merge}", "--", f":(top,literal){ROOT}")
    return listed.stdout.decode().split() if listed.status == 0 else []
