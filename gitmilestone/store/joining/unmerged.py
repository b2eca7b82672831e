"""What a merge has left undone: the sides of a conflict as git keeps them, until a file is staged."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.errors import EnvironmentFault
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merging.merge_text import Markers
from gitmilestone.store.files import FileEntry, read_file
from gitmilestone.store.joining.merge_file import FAILED, MARKER_SIZE, merge_file, parse_marker_size

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

_PREFIX = f"{ROOT}/"


class Unmerged(NamedTuple):
    """A milestone that a merge has left undone, and what each side has under its id, wherever that lies.

    Attributes:
        path: Of the file in the work tree that holds it, below `.milestones/`.
        paths: All that belong to it, in the staging area or on a side.
        base, ours, theirs: None where a side has no file; all of them, where only the file shows a conflict.
        is_mixed: What git has written there is made of another milestone, too.
        is_known: Whether git has it for unmerged; else it has put it somewhere else, or dropped it.
        marker_size: How many characters a marker has in that file.
    """

    id: str
    path: str
    paths: frozenset[str]
    base: FileEntry | None = None
    ours: FileEntry | None = None
    theirs: FileEntry | None = None
    is_mixed: bool = False
    is_known: bool = True
    marker_size: int = MARKER_SIZE


class Staged(NamedTuple):
    """The staging area.

    Attributes:
        stages: What it has of a milestone in conflict: 1 is the base's, 2 ours, 3 theirs.
        plain: The files of the others, by id.
        settled: The ids of those that were in conflict, and that somebody has staged.
        others: Paths from the top of everything else that is in conflict.
    """

    stages: Mapping[str, Sequence[tuple[int, FileEntry]]]
    plain: Mapping[str, FileEntry]
    settled: frozenset[str]
    others: Sequence[str]


def read_staged(store: "Store") -> Staged:
    """Raises EnvironmentFault in a bare repository."""
    if store.staging is None:
        raise EnvironmentFault("a bare repository has no staging area", "resolve conflicts where you merge")
    stages: dict[str, list[tuple[int, FileEntry]]] = {}
    plain: dict[str, FileEntry] = {}
    for entry in store.staging.iter_entries(ROOT):
        path = entry.path.removeprefix(_PREFIX)
        place = find_place(path)
        if place is None or entry.intent_to_add:
            continue
        file = FileEntry(path, entry.mode, entry.oid)
        if entry.stage:
            stages.setdefault(place.id, []).append((entry.stage, file))
        else:
            plain[place.id] = file
    left, settled = (_list_paths(store, option) for option in ("--unmerged", "--resolve-undo"))
    others = [path for path in left if not (path.startswith(_PREFIX) and find_place(path.removeprefix(_PREFIX)))]
    places = (find_place(path.removeprefix(_PREFIX)) for path in settled if path.startswith(_PREFIX))
    return Staged(stages, plain, frozenset(place.id for place in places if place) - stages.keys(), sorted({*others}))


def _list_paths(store: "Store", option: str) -> list[str]:
    listed = store.git.check("ls-files", option, "-z", "--full-name", ":(top)").split(b"\0")[:-1]
    return [os.fsdecode(line.partition(b"\t")[2]) for line in listed]


def find_marked(store: "Store") -> list[str]:
    """Paths below `.milestones/` of tracked files that hold conflict markers, be they staged."""
    args = ("grep", "-G", "-l", "-z", "--no-color", "--full-name", "-e", "^<<* ", "--", f":(top){ROOT}")
    listed = os.fsdecode(store.git.run(*args).stdout).split("\0")
    paths = [path.removeprefix(_PREFIX) for path in listed if path.startswith(_PREFIX)]
    sizes = read_marker_sizes(store, paths)
    files = store.work_files()
    return [path for path in paths if b"\n" + b"<" * sizes[path] + b" " in b"\n" + (read_file(files, path) or b"")]


def read_marker_sizes(store: "Store", paths: Sequence[str]) -> dict[str, int]:
    """How many characters a marker has in each of the files."""
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


def stage_as_it_lies(store: "Store", paths: Iterable[str]) -> None:
    """`git add` of those paths below `.milestones/`, of which some may be gone."""
    listed = b"".join(os.fsencode(f"{_PREFIX}{path}") + b"\0" for path in sorted(paths))
    store.git.check("update-index", "-z", "--add", "--remove", "--stdin", stdin=listed)


def record_conflicts(store: "Store", unmerged: Collection[Unmerged]) -> None:
    """Lets git know of those that it has joined with others without a word, as of its own conflicts."""
    if not unmerged:
        return
    staged = read_staged(store)
    lines: list[bytes] = []
    for one in unmerged:
        if one.id in staged.stages or one.id in staged.settled:
            continue
        gone = "0" * (store.repository.oid_length * 2)
        lines += [_describe(0, gone, 0, path) for path in sorted(one.paths)]
        sides = (one.base, one.ours, one.theirs)
        lines += [_describe(side.mode, side.oid or "", stage, one.path) for stage, side in enumerate(sides, 1) if side]
    store.git.check("update-index", "-z", "--index-info", stdin=b"".join(lines))


def _describe(mode: int, oid: str, stage: int, path: str) -> bytes:
    return b"%o %s %d\t%s\0" % (mode, oid.encode(), stage, os.fsencode(f"{_PREFIX}{path}"))
