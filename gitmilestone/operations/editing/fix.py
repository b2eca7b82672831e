"""Mends what is safe to mend in the files of the work tree."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gitmilestone.model.layout import ROOT, find_place, move_to
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.text.document import Document, revise
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.store import Store

_MARK, _LINE_ENDS, _FOLDER = "byte-order-mark", "carriage-return", "wrong-folder"


class Mended(NamedTuple):
    """Attributes:
    path: Below `.milestones/`, where the file was.
    changes: What was done to it, in words.
    """

    path: str
    changes: tuple[str, ...]


def fix(store: Store, watch: Watch = SILENT) -> list[Mended]:
    """Mends byte-order marks, line ends, misplaced files, and dependencies of milestones on themselves.

    Nothing is staged or committed: these are the user's own files in the middle of an edit.
    """
    files = store.work_files()
    changed: dict[str, bytes | None] = {}
    mended: list[Mended] = []
    counts = Counter(place.id for entry in files.iter_entries() if (place := find_place(entry.path)))
    for name, document in read_all(files, watch).documents.items():
        # Which of two files of one id is the right one is not for a machine to say.
        if document.milestone is None or counts[name] > 1:
            continue
        old_path = document.path.removeprefix(f"{ROOT}/")
        path, content, changes = _mend(document, document.milestone, old_path)
        if changes:
            changed[old_path] = None
            changed[path] = content
            mended.append(Mended(old_path, changes))
    store.lay(changed)
    return mended


def _mend(document: Document, milestone: Milestone, path: str) -> tuple[str, bytes, tuple[str, ...]]:
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
        path = move_to("active", path)
        changes.append(f"moved it to {ROOT}/{path}, because it is {milestone.status}")
    return path, content, tuple(changes)
