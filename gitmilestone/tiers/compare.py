"""Compares every milestone that a tier holds with what its file says."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import NamedTuple, Protocol

from gitmilestone.derived.listing import iter_listed, read_entry
from gitmilestone.model.layout import ROOT
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.record import fingerprint
from gitmilestone.model.row import Row
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import Group, Order, Query, Term
from gitmilestone.store.files import TreeFiles

_BATCH = 400


class Reader(Protocol):
    """A tier, to be compared."""

    def rows(self, query: Query) -> list[Row]: ...

    @property
    def milestones(self) -> int: ...


class Comparison(NamedTuple):
    """Attributes:
    records: How many milestones were compared.
    digest: SHA-256 over the paths and fingerprints of all files' milestones, in the order of their paths.
    differing: The ids of those that are not what their files say, at most some.
    """

    records: int
    digest: str
    differing: tuple[str, ...]


def compare(files: TreeFiles, reader: Reader, watch: Watch = SILENT) -> Comparison:
    """Reads every file again, from git, and asks the tier for the same milestone.

    Files that can't be read, and all but the first of one id, stand for none.
    """
    whole = sha256()
    records = 0
    differing: list[str] = []
    remaining = _iter_milestones(files)
    seen: set[str] = set()
    with watch.track("Comparing", files.estimate_count()) as progress:
        while batch := list(islice(remaining, _BATCH)):
            fresh: dict[str, Milestone] = {}
            for path, one in batch:
                if one.id not in seen:
                    seen.add(one.id)
                    fresh[path] = one
            terms = tuple(Term("id", "=", one.id) for one in fresh.values())
            held = {row.milestone.id: row for row in reader.rows(Query(Group("or", terms), (Order("id"),)))}
            for path, one in fresh.items():
                row = held.get(one.id)
                whole.update(f"{fingerprint(one)} {path}\n".encode("utf-8", "surrogateescape"))
                records += 1
                if row is None or (row.path, row.milestone) != (path, one):
                    differing.append(one.id)
            progress.advance(len(batch))
    if records != reader.milestones:
        differing.append(f"{reader.milestones - records:+} milestones")
    return Comparison(records, whole.hexdigest(), tuple(differing[:_BATCH]))


def _iter_milestones(files: TreeFiles) -> Iterator[tuple[str, Milestone]]:
    """(path, milestone) of every readable file, in the order of the paths' bytes: the first of an id serves it."""
    listed = (one.entry for one in iter_listed(files.iter_entries()) if one.problem is None)
    while batch := list(islice(listed, _BATCH)):
        for entry, size, content in files.iter_contents(batch, MAX_BYTES):
            milestone = read_entry(entry, size, content, frozenset()).milestone
            if milestone is not None:
                yield f"{ROOT}/{entry.path}", milestone
