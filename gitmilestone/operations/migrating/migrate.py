"""Brings the milestones' files into another layout or format, or the stragglers into those there are: one commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.changes.commit import DEFAULT, rehearse
from gitmilestone.changes.edit import Rewrite
from gitmilestone.derived.listing import duplicate
from gitmilestone.errors import InvalidContent, InvalidRequest, Refused
from gitmilestone.model import formats
from gitmilestone.model.config import Project, read_project, set_setting
from gitmilestone.model.layout import (
    LAYOUTS,
    PROJECT_FILE,
    ROOT,
    Layout,
    find_path_fault,
    find_place,
    path_in,
    suggest_layout,
)
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.migrating.rewriting import Rewriting, rewrite
from gitmilestone.operations.scaling.migration import DIGEST_TRAILER, back_up, describe, digest
from gitmilestone.progress import SILENT, Progress, Watch
from gitmilestone.snapshot.documents import read_one
from gitmilestone.snapshot.settings import get_sound_project
from gitmilestone.store.files import FileEntry, Files, read_file
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Content, Plan, WriteOptions

FORMAT = "format"
"""In a target's place: the layout that suits the number of milestones, and the project's format for every file."""


class Migration(NamedTuple):
    """What a migration does; paths are below `.milestones/`.

    Attributes:
        before, after: The layouts that the project's settings name, and will name.
        schema_before, schema_after: The formats that they do.
        total: How many milestone files there are.
        moves: (from, to) of those that lie elsewhere, by path.
        dropped: (path, path of the file of the same id that stays, and is byte for byte the same), by path.
        duplicates: What is in the way: files of one id that differ.
        rewrites: The paths, before any move, of files that are in another format.
        counts: How many files are in each format; empty where none was looked at.
        unread: Why files can't be read: they move as they are, in whatever format.
        unfit: What is in the way: files that the format can't hold.
    """

    before: Layout
    after: Layout
    schema_before: int
    schema_after: int
    total: int
    moves: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[Problem, ...] = ()
    rewrites: tuple[str, ...] = ()
    counts: Mapping[int, int] = {}
    unread: tuple[Problem, ...] = ()
    unfit: tuple[Problem, ...] = ()

    @property
    def is_layout_pending(self) -> bool:
        return self.before != self.after or bool(self.moves or self.dropped or self.duplicates)

    @property
    def is_schema_pending(self) -> bool:
        return self.schema_before != self.schema_after or bool(self.rewrites or self.unfit)

    @property
    def is_pending(self) -> bool:
        return self.is_layout_pending or self.is_schema_pending

    @property
    def touched(self) -> int:
        """How many files move, or get another text."""
        return len({*self.rewrites, *(path for path, _ in self.moves)})

    @property
    def title(self) -> str:
        """As in the commit's message: what is left of a merge is `mixed`."""
        layout = f"layout {self.before if self.before != self.after else 'mixed'} -> {self.after}"
        before = self.schema_before if self.schema_before != self.schema_after else "mixed"
        schema = f"schema {before} -> {self.schema_after}"
        return ", ".join([layout] * self.is_layout_pending + [schema] * self.is_schema_pending)


class Migrated(NamedTuple):
    """Attributes:
    commit: None where it was only staged, or where nothing was pending.
    backup: The ref that keeps the commit before it; "" where there is no commit.
    """

    migration: Migration
    commit: str | None
    backup: str = ""


class _Goal(NamedTuple):
    """None where that is not to be migrated."""

    layout: Layout | None
    schema: int | None


class _Moves(NamedTuple):
    moves: list[tuple[str, str]]
    dropped: list[tuple[str, str]]
    duplicates: list[Problem]


def list_targets() -> tuple[str, ...]:
    """What the files can be migrated to, apart from FORMAT."""
    return (*LAYOUTS, *(f"schema-{known.version}" for known in formats.FORMATS))


def plan_migration(files: Files, target: str = FORMAT, watch: Watch = SILENT) -> Migration:
    """What would be done, without doing it.

    Layouts are O(files), and no file is read but those of ids that are there twice. Formats read every file, where
    there is more than one, or one is asked for.

    Args:
        target: One of `list_targets`, or FORMAT.

    Raises:
        InvalidRequest: It is none of them.
        NotInitialised; InvalidContent: The project's settings have errors.
    """
    return _plan(files, target, watch)[0]


def rehearse_migration(
    store: Store, target: str = FORMAT, options: WriteOptions = DEFAULT, watch: Watch = SILENT
) -> Migration:
    """What `migrate` would do; refuses what that would refuse before it writes, but for what the Migration tells.

    Raises:
        As `plan_migration`, and as a write does.
    """

    def build(files: Files) -> Plan[Migration]:
        migration, rewriting = _plan(files, target, watch)
        if migration.duplicates or migration.unfit:
            return Plan({}, "", migration)
        with SILENT.track("", 0) as progress:
            return Plan(_carry_out(files, migration, rewriting.contents if rewriting else {}, progress), "", migration)

    return rehearse(store, Rewrite(build), options).outcome


def _plan(files: Files, target: str, watch: Watch) -> tuple[Migration, Rewriting | None]:
    project = get_sound_project(files)
    found: dict[str, list[FileEntry]] = {}
    for entry in files.iter_entries():
        place = find_place(entry.path)
        if place and entry.is_plain and not find_path_fault(place):
            found.setdefault(place.id, []).append(entry)
    goal = _choose(target, len(found), project)
    layout, schema = goal.layout or project.layout, goal.schema or project.format
    migration = Migration(project.layout, layout, project.format, schema, len(found))
    if goal.layout:
        moves, dropped, duplicates = _plan_moves(files, found, goal.layout)
        sorted_moves, sorted_dropped = tuple(sorted(moves)), tuple(sorted(dropped))
        migration = migration._replace(moves=sorted_moves, dropped=sorted_dropped, duplicates=tuple(duplicates))
    rewriting = None
    if goal.schema and (len(formats.FORMATS) > 1 or target != FORMAT):
        gone = {path for path, _ in migration.dropped}
        entries = (entry for entries in found.values() for entry in entries if entry.path not in gone)
        rewriting = rewrite(files, entries, goal.schema, watch)
        migration = migration._replace(
            rewrites=tuple(sorted(rewriting.contents)),
            counts=rewriting.counts,
            unread=rewriting.unread,
            unfit=rewriting.unfit,
        )
    return migration, rewriting


def _choose(target: str, count: int, project: Project) -> _Goal:
    if target == FORMAT:
        return _Goal(suggest_layout(count, project.layout), project.format)
    for layout in LAYOUTS:
        if layout == target:
            return _Goal(layout, None)
    for known in formats.FORMATS:
        if target == f"schema-{known.version}":
            return _Goal(None, known.version)
    raise InvalidRequest(f"{target!r} is nothing to migrate to", f"one of: {', '.join((*list_targets(), FORMAT))}")


def _plan_moves(files: Files, found: Mapping[str, list[FileEntry]], layout: Layout) -> _Moves:
    planned = _Moves([], [], [])
    for milestone_id, entries in found.items():
        kept = entries[0] if len(entries) == 1 else _choose_copy(files, entries, layout)
        if kept is None:
            first, second = entries[:2]
            planned.duplicates.extend(duplicate(f"{ROOT}/{first.path}", f"{ROOT}/{second.path}", milestone_id))
            continue
        planned.dropped.extend((entry.path, kept.path) for entry in entries if entry != kept)
        path = _target_of(kept.path, layout)
        if path != kept.path:
            planned.moves.append((kept.path, path))
    return planned


def _choose_copy(files: Files, entries: list[FileEntry], layout: Layout) -> FileEntry | None:
    """Which of one id's files stays; None where that is for a person to say."""
    if len({entry.oid for entry in entries}) > 1:
        return None
    if len({entry.path.partition("/")[0] for entry in entries}) > 1:
        # What git leaves of a file that one branch moved to a shard, and the other to the archive.
        milestone = read_one(files, entries[0]).milestone
        if milestone is None:
            return None
        folder = "active" if milestone.is_open else "completed"
        entries = [entry for entry in entries if entry.path.startswith(f"{folder}/")]
    return next((entry for entry in entries if entry.path == _target_of(entry.path, layout)), entries[0])


def _target_of(path: str, layout: Layout) -> str:
    """The path of the same file in a layout. It keeps its folder, be it the wrong one: `check` tells of that."""
    place = find_place(path)
    assert place is not None  # the caller looks at milestones' files only
    return path_in(place.folder, place.id, layout)


def migrate(store: Store, target: str, options: WriteOptions = DEFAULT, watch: Watch = SILENT) -> Migrated:
    """Brings every milestone file to its place, or into its format, in one commit.

    The commit's tree follows from the tree before it alone. Files whose text changes say what they said: all that can
    be read are compared, and nothing is committed where one differs. The others are moved as they are, unreadable
    ones too; what is no milestone's stays where it is. A ref keeps the commit before it.

    Args:
        target: One of `list_targets`, or FORMAT.

    Raises:
        InvalidContent: Two files of one id differ, a file does not fit into the format, or the project's settings have
            errors; nothing was written.
    """

    def build(files: Files) -> Plan[Migration]:
        migration, rewriting = _plan(files, target, watch)
        _refuse(migration)
        with watch.track("Migrating", migration.touched) as progress:
            changed = _carry_out(files, migration, rewriting.contents if rewriting else {}, progress)
        records = _compare(files, changed, migration)
        records = rewriting.records if rewriting else records
        trailers = [f"{DIGEST_TRAILER}: {digest(records)} of {len(records)}"]
        return Plan(changed, describe(migration.title, options.message, trailers), migration)

    written = carry_out(store, Rewrite(build), options._replace(message=None), watch)
    migration = written.outcome
    backup = _back_up(store, options, migration, f"{written.commit}^") if written.commit else ""
    return Migrated(migration, written.commit, backup)


def _refuse(migration: Migration) -> None:
    if migration.duplicates:
        hint = "keep one of each two (`git rm` the other), commit that, and migrate again"
        raise InvalidContent("the same id is in two files that differ", migration.duplicates, hint)
    if migration.unfit:
        message = f"format {migration.schema_after} can't hold what is in {len(migration.unfit)} of the files"
        raise InvalidContent(message, migration.unfit, "change them first, or stay with the format there is")


def _back_up(store: Store, options: WriteOptions, migration: Migration, commit: str) -> str:
    """Not before the commit is there: what is refused must not push older backups out."""
    if migration.is_layout_pending:
        return back_up(store, options, migration.before, migration.after, commit)
    before, after = f"schema-{migration.schema_before}", f"schema-{migration.schema_after}"
    return back_up(store, options, before, after, commit)


def _carry_out(
    files: Files, migration: Migration, contents: Mapping[str, bytes], progress: Progress
) -> dict[str, Content]:
    targets = dict(migration.moves)
    changed: dict[str, Content] = dict.fromkeys([*(path for path, _ in migration.dropped), *targets])
    for entry in files.iter_entries():
        if entry.path in targets or entry.path in contents:
            changed[targets.get(entry.path, entry.path)] = contents.get(entry.path, entry)
            progress.advance()
    settings: dict[str, str] = {}
    if migration.schema_before != migration.schema_after:
        settings["format"] = str(migration.schema_after)
    if migration.before != migration.after:
        settings["layout"] = migration.after
    if settings:
        changed[PROJECT_FILE] = _write_settings(files, settings)
    return changed


def _write_settings(files: Files, wanted: Mapping[str, str]) -> bytes:
    content = read_file(files, PROJECT_FILE, MAX_BYTES) or b""
    for key, value in wanted.items():
        content = set_setting(content, key, value)
        project, problems = read_project(content)
        if str(getattr(project, key)) != value or errors_among(problems):
            raise Refused(f"no line `{key}: {value}` fits into {ROOT}/{PROJECT_FILE}", "write it there by hand, first")
    return content


def _compare(files: Files, changed: Mapping[str, Content], migration: Migration) -> dict[str, str]:
    """Id -> blob of every file whose text is to stay, be it somewhere else.

    Raises:
        Refused: It would not; nothing is written.
    """
    rewritten = {*migration.rewrites}
    before = {entry.path: entry for entry in files.iter_entries() if entry.path not in rewritten}
    after: dict[str, Content] = {**before, **changed}
    records = _records(before)
    if records != _records(after):
        raise Refused("the files would not be the same ones afterwards", "nothing was changed; please report it")
    return records


def _records(files: Mapping[str, Content]) -> dict[str, str]:
    places = ((find_place(path), content) for path, content in files.items())
    return {place.id: content.oid or "" for place, content in places if place and isinstance(content, FileEntry)}
