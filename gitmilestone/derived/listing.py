"""Which files stand for milestones, and what is read from them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gitmilestone.derived.rows import DocumentRows, encode_document
from gitmilestone.model.layout import FOLDERS, ROOT, find_path_fault, find_place, may_lie_in
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import MAX_BYTES, Document, read_document, too_large
from gitmilestone.store.files import FileEntry, Files, WorkFiles
from gitmilestone.store.objects import Objects

_USUAL_BYTES = 1 << 14  # what is asked for is allocated first
_WORTH_HASHING = 64
"""Files from which the import of hashlib pays."""


class _EveryKey:
    """All custom keys: an index keeps them all, and warns of none."""

    def __contains__(self, key: object) -> bool:
        return True


_EVERY_KEY = _EveryKey()


class Listed(NamedTuple):
    """A file that stands for a milestone.

    Attributes:
        id: As its name says it.
        problem: Why it is not even looked into.
    """

    entry: FileEntry
    id: str
    problem: Problem | None


class Parsed(NamedTuple):
    """What an index keeps of a file; marshal takes it as it is.

    Attributes:
        path: Below `.milestones/`.
        oid: Of its blob, hexadecimal.
        problems: Of a file that can't be served, each as its fields; () where `rows` says it all.
    """

    path: str
    oid: str
    id: str
    rows: DocumentRows | None
    problems: tuple[tuple[object, ...], ...] = ()


def iter_listed(entries: Iterable[FileEntry]) -> Iterator[Listed]:
    """The files that stand for milestones; those that stand for nothing are left out."""
    for entry in entries:
        place = find_place(entry.path)
        if place is None:
            if not entry.is_plain and entry.path.partition("/")[0] in FOLDERS:
                yield Listed(entry, "", not_plain(entry.path))
        elif not entry.is_plain:
            yield Listed(entry, printable(place.id), not_plain(entry.path))
        elif not _is_utf8(entry.path):
            message = "the name of a folder on its path is not UTF-8"
            path = f"{ROOT}/{printable(entry.path)}"
            yield Listed(entry, printable(place.id), Problem(path, 0, "bad-id", message, "`git mv` the folder"))
        elif fault := find_path_fault(place):
            hint = "rename it with `git mv`"
            if place.id != place.id.lower():
                hint = f"ids are lower case: {hint}"
            path = f"{ROOT}/{entry.path}"
            yield Listed(entry, place.id, Problem(path, 0, "bad-id", f"{place.id!r}: {fault}", hint))
        else:
            yield Listed(entry, place.id, None)


def read_entry(entry: FileEntry, size: int, content: bytes | None, known_extra: frozenset[str]) -> Document:
    """A listed file's document; `content` is None where the file is too large to be read."""
    path = f"{ROOT}/{entry.path}"
    place = find_place(entry.path)
    if content is None or place is None:
        return Document(path, "", None, (too_large(path, size),))
    document = read_document(path, place.id, content, known_extra)
    milestone = document.milestone
    if milestone is None or may_lie_in(place.folder, milestone.status):
        return document
    message = f"a milestone that is {milestone.status} lies in {place.folder}/, the archive"
    problem = Problem(path, 0, "wrong-folder", message, "`git milestone check --fix` moves it to active/")
    return document._replace(problems=(*document.problems, problem))


def parse(entry: FileEntry, size: int, content: bytes | None) -> Parsed:
    """What an index keeps of a listed file. Its rows are a pure function of its bytes and its id."""
    milestone_id = entry.path.rpartition("/")[2].removesuffix(".yaml")
    oid = entry.oid or ""
    if content is not None:
        document = read_document(f"{ROOT}/{entry.path}", milestone_id, content, _EVERY_KEY)
        if document.milestone is not None:
            return Parsed(entry.path, oid, milestone_id, encode_document(document.milestone, size))
        problems = errors_among(document.problems)
    else:
        problems = [too_large(f"{ROOT}/{entry.path}", size)]
    return Parsed(entry.path, oid, milestone_id, None, tuple(map(tuple, problems)))


def not_plain(path: str) -> Problem:
    hint = "links are never followed: commit the file itself"
    return Problem(f"{ROOT}/{printable(path)}", 0, "symbolic-link", "is no plain file", hint)


def duplicate(first: str, second: str, milestone_id: str) -> list[Problem]:
    """Args:
    first, second: Paths in the tree.
    """
    message = f"the id {milestone_id} is in {first} and in {second}"
    return [Problem(path, 0, "duplicate-id", message, "delete one of the two files") for path in (first, second)]


class Contents:
    """The bytes of files: from the work tree where they prove to be the blob's, else from git.

    A file of the work tree is opened and hashed in a tenth of the time that git takes for its blob. Whatever lies
    there, only the bytes that the oid names are taken.
    """

    def __init__(self, objects: Objects, work_dir: str | None) -> None:
        self._objects = objects
        self._root = os.path.join(work_dir, ROOT) if work_dir else None

    def iter_parsed(self, entries: Sequence[FileEntry]) -> Iterator[Parsed]:
        """In the order of the entries where all are found in one place, else those of the work tree first."""
        elsewhere = []
        may_prove = len(entries) > _WORTH_HASHING
        for entry in entries:
            content = self._find_in_work_tree(entry) if may_prove else None
            if content is None:
                elsewhere.append(entry)
            else:
                yield parse(entry, len(content), content)
        blobs = self._objects.iter_blobs([entry.oid or "" for entry in elsewhere], MAX_BYTES)
        for entry, (size, content) in zip(elsewhere, blobs, strict=True):
            yield parse(entry, size, content)

    def _find_in_work_tree(self, entry: FileEntry) -> bytes | None:
        if self._root is None:
            return None
        try:
            descriptor = os.open(f"{self._root}/{entry.path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, ValueError):
            return None
        try:
            content = os.read(descriptor, _USUAL_BYTES)
            if len(content) == _USUAL_BYTES:
                content += os.read(descriptor, MAX_BYTES + 1 - _USUAL_BYTES)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return content if len(content) <= MAX_BYTES and self._objects.hash("blob", content) == entry.oid else None


def iter_work_parsed(files: WorkFiles, objects: Objects, entries: Iterable[FileEntry]) -> Iterator[Parsed]:
    """Files as they lie: their bytes are the truth, so that their oid is of what was read."""
    for entry, size, content in files.iter_contents(entries, MAX_BYTES):
        oid = objects.hash("blob", content) if content is not None else entry.oid
        yield parse(entry._replace(oid=oid), size, content)


def hash_entries(files: Files, objects: Objects) -> list[FileEntry]:
    """The files of a state in the order of their paths' bytes, with the oids that `git add` would give them."""
    entries = list(files.iter_entries())
    unhashed = [entry for entry in entries if entry.oid is None]
    oids = {
        entry.path: _oid_of(objects, size, content)
        for entry, size, content in files.iter_contents([entry for entry in unhashed if entry.is_plain], MAX_BYTES)
    }
    hashed = [entry._replace(oid=entry.oid or oids.get(entry.path, "")) for entry in entries]
    return sorted(hashed, key=lambda entry: os.fsencode(entry.path))


def _oid_of(objects: Objects, size: int, content: bytes | None) -> str:
    # One that is too large is never read; its size is all that is known of it.
    return objects.hash("blob", content if content is not None else b"%d bytes" % size)


def _is_utf8(path: str) -> bool:
    """git's paths are bytes; what is none of UTF-8's comes as lone surrogates."""
    return path.isascii() or not any("\ud800" <= character <= "\udfff" for character in path)


def printable(path: str) -> str:
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
