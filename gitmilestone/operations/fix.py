"""Mends what is safe to mend in the files of the work tree."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gitmilestone.model.document import Document, revise
from gitmilestone.model.layout import ROOT, Layout, find_place, path_of
from gitmilestone.model.milestone import Milestone
from gitmilestone.operations.reading import get_project, read_one
from gitmilestone.store.store import Store

_MARK, _LINE_ENDS, _FOLDER = "byte-order-mark", "carriage-return", "wrong-folder"


class Mended(NamedTuple):
    """Attributes:
    path: Below `.milestones/`, where the file was.
    changes: What was done to it, in words.
    """

    path: str
    changes: tuple[str, ...]


def fix(store: Store) -> list[Mended]:
    """Mends byte-order marks, line ends, misplaced files, and dependencies of milestones on themselves.

    Nothing is staged or committed: these are the user's own files in the middle of an edit.
    """
    files = store.work_files()
    layout = get_project(files).layout
    changed: dict[str, bytes | None] = {}
    mended: list[Mended] = []
    entries = [entry for entry in files.iter_entries() if entry.is_plain and find_place(entry.path)]
    names = Counter(entry.path.rpartition("/")[2] for entry in entries)
    for entry in entries:
        # Which of two files of one id is the right one is not for a machine to say.
        if names[entry.path.rpartition("/")[2]] > 1:
            continue
        document = read_one(files, entry)
        if document.milestone is None:
            continue
        path, content, changes = _mend(document, document.milestone, entry.path, layout)
        if changes:
            changed[entry.path] = None
            changed[path] = content
            mended.append(Mended(entry.path, changes))
    store.lay(changed)
    return mended


def _mend(document: Document, milestone: Milestone, path: str, layout: Layout) -> tuple[str, bytes, tuple[str, ...]]:
    """Where the file belongs, its bytes, and what was done."""
    codes = {problem.code for problem in document.problems}
    content, changes = document.text.encode(), []
    if _MARK in codes:
        changes.append("removed its byte-order mark")
    if _LINE_ENDS in codes:
        changes.append("made its line ends LF")
    others = tuple(on for on in milestone.depends_on if on.id != milestone.id)
    if others != milestone.depends_on:
        content = revise(document, milestone._replace(depends_on=others))
        changes.append("removed its dependency on itself")
    if _FOLDER in codes:
        path = path_of(milestone.id, milestone.status, layout)
        changes.append(f"moved it to {ROOT}/{path}, because it is {milestone.status}")
    return path, content, tuple(changes)
