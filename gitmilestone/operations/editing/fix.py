"""Mends what is safe to mend in the files of the work tree."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gitmilestone.model.layout import ROOT, SETTINGS_FILES, find_place, move_to
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.text.decode import Decoder
from gitmilestone.model.text.document import BYTE_ORDER_MARK, MAX_BYTES, Document, decode_text, revise
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.files import Files, read_file
from gitmilestone.store.store import Store

_MARK, _LINE_ENDS, _FOLDER = "byte-order-mark", "carriage-return", "wrong-folder"
_TEXTUAL = (_MARK, _LINE_ENDS)


class Mended(NamedTuple):
    """Attributes:
    path: Below `.milestones/`, where the file was.
    changes: What was done to it, in words.
    """

    path: str
    changes: tuple[str, ...]


def fix(store: Store, watch: Watch = SILENT) -> list[Mended]:
    """Mends byte-order marks, line ends, misplaced files, and dependencies of milestones on themselves.

    Nothing is committed: these are the user's own files in the middle of an edit. What git tracks is moved as `git mv`
    does it, and nothing else is staged. What a sparse checkout leaves out, or is in conflict, is left.
    """
    files = store.work_files()
    changed: dict[str, bytes] = {}
    moves: dict[str, str] = {}
    mended: list[Mended] = []
    counts = Counter(place.id for entry in files.iter_entries() if (place := find_place(entry.path)))
    left = _find_left(store, files)
    reading = read_all(files, watch)
    for name, document in reading.documents.items():
        # Which of two files of one id is the right one is not for a machine to say.
        path = document.path.removeprefix(f"{ROOT}/")
        if document.milestone is None or counts[name] > 1 or path in left:
            continue
        content, changes = _mend(document, document.milestone)
        if changes:
            changed[path] = content
        if any(problem.code == _FOLDER for problem in document.problems):
            moves[path] = move_to("active", path)
            changes.append(f"moved it to {ROOT}/{moves[path]}, because it is {document.milestone.status}")
        if changes:
            mended.append(Mended(path, tuple(changes)))
    told = {problem.path.removeprefix(f"{ROOT}/") for problem in reading.problems if problem.code in _TEXTUAL}
    seen = {one.path for one in mended}
    for path in dict.fromkeys((*sorted(told - seen), *SETTINGS_FILES)):
        content, changes = _mend_text(files, path) if path not in left else (b"", [])
        if changes:
            changed[path] = content
            mended.append(Mended(path, tuple(changes)))
    store.lay(changed)
    store.move(moves)
    return mended


def _find_left(store: Store, files: Files) -> set[str]:
    """Paths of what a sparse checkout leaves out, and of what is in conflict."""
    left = {entry.path for entry in files.iter_entries() if entry.oid is not None}
    staged = store.staging.iter_entries(ROOT) if store.staging else ()
    return left | {entry.path.removeprefix(f"{ROOT}/") for entry in staged if entry.stage}


def _mend_text(files: Files, path: str) -> tuple[bytes, list[str]]:
    """A file's bytes without what is textual, whatever else is wrong with it; line ends only in what is UTF-8."""
    decoder = Decoder(path)
    content = read_file(files, path, MAX_BYTES) or b""
    text = decode_text(decoder, content)
    mended = content.removeprefix(BYTE_ORDER_MARK) if text is None else text.encode()
    return mended, _name_changes({one.code for one in decoder.problems})


def _name_changes(codes: set[str]) -> list[str]:
    told = {_MARK: "removed its byte-order mark", _LINE_ENDS: "made its line ends LF"}
    return [words for code, words in told.items() if code in codes]


def _mend(document: Document, milestone: Milestone) -> tuple[bytes, list[str]]:
    """The file's bytes, and what was done to them."""
    content: bytes = document.text.encode()
    changes = _name_changes({problem.code for problem in document.problems})
    others = tuple(on for on in milestone.depends_on if on.id != milestone.id)
    if others != milestone.depends_on:
        content = revise(document, milestone._replace(depends_on=others))
        changes.append("removed its dependency on itself")
    return content, changes
