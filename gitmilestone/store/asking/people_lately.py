"""Who has worked on the milestones lately."""

from __future__ import annotations

from gitmilestone.model.layout import ROOT
from gitmilestone.store.store import Store


def find_people_lately(store: Store, since: int) -> frozenset[str]:
    """The addresses of authors and committers below HEAD that touched `.milestones/`, as .mailmap joins them.

    O(commits since then).

    Args:
        since: A commit date, in Unix seconds.
    """
    if store.head().commit is None:
        return frozenset()
    raw = store.git.check(
        "-c", "log.showSignature=false", "log", "-z", "--no-color", "--encoding=UTF-8", f"--max-age={since}",
        "--format=tformat:%aE%x00%cE", "HEAD", "--", f":(top,literal){ROOT}",
    )  # fmt: skip
    return frozenset(raw.decode("utf-8", "surrogateescape").lower().split("\0")) - {""}
