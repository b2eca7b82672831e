"""What brings one list of files to another, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from gitmilestone.derived.listing import Parsed, iter_listed
from gitmilestone.model.problem import Problem
from gitmilestone.store.files import FileEntry
from gitmilestone.store.trees import TreeEntry


class Step(NamedTuple):
    """A file that goes, comes, or both: what was there is no more, or not the same."""

    path: str
    gone: bool
    entry: FileEntry | None


class Batch(NamedTuple):
    gone: list[str]
    aside: list[Parsed]
    unread: list[FileEntry]


def to_file(path: str, entry: TreeEntry | None) -> FileEntry | None:
    return FileEntry(path, entry.mode, entry.oid) if entry else None


def iter_batches(
    steps: Iterable[Step], find_faults: Callable[[str], tuple[Problem, ...]], size: int
) -> Iterator[Batch]:
    """Args:
    size: Steps in each, but for the last.
    find_faults: Of a file that stands for no milestone.
    """
    remaining = iter(steps)
    while some := list(islice(remaining, size)):
        batch = Batch([step.path for step in some if step.gone], [], [])
        for entry, milestone_id, problem in iter_listed(step.entry for step in some if step.entry):
            if problem:
                batch.aside.append(Parsed(entry.path, entry.oid or "", milestone_id, None, (tuple(problem),)))
            else:
                batch.unread.append(entry)
        for entry in (step.entry for step in some if step.entry and step.entry.is_plain):
            if faults := find_faults(entry.path):
                batch.aside.append(Parsed(entry.path, entry.oid or "", "", None, tuple(map(tuple, faults))))
        yield batch
