"""Commits whose trees name more files than anybody has: seen before git, which has no bound, lists their changes."""

from __future__ import annotations

from gitmilestone.model.layout import ROOT
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.git import OWN_PARENTS
from gitmilestone.store.store import Store
from gitmilestone.store.trees import DEEPEST, TREE_MODE, iter_entries

_GROWN = 10_000
"""Files that one commit may bring before they are looked at one by one."""


def refuse_vast(store: Store, new: str, old: str = "") -> None:
    """Looks at the commits in the history of `new`, but not of `old`, that touch `.milestones/`; at `new` without one.

    Each folder is counted once, whoever names it. Of a whole history only the end is looked at: all of it would take
    half as long as reading it.

    Raises:
        UnsafePath: One of them has more files than there may be, as `Expanse` has it.
    """
    counts: dict[str, int] = {}
    largest = 0
    for commit in (old, *_list_touching(store, new, old)) if old else (new,):
        found = store.objects.find(f"{commit}:{ROOT}")
        if found is None or found.type != "tree":
            continue
        count = _count(store, found.oid, counts, 0)
        if count > largest + _GROWN and commit != old:
            for _ in TreeFiles(store.objects, found.oid).iter_entries():
                pass
        largest = max(largest, count)


def _list_touching(store: Store, new: str, old: str) -> list[str]:
    """Parents first; git looks no further into a commit than to where it differs."""
    args = ("--full-history", "--reverse", "--topo-order", new, f"^{old}", "--", f":(top,literal){ROOT}")
    return store.git.check("rev-list", *args, env=OWN_PARENTS).decode("ascii").split()


def _count(store: Store, tree: str, counts: dict[str, int], depth: int) -> int:
    """How many paths a tree stands for: about, and never too few."""
    if tree not in counts:
        content = store.objects.get_tree(tree)
        count = content.count(b"\0")
        if depth <= DEEPEST and b"%o " % TREE_MODE in content:
            folders = (entry.oid for entry in iter_entries(content, store.objects.oid_length) if entry.is_tree)
            count += sum(_count(store, folder, counts, depth + 1) for folder in folders)
        counts[tree] = count
    return counts[tree]
