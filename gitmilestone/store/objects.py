"""Git's objects: read through one `git cat-file --batch` process, written as git writes them.

Loose objects are written here because a process or a library import a write would double a command's
time; what git alone knows (packs, alternates, lazy fetches, replace refs) is read through git.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from gitmilestone.errors import GitFailed, MissingObject
from gitmilestone.store.git import Git, spawn
from gitmilestone.store.locks import refuse_unwritable
from gitmilestone.store.trees import MAX_FILES

_BATCH = 128
_CACHED_TREES = 600
_DRAIN = 1 << 20


class GitObject(NamedTuple):
    oid: str
    type: str
    content: bytes
    size: int


class Objects:
    """The object database. Not for several threads at once."""

    def __init__(self, git: Git, objects_dir: str, oid_length: int) -> None:
        self.git = git
        self.objects_dir = objects_dir
        self.oid_length = oid_length
        self.shared_mode = 0
        self._pid = 0
        self._requests = -1
        self._answers: BinaryIO | None = None
        self._trees: dict[str, bytes] = {}

    def ask_max_files(self) -> int:
        """How many files there may be below `.milestones/`: `milestone.maxFiles`."""
        said = self.git.run("config", "--type=int", "--get", "milestone.maxFiles")
        return int(said.stdout) if said.status == 0 else MAX_FILES

    def find(self, name: str) -> GitObject | None:
        """The object that a revision expression names, peeled as the expression says; None where it is missing.

        Raises:
            GitFailed: git died over it, e.g. because the object is corrupt.
        """
        if "\n" in name or "\0" in name:
            return None
        self._ask([name])
        return self._answer(None, name)

    def get_tree(self, oid: str) -> bytes:
        """A tree's raw content, from a bounded cache."""
        content = self._trees.get(oid)
        if content is None:
            found = self.find(oid)
            if found is None or found.type != "tree":
                raise MissingObject(f"tree {oid} is missing", "`git fsck` names what else is; fetch it again")
            content = found.content
            self.remember_tree(oid, content)
        return content

    def remember_tree(self, oid: str, content: bytes) -> None:
        if len(self._trees) >= _CACHED_TREES:
            self._trees.pop(next(iter(self._trees)))
        self._trees[oid] = content

    def get_blob(self, oid: str) -> bytes:
        for _, content in self.iter_blobs([oid]):
            if content is not None:
                return content
        raise MissingObject(f"blob {oid} is missing", "`git fsck` names what else is; fetch it again")

    def iter_blobs(self, oids: Iterable[str], max_bytes: int | None = None) -> Iterator[tuple[int, bytes | None]]:
        """Yields (size, content) in the order asked; content None where it is larger than `max_bytes`.

        Raises:
            MissingObject: One is not there (shallow or broken repository).
        """
        batch: list[str] = []
        for oid in oids:
            batch.append(oid)
            if len(batch) == _BATCH:
                yield from self._iter_batch(batch, max_bytes)
                batch = []
        if batch:
            yield from self._iter_batch(batch, max_bytes)

    def _iter_batch(self, oids: list[str], max_bytes: int | None) -> Iterator[tuple[int, bytes | None]]:
        # A batch fits into a pipe's buffer, so that git never waits for us while we wait for git.
        self._ask(oids)
        answers = [self._answer(max_bytes, oid) for oid in oids]
        for oid, answer in zip(oids, answers, strict=True):
            if answer is None:
                raise MissingObject(f"blob {oid} is missing", "`git fsck` names what else is; fetch it again")
            size = answer.size
            yield size, None if max_bytes is not None and size > max_bytes else answer.content

    def _ask(self, names: list[str]) -> None:
        if self._answers is None:
            self._start()
        request = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
        while request:
            request = request[os.write(self._requests, request) :]

    def _start(self) -> None:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        self._pid = spawn(self.git.command("cat-file", "--batch"), self.git.environ, {0: in_read, 1: out_write})
        os.close(in_read)
        os.close(out_write)
        self._requests = in_write
        self._answers = os.fdopen(out_read, "rb", 1 << 16)

    def _answer(self, max_bytes: int | None, asked: str = "") -> GitObject | None:
        answers = self._answers
        assert answers is not None
        header = answers.readline()
        if not header:
            self.close()
            raise GitFailed(("cat-file", "--batch"), 128, f"git stopped at {asked or 'an object'}".encode())
        oid, _, rest = header.decode("utf-8", "surrogateescape").rstrip("\n").rpartition(" ")
        name, _, kind = oid.rpartition(" ")
        if not rest.isdigit() or kind not in ("blob", "tree", "commit", "tag"):
            return None
        size = int(rest)
        if max_bytes is not None and size > max_bytes:
            left = size + 1
            while left:
                left -= len(answers.read(min(left, _DRAIN)))
            return GitObject(name, kind, b"", size)
        content = answers.read(size)
        if len(content) < size:
            self.close()
            raise GitFailed(("cat-file", "--batch"), 128, f"object {name} is corrupt".encode())
        answers.read(1)
        return GitObject(name, kind, content, size)

    def close(self) -> None:
        """Ends the reading process; the next read starts another."""
        if self._answers is not None:
            os.close(self._requests)
            self._answers.close()
            self._answers = None
            os.waitpid(self._pid, 0)

    def __del__(self) -> None:
        """Who forgets to close leaves no process behind."""
        self.close()

    def hash(self, kind: str, content: bytes) -> str:
        from hashlib import sha1, sha256

        algorithm = sha256 if self.oid_length == 32 else sha1
        return algorithm(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()

    def write(self, kind: str, content: bytes) -> str:
        """Writes a loose object, synced to the disk before it gets its name; returns its oid."""
        import zlib

        oid = self.hash(kind, content)
        if kind == "tree":
            self.remember_tree(oid, content)
        folder = os.path.join(self.objects_dir, oid[:2])
        path = os.path.join(folder, oid[2:])
        if os.path.exists(path):
            return oid
        packed = zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content, 1)
        temporary = os.path.join(folder, f"tmp_obj_{os.getpid()}_{oid[:8]}")
        try:
            if not os.path.isdir(folder):
                os.makedirs(folder, exist_ok=True)
                self.share(folder)
            write_durably(temporary, packed, 0o444)
            self.share(temporary)
            os.rename(temporary, path)
        except OSError as error:
            remove_if_present(temporary)
            raise refuse_unwritable(error, self.objects_dir) from error
        return oid

    def share(self, path: str) -> None:
        """Gives a new file or folder the permissions that core.sharedRepository asks for, as git does."""
        if not self.shared_mode:
            return
        mode = os.stat(path).st_mode
        wanted = self.shared_mode if mode & 0o200 else self.shared_mode & ~0o222
        if mode & 0o100:
            wanted |= (wanted & 0o444) >> 2
        if os.path.isdir(path):
            wanted |= 0o2000
        if mode | wanted != mode:
            try:
                os.chmod(path, mode & 0o7777 | wanted)
            except PermissionError:  # another member's, who has shared it or not
                pass


def write_durably(path: str, content: bytes, mode: int = 0o666) -> None:
    """Creates a file and syncs it; on any failure it is gone again."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:  # left by a killed process that had our number
        os.unlink(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError:
        remove_if_present(path)
        raise
    finally:
        os.close(descriptor)


def remove_if_present(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
