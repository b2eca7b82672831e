"""What a merge has left undone: the sides of a conflict as git keeps them, until a file is staged."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.errors import EnvironmentFault
from gitmilestone.model.layout import ROOT, find_place, possible_paths
from gitmilestone.store.files import FileEntry

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

_PREFIX = f"{ROOT}/"


class Unmerged(NamedTuple):
    """A milestone in conflict, wherever a rename has taken each side's file.

    Attributes:
        path: Of the file in the work tree that holds the conflict, below `.milestones/`.
        base, ours, theirs: None where a side has no file; all of them, where only the file shows a conflict.
    """

    id: str
    path: str
    base: FileEntry | None = None
    ours: FileEntry | None = None
    theirs: FileEntry | None = None

    @property
    def paths(self) -> set[str]:
        return {self.path, *(side.path for side in (self.base, self.ours, self.theirs) if side)}


def find_unmerged(store: "Store") -> tuple[list[Unmerged], list[str]]:
    """The milestones in conflict, by id, and the paths of everything else that is."""
    staging = store.staging
    if staging is None:
        raise EnvironmentFault("a bare repository has no staging area", "resolve conflicts where you merge")
    sides: dict[str, list[tuple[int, FileEntry]]] = {}
    others: set[str] = set()
    for line in store.git.check("ls-files", "-u", "-z", "--full-name", ":(top)").split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, oid, stage = facts.decode("ascii").split(" ")
        path = os.fsdecode(name)
        place = find_place(path.removeprefix(_PREFIX)) if path.startswith(_PREFIX) else None
        if place is None:
            others.add(path)
        else:
            entry = FileEntry(path.removeprefix(_PREFIX), int(mode, 8), oid)
            sides.setdefault(place.id, []).append((int(stage), entry))
    found: dict[str, Unmerged] = {}
    for milestone_id, listed in sides.items():
        stages = dict(listed)
        if len(stages) == len(listed):
            found[milestone_id] = _gather(store, milestone_id, stages)
        else:  # one side has two files of that id
            others.update(_PREFIX + entry.path for _, entry in listed)
    for path in _find_marked(store):
        place = find_place(path)
        if place is not None:
            found.setdefault(place.id, Unmerged(place.id, path))
    return [found[milestone_id] for milestone_id in sorted(found)], sorted(others)


def _gather(store: "Store", milestone_id: str, stages: dict[int, FileEntry]) -> Unmerged:
    if len(stages) == 2 and 1 in stages:
        # One side seems to have deleted it: it may have moved it, and changed too much for git to see that.
        missing = 2 if 3 in stages else 3
        moved = _find_staged(store, milestone_id)
        if moved is not None:
            stages = {**stages, missing: moved}
    base, ours, theirs = (stages.get(stage) for stage in (1, 2, 3))
    held = next(side for side in (ours, theirs, base) if side is not None)
    return Unmerged(milestone_id, held.path, base, ours, theirs)


def _find_staged(store: "Store", milestone_id: str) -> FileEntry | None:
    paths = possible_paths(milestone_id)
    found = store.staging.lookup([_PREFIX + path for path in paths]) if store.staging else {}
    for path in paths:
        for entry in found[_PREFIX + path]:
            if entry.stage == 0:
                return FileEntry(path, entry.mode, entry.oid)
    return None


def _find_marked(store: "Store") -> list[str]:
    """Paths below `.milestones/` of tracked files that hold conflict markers, be they staged."""
    args = ("grep", "-G", "-l", "-z", "--no-color", "--full-name", "-e", "^<<<<<<< ", "--", f":(top){ROOT}")
    listed = os.fsdecode(store.git.run(*args).stdout)
    return [path.removeprefix(_PREFIX) for path in listed.split("\0") if path.startswith(_PREFIX)]


def find_written(store: "Store", path: str) -> bytes | None:
    """What git itself has written into a file in conflict, markers included, where it remembers."""
    found = store.objects.find(f"AUTO_MERGE:{_PREFIX}{path}")
    return found.content if found and found.type == "blob" else None


def stage_as_it_lies(store: "Store", paths: set[str]) -> None:
    """`git add` of those paths below `.milestones/`, of which some may be gone."""
    listed = b"".join(os.fsencode(f"{_PREFIX}{path}") + b"\0" for path in sorted(paths))
    store.git.check("update-index", "-z", "--add", "--remove", "--stdin", stdin=listed)
