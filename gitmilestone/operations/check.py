"""Validates everything below `.milestones/`, and mends what is safe to mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.derived.documents import not_plain
from gitmilestone.derived.watch import SILENT, Watch
from gitmilestone.model.config import VOCABULARIES, read_project
from gitmilestone.model.document import Document
from gitmilestone.model.layout import (
    FOLDERS,
    PROJECT_FILE,
    ROOT,
    SUFFIX,
    Layout,
    find_path_fault,
    find_place,
    folder_of,
    path_in,
    path_of,
)
from gitmilestone.model.link import Link
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.operations.init import ATTRIBUTES_FILE
from gitmilestone.operations.reading import Reading, get_project, read_all, read_one
from gitmilestone.planning.graph import find_cycles, turn_cycle
from gitmilestone.store.files import Files, read_file
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.operations.across import Elsewhere

_MENDED = ("byte-order-mark", "carriage-return", "wrong-folder")


class Report(NamedTuple):
    """Attributes:
    problems: By path, then line.
    checked: How many milestone files were looked at.
    is_initialised: Whether there is a configuration at all.
    """

    problems: tuple[Problem, ...]
    checked: int
    is_initialised: bool


def check(files: Files, store: Store | None = None, watch: Watch = SILENT) -> Report:
    """Every problem of a state. O(files).

    Args:
        store: Whose mirror is asked about dependencies on other repositories, where there are any; None asks nobody.
    """
    reading = read_all(files)
    content = read_file(files, PROJECT_FILE)
    project, config_problems = read_project(content)
    problems = [*reading.problems, *config_problems, *_iter_stray(files)]
    vocabularies = {name: frozenset(getattr(project, name)) for name in VOCABULARIES}
    for document in reading.documents.values():
        if document.milestone:
            problems += _iter_links(document, document.milestone, reading)
            problems += _iter_unknown_words(document, document.milestone, vocabularies)
    problems += _iter_misplaced(files, project.layout)
    problems += _iter_mixed(reading, project.format)
    problems += _iter_cycles(reading)
    problems += _iter_foreign(store, files, reading, watch) if store else ()
    checked = len(reading.documents) + reading.unreadable
    return Report(tuple(sorted(set(problems))), checked, content is not None)


def check_range(store: Store, base: str, head: str, watch: Watch = SILENT) -> Report:
    """The problems at `head` of files that differ from `base`, and those that the difference makes elsewhere."""
    old, new = store.files_at(base), store.files_at(head)
    changed = {f"{ROOT}/{path}" for path, _, _ in store.iter_changed(old, new)}
    known = set(check(old, store).problems)
    report = check(new, store, watch)
    problems = [problem for problem in report.problems if problem.path in changed or problem not in known]
    checked = sum(1 for path in changed if find_place(path[len(ROOT) + 1 :]))
    return Report(tuple(problems), checked, report.is_initialised)


def fix(store: Store) -> list[str]:
    """Mends byte-order marks, line ends and misplaced files, as they lie in the work tree.

    Nothing is staged or committed: these are the user's own files in the middle of an edit.

    Returns:
        The paths below `.milestones/` of the files that were mended, where they were.
    """
    files = store.work_files()
    project = get_project(files)
    changed: dict[str, bytes | None] = {}
    mended: list[str] = []
    entries = [entry for entry in files.iter_entries() if entry.is_plain and find_place(entry.path)]
    names = Counter(entry.path.rpartition("/")[2] for entry in entries)
    for entry in entries:
        # Which of two files of one id is the right one is not for a machine to say.
        if names[entry.path.rpartition("/")[2]] > 1:
            continue
        document = read_one(files, entry)
        if document.milestone is None or not {problem.code for problem in document.problems} & {*_MENDED}:
            continue
        path = entry.path
        if not path.startswith(folder_of(document.milestone.status) + "/"):
            path = path_of(document.milestone.id, document.milestone.status, project.layout)
            changed[entry.path] = None
        changed[path] = document.text.encode()
        mended.append(entry.path)
    store.lay(changed)
    return mended


def _iter_stray(files: Files) -> Iterator[Problem]:
    for entry in files.iter_entries():
        path = f"{ROOT}/{entry.path}"
        folder = entry.path.partition("/")[0]
        if not entry.is_plain:
            if find_place(entry.path) is None:
                yield not_plain(entry.path)
        elif folder in FOLDERS and find_place(entry.path) is None:
            message = f"is not a milestone: its name does not end in {SUFFIX}"
            yield Problem(path, 0, "unexpected-file", message, "move it out of .milestones/")
        elif folder not in (*FOLDERS, "config", ATTRIBUTES_FILE):
            yield Problem(path, 0, "unexpected-file", "nothing reads this file", "move it out of .milestones/")


def _iter_misplaced(files: Files, layout: Layout) -> Iterator[Problem]:
    """One problem for all of them: a branch from before a migration may bring thousands."""
    # A folder whose name is no text has a problem of its own.
    entries = (entry for entry in files.iter_entries() if entry.is_plain and entry.path.isprintable())
    places = ((entry.path, find_place(entry.path)) for entry in entries)
    misplaced = [
        path
        for path, place in places
        if place and not find_path_fault(place) and path != path_in(place.folder, place.id, layout)
    ]
    if misplaced:
        count = f"{len(misplaced)} file{' is' if len(misplaced) == 1 else 's are'}"
        message = f"{count} not where `layout: {layout}` has them, the first of them {ROOT}/{misplaced[0]}"
        yield Problem(f"{ROOT}/{PROJECT_FILE}", 0, "wrong-layout", message, "`git milestone migrate format` moves them")


def _iter_mixed(reading: Reading, schema: int) -> Iterator[Problem]:
    """One problem for all of them, as for what is in another layout."""
    mixed = [document.path for document in reading.documents.values() if document.schema != schema]
    if mixed:
        count = f"{len(mixed)} file{' is' if len(mixed) == 1 else 's are'}"
        message = f"{count} not in the format that `format: {schema}` says, the first of them {mixed[0]}"
        yield Problem(f"{ROOT}/{PROJECT_FILE}", 0, "mixed-format", message, "`git milestone migrate format` mends it")


def _iter_links(document: Document, milestone: Milestone, reading: Reading) -> Iterator[Problem]:
    for dependency in milestone.depends_on:
        if dependency.id == milestone.id:
            line = _line(document, dependency.id)
            yield Problem(document.path, line, "self-dependency", "it depends on itself", "remove that line")
        elif dependency.is_foreign:
            continue  # another repository's tree says whether it is there
        elif dependency.id not in reading.documents and dependency.id not in reading.unreadable_ids:
            yield Problem(
                document.path,
                _line(document, dependency.id),
                "dangling-dependency",
                f"it depends on {dependency.id}, which is not there",
                f"`git milestone depend remove {milestone.id} {dependency.id}`",
            )


def _iter_unknown_words(
    document: Document, milestone: Milestone, vocabularies: dict[str, frozenset[str]]
) -> Iterator[Problem]:
    held: dict[str, Sequence[str]] = {
        "projects": [milestone.project] if milestone.project else [],
        "owners": [milestone.owner] if milestone.owner else [],
        "labels": milestone.labels,
    }
    for name, words in held.items():
        known = vocabularies[name]
        for word in words:
            if known and word not in known:
                field = name if name == "labels" else name[:-1]
                yield Problem(
                    document.path,
                    _line(document, word),
                    "unknown-word",
                    f"`{field}` {word!r} is not among the project's {name}",
                    f"add it to `{name}` in {PROJECT_FILE}, or use one of: {', '.join(sorted(known)[:8])}",
                )


def _iter_cycles(reading: Reading) -> Iterator[Problem]:
    blockers = {name: document.milestone.blockers for name, document in reading.documents.items() if document.milestone}
    for cycle in find_cycles(blockers):
        if len(cycle) == 2:
            continue
        path = turn_cycle(cycle)
        yield _tell_cycle(reading.documents[path[0]], path, path[1])


def _tell_cycle(document: Document, path: Sequence[str], on: str) -> Problem:
    """Args:
    on: What the first of them depends on, as its file says it.
    """
    message = f"dependency cycle: {' -> '.join(path)}"
    hint = f"`git milestone depend remove {path[0]} {on}`, or another of them"
    return Problem(document.path, _line(document, on), "dependency-cycle", message, hint)


def _iter_foreign(store: Store, files: Files, reading: Reading, watch: Watch) -> Iterator[Problem]:
    links = [
        Link(name, on.id, on.type)
        for name, document in reading.documents.items()
        if document.milestone
        for on in document.milestone.depends_on
        if on.is_foreign
    ]
    if not links:
        return
    from gitmilestone.operations.across import look_up

    found = look_up(store, files, links, watch, follows=True)
    for link in links if found.is_asked else ():
        document, outline = reading.documents[link.id], found.outlines[link.on]
        line, message = _line(document, link.on), f"it depends on {link.on}: {outline.obstacle}"
        if link.on in found.ambiguous:
            yield Problem(document.path, line, "ambiguous-dependency", message, "write more of the repository's name")
        elif not outline.is_known:
            hint = f"`git milestone depend remove {link.id} {link.on}`, if it is not to come"
            yield Problem(document.path, line, "dangling-dependency", message, hint)
    yield from _iter_cycles_across([link for link in links if link.type == "blocks"], found, reading)


def _iter_cycles_across(links: Sequence[Link], found: Elsewhere, reading: Reading) -> Iterator[Problem]:
    """Those that leave this repository and come back."""
    documents = reading.documents
    if not any(on in documents for on in chain(found.spellings.values(), *found.edges.values())):
        return
    blockers = {name: tuple(on) for name, on in found.edges.items()}
    blockers |= {name: document.milestone.blockers for name, document in documents.items() if document.milestone}
    written = {(link.id, found.spellings[link.on]): link.on for link in links if link.on in found.spellings}
    for name, on in written:
        blockers[name] += (on,)
    for cycle in find_cycles(blockers):
        leaving = [step for step in pairwise(cycle) if step in written]
        if leaving:
            name, on = min(leaving)
            place = cycle.index(name)
            yield _tell_cycle(documents[name], [*cycle[place:-1], *cycle[: place + 1]], written[name, on])


def _line(document: Document, word: str) -> int:
    """Where a word stands in the file."""
    position = document.text.find(word)
    return document.text.count("\n", 0, position) + 1 if position >= 0 else 0
