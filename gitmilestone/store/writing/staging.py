"""git's staging area: the entries of a few paths read and replaced, everybody else's left as they are.

A plain one is spliced here; any other kind goes through git's plumbing, on a copy. Both come to the same.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitmilestone.errors import GitFailed, LockHeld, StorageFull
from gitmilestone.store.git import Git
from gitmilestone.store.locks import CLAIM_SUFFIX, refuse_unwritable
from gitmilestone.store.writing import staging_file as index_file
from gitmilestone.store.writing.staging_file import NO_STAT, Edit, IndexFile, StagedEntry

__all__ = ["IndexLock", "StagedEntry", "Staging"]

_MANY_PATHS = 100  # git tries each pathspec on each entry
_WHOLE = ("-c", "index.sparse=false")
_SPARSE = b"sdir"  # the extension of an index with folders in it
_GIT_INTENT_TO_ADD = 1 << 29


class Staging:
    """The staging area of one work tree."""

    def __init__(self, git: Git, index_path: str, work_dir: str, oid_length: int) -> None:
        """`index_path` is what GIT_INDEX_FILE or the git directory says; `oid_length` is 20 or 32 bytes."""
        path = os.path.abspath(index_path)
        # git, too, replaces what a symbolic link points to.
        self.path = os.path.realpath(path) if os.path.islink(path) else path
        self._git = git
        self._work_dir = work_dir
        self._oid_length = oid_length
        self._read: tuple[tuple[int | bytes, ...], IndexFile | None] | None = None

    def lookup(self, paths: Sequence[str]) -> dict[str, list[StagedEntry]]:
        """The entries of exactly those paths, every stage; an empty list where a path is not staged."""
        index = self._load()
        if index is not None:
            index.expect(len(paths))
            return {path: index.entries(os.fsencode(path)) for path in paths}
        found: dict[str, list[StagedEntry]] = {path: [] for path in paths}
        for entry in self._list(paths):
            if entry.path in found:
                found[entry.path].append(entry)
        return found

    def iter_entries(self, prefix: str) -> Iterator[StagedEntry]:
        """Every entry under a folder, such as ".milestones/", in git's order."""
        folder = prefix.rstrip("/") + "/"
        index = self._load()
        if index is None:
            yield from (entry for entry in self._list([folder]) if entry.path.startswith(folder))
            return
        start = os.fsencode(folder)
        for rank in range(index.rank(start), len(index)):
            if not index.name(rank).startswith(start):
                return
            yield index.entry(rank)

    def iter_skipped(self, prefix: str) -> Iterator[StagedEntry]:
        """Those of them that a sparse checkout leaves out of the work tree."""
        index = self._load()
        if index is None or index.may_skip:
            yield from (entry for entry in self.iter_entries(prefix) if entry.skip_worktree)

    def lock(self, seconds: float = 5.0) -> IndexLock:
        """The staging area's lock, for a `with`, which raises LockHeld where it can't be had in that time."""
        return IndexLock(self, seconds)

    def write(self, changes: Mapping[str, Edit], target: str) -> None:
        """Lays the staging area as it is after `changes` at `target`, beside it. The lock must be held."""
        index = self._load()
        if index is None or not self._splice(index, changes, target):
            self._rewrite(changes, target)
        self._read = None

    def _load(self) -> IndexFile | None:
        """The file, read again only if it has changed; None where only git can read it, or there is none."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb", buffering=0) as file:
            was = os.fstat(descriptor)
            tail = os.pread(descriptor, self._oid_length, max(0, was.st_size - self._oid_length))
            key = (was.st_dev, was.st_ino, was.st_size, was.st_mtime_ns, was.st_ctime_ns, tail)
            if self._read is None or self._read[0] != key:
                self._read = key, index_file.parse_index(file.readall(), self._oid_length)
        return self._read[1]

    def _list(self, paths: Sequence[str]) -> list[StagedEntry]:
        """At least the entries of those paths and folders, as git lists them."""
        if not paths:
            return []
        few = paths if len(paths) <= _MANY_PATHS else [os.path.commonpath(paths)]
        pathspecs = [_top(path) for path in few]
        listing = self._ask("ls-files", "-s", "-t", "-z", "--full-name", "--", *pathspecs)
        entries = [_parse_listed(line) for line in listing.split(b"\0") if line]
        empty = _hash_blob(b"", self._oid_length)
        if all(entry.oid != empty for entry in entries):
            return entries
        # Only this listing tells `git add -N`, which stages an empty blob, from an empty file.
        described = self._ask("ls-files", "--debug", "-z", "--full-name", "--", *pathspecs)
        intended = _find_intended(described)
        return [entry._replace(intent_to_add=entry.path in intended) for entry in entries]

    def _ask(self, *args: str, stdin: bytes = b"", index_path: str = "") -> bytes:
        return self._git.check(*args, stdin=stdin, env=_environ(index_path or self.path))

    def _splice(self, index: IndexFile, changes: Mapping[str, Edit], target: str) -> bool:
        edits = {os.fsencode(path): edit for path, edit in changes.items()}
        if index.needs_git(edits):
            return False
        laid = {path: self._examine(path, *edit) for path, edit in changes.items() if edit is not None}
        staged = {path: index.entries(os.fsencode(path)) for path in laid}
        skipped = self._find_skipped(staged, {path for path in laid if laid[path] is not None})
        packed = {
            name: edit and index_file.pack_entry(name, *edit, laid[path] or NO_STAT, path in skipped)
            for (name, edit), path in zip(edits.items(), changes, strict=True)
        }
        was = os.stat(self.path)
        _create(target, index.splice(packed), was)
        if index.has_racy(was.st_mtime_ns // 10**9, besides=packed):
            # A younger file would make git trust the stat of entries that it compares by content now.
            os.utime(target, ns=(was.st_atime_ns, was.st_mtime_ns))
        return True

    def _examine(self, path: str, mode: int, oid: str) -> bytes | None:
        """What to tell git of a file: its stat if it is that very blob, else NO_STAT; None if not there."""
        place = os.path.join(self._work_dir, path)
        try:
            before = os.lstat(place)
        except OSError:
            return None
        if _find_mode(before) != mode:
            return NO_STAT
        try:
            content = _read_file(place) if mode != 0o120000 else os.readlink(os.fsencode(place))
            packed = index_file.pack_stat(os.lstat(place))
        except OSError:
            return NO_STAT
        if packed != index_file.pack_stat(before) or _hash_blob(content, self._oid_length) != oid:
            return NO_STAT
        return packed

    def _find_skipped(self, staged: Mapping[str, Sequence[StagedEntry]], present: set[str]) -> set[str]:
        """Those of the paths that sparse checkout leaves out of the work tree."""
        skipped = {path for path, entries in staged.items() if any(entry.skip_worktree for entry in entries)}
        unlaid = {path for path, entries in staged.items() if not entries} - present
        if unlaid and self._git.run("config", "--type=bool", "core.sparseCheckout").stdout == b"true\n":
            skipped |= unlaid
        return skipped

    def _rewrite(self, changes: Mapping[str, Edit], target: str) -> None:
        """git's own way, on a copy. A sparse one is whole meanwhile.

        `update-index --index-info` takes a folder that sorts last for all that it is, and adds its file beside it.
        """
        staged = self.lookup([path for path, edit in changes.items() if edit is not None])
        present = {path for path in staged if os.path.lexists(os.path.join(self._work_dir, path))}
        skipped = self._find_skipped(staged, present)
        is_sparse = self._copy(target)
        info = _describe(changes, self._oid_length)
        self._ask(*_WHOLE, "update-index", "-z", "--index-info", stdin=info, index_path=target)
        if skipped:
            listed = _join(os.path.join(self._work_dir, path) for path in skipped)
            self._ask(*_WHOLE, "update-index", "-z", "--skip-worktree", "--stdin", stdin=listed, index_path=target)
        if is_sparse:
            self._ask("update-index", "--force-write-index", index_path=target)
        fresh = present - skipped
        if 0 < len(fresh) <= _MANY_PATHS:
            refresh = ("add", "--refresh", "--pathspec-from-file=-", "--pathspec-file-nul")
            # If it fails, the next `git status` compares these files and does the same.
            self._git.run(*refresh, stdin=_join(map(_top, fresh)), env=_environ(target))

    def _copy(self, target: str) -> bool:
        """Whether it may be a sparse one."""
        try:
            with open(self.path, "rb", buffering=0) as file:
                content, was = file.readall(), os.fstat(file.fileno())
        except FileNotFoundError:
            return False
        _create(target, [content], was)
        # git compares by content what is not older than the staging area: the copy must be no younger.
        os.utime(target, ns=(was.st_atime_ns, was.st_mtime_ns))
        return _SPARSE in content


class IndexLock:
    """`index.lock`, held for the length of a `with`.

    The lock is a hard link to a file of ours that is held by flock. So it appears in one step, as with
    O_EXCL, and if its owner is killed the next of us knows it for an abandoned one of ours, and takes it
    over. Anybody else's lock is never touched.
    """

    def __init__(self, staging: Staging, seconds: float) -> None:
        self._staging = staging
        self._seconds = seconds
        self._path = staging.path + ".lock"
        self._claim = staging.path + CLAIM_SUFFIX
        self._target = f"{staging.path}.milestone-{os.getpid()}"
        self._descriptor = -1  # of the claim
        self._has_claims = True
        self._identity: os.stat_result | None = None  # of the lock, while it is held

    def __enter__(self) -> IndexLock:
        try:
            self._wait()
        except BaseException as fault:
            self._release()
            if isinstance(fault, OSError):
                raise refuse_unwritable(fault, self._path) from fault
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._release()

    def replace(self, changes: Mapping[str, Edit]) -> None:
        """Replaces (mode, oid) or removes (None) the entries of those paths, and gives the lock back.

        Call it after the files have been laid: the stat of a file that is exactly its blob goes into the
        entry, so that `git status` need not read it. An entry that sparse checkout leaves out of the work
        tree stays left out; so is a new path whose file was not laid, if the checkout is sparse. Not fsynced,
        as git's own is not.

        Raises:
            StorageFull: No space; the staging area is the old one.
            GitFailed: git can't read the staging area. (A path that git refuses, it ignores.)
        """
        if self._identity is None:
            raise ValueError(f"{self._path} is not held")
        try:
            if changes:
                self._staging.write(changes, self._target)
                os.replace(self._target, self._staging.path)
        except OSError as fault:
            raise refuse_unwritable(fault, self._staging.path) from fault
        except GitFailed as fault:
            if _is_full(self._staging.path):
                raise StorageFull(self._staging.path) from fault
            raise
        finally:
            _remove(self._target, self._target + ".lock")
        self._release()

    def _wait(self) -> None:
        deadline = time.monotonic() + self._seconds
        pause = 0.001
        while not self._acquire():
            if time.monotonic() >= deadline:
                raise LockHeld(self._path, self._seconds)
            time.sleep(pause)
            pause = min(pause * 2, 0.1)

    def _acquire(self) -> bool:
        if self._descriptor < 0 and self._has_claims:
            try:
                self._descriptor = _open_claim(self._claim)
            except BlockingIOError:
                return False
            except (ImportError, OSError):  # no flock on this system, or another user's claim
                self._has_claims = False
        try:
            self._identity = self._create()
        except FileExistsError:
            return self._take_over()
        except OSError:
            if not self._has_claims:
                raise
            self._drop_claim()  # no hard links on this file system
            self._has_claims = False
            return self._acquire()
        return True

    def _create(self) -> os.stat_result:
        if self._descriptor >= 0:
            os.link(self._claim, self._path)
            return os.fstat(self._descriptor)
        with open(self._path, "xb", buffering=0) as file:
            return os.fstat(file.fileno())

    def _take_over(self) -> bool:
        if self._descriptor < 0 or not _is_same(self._path, claim := os.fstat(self._descriptor)):
            return False
        self._identity = claim
        folder, name = os.path.split(self._staging.path)
        for entry in os.listdir(folder):
            if entry.startswith(f"{name}.milestone-") and os.path.join(folder, entry) != self._claim:
                _remove(os.path.join(folder, entry))
        return True

    def _release(self) -> None:
        if self._identity is not None and _is_same(self._path, self._identity):
            _remove(self._path)
        self._identity = None
        self._drop_claim()

    def _drop_claim(self) -> None:
        if self._descriptor >= 0:
            _remove(self._claim)
            os.close(self._descriptor)
            self._descriptor = -1


def _open_claim(path: str) -> int:
    """Opens and flocks that file; BlockingIOError where another process has it."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    if not _is_same(path, os.fstat(descriptor)):
        os.close(descriptor)
        raise BlockingIOError(errno.EWOULDBLOCK, "its owner has just removed it", path)
    return descriptor


def _is_same(path: str, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(path), status)
    except FileNotFoundError:
        return False


def _remove(*paths: str) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _create(path: str, pieces: Iterable[bytes | memoryview], like: os.stat_result) -> None:
    """A new file, with the permissions of another."""
    _remove(path, path + ".lock")
    with open(path, "xb") as file:
        if os.fstat(file.fileno()).st_mode != like.st_mode:
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        file.writelines(pieces)


def _is_full(path: str) -> bool:
    """Whether there is no room for another such file; git says so in the user's language only."""
    room = os.statvfs(os.path.dirname(path))
    return room.f_bavail * room.f_frsize <= (os.stat(path).st_size if os.path.exists(path) else 0)


def _environ(index_path: str) -> dict[str, str]:
    return {"GIT_INDEX_FILE": index_path, "GIT_LITERAL_PATHSPECS": "0"}


def _top(path: str) -> str:
    """That path from the top of the work tree, wherever git is run, and no pattern."""
    return f":(top,literal){path}"


def _join(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def _parse_listed(line: bytes) -> StagedEntry:
    """One line of `git ls-files -s -t`."""
    facts, _, name = line.partition(b"\t")
    tag, mode, oid, stage = facts.decode("ascii").split(" ")
    return StagedEntry(os.fsdecode(name), int(mode, 8), oid, int(stage), tag == "S", intent_to_add=False)


def _find_intended(described: bytes) -> set[str]:
    """Paths of `git add -N`, from `git ls-files --debug -z`: five lines of facts after each name."""
    found = set()
    name, *rest = described.split(b"\0")
    for piece in rest:
        *_, last, following = piece.split(b"\n", 5)
        if int(last.rpartition(b" ")[2], 16) & _GIT_INTENT_TO_ADD:
            found.add(os.fsdecode(name))
        name = following
    return found


def _describe(changes: Mapping[str, Edit], oid_length: int) -> bytes:
    """The input of `git update-index --index-info`. Removals first, as one may make room for a folder."""
    lines = []
    for path, edit in sorted(changes.items(), key=lambda change: (change[1] is not None, change[0])):
        mode, oid = edit or (0, "0" * (oid_length * 2))
        lines.append(f"{mode:o} {oid}\t".encode("ascii") + os.fsencode(path) + b"\0")
    return b"".join(lines)


def _find_mode(status: os.stat_result) -> int:
    if stat.S_ISREG(status.st_mode):
        return 0o100755 if status.st_mode & stat.S_IXUSR else 0o100644
    return 0o120000 if stat.S_ISLNK(status.st_mode) else 0


def _read_file(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb", buffering=0) as file:
        return file.readall()


def _hash_blob(content: bytes, oid_length: int) -> str:
    import hashlib

    digest = hashlib.sha1 if oid_length == 20 else hashlib.sha256
    return digest(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
