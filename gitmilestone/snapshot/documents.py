"""Reads milestones from files: one by its id, or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitmilestone.derived.listing import duplicate, iter_listed, not_plain, read_entry
from gitmilestone.errors import InvalidContent, MilestoneNotFound
from gitmilestone.model.layout import ROOT
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import MAX_BYTES, Document
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.locate import get_file
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.files import FileEntry, Files
from gitmilestone.store.store import Store


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


def get_document(store: Store, files: Files, text: str) -> Document:
    """One milestone's document, without reading any other file.

    Raises:
        InvalidContent: Its file has an error.
    """
    document = read_one(files, get_file(store, files, text))
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
    entry = files.find(path)
    return read_one(files, entry).milestone if entry else None


def unreadable(document: Document) -> InvalidContent:
    problems = errors_among(document.problems)
    return InvalidContent(f"{document.path} can't be read", problems, "mend the file, then commit it")
