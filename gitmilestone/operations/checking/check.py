"""Validates everything below `.milestones/`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.derived.listing import not_plain, printable
from gitmilestone.model.check_settings import CheckSettings
from gitmilestone.model.ids import find_id_fault, fold_id
from gitmilestone.model.layout import (
    ATTRIBUTES_FILE,
    FOLDERS,
    PROJECT_FILE,
    ROOT,
    SUFFIX,
    Layout,
    find_path_fault,
    find_place,
    path_in,
)
from gitmilestone.model.link import Link
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.rules import Rules, find_late_blocker, find_line, place_fault
from gitmilestone.model.text.document import Document
from gitmilestone.planning.graph import describe_path
from gitmilestone.planning.knots import find_cycles
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.documents import Reading, read_all
from gitmilestone.snapshot.settings import get_settings
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.operations.asking.across import Elsewhere


class Report(NamedTuple):
    """Attributes:
    problems: By path, then line.
    checked: How many milestone files were looked at.
    is_initialised: Whether there is a configuration at all.
    unreadable_ids: Of the milestones whose files can't be read.
    """

    problems: tuple[Problem, ...]
    checked: int
    is_initialised: bool
    unreadable_ids: frozenset[str] = frozenset()


def check(files: Files, store: Store | None = None, watch: Watch = SILENT, gate: CheckSettings | None = None) -> Report:
    """Every problem of a state. O(files).

    Args:
        store: Whose attributes count, and whose mirror is asked about dependencies on other repositories, where there
            are any; None asks nobody.
        gate: What has to be kept beside the state's own settings, by those of whoever is to take it; then no settings
            switch off that a file can't be read.
    """
    reading = read_all(files, watch)
    settings = get_settings(files)
    project = settings.project
    if gate is not None:
        project = project._replace(check=project.check.join_strictly(gate))
    problems = [*reading.problems, *settings.problems, *_iter_stray(files), *_iter_collisions(files)]
    rules = Rules(project)
    for document in reading.documents.values():
        if document.milestone:
            problems += (place_fault(document, fault) for fault in rules.iter_faults(document.milestone))
            problems += _iter_links(document, document.milestone, reading)
    problems += _iter_misplaced(files, project.layout)
    problems += _iter_mixed(reading, project.format)
    problems += _iter_cycles(reading)
    problems += _iter_converted(store, files) if store else ()
    problems += _iter_foreign(store, files, reading, watch) if store else ()
    checked = len(reading.documents) + reading.unreadable
    unread = set() if gate is None else {*_iter_unread(reading), *errors_among(settings.problems)}
    judged = sorted(chain(unread, project.check.judge(set(problems) - unread)))
    return Report(tuple(judged), checked, files.find(PROJECT_FILE) is not None, reading.unreadable_ids)


def _iter_unread(reading: Reading) -> Iterator[Problem]:
    """Why files are not served."""
    served = {document.path for document in reading.documents.values()}
    return (one for one in reading.problems if one.severity == "error" and one.path not in served)


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


def _iter_converted(store: Store, files: Files) -> Iterator[Problem]:
    """One problem for each attribute: it mostly concerns all of them."""
    paths = [entry.path for entry in files.iter_entries() if entry.is_plain]
    for found in store.attributes.find_conversions(paths):
        if found.attribute == "ident":  # harmless but to a text with such a keyword, which a write refuses
            continue
        is_in_tree = found.line and not found.place.startswith(("/", "$"))
        path, line = (found.place, found.line) if is_in_tree else (f"{ROOT}/{found.paths[0]}", 0)
        count = f"{len(found.paths)} file{'' if len(found.paths) == 1 else 's'}"
        message = (
            f"`{found.attribute}` changes {count} on their way into git, the first of them {ROOT}/{found.paths[0]}"
        )
        yield Problem(path, line, "converted", message, found.way_out)


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
    for on in milestone.depends_on:
        if on.is_foreign or on.id == milestone.id:
            continue  # another repository's tree says whether it is there
        known = reading.documents.get(on.id)
        if known is None and on.id not in reading.unreadable_ids:
            yield Problem(
                document.path,
                find_line(document, "depends_on", on.id),
                "dangling-dependency",
                f"it depends on {on.id}, which is not there",
                f"`git milestone depend remove {milestone.id} {on.id}`",
            )
        elif known and known.milestone and on.type == "blocks":
            fault = find_late_blocker(milestone, known.milestone)
            if fault:
                yield place_fault(document, fault)


def _iter_collisions(files: Files) -> Iterator[Problem]:
    """Names that are one to a file system that knows no case, or composes accents."""
    places = [(entry.path, place.id) for entry in files.iter_entries() if (place := find_place(entry.path))]
    # No two valid ids are one.
    invalid = sorted((path, name) for path, name in places if find_id_fault(name))
    first = {name: path for path, name in places} if invalid else {}
    spellings = {fold_id(name): name for name in first if not find_id_fault(name)}
    for path, name in invalid:
        known = spellings.setdefault(fold_id(name), name)
        if known != name:
            message = f"{printable(name)!r} is on some systems the same name as {ROOT}/{printable(first[known])}"
            yield Problem(f"{ROOT}/{printable(path)}", 0, "case-collision", message, "rename one of the two files")


def _iter_cycles(reading: Reading) -> Iterator[Problem]:
    blockers = {name: document.milestone.blockers for name, document in reading.documents.items() if document.milestone}
    for cycle in find_cycles(blockers):
        if len(cycle) == 2:
            continue
        yield _tell_cycle(reading.documents[cycle[0]], cycle, cycle[1])


def _tell_cycle(document: Document, path: Sequence[str], on: str) -> Problem:
    """Args:
    on: What the first of them depends on, as its file says it.
    """
    message = f"dependency cycle: {describe_path(path)}"
    hint = f"`git milestone depend remove {path[0]} {on}`, or another of them"
    return Problem(document.path, find_line(document, "depends_on", on), "dependency-cycle", message, hint)


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
    from gitmilestone.operations.asking.across import look_up

    found = look_up(store, files, links, watch, follows=True)
    for link in links if found.is_asked else ():
        document, outline = reading.documents[link.id], found.outlines[link.on]
        line, message = find_line(document, "depends_on", link.on), f"it depends on {link.on}: {outline.obstacle}"
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
