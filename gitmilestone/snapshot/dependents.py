"""Who waits for whom, in a tree that may have no index yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitmilestone.model.milestone import Milestone
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.answer import has_index
from gitmilestone.snapshot.documents import read_all, read_at
from gitmilestone.store.asking.mentions import find_mentioning
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store

_SEARCHED = 100
"""Ids from which an index is worth building."""


def find_dependents(store: Store, files: Files, ids: Sequence[str], watch: Watch = SILENT) -> dict[str, list[str]]:
    """Milestone, which need not be there -> the ids of those that depend on it, sorted.

    An index that exists answers; else git searches all files for the ids, which is far quicker than reading them.
    """
    if not isinstance(files, TreeFiles):
        return _list_dependents((one for one, _ in read_all(files).entries), ids)
    if len(ids) < _SEARCHED and not has_index(store, files):
        read = (read_at(files, path) for path in find_mentioning(store, files, ids))
        return _list_dependents(filter(None, read), ids)
    from gitmilestone.derived.database import read_index

    return read_index(store, files, lambda index: index.dependents_of(sorted(ids)), watch)


def _list_dependents(milestones: Iterable[Milestone], ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    wanted = set(ids)
    for milestone in milestones:
        for on in milestone.depends_on:
            if on.id in wanted:
                found.setdefault(on.id, []).append(milestone.id)
    return {name: sorted(names) for name, names in found.items()}
