"""What a merge has left undone: the sides of a conflict as git keeps them, until a file is staged."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.errors import EnvironmentFault
from gitmilestone.model.layout import ROOT, find_place, possible_paths
from gitmilestone.model.merging.merge_text import Markers
from gitmilestone.store.files import FileEntry, TreeFiles, read_file
from gitmilestone.store.joining.joined import find_joined
from gitmilestone.store.joining.merge_file import FAILED, MARKER_SIZE, merge_file, parse_marker_size

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

_PREFIX = f"{ROOT}/"


class Unmerged(NamedTuple):
    """A milestone in conflict, wherever a rename has taken each side's file.

    Attributes:
        path: Of the file in the work tree that holds the conflict, below `.milestones/`.
        paths: All that belong to it, in the staging area or on a side.
        base, ours, theirs: None where a side has no file; all of them, where only the file shows a conflict.
        is_mixed: git has joined it with another milestone: the file is made of both.
        lost: Milestones in conflict that git does not know of, because it took this one for what became of them.
        marker_size: How many characters a marker has in that file.
    """

    id: str
    path: str
    paths: frozenset[str]
    base: FileEntry | None = None
    ours: FileEntry | None = None
    theirs: FileEntry | None = None
    is_mixed: bool = False
    lost: tuple["Unmerged", ...] = ()
    marker_size: int = MARKER_SIZE


class _State:
    """The milestones of a commit, by id."""

    def __init__(self, files: TreeFiles) -> None:
        self.files = files
        self._entries: dict[str, FileEntry] | None = None

    @property
    def entries(self) -> dict[str, FileEntry]:
        if self._entries is None:
            placed = ((find_place(entry.path), entry) for entry in self.files.iter_entries())
            self._entries = {place.id: entry for place, entry in placed if place}
        return self._entries

    def find(self, milestone_id: str, likely_paths: Collection[str] = ()) -> FileEntry | None:
        for path in (*likely_paths, *possible_paths(milestone_id)):
            entry = self.files.find(path)
            if entry is not None:
                return entry
        return self.entries.get(milestone_id)

    def find_ids(self, oid: str | None) -> set[str]:
        return {milestone_id for milestone_id, entry in self.entries.items() if entry.oid == oid}


_States = Sequence[_State]
"""Of base, ours and theirs."""
_Stages = Mapping[int, FileEntry]
"""What the staging area has of a milestone: 1 is the base's, 2 ours, 3 theirs."""


def find_unmerged(store: "Store") -> tuple[list[Unmerged], list[str]]:
    """The milestones in conflict, by id, then what git has lost of them; and the paths of everything else that is."""
    listed, others = _list_unmerged(store)
    marked = {place.id: path for path in _find_marked(store) if (place := find_place(path)) and place.id not in listed}
    states = _read_states(store) if listed or marked else None
    known = {key: dict(entries) for key, entries in listed.items()}
    # One side has two files of such an id; or git has joined it with another one, and does not tell which.
    unclear = {key for key, stages in known.items() if len(stages) < len(listed[key])}
    if states is None:
        unclear |= _find_mixed(known)
    found = [_gather(store, states, key, stages) for key, stages in known.items() if key not in unclear]
    found += [_gather_marked(states, key, path) for key, path in marked.items()]
    others += [_PREFIX + entry.path for key in unclear for _, entry in listed[key]]
    lost = {one.id: one for mixed in found for one in mixed.lost if one.id not in listed}
    found = [*sorted(found, key=lambda one: one.id), *lost.values()]
    sizes = _read_marker_sizes(store, [one.path for one in found])
    return [one._replace(marker_size=sizes[one.path]) for one in found], sorted({*others})


def _list_unmerged(store: "Store") -> tuple[dict[str, list[tuple[int, FileEntry]]], list[str]]:
    """What is in conflict in the staging area: milestones, by id, each stage with its file; paths of others."""
    if store.staging is None:
        raise EnvironmentFault("a bare repository has no staging area", "resolve conflicts where you merge")
    listed: dict[str, list[tuple[int, FileEntry]]] = {}
    others: list[str] = []
    for line in store.git.check("ls-files", "-u", "-z", "--full-name", ":(top)").split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, oid, stage = facts.decode("ascii").split(" ")
        path = os.fsdecode(name)
        place = find_place(path.removeprefix(_PREFIX)) if path.startswith(_PREFIX) else None
        if place is None:
            others.append(path)
        else:
            entry = FileEntry(path.removeprefix(_PREFIX), int(mode, 8), oid)
            listed.setdefault(place.id, []).append((int(stage), entry))
    return listed, others


def _read_states(store: "Store") -> _States | None:
    joined = find_joined(store)
    if joined is None:
        return None
    base = store.files_at(joined.base) if joined.base else TreeFiles(store.objects, None)
    return [_State(files) for files in (base, store.files_at(), store.files_at(joined.theirs))]


def _find_mixed(known: Mapping[str, _Stages]) -> set[str]:
    """Where git takes one milestone for what became of another, and both sides for having moved it."""
    moved = {key for key, stages in known.items() if len(stages) < 3 and len({one.path for one in stages.values()}) > 1}
    moved |= {key for key, stages in known.items() if [*stages] == [1]}
    return moved | {key for key, stages in known.items() if moved and len(stages) == 1}


def _gather(store: "Store", states: _States | None, milestone_id: str, stages: _Stages) -> Unmerged:
    held = next(stages[stage] for stage in (2, 3, 1) if stage in stages)
    paths = frozenset(entry.path for entry in stages.values())
    if states is None:
        return _gather_moved(store, milestone_id, stages)
    sides = [state.find(milestone_id, paths) for state in states]
    is_plain = len(paths) == 1 and 1 in stages
    if is_plain and all((stage in stages) == (sides[stage - 1] is not None) for stage in (2, 3)):
        return _name(milestone_id, held.path, paths, [stages.get(stage) for stage in (1, 2, 3)])
    # It was renamed, or git says so. What each side has of it, that side's own tree tells.
    is_mixed = any((side := sides[at - 1]) is None or side.oid != stages[at].oid for at in (2, 3) if at in stages)
    if not is_mixed and 1 in stages:
        sides[0] = stages[1]
    lost = tuple(_iter_lost(store, states, milestone_id, stages)) if is_mixed else ()
    return _name(milestone_id, held.path, paths, sides)._replace(is_mixed=is_mixed, lost=lost)


def _name(milestone_id: str, path: str, paths: Collection[str], sides: Sequence[FileEntry | None]) -> Unmerged:
    base, ours, theirs = sides
    return Unmerged(milestone_id, path, frozenset([*paths, *(side.path for side in sides if side)]), base, ours, theirs)


def _gather_moved(store: "Store", milestone_id: str, stages: _Stages) -> Unmerged:
    """Where one side seems to have deleted it, it may have moved it, and changed too much for git to see that."""
    held = next(stages[stage] for stage in (2, 3, 1) if stage in stages)
    moved = _find_staged(store, milestone_id) if len(stages) == 2 and 1 in stages else None
    if moved is not None:
        stages = {**stages, (2 if 3 in stages else 3): moved}
    return _name(milestone_id, held.path, (), [stages.get(stage) for stage in (1, 2, 3)])


def _iter_lost(store: "Store", states: _States, milestone_id: str, stages: _Stages) -> Iterator[Unmerged]:
    """What the files in the staging area really are, where both sides did different things to it."""
    others = {other for stage, entry in stages.items() for other in states[stage - 1].find_ids(entry.oid)}
    for other in sorted(others - {milestone_id}):
        sides = [state.find(other) for state in states]
        held = next((side for side in sides[::-1] if side), None)
        if held and len({side and side.oid for side in sides}) == 3 and _find_staged(store, other) is None:
            yield _name(other, held.path, (), sides)


def _find_staged(store: "Store", milestone_id: str) -> FileEntry | None:
    paths = possible_paths(milestone_id)
    found = store.staging.lookup([_PREFIX + path for path in paths]) if store.staging else {}
    for path in paths:
        for entry in found[_PREFIX + path]:
            if entry.stage == 0:
                return FileEntry(path, entry.mode, entry.oid)
    return None


def _gather_marked(states: _States | None, milestone_id: str, path: str) -> Unmerged:
    """A file that was staged with its markers: what git is joining tells its sides, unless it was committed so."""
    sides = [state.find(milestone_id, [path]) for state in states or ()]
    if len({side and side.oid for side in sides}) < 3 or None in sides[1:]:
        sides = [None, None, None]
    return _name(milestone_id, path, [path], sides)


def _find_marked(store: "Store") -> list[str]:
    """Paths below `.milestones/` of tracked files that hold conflict markers, be they staged."""
    args = ("grep", "-G", "-l", "-z", "--no-color", "--full-name", "-e", "^<<* ", "--", f":(top){ROOT}")
    listed = os.fsdecode(store.git.run(*args).stdout).split("\0")
    paths = [path.removeprefix(_PREFIX) for path in listed if path.startswith(_PREFIX)]
    sizes = _read_marker_sizes(store, paths)
    files = store.work_files()
    return [path for path in paths if b"\n" + b"<" * sizes[path] + b" " in b"\n" + (read_file(files, path) or b"")]


def _read_marker_sizes(store: "Store", paths: Sequence[str]) -> dict[str, int]:
    if not paths:
        return {}
    asked = b"".join(os.fsencode(_PREFIX + path) + b"\0" for path in paths)
    said = store.git.check("check-attr", "-z", "--stdin", "conflict-marker-size", stdin=asked).split(b"\0")
    sizes = {os.fsdecode(path).removeprefix(_PREFIX): size for path, size in zip(said[::3], said[2::3], strict=False)}
    return {path: parse_marker_size(size.decode("ascii", "replace")) for path, size in sizes.items()}


def find_written(store: "Store", path: str) -> bytes | None:
    """What git itself has written into a file in conflict, markers included, where it remembers."""
    found = store.objects.find(f"AUTO_MERGE:{_PREFIX}{path}")
    return found.content if found and found.type == "blob" else None


def join_lines(store: "Store", base: bytes | None, ours: bytes, theirs: bytes, marker_size: int) -> bytes | None:
    """What git makes of their lines, markers included; None where it can't."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        paths = {f"{folder}/base": base or b"", f"{folder}/ours": ours, f"{folder}/theirs": theirs}
        for path, content in paths.items():
            with open(path, "wb") as file:
                file.write(content)
        was, here, there = paths
        if merge_file(store.git, was, here, there, Markers(size=marker_size)) >= FAILED:
            return None
        with open(here, "rb") as file:
            return file.read()


def stage_as_it_lies(store: "Store", unmerged: Unmerged, paths: Collection[str]) -> None:
    """`git add` of those paths below `.milestones/`, of which some may be gone; what was lost is in conflict then."""
    listed = b"".join(os.fsencode(f"{_PREFIX}{path}") + b"\0" for path in sorted(paths))
    store.git.check("update-index", "-z", "--add", "--remove", "--stdin", stdin=listed)
    entries = b"".join(
        b"%o %s %d\t%s\0" % (side.mode, (side.oid or "").encode(), stage, os.fsencode(f"{_PREFIX}{one.path}"))
        for one in unmerged.lost
        for stage, side in enumerate((one.base, one.ours, one.theirs), 1)
        if side
    )
    if entries:
        store.git.check("update-index", "-z", "--index-info", stdin=entries)
