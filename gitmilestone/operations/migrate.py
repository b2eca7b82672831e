"""Moves the milestones' files into another layout, or the stragglers into the one there is: one commit of renames."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gitmilestone.derived.documents import duplicate
from gitmilestone.errors import InvalidContent, InvalidRequest, Refused
from gitmilestone.model.config import read_project, set_layout
from gitmilestone.model.document import MAX_BYTES
from gitmilestone.model.layout import (
    LAYOUTS,
    PROJECT_FILE,
    ROOT,
    Layout,
    find_path_fault,
    find_place,
    folder_of,
    path_in,
    suggest_layout,
)
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.operations.draft import read_settings
from gitmilestone.operations.milestones import DEFAULT
from gitmilestone.operations.reading import read_one
from gitmilestone.store.files import FileEntry, Files, read_file
from gitmilestone.store.plan import Content, Plan, WriteOptions
from gitmilestone.store.store import Store

TRAILER = "Milestone-Migration"
FORMAT = "format"
"""In a layout's place: the one that suits the number of milestones."""


class Migration(NamedTuple):
    """What a migration of the layout does; paths are below `.milestones/`.

    Attributes:
        before: The layout that the project's settings name.
        after: The one that they will name.
        total: How many milestone files there are.
        moves: (from, to) of those that lie elsewhere, by path.
        dropped: (path, path of the file of the same id that stays, and is byte for byte the same), by path.
        duplicates: What is in the way: files of one id that differ.
    """

    before: Layout
    after: Layout
    total: int
    moves: tuple[tuple[str, str], ...]
    dropped: tuple[tuple[str, str], ...]
    duplicates: tuple[Problem, ...]

    @property
    def is_pending(self) -> bool:
        return self.before != self.after or bool(self.moves or self.dropped or self.duplicates)

    @property
    def title(self) -> str:
        """As in the commit's message: what is left of a merge is `mixed`."""
        return f"layout {self.before if self.before != self.after else 'mixed'} -> {self.after}"


class Migrated(NamedTuple):
    """`commit` is None where it was only staged, or where nothing was pending."""

    migration: Migration
    commit: str | None


def plan_migration(files: Files, target: str = FORMAT) -> Migration:
    """What would be done, without doing it. Reads no file but those of ids that are there twice. O(files).

    Args:
        target: A layout, or FORMAT.

    Raises:
        InvalidRequest: It is neither.
        NotInitialised; InvalidContent: The project's settings have errors.
    """
    before = read_settings(files).layout
    found: dict[str, list[FileEntry]] = {}
    for entry in files.iter_entries():
        place = find_place(entry.path)
        if place and entry.is_plain and not find_path_fault(place):
            found.setdefault(place.id, []).append(entry)
    after = _choose_layout(target, len(found), before)
    moves: list[tuple[str, str]] = []
    dropped: list[tuple[str, str]] = []
    duplicates: list[Problem] = []
    for milestone_id, entries in found.items():
        kept = entries[0] if len(entries) == 1 else _choose_copy(files, entries, after)
        if kept is None:
            first, second = entries[:2]
            duplicates += duplicate(f"{ROOT}/{first.path}", f"{ROOT}/{second.path}", milestone_id)
            continue
        dropped += [(entry.path, kept.path) for entry in entries if entry != kept]
        path = _target_of(kept.path, after)
        if path != kept.path:
            moves.append((kept.path, path))
    return Migration(before, after, len(found), tuple(sorted(moves)), tuple(sorted(dropped)), tuple(duplicates))


def _choose_layout(target: str, count: int, current: Layout) -> Layout:
    if target == FORMAT:
        return suggest_layout(count, current)
    for layout in LAYOUTS:
        if layout == target:
            return layout
    raise InvalidRequest(f"{target!r} is nothing to migrate to", f"one of: {', '.join((*LAYOUTS, FORMAT))}")


def _choose_copy(files: Files, entries: list[FileEntry], layout: Layout) -> FileEntry | None:
    """Which of one id's files stays; None where that is for a person to say."""
    if len({entry.oid for entry in entries}) > 1:
        return None
    if len({entry.path.partition("/")[0] for entry in entries}) > 1:
        # What git leaves of a file that one branch moved to a shard, and the other to completed/.
        milestone = read_one(files, entries[0]).milestone
        if milestone is None:
            return None
        entries = [entry for entry in entries if entry.path.startswith(folder_of(milestone.status) + "/")]
    return next((entry for entry in entries if entry.path == _target_of(entry.path, layout)), entries[0])


def _target_of(path: str, layout: Layout) -> str:
    """The path of the same file in a layout. It keeps its folder, be it the wrong one: `check` tells of that."""
    place = find_place(path)
    assert place is not None  # the caller looks at milestones' files only
    return path_in(place.folder, place.id, layout)


def migrate(
    store: Store,
    target: str,
    options: WriteOptions = DEFAULT,
    advance: Callable[[], object] | None = None,
) -> Migrated:
    """Brings every milestone file to its place in one commit, whose tree follows from the tree before it alone.

    Files are moved as they are, unreadable ones too; what is no milestone's stays where it is.

    Args:
        target: A layout, or FORMAT.
        advance: Called for each file that moves, for a progress bar.

    Raises:
        InvalidContent: Two files of one id differ, or the project's settings have errors; nothing was written.
    """
    planned: list[Migration] = []

    def build(files: Files) -> Plan:
        migration = plan_migration(files, target)
        planned[:] = [migration]
        if migration.duplicates:
            hint = "keep one of each two (`git rm` the other), commit that, and migrate again"
            raise InvalidContent("the same id is in two files that differ", migration.duplicates, hint)
        return Plan(_move(files, migration, advance), _describe(migration, options.message))

    written = store.write(build, options._replace(message=None))
    return Migrated(planned[0], written.commit)


def _describe(migration: Migration, message: str | None) -> str:
    """The commit's message; the trailer is what `--list` finds it by, whatever else is said."""
    said = (message or f"milestone: migrate {migration.title}").rstrip("\n")
    return f"{said}\n\n{TRAILER}: {migration.title}\n"


def _move(files: Files, migration: Migration, advance: Callable[[], object] | None) -> dict[str, Content]:
    changed: dict[str, Content] = dict.fromkeys(path for path, _ in migration.dropped)
    changed |= dict.fromkeys(path for path, _ in migration.moves)
    targets = dict(migration.moves)
    for entry in files.iter_entries():
        if entry.path in targets:
            changed[targets[entry.path]] = entry
            if advance:
                advance()
    if migration.before != migration.after:
        changed[PROJECT_FILE] = _settings(files, migration.after)
    return changed


def _settings(files: Files, layout: Layout) -> bytes:
    content = set_layout(read_file(files, PROJECT_FILE, MAX_BYTES) or b"", layout)
    project, problems = read_project(content)
    if project.layout != layout or errors_among(problems):
        raise Refused(f"no line `layout: {layout}` fits into {ROOT}/{PROJECT_FILE}", "write it there by hand, first")
    return content
