"""The files below `.milestones/` in one state: a revision's tree, the staging area, or the work tree."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gitmilestone.errors import UnsafePath
from gitmilestone.model.layout import FOLDERS, ROOT, find_place, is_shard, is_stray
from gitmilestone.store.objects import Objects
from gitmilestone.store.trees import DEEPEST, FILE_MODE, Expanse, TreeEntry, find_entry, iter_entries

if TYPE_CHECKING:
    from gitmilestone.store.writing.staging import Staging

EXECUTABLE_MODE = 0o100755
LINK_MODE = 0o120000
_SAMPLED = 16
_TREE_MODE = b"40000 "
_ASKED = 16
"""Answers of an index that take as long as a listing."""
_SEARCHES = 32  # in one tree, before it is worth a table of its names


class FileEntry(NamedTuple):
    """A file. `path` is below `.milestones/`; `oid` is None where it lies in the work tree."""

    path: str
    mode: int
    oid: str | None

    @property
    def is_plain(self) -> bool:
        return self.mode in (FILE_MODE, EXECUTABLE_MODE)


class Files(Protocol):
    """A state to read from."""

    _strays: Mapping[str, Sequence[FileEntry]] | None = None

    def iter_entries(self) -> Iterator[FileEntry]:
        """Every file, in path order within each folder."""
        ...

    def find(self, path: str) -> FileEntry | None: ...

    def iter_contents(
        self, entries: Iterable[FileEntry], max_bytes: int | None = None
    ) -> Iterator[tuple[FileEntry, int, bytes | None]]:
        """Yields (entry, size, content), content None where it is larger than `max_bytes`."""
        ...

    def find_strays(self, milestone_id: str) -> Sequence[FileEntry]:
        """The files of that id that lie where no layout puts them; the first question costs one listing."""
        if self._strays is None:
            self._strays = _gather_strays(self._iter_foldered())
        return self._strays.get(milestone_id, ())

    def _iter_foldered(self) -> Iterator[FileEntry]:
        """At least the files in folders of `active/` and `completed/`."""
        return self.iter_entries()


def _gather_strays(entries: Iterable[FileEntry]) -> dict[str, list[FileEntry]]:
    found: dict[str, list[FileEntry]] = {}
    for entry in entries:
        place = find_place(entry.path)
        if place and is_stray(entry.path, place.id):
            found.setdefault(place.id, []).append(entry)
    return found


def read_file(files: Files, path: str, max_bytes: int | None = None) -> bytes | None:
    """One file's content, None where there is no such plain file, or it is larger than `max_bytes`."""
    return read_sized(files, path, max_bytes)[0]


def read_sized(files: Files, path: str, max_bytes: int | None) -> tuple[bytes | None, int]:
    """The same with its size; 0 where there is no such plain file."""
    entry = files.find(path)
    if entry is None or not entry.is_plain:
        return None, 0
    _, size, content = next(iter(files.iter_contents([entry], max_bytes)), (entry, 0, None))
    return content, size


class TreeFiles(Files):
    """The files of a tree object."""

    def __init__(self, objects: Objects, tree: str | None) -> None:
        """`tree` is the oid of the `.milestones` tree; None the empty one."""
        self.objects = objects
        self.tree = tree
        self._found: dict[str, FileEntry | None] = {}
        self._searches: dict[str, int] = {}
        self._tables: dict[str, dict[bytes, TreeEntry]] = {}
        self._asked = 0
        self._odd: Mapping[str, Sequence[FileEntry]] | None = None

    @classmethod
    def of_project(cls, objects: Objects, root_tree: str | None) -> "TreeFiles":
        """Those of a whole project's tree.

        Raises:
            UnsafePath: `.milestones` is no folder in it.
        """
        files = cls(objects, root_tree)
        found = files._child(root_tree, ROOT)
        if found is not None and not found.is_tree:
            raise not_a_folder(ROOT)
        return cls(objects, found.oid if found else None)

    def _child(self, tree: str | None, name: str) -> TreeEntry | None:
        if tree is None:
            return None
        encoded = name.encode("utf-8", "surrogateescape")
        searches = self._searches[tree] = self._searches.get(tree, 0) + 1
        if searches < _SEARCHES:
            return find_entry(self.objects.get_tree(tree), encoded, self.objects.oid_length)
        # A bulk write asks for every file of a folder, and each search reads half of it.
        if tree not in self._tables:
            entries = iter_entries(self.objects.get_tree(tree), self.objects.oid_length)
            self._tables[tree] = {entry.name: entry for entry in entries}
        return self._tables[tree].get(encoded)

    def iter_entries(self) -> Iterator[FileEntry]:
        if self.tree is not None:
            yield from self._iter_tree(self.tree, "", self._measure())

    def _measure(self) -> Expanse:
        return Expanse(self.objects.ask_max_files)

    def _iter_tree(self, tree: str, prefix: str, met: Expanse) -> Iterator[FileEntry]:
        content = self.objects.get_tree(tree)
        met.enter(tree, content.count(b"\0"))  # a few too many, where oids have such bytes
        for entry in iter_entries(content, self.objects.oid_length):
            path = prefix + entry.name.decode("utf-8", "surrogateescape")
            if entry.is_tree and path.count("/") >= DEEPEST:
                continue
            if entry.is_tree:
                yield from self._iter_tree(entry.oid, path + "/", met)
            else:
                yield FileEntry(path, entry.mode, entry.oid)

    @property
    def is_costly_to_list(self) -> bool:
        """Whether an index tells sooner than `find_strays` what it is asked, unless it is asked often."""
        if self._strays is not None or self._asked > _ASKED:
            return False
        self._asked += 1
        return any(is_shard(path.rpartition("/")[2]) for path, _ in self._iter_folders())

    def find_odd(self, milestone_id: str) -> Sequence[FileEntry]:
        """Those of `find_strays` in folders whose names no layout makes: the others are not looked into."""
        if self._odd is None:
            met = self._measure()
            odd = (pair for pair in self._iter_folders() if not is_shard(pair[0].rpartition("/")[2]))
            self._odd = _gather_strays(entry for path, tree in odd for entry in self._iter_tree(tree, path + "/", met))
        return self._odd.get(milestone_id, ())

    def _iter_foldered(self) -> Iterator[FileEntry]:
        met = self._measure()
        for path, tree in self._iter_folders():
            yield from self._iter_tree(tree, path + "/", met)

    def _iter_folders(self) -> Iterator[tuple[str, str]]:
        """(path, tree) of the folders in `active/` and `completed/`."""
        for folder in FOLDERS:
            child = self._child(self.tree, folder)
            content = self.objects.get_tree(child.oid) if child and child.is_tree else b""
            if _TREE_MODE in content:  # most projects have none, and a whole folder need not be taken apart
                for entry in iter_entries(content, self.objects.oid_length):
                    if entry.is_tree:
                        yield f"{folder}/{entry.name.decode('utf-8', 'surrogateescape')}", entry.oid

    def estimate_count(self) -> int:
        """About how many files there are: where a folder has many folders, some of them stand for all."""
        return self._estimate(self.tree, DEEPEST) if self.tree else 0

    def _estimate(self, tree: str, deepest: int) -> int:
        entries = list(iter_entries(self.objects.get_tree(tree), self.objects.oid_length))
        folders = [entry.oid for entry in entries if entry.is_tree and deepest]
        step = max(len(folders) // _SAMPLED, 1)
        sampled = folders[::step]
        inside = sum(self._estimate(folder, deepest - 1) for folder in sampled) * len(folders) // max(len(sampled), 1)
        return len(entries) - len(folders) + inside

    def find(self, path: str) -> FileEntry | None:
        # Several steps of a write ask for the same few paths, and a search in a large folder is not free.
        if path not in self._found:
            self._found[path] = self._find(path)
        return self._found[path]

    def _find(self, path: str) -> FileEntry | None:
        tree = self.tree
        *folders, name = path.split("/")
        for folder in folders:
            child = self._child(tree, folder)
            if child is None:
                return None
            if not child.is_tree:
                raise not_a_folder(f"{ROOT}/{folder}")
            tree = child.oid
        entry = self._child(tree, name)
        if entry is not None and entry.is_tree:
            raise UnsafePath(f"{ROOT}/{path} is a folder", "a file should be there: move the folder away")
        return None if entry is None else FileEntry(path, entry.mode, entry.oid)

    def iter_contents(
        self, entries: Iterable[FileEntry], max_bytes: int | None = None
    ) -> Iterator[tuple[FileEntry, int, bytes | None]]:
        return _iter_blobs(self.objects, entries, max_bytes)


class StagedFiles(Files):
    """The files as `git add` left them."""

    def __init__(self, objects: Objects, staging: "Staging") -> None:
        self.objects = objects
        self.staging = staging

    def iter_entries(self) -> Iterator[FileEntry]:
        for entry in self.staging.iter_entries(ROOT + "/"):
            # Of a conflicted path, "ours" is read; git refuses to commit it anyway.
            if entry.stage in (0, 2) and not entry.intent_to_add:
                yield FileEntry(entry.path[len(ROOT) + 1 :], entry.mode, entry.oid)

    def find(self, path: str) -> FileEntry | None:
        full = f"{ROOT}/{path}"
        for entry in self.staging.lookup([full]).get(full, []):
            if entry.stage in (0, 2) and not entry.intent_to_add:
                return FileEntry(path, entry.mode, entry.oid)
        return None

    def iter_contents(
        self, entries: Iterable[FileEntry], max_bytes: int | None = None
    ) -> Iterator[tuple[FileEntry, int, bytes | None]]:
        return _iter_blobs(self.objects, entries, max_bytes)


def _iter_blobs(
    objects: Objects, entries: Iterable[FileEntry], max_bytes: int | None
) -> Iterator[tuple[FileEntry, int, bytes | None]]:
    listed: Sequence[FileEntry] = list(entries)
    answers = objects.iter_blobs((entry.oid or "" for entry in listed), max_bytes)
    for entry, (size, content) in zip(listed, answers, strict=True):
        yield entry, size, content


class WorkFiles(Files):
    """The files as they lie in the work tree. Symbolic links are reported, never followed.

    What a sparse checkout leaves out is there as it is staged, which is what git takes it for; only that has an oid.
    """

    def __init__(self, work_dir: str, objects: Objects, staging: "Staging | None") -> None:
        self.root = os.path.join(work_dir, ROOT)
        self.objects = objects
        self._staging = staging
        self._left_out: dict[str, FileEntry] | None = None

    def iter_entries(self) -> Iterator[FileEntry]:
        if os.path.islink(self.root):
            raise UnsafePath(f"{ROOT} is a symbolic link", "it is never followed: replace it by a folder")
        present = self._iter_folder(self.root, "")
        if not self._skipped:
            yield from present
            return
        entries = {**self._skipped, **{entry.path: entry for entry in present}}
        yield from sorted(entries.values(), key=lambda entry: entry.path.split("/"))

    @property
    def _skipped(self) -> dict[str, FileEntry]:
        if self._left_out is None:
            skipped = self._staging.iter_skipped(ROOT) if self._staging else ()
            paths = ((entry.path[len(ROOT) + 1 :], entry) for entry in skipped)
            self._left_out = {path: FileEntry(path, entry.mode, entry.oid) for path, entry in paths}
        return self._left_out

    def _iter_folder(self, folder: str, prefix: str) -> Iterator[FileEntry]:
        try:
            children = sorted(os.scandir(folder), key=lambda child: child.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for child in children:
            path = prefix + child.name
            if child.is_dir(follow_symlinks=False) and path.count("/") >= DEEPEST:
                continue
            if child.is_dir(follow_symlinks=False):
                yield from self._iter_folder(child.path, path + "/")
            else:
                yield FileEntry(path, _mode_of(child.path), None)

    def find(self, path: str) -> FileEntry | None:
        refuse_links(self.root, path)
        try:
            return FileEntry(path, _mode_of(os.path.join(self.root, path)), None)
        except (FileNotFoundError, NotADirectoryError):
            return self._skipped.get(path)

    def iter_contents(
        self, entries: Iterable[FileEntry], max_bytes: int | None = None
    ) -> Iterator[tuple[FileEntry, int, bytes | None]]:
        # A reader may have given the others an oid of his own, of what is no object.
        for is_present, some in groupby(entries, lambda entry: self._skipped.get(entry.path) != entry):
            if is_present:
                yield from self._iter_present(some, max_bytes)
            else:
                yield from _iter_blobs(self.objects, some, max_bytes)

    def _iter_present(
        self, entries: Iterable[FileEntry], max_bytes: int | None
    ) -> Iterator[tuple[FileEntry, int, bytes | None]]:
        for entry in entries:
            path = os.path.join(self.root, entry.path)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                continue
            with open(descriptor, "rb") as file:
                size = os.fstat(descriptor).st_size
                # It may grow while it is read.
                content = None if max_bytes is not None and size > max_bytes else file.read(size)
                yield entry, size, content


def not_a_folder(path: str) -> UnsafePath:
    return UnsafePath(f"{path} is not a folder", "a symbolic link or file there is never followed: remove it")


def _mode_of(path: str) -> int:
    import stat

    status = os.lstat(path)
    if stat.S_ISREG(status.st_mode):
        return EXECUTABLE_MODE if status.st_mode & 0o100 else FILE_MODE
    return LINK_MODE if stat.S_ISLNK(status.st_mode) else 0


def refuse_links(root: str, path: str) -> None:
    """Raises UnsafePath where a folder on the way to `path`, `root` itself included, is a symbolic link."""
    current = root
    for part in ["", *path.split("/")[:-1]]:
        current = os.path.join(current, part) if part else current
        if os.path.islink(current):
            raise UnsafePath(f"{current} is a symbolic link", "it is never followed: replace it by a folder")
