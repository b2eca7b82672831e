"""What a change makes wrong: the cost follows the change, not the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitmilestone.derived.watch import SILENT, Watch
from gitmilestone.model.layout import PROJECT_FILE, ROOT, TIER_FILE, find_path_fault, find_place, possible_paths
from gitmilestone.model.milestone import Milestone
from gitmilestone.operations.check import Report, check
from gitmilestone.operations.reading import read_one
from gitmilestone.store.files import FileEntry, Files, TreeFiles
from gitmilestone.store.store import Store


class _SomeFiles:
    """Some of the files of a state, as if there were no others."""

    def __init__(self, files: Files, paths: Iterable[str]) -> None:
        self._files = files
        found = ((path, files.find(path)) for path in sorted(paths))
        self._entries = {path: entry for path, entry in found if entry is not None}

    def iter_entries(self) -> Iterator[FileEntry]:
        return iter(self._entries.values())

    def find(self, path: str) -> FileEntry | None:
        return self._entries.get(path)

    def iter_contents(
        self, entries: Iterable[FileEntry], max_bytes: int | None = None
    ) -> Iterator[tuple[FileEntry, int, bytes | None]]:
        return self._files.iter_contents(entries, max_bytes)


def check_change(store: Store, old: TreeFiles, new: Files, changed: Iterable[str], watch: Watch = SILENT) -> Report:
    """The problems of changed files, and those that the change makes in others.

    Read are the changed files and what they wait for, however far away; where milestones are gone, also who waits
    for them, whom the index names. Where the project's settings change, that is every file. Dependencies on other
    repositories are not looked up, nor second files of an id where no layout puts them.

    Args:
        changed: Paths below `.milestones/` that differ.
    """
    differing = set(changed)
    if PROJECT_FILE in differing:
        known, report = check(old), check(new)
    else:
        paths = _find_neighbours(store, old, new, differing, watch)
        known, report = check(_SomeFiles(old, paths)), check(_SomeFiles(new, paths))
    old_problems = set(known.problems)
    rooted = {f"{ROOT}/{path}" for path in differing}
    problems = [one for one in report.problems if one.path in rooted or one not in old_problems]
    return Report(tuple(problems), sum(1 for path in differing if find_place(path)), report.is_initialised)


def _find_neighbours(store: Store, old: TreeFiles, new: Files, changed: set[str], watch: Watch) -> set[str]:
    """The paths of all files that have a say in what is wrong with the changed ones."""
    places = _Places(new)
    paths = {PROJECT_FILE, TIER_FILE, *changed}
    pending = [place.id for path in changed if (place := find_place(path)) and not find_path_fault(place)]
    gone = [name for name in dict.fromkeys(pending) if not places.find(name)]
    if gone:
        from gitmilestone.derived.database import read_index

        held = read_index(store, old, lambda index: index.dependents_of(sorted(gone)), watch)
        pending += [name for names in held.values() for name in names]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in places.find(name):
            paths.add(path)
            milestone = _read(new, path)
            pending += [on.id for on in milestone.depends_on if not on.is_foreign] if milestone else []
    return paths


class _Places:
    """Where milestones lie: at one of the usual places, or anywhere else, which is looked for only where it must be."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._unusual: dict[str, list[str]] | None = None

    def find(self, milestone_id: str) -> list[str]:
        usual = [path for path in possible_paths(milestone_id) if self._files.find(path)]
        return usual or self._list_all().get(milestone_id, [])

    def _list_all(self) -> dict[str, list[str]]:
        if self._unusual is None:
            self._unusual = {}
            for entry in self._files.iter_entries():
                if place := find_place(entry.path):
                    self._unusual.setdefault(place.id, []).append(entry.path)
        return self._unusual


def _read(files: Files, path: str) -> Milestone | None:
    entry = files.find(path)
    return read_one(files, entry).milestone if entry else None
