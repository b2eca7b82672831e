"""What a change makes wrong: the cost follows the change, not the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitmilestone.model.check_settings import CheckSettings
from gitmilestone.model.ids import fold_id
from gitmilestone.model.layout import PROJECT_FILE, ROOT, SETTINGS_FILES, find_path_fault, find_place
from gitmilestone.model.problem import Problem
from gitmilestone.model.rules import stays_open_longer
from gitmilestone.operations.checking.check import Report, check
from gitmilestone.operations.checking.transitions import find_forbidden_transitions
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.dependents import find_dependents
from gitmilestone.snapshot.documents import read_at
from gitmilestone.snapshot.locate import locate_all
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.asking.forks import Span, get_merge_base, get_sides
from gitmilestone.store.files import FileEntry, Files, TreeFiles
from gitmilestone.store.store import Store


class _SomeFiles(Files):
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


def check_range(store: Store, text: str, watch: Watch = SILENT) -> Report:
    """What a branch makes wrong, since it left its target.

    Args:
        text: As `get_sides` takes it.

    Raises:
        UnknownRevision, EnvironmentFault: There is no common past, or it is not in this clone.
    """
    target, head = get_sides(store, text)
    base = get_merge_base(store, target, head)
    old, new = store.files_at(base), store.files_at(head)
    changed = [path for path, _, _ in store.iter_changed(old, new)]
    return check_change(
        store, old, new, changed, watch, Span(base, head), gate=find_gate(store.files_at(target), new), asks_mirror=True
    )


def check_change(
    store: Store,
    old: TreeFiles,
    new: Files,
    changed: Iterable[str],
    watch: Watch = SILENT,
    span: Span | None = None,
    *,
    gate: CheckSettings | None = None,
    asks_mirror: bool = False,
) -> Report:
    """The problems that a change makes, in changed files and in others, and those of files that it leaves unreadable.

    Read are the changed files and what they wait for, however far away; where milestones are gone, or due later, also
    who waits for them. Where the project's settings change, that is every file. Not looked for are second files of an
    id in folders that a layout makes for others, nor names elsewhere that differ in case.

    Args:
        changed: Paths below `.milestones/` that differ.
        span: The commits that made the change: one by one, they may go where one alone may not.
        gate: As `find_gate` finds it: the settings of whoever is to take the change; None where it is one's own.
        asks_mirror: Whether dependencies on other repositories are looked up.
    """
    differing = set(changed)
    mirrored = store if asks_mirror else None
    if PROJECT_FILE in differing:
        known, report = check(old, mirrored, gate=gate), check(new, mirrored, watch, gate)
    else:
        paths = _find_neighbours(store, old, new, differing, watch)
        known = check(_SomeFiles(old, paths), mirrored, gate=gate)
        report = check(_SomeFiles(new, paths), mirrored, watch, gate)
    touched = {place.id for path in differing if (place := find_place(path))}
    unreadable = report.unreadable_ids & touched
    told = {*unreadable, *(f"{ROOT}/{path}" for path in SETTINGS_FILES if path in differing)}
    old_sins = {name_problem(problem) for problem in known.problems}
    problems = [
        problem
        for problem in report.problems
        if name_problem(problem) not in old_sins or name_problem(problem)[0] in told
    ]
    problems += find_forbidden_transitions(store, old, new, differing, span, gate)
    if span:
        from gitmilestone.operations.checking.strays import find_stray_problems  # a commit's own hooks are spared it

        settings = get_project(new).check
        judges = settings if gate is None else settings.join_strictly(gate)
        problems += judges.judge(find_stray_problems(store, span, new))
    checked = sum(1 for path in differing if find_place(path) and new.find(path))
    return Report(tuple(sorted(problems)), checked, report.is_initialised, unreadable)


def find_gate(target: Files, new: Files) -> CheckSettings:
    """What judges a change beside its own settings: those of its target, lest it switches off what would refuse it.

    Only a target without milestones has nothing to say, and leaves it to the change.
    """
    return get_project(new if target.find(PROJECT_FILE) is None else target).check


def name_problem(problem: Problem) -> tuple[str, str, str, str]:
    """The same wherever in its file it stands, and wherever the file of its milestone lies."""
    place = find_place(problem.path.removeprefix(f"{ROOT}/"))
    return place.id if place else problem.path, problem.code, problem.message, problem.severity


def _find_neighbours(store: Store, old: TreeFiles, new: Files, changed: set[str], watch: Watch) -> set[str]:
    """The paths of all files that have a say in what is wrong with the changed ones."""
    paths = {*SETTINGS_FILES, *changed}
    pending = []
    for path in changed:
        if place := find_place(path):
            fault = find_path_fault(place)
            # One that is the same name to some systems says why it is wrong.
            if fault:
                twins = (locate_all(store, files, fold_id(place.id)) for files in (old, new))
                paths.update(entry.path for found in twins for entry in found)
            else:
                pending.append(place.id)
    touched = dict.fromkeys(pending)
    moved = _find_moved(store, old, new, changed, touched)
    waiting = find_dependents(store, old, moved, watch) if moved else {}
    pending += [name for names in waiting.values() for name in names]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for entry in locate_all(store, new, name):
            paths.add(entry.path)
            milestone = read_at(new, entry.path)
            pending += [on.id for on in milestone.depends_on if not on.is_foreign] if milestone else []
    return paths


def _find_moved(store: Store, old: TreeFiles, new: Files, changed: set[str], touched: Iterable[str]) -> list[str]:
    """The milestones that are gone, or stay open for longer: who waits for them may be wrong now."""
    before = {one.id: one for path in changed if (one := read_at(old, path))}
    moved = []
    for name in touched:
        found = locate_all(store, new, name)
        after = read_at(new, found[0].path) if found else None
        if not found or (after and stays_open_longer(before.get(name), after)):
            moved.append(name)
    return moved
