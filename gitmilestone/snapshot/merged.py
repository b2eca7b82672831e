"""What a merge comes to, milestone by milestone: what each side has under an id, whatever git makes of the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from gitmilestone.errors import Refused
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merging.by_id import Expected, merge_milestone
from gitmilestone.model.merging.merge import Decision
from gitmilestone.model.merging.merge_text import GIT_MARKERS, Markers
from gitmilestone.snapshot.locate import locate_unindexed
from gitmilestone.store.files import FileEntry, TreeFiles
from gitmilestone.store.store import Store


class State:
    """The milestones of a tree, by id."""

    def __init__(self, files: TreeFiles) -> None:
        self.files = files
        self._entries: dict[str, FileEntry] | None = None

    @property
    def entries(self) -> Mapping[str, FileEntry]:
        """Every one; O(files)."""
        if self._entries is None:
            placed = ((find_place(entry.path), entry) for entry in self.files.iter_entries() if entry.is_plain)
            self._entries = {place.id: entry for place, entry in placed if place}
        return self._entries

    def find(self, milestone_id: str, likely: Iterable[str] = ()) -> FileEntry | None:
        near = (self.files.find(path) for path in likely)
        found = (entry for entry in chain(near, locate_unindexed(self.files, milestone_id)) if entry is not None)
        return next((entry for entry in found if entry.is_plain), None)


class Heads(NamedTuple):
    """The states that a merge is made of.

    Attributes:
        bases: Their last common states: none without a common past, several where they have merged each other.
        beneath: What the first two bases are a merge of, where there are several.
    """

    ours: State
    theirs: State
    bases: tuple[State, ...]
    beneath: Heads | None = None


class Merged(NamedTuple):
    """A milestone that a side has changed.

    Attributes:
        base, ours, theirs: Its file there; None where it has none.
        expected: None where `fault` says why it can't be told.
    """

    id: str
    base: FileEntry | None
    ours: FileEntry | None
    theirs: FileEntry | None
    expected: Expected | None
    fault: Refused | None = None


def read_heads(store: Store, ours: str, theirs: str) -> Heads:
    """What a merge of two commits is made of.

    Raises:
        UnknownRevision: One of them is no commit.
    """
    listed = store.git.run("merge-base", "--all", ours, theirs).stdout.decode("ascii").split()
    bases = tuple(State(store.files_at(commit)) for commit in listed)
    beneath = read_heads(store, *listed[:2]) if len(listed) > 1 else None
    return Heads(State(store.files_at(ours)), State(store.files_at(theirs)), bases, beneath)


def find_changed(store: Store, heads: Heads) -> set[str]:
    """The ids of all that a side has changed, moved, made or deleted. O(changed files)."""
    paths: set[str] = set()
    bases = [base.files for base in heads.bases] or [TreeFiles(store.objects, None)]
    for base in bases:
        for side in (heads.ours, heads.theirs):
            paths.update(path for path, _, _ in store.iter_changed(base, side.files))
    return {place.id for path in paths if (place := find_place(path))}


def merge_one(
    store: Store,
    heads: Heads,
    milestone_id: str,
    decisions: Mapping[str, Decision] = {},
    markers: Markers = GIT_MARKERS,
) -> Merged:
    """What becomes of one of them, and why it can't be told where a side can't be read."""
    ours, theirs = heads.ours.find(milestone_id), heads.theirs.find(milestone_id)
    likely = [side.path for side in (ours, theirs) if side]
    bases = [base.find(milestone_id, likely) for base in heads.bases]
    base = next((entry for entry in bases if entry), None)
    path = f"{ROOT}/{(ours or theirs or base or FileEntry(milestone_id, 0, None)).path}"
    sides = base, ours, theirs
    try:
        texts = find_base_texts(store, heads, milestone_id)
        here, there = (_read(store, side) for side in (ours, theirs))
        return Merged(milestone_id, *sides, merge_milestone(path, texts, here, there, decisions, markers))
    except Refused as fault:
        return Merged(milestone_id, *sides, None, fault)


def find_base_texts(store: Store, heads: Heads, milestone_id: str) -> Sequence[bytes | None]:
    """What both sides have it from: one state, or those that contradict each other; [None] where it was nowhere."""
    texts = [*dict.fromkeys(_read(store, base.find(milestone_id)) for base in heads.bases)] or [None]
    if len(texts) == 1 or heads.beneath is None:
        return texts
    beneath = merge_one(store, heads.beneath, milestone_id).expected
    if len(heads.bases) > 2 or beneath is None or beneath.conflicts:
        return texts
    return [beneath.content]


def _read(store: Store, entry: FileEntry | None) -> bytes | None:
    return None if entry is None else store.objects.get_blob(entry.oid or "")
