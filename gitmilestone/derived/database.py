"""The index on disk: where it lies, who may write it, and what is done when it is not what it should be."""

from __future__ import annotations

import errno
import os
import sqlite3
from _thread import get_ident
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from gitmilestone.derived.schema import SCHEMA_VERSION, is_newer
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import GitFailed, MissingObject, UnsafePath
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.derived.history.read import History

Result = TypeVar("Result")

SMALLEST = 50
"""Files from which an index on disk is made; fewer are read in the time that it takes to open one."""

_BUSY_SECONDS = 30.0
_CORRUPT, _FULL, _NOT_A_DATABASE, _CONSTRAINT, _MISMATCH = 11, 13, 26, 19, 20
_OWN_FAULT = 1  # a statement that is none: nothing that memory would answer better
_DAMAGED = (_CORRUPT, _NOT_A_DATABASE, _CONSTRAINT, _MISMATCH)
_MISSING = ("no such table", "no such column", "no such index", "malformed", "damaged", "Could not decode", "vtable")
_REFRESH = ("synchronous = NORMAL", "cache_size = -65536", "wal_autocheckpoint = 16384")


_HELD: set[tuple[str, int]] = set()
"""The locks that this process holds, by thread."""


class NewerIndexError(Exception):
    """A newer version of this program has written the index."""


class _NotOnDiskError(Exception):
    """There is no index on disk, and none is wanted."""


class IndexFile:
    """The index of one work tree, in its git directory."""

    def __init__(self, folder: str, name: str = "index.sqlite") -> None:
        self.folder = folder
        self.path = os.path.join(folder, name)
        self.lock_path = os.path.join(folder, "refresh")

    @property
    def exists(self) -> bool:
        return os.path.exists(self.path)

    def connect(self) -> sqlite3.Connection:
        if os.path.exists(self.folder) and os.statvfs(self.folder).f_flag & os.ST_RDONLY:
            return self._connect_unchanging()
        return sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)

    def _connect_unchanging(self) -> sqlite3.Connection:
        """Nothing can be locked on a read-only file system, and nothing need be, unless a log was left behind."""
        if os.path.exists(self.path + "-wal") and os.path.getsize(self.path + "-wal"):
            raise sqlite3.OperationalError("an unfinished log on a read-only file system")
        quoted = self.path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        return sqlite3.connect(f"file:{quoted}?mode=ro&immutable=1", uri=True, isolation_level=None)

    def find_current(self, tree: str) -> Index | None:
        """The index where its stamp says this tree, in a transaction that sees it so until the end."""
        if not self.exists:
            return None
        index = Index(self.connect())
        try:
            if index.version == SCHEMA_VERSION:
                index.connection.execute("BEGIN")
                if index.stamp == tree:
                    return index
        except BaseException:
            index.close()
            raise
        index.close()
        return None

    def open_for_refresh(self) -> Index:
        """The index for its one writer, who holds the lock; an empty one where there was none, or an older one.

        Raises:
            NewerIndexError: It is to be left alone.
        """
        index = Index(self.connect())
        try:
            _refuse_newer(index)
            if index.version != SCHEMA_VERSION or not index.fits_here:
                index.close()
                self.remove()
                index = self._create()
            for setting in _REFRESH:
                index.connection.execute(f"PRAGMA {setting}")
        except BaseException:
            index.close()
            raise
        return index

    def _create(self) -> Index:
        index = Index(self.connect())
        try:
            index.connection.execute("PRAGMA journal_mode = WAL").fetchone()
            index.create()
        except BaseException:
            index.close()
            self.remove()  # one that has no tables only takes space
            raise
        return index

    def remove(self) -> None:
        """Removes it, under the lock. Who has it open reads on in what has no name any more."""
        for suffix in ("", "-wal", "-shm"):
            try:
                os.unlink(self.path + suffix)
            except FileNotFoundError:
                pass


class RefreshLock:
    """Held by the one who writes an index; the kernel clears it when its owner dies. A context manager."""

    def __init__(self, place: IndexFile, watch: Watch) -> None:
        self._place = place
        self._watch = watch
        self._descriptor = -1

    def __enter__(self) -> RefreshLock:
        import fcntl

        self._owner = (self._place.lock_path, get_ident())
        if self._owner in _HELD:  # waiting for oneself would never end
            raise OSError(errno.EDEADLK, "the index is being read in another state", self._place.lock_path)
        os.makedirs(self._place.folder, exist_ok=True)
        self._descriptor = os.open(self._place.lock_path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._watch.warn("waiting for another process, which is bringing the index up to date")
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        _HELD.add(self._owner)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            _HELD.discard(self._owner)
        self._descriptor = -1


def read_index(store: Store, files: Files, read: Callable[[Index], Result], watch: Watch = SILENT) -> Result:
    """What `read` makes of an index of `files`: the one on disk, brought up to date first, or one in memory.

    Where nothing has changed, that is one look at the stamp. In memory is read what no index on disk can be made for: a
    state of few files, a file system that is read-only or full, the index of a newer version.

    Args:
        read: Runs again where the index turns out to be damaged, on one that was built anew.

    Raises:
        MissingObject, GitFailed: A tree or blob is missing or corrupt.
    """
    place = IndexFile(store.repository.state_dir)

    def read_on_disk() -> Result:
        if isinstance(files, TreeFiles) and (index := place.find_current(files.tree or "")):
            with index:
                return read(index)
        if place.exists or _is_large(files):
            try:
                return _refresh(place, store, files, read, watch)
            except (MissingObject, GitFailed, UnsafePath) as fault:
                raise _NotOnDiskError from fault  # HEAD's perhaps, and so nothing to `files`; else it shows again
        raise _NotOnDiskError

    return _fall_back(place, watch, read_on_disk, lambda: _read_in_memory(store, files, read, watch))


def open_history(store: Store, commit: str | None, watch: Watch = SILENT) -> History:
    """The history of a commit, to be closed by a `with`: from the same file, with the same promises.

    Raises:
        MissingObject, GitFailed: Something of the history is missing or corrupt.
    """
    from gitmilestone.derived.history.catch_up import catch_up_history
    from gitmilestone.derived.history.read import History

    place = IndexFile(store.repository.state_dir)

    def open_on_disk() -> History:
        return _find_history(place, store, commit) or _refresh_history(place, store, commit, watch)

    def open_in_memory() -> History:
        history = History.memory()
        catch_up_history(history.connection, store, commit, watch)
        return history

    return _fall_back(place, watch, open_on_disk, open_in_memory)


def _fall_back(
    place: IndexFile, watch: Watch, on_disk: Callable[[], Result], in_memory: Callable[[], Result]
) -> Result:
    """Does it on disk; once more where what lies there is damaged; in memory where nothing can be done there."""
    for is_first in (True, False):
        try:
            return on_disk()
        except (NewerIndexError, _NotOnDiskError):
            break
        except sqlite3.Error as error:
            if is_damage(error):
                if is_first:
                    watch.warn(f"warning: the index was damaged ({error}); it is made anew where one is wanted")
                    _remove(place, watch)
                    continue
            elif not isinstance(error, sqlite3.OperationalError) or primary_code(error) == _OWN_FAULT:
                raise
            _explain(error, watch)
            break
        except OSError as error:
            _explain(error, watch)
            break
    return in_memory()


def _remove(place: IndexFile, watch: Watch) -> None:
    try:
        with RefreshLock(place, watch):
            place.remove()
    except OSError:  # then nothing can be built there either, which shows next
        pass


def _refresh(place: IndexFile, store: Store, files: Files, read: Callable[[Index], Result], watch: Watch) -> Result:
    """Brings the index to HEAD, and from there to `files`: for good where that is HEAD, else until it was read."""
    from gitmilestone.derived.catch_up import catch_up, catch_up_for_now

    head = store.files_at("HEAD")
    with RefreshLock(place, watch) as lock, place.open_for_refresh() as index:
        try:
            catch_up(index, store, head, watch)
        except sqlite3.OperationalError as error:
            if primary_code(error) == _FULL and index.stamp is None:
                place.remove()  # it will never be whole, and the space is wanted
            raise
        if isinstance(files, TreeFiles) and files.tree == head.tree:
            index.connection.execute("BEGIN")
            if index.stamp == (files.tree or ""):  # from here on, this is what the transaction sees
                lock.release()
            return read(index)
        with catch_up_for_now(index, store, files, watch):
            return read(index)


def _find_history(place: IndexFile, store: Store, commit: str | None) -> History | None:
    """The history on disk where its stamp says this commit, in a transaction that sees it so until the end."""
    from gitmilestone.derived.history.catch_up import read_stamp, stamp_of
    from gitmilestone.derived.history.read import History

    if not place.exists:
        return None
    index = Index(place.connect())
    try:
        if index.version == SCHEMA_VERSION:
            index.connection.execute("BEGIN")
            if read_stamp(index.connection) == stamp_of(store, commit):
                return History(index.connection)
    except BaseException:
        index.close()
        raise
    index.close()
    return None


def _refresh_history(place: IndexFile, store: Store, commit: str | None, watch: Watch) -> History:
    """Brings the history to HEAD; to another commit in a transaction, which the end of the history rolls back."""
    from gitmilestone.derived.history.catch_up import catch_up_history, read_stamp, stamp_of
    from gitmilestone.derived.history.read import History

    lock = RefreshLock(place, watch)
    index = None
    try:
        lock.__enter__()
        index = place.open_for_refresh()
        head = store.head().commit
        catch_up_history(index.connection, store, head, watch)
        if head == commit:
            index.connection.execute("BEGIN")
            if read_stamp(index.connection) == stamp_of(store, commit):
                lock.release()
            return History(index.connection, lock.release)
        index.connection.execute("BEGIN IMMEDIATE")
        catch_up_history(index.connection, store, commit, watch)
        return History(index.connection, lock.release)
    except BaseException:
        if index is not None:
            index.close()
        lock.release()
        raise


def _read_in_memory(store: Store, files: Files, read: Callable[[Index], Result], watch: Watch) -> Result:
    from gitmilestone.derived.catch_up import catch_up

    with Index.memory() as index:
        catch_up(index, store, files, watch)
        return read(index)


def _refuse_newer(index: Index) -> None:
    if is_newer(index.version, SCHEMA_VERSION):
        raise NewerIndexError


def _is_large(files: Files) -> bool:
    return sum(1 for _ in islice(files.iter_entries(), SMALLEST)) == SMALLEST


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code, without its extension; 0 where the error is Python's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Whether a file that holds something else, or not all of it, is behind an error."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    return primary_code(error) in _DAMAGED or any(word in str(error) for word in _MISSING)


def _explain(error: Exception, watch: Watch) -> None:
    """A file system that can't be written is nothing to talk about; one that is full is."""
    is_full = isinstance(error, sqlite3.Error) and primary_code(error) == _FULL
    if is_full or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)):
        watch.warn("warning: no space is left for the index; the answer comes from memory")
