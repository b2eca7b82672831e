"""Reads milestones from files: one by its id, or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitmilestone.derived.listing import duplicate, iter_listed, not_plain, read_entry
from gitmilestone.errors import AmbiguousId, InvalidContent, MilestoneNotFound
from gitmilestone.model.config import Project, read_project
from gitmilestone.model.ids import check_id
from gitmilestone.model.layout import (
    PROJECT_FILE,
    ROOT,
    find_path_fault,
    find_place,
    possible_paths,
)
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import MAX_BYTES, Document
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import FileEntry, Files, TreeFiles, read_file
from gitmilestone.store.store import Store

_SHOWN = 8
_ALIKE = 200


class Reading(NamedTuple):
    """Every milestone of a state.

    Attributes:
        documents: By id, in path order; of files with an error, none.
        problems: Of all files, those with an error too.
        unreadable: How many files have an error.
    unreadable_ids: The ids that their names say.
    """

    documents: dict[str, Document]
    problems: tuple[Problem, ...]
    unreadable: int
    unreadable_ids: frozenset[str]

    @property
    def entries(self) -> Iterator[tuple[Milestone, str]]:
        """(milestone, path) of each."""
        return ((doc.milestone, doc.path) for doc in self.documents.values() if doc.milestone)


def get_project(files: Files) -> Project:
    return read_project(read_file(files, PROJECT_FILE, MAX_BYTES))[0]


def read_all(files: Files, watch: Watch = SILENT) -> Reading:
    """Reads every milestone; a file with an error is a problem, and the others are served. O(files)."""
    known = frozenset(get_project(files).fields)
    problems: list[Problem] = []
    readable: list[FileEntry] = []
    for entry, _, problem in iter_listed(files.iter_entries()):
        if problem:
            problems.append(problem)
        else:
            readable.append(entry)
    unreadable = len(problems)
    unreadable_ids: set[str] = set()
    documents: dict[str, Document] = {}
    with watch.track("Reading milestones", len(readable)) as progress:
        for entry, size, content in files.iter_contents(readable, MAX_BYTES):
            progress.advance()
            document = read_entry(entry, size, content, known)
            problems += document.problems
            if document.milestone is None:
                unreadable += 1
                unreadable_ids.add(entry.path.rpartition("/")[2].removesuffix(".yaml"))
                continue
            first = documents.setdefault(document.milestone.id, document)
            if first is not document:
                problems += duplicate(first.path, document.path, document.milestone.id)
                unreadable += 1
    return Reading(documents, tuple(problems), unreadable, frozenset(unreadable_ids))


def two_files(first: str, second: str, milestone_id: str) -> InvalidContent:
    problems = duplicate(f"{ROOT}/{first}", f"{ROOT}/{second}", milestone_id)
    return InvalidContent(f"two files are called {milestone_id}", problems, "delete one of them, and commit that")


def find_file(store: Store, files: Files, text: str) -> FileEntry:
    """The file of the milestone that `text` names, by its id or a unique beginning of it.

    A whole id costs a look at the places where it can lie; a beginning is looked up in the index, where there is one.

    Raises:
        InvalidId, MilestoneNotFound, AmbiguousId.
    """
    prefix = check_id(text)
    exact = [entry for path in possible_paths(prefix) if (entry := files.find(path)) is not None]
    if len(exact) > 1:
        raise two_files(exact[0].path, exact[1].path, prefix)
    if exact:
        return exact[0]
    # Also the whole id of a file in a folder that no layout makes, which `list` reads as well.
    matches = _find_named(store, files, prefix)
    if not matches:
        raise MilestoneNotFound(f"there is no milestone {text!r}", _nearest(store, files, text), prefix)
    if len(matches) > 1 and prefix not in matches:
        shown = sorted(matches)[:_SHOWN]
        more = f" and {len(matches) - _SHOWN} more" if len(matches) > _SHOWN else ""
        raise AmbiguousId(f"{text!r} begins several ids: {', '.join(shown)}{more}", "give more of it")
    milestone_id = prefix if prefix in matches else next(iter(matches))
    first, *others = matches[milestone_id]
    if others:
        raise two_files(first, others[0], milestone_id)
    found = files.find(first)
    if found is None:
        raise MilestoneNotFound(f"{ROOT}/{first} is gone", "")
    return found


def has_index(store: Store, files: Files) -> bool:
    """Whether there is an index on disk that is worth asking about these files."""
    if not isinstance(files, TreeFiles):
        return False
    from gitmilestone.derived.database import IndexFile

    return IndexFile(store.repository.state_dir).exists


def _find_named(store: Store, files: Files, prefix: str) -> dict[str, list[str]]:
    """Id -> paths, of the milestones whose ids begin so."""
    if has_index(store, files):
        from gitmilestone.derived.database import read_index

        return read_index(store, files, lambda index: index.find_paths(prefix))
    matches: dict[str, list[str]] = {}
    for entry in files.iter_entries():
        place = find_place(entry.path)
        if place and place.id.startswith(prefix) and not find_path_fault(place):
            matches.setdefault(place.id, []).append(entry.path)
    return matches


def _nearest(store: Store, files: Files, text: str) -> str:
    from difflib import get_close_matches

    if has_index(store, files):
        from gitmilestone.derived.database import read_index

        # Comparing with all of a million takes minutes: with those that begin alike.
        heads = [text[:length] for length in range(len(text) - 1, 0, -1)]
        ids = read_index(store, files, lambda index: next(filter(None, (index.find_ids(h, _ALIKE) for h in heads)), []))
    else:
        ids = list(_find_named(store, files, ""))
    nearest = get_close_matches(text, ids, 3, 0.5)
    return f"did you mean {' or '.join(nearest)}?" if nearest else "`git milestone list --all` shows them all"


def get_document(store: Store, files: Files, text: str) -> Document:
    """One milestone's document, without reading any other file.

    Raises:
        InvalidContent: Its file has an error.
    """
    document = read_one(files, find_file(store, files, text))
    if document.milestone is None:
        raise unreadable(document)
    return document


def read_one(files: Files, entry: FileEntry) -> Document:
    if not entry.is_plain:
        return Document(f"{ROOT}/{entry.path}", "", None, (not_plain(entry.path),))
    for _, size, content in files.iter_contents([entry], MAX_BYTES):
        return read_entry(entry, size, content, frozenset(get_project(files).fields))
    raise MilestoneNotFound(f"{ROOT}/{entry.path} is gone", "")


def read_at(files: Files, path: str) -> Milestone | None:
    """The milestone in one file; None where there is none that can be read."""
    entry = files.find(path) if find_place(path) else None
    return read_one(files, entry).milestone if entry else None


def unreadable(document: Document) -> InvalidContent:
    problems = errors_among(document.problems)
    return InvalidContent(f"{document.path} can't be read", problems, "mend the file, then commit it")
