"""Brings a mirror to a commit: the only way in.

One transaction, under an advisory lock, which begins before the branch is looked at and ends with the stamp. What it
writes are rows of the local index, which is brought to the same tree first: nothing is parsed twice, and nothing but
the stamp says where the mirror stands, so that it makes no difference whose process ran last, or was killed.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from typing import NamedTuple

from gitmilestone.derived.database import open_history, read_index
from gitmilestone.derived.history.catch_up import read_stamp
from gitmilestone.derived.postgres.analytics import refresh_analytics
from gitmilestone.derived.postgres.copying import KEYS, MIRRORED
from gitmilestone.derived.postgres.events import Place, find_mirrored, replace_events
from gitmilestone.derived.postgres.forget import forget_gone
from gitmilestone.derived.postgres.load import copy_into, drop_unstamped, load
from gitmilestone.derived.postgres.locks import LOCKS
from gitmilestone.derived.postgres.migrate import migrate
from gitmilestone.derived.postgres.mirror import MirrorStamp, read_stamps
from gitmilestone.derived.postgres.server.connect import Link, Server
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.derived.postgres.server.patience import (
    LOAD_SECONDS,
    MOST_LOCK_SECONDS,
    SILENT_SECONDS,
    allow,
    bound_transaction,
)
from gitmilestone.derived.schema import SCHEMA_VERSION
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import GitFailed, MissingObject
from gitmilestone.model.layout import find_path_fault, find_place
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.asking.branches import find_default_branch
from gitmilestone.store.asking.moves import is_ancestor
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store

CHANNEL = "milestone"
"""Where NOTIFY tells `REPOSITORY_ID STATE_ID OLD_TREE NEW_TREE` once a refresh is committed."""

_RELOADED = 5000
"""Milestones from which a new state is loaded, if they are also more than half of all."""


class Moved(NamedTuple):
    """What differs between the rows and a tree.

    Attributes:
        ids: Of milestones that may have other rows.
        paths: Of files that may be unserved, or no more, as bytes.
    """

    ids: set[str]
    paths: set[bytes]


def repository_name(store: Store) -> str:
    """By which every clone of a repository knows it on a server: what is configured, else where it came from."""
    named = store.config.get("milestone.postgres.repository", "")
    if named:
        return named
    origin = store.config.get("remote.origin.url", "")
    if origin and "://" not in origin and ":" in origin:
        origin = "ssh://" + origin.replace(":", "/", 1)
    scheme, separator, rest = origin.partition("://")
    if separator and scheme != "file":
        host, slash, path = rest.rpartition("@")[2].partition("/") if "@" in rest.split("/")[0] else rest.partition("/")
        return f"{host.partition(':')[0].lower()}{slash}{path}".rstrip("/").removesuffix(".git")
    folder = os.path.realpath(store.repository.common_dir)
    return f"{os.uname().nodename}:{os.path.dirname(folder) if folder.endswith('/.git') else folder}"


def catch_up_mirror(
    server: Server,
    store: Store,
    ref: str = "HEAD",
    repository: str = "",
    watch: Watch = SILENT,
    unless_has: frozenset[bytes] | None = None,
    lock_seconds: float = MOST_LOCK_SECONDS,
) -> MirrorStamp:
    """Makes the rows of a branch those of its tree, whatever they were; returns what they are of now.

    Args:
        ref: A branch by its full name; `HEAD` is the one that is checked out.
        repository: Its name on the server, where it is not the usual one.
        unless_has: Where all of these commits have come to it already, it is only moved forward.
        lock_seconds: For which somebody else may be at it before this gives up.

    Raises:
        MirrorUnavailable: The server can't be had, or went away: the mirror is as it was.
        MissingObject, GitFailed: So is git's object database.
    """
    name = repository or repository_name(store)
    branch = (store.head().branch or "HEAD") if ref == "HEAD" else ref
    with server.connect() as link, server.faults():
        migrate(link.connection)
        refresh = _Refresh(link, store, name, branch, watch, unless_has, lock_seconds)
        with link.connection.transaction():
            bound_transaction(link.connection, lock_seconds)
            stamp = refresh.run()
        _tidy(refresh, watch)
        return stamp


def _tidy(refresh: "_Refresh", watch: Watch) -> None:
    """What can wait until the next time, once the stamp is there: nothing of it fails a refresh."""
    import psycopg

    link = refresh.link
    try:
        has_forgotten = forget_gone(link.connection, refresh.store, refresh.repository, refresh.ref)
        if refresh.has_brought or has_forgotten:
            drop_unstamped(link.connection)
        refresh_analytics(link.connection)
    except psycopg.errors.LockNotAvailable:
        pass
    except psycopg.Error as error:
        watch.warn(f"warning: {link.server.explain(error).message}; what is mirrored is up to date")


class _Refresh:
    def __init__(
        self,
        link: Link,
        store: Store,
        repository: str,
        ref: str,
        watch: Watch,
        unless_has: frozenset[bytes] | None,
        lock_seconds: float,
    ) -> None:
        self.link = link
        self.lock_seconds = lock_seconds
        self.connection = link.connection
        self.store = store
        self.repository = repository
        self.ref = ref
        self.watch = watch
        self.unless_has = unless_has
        self.has_brought = False
        self.is_rewind = False

    def run(self) -> MirrorStamp:
        repository_id = self._lock()
        # Only now: who has waited for the lock sees what the one before it saw, or later.
        commit = self._find_commit()
        files = self.store.files_at(commit) if commit else TreeFiles(self.store.objects, None)
        held = self._read_stamp()
        with allow(self.connection, 0 if held else LOAD_SECONDS):
            return self._bring_all(repository_id, held, files, commit or "")

    def _bring_all(self, repository_id: int, held: MirrorStamp | None, files: TreeFiles, commit: str) -> MirrorStamp:
        tree = files.tree or ""
        is_current = held is not None and held.tree == tree and held.fits_here
        if held is not None and is_current and held.commit == held.history == commit:
            return held
        if held is not None and self._is_beyond(held, commit):
            return held

        def copy(index: Index) -> MirrorStamp:
            with self.connection.transaction():  # an index that turns out to be damaged is read again
                return self._bring(index, repository_id, held, tree, commit)

        if held is not None and is_current:
            stamp = held._replace(commit=commit)
        else:
            stamp = read_index(self.store, files, copy, self.watch)
        stamp = self._bring_events(stamp)
        if stamp != held:
            self._write_stamp(held, stamp)
        return stamp

    def _is_beyond(self, held: MirrorStamp, commit: str) -> bool:
        """Whether what is there has gone on from what it is to be brought to, or elsewhere with all that matters."""
        if self.unless_has is None or not held.commit or is_ancestor(self.store.git, held.commit, commit):
            return False
        place = Place(held.repository_id, self.ref)
        return find_mirrored(self.connection, place, self.unless_has) >= self.unless_has

    def _bring_events(self, stamp: MirrorStamp) -> MirrorStamp:
        """The same transaction; a history that can't be read here leaves them as they are, under their own stamp."""
        try:
            with open_history(self.store, stamp.commit or None, self.watch) as history:
                local = read_stamp(history.connection)
                boundary = local.boundary if local else ""
                if boundary and stamp.history and not stamp.boundary:
                    return stamp  # a shallow clone knows less than what is there
                place = Place(stamp.repository_id, stamp.ref)
                with self.connection.transaction():
                    self.is_rewind = replace_events(
                        self.connection, history.connection, self.store, place, stamp.history, stamp.commit,
                        is_anew=boundary != stamp.boundary,
                    )  # fmt: skip
        except (MissingObject, GitFailed) as fault:
            self.watch.warn(f"warning: the mirror's events stay as they are: {fault.message}")
            return stamp
        return stamp._replace(history=stamp.commit, boundary=boundary)

    def _find_commit(self) -> str | None:
        head = self.store.head()
        is_head = self.ref in ("HEAD", head.branch)
        return head.commit if is_head else self.store.commit_at(self.ref)

    def _find_repository(self) -> int:
        select = "SELECT repository_id, default_ref FROM milestone.repository WHERE name = %s"
        found = self.connection.execute(select, (self.repository,)).fetchone()
        if found is None:
            insert = "INSERT INTO milestone.repository (name) VALUES (%s) ON CONFLICT DO NOTHING"
            with allow(self.connection, self.lock_seconds + SILENT_SECONDS):  # for whoever does the same just now
                self.connection.execute(insert, (self.repository,))
            found = self.connection.execute(select, (self.repository,)).fetchone()
        assert found is not None
        repository_id, default_ref = found
        first = self.ref if default_ref is None and self.ref != "HEAD" else default_ref
        known = find_default_branch(self.store) or first
        if known != default_ref:
            update = "UPDATE milestone.repository SET default_ref = %s WHERE repository_id = %s"
            unmoved = " AND default_ref IS NOT DISTINCT FROM %s"
            self.connection.execute(update + unmoved, (known, repository_id, default_ref))
        return int(repository_id)

    def _lock(self) -> int:
        """Waits for who is bringing this branch along, but not for ever; returns the repository's number."""
        from psycopg.errors import LockNotAvailable

        try:
            repository_id = self._find_repository()
            self._lock_branch(repository_id)
        except LockNotAvailable:
            message = f"another process has been bringing it along for over {self.lock_seconds:g} s"
            raise MirrorUnavailable(message, "wait for it, or end it") from None
        return repository_id

    def _lock_branch(self, repository_id: int) -> None:
        key = (LOCKS, f"{repository_id} {self.ref}")
        found = self.connection.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", key).fetchone()
        if not (found and found[0]):
            self.watch.warn("waiting for another process, which is bringing the mirror up to date")
            with allow(self.connection, self.lock_seconds + SILENT_SECONDS):
                self.connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", key)

    def _read_stamp(self) -> MirrorStamp | None:
        found = read_stamps(self.connection, self.repository, "ref = %s FOR UPDATE OF stamp", self.ref)
        return found[0] if found else None

    def _bring(self, index: Index, repository_id: int, held: MirrorStamp | None, tree: str, commit: str) -> MirrorStamp:
        import unicodedata

        moved = self._find_moved(index, held, tree) if held and held.fits_here else None
        if moved is None or held is None or _is_most(moved, index.milestones):
            state_id = self._load(index, repository_id)
        else:
            state_id = held.state_id
            self._replace(index, held, moved)
        self.has_brought = True
        history, boundary = (held.history, held.boundary) if held else ("", "")
        return MirrorStamp(
            repository_id, self.ref, state_id, tree, commit, SCHEMA_VERSION, unicodedata.unidata_version,
            index.milestones, index.data_volume, history, boundary,
        )  # fmt: skip

    def _load(self, index: Index, repository_id: int) -> int:
        from gitmilestone.derived.postgres.parallel import load_on_two

        environ = self.store.repository.environ
        with allow(self.connection, LOAD_SECONDS):
            state_id = load_on_two(self.link, index, repository_id, environ)
            return state_id or load(self.connection, index, repository_id)

    def _find_moved(self, index: Index, held: MirrorStamp, tree: str) -> Moved:
        try:
            changes = list(self.store.iter_changed_entries(held.tree or None, tree or None))
        except (MissingObject, GitFailed):  # a collected commit, or one of another clone
            return self._compare(index, held)
        moved = Moved(set(), set())
        for path, _, _ in changes:
            moved.paths.add(os.fsencode(path))
            place = find_place(path)
            if place and not find_path_fault(place):
                moved.ids.add(place.id)
        return moved

    def _compare(self, index: Index, held: MirrorStamp) -> Moved:
        """What differs, found by looking at every path and oid on both sides."""
        where = f"WHERE repository_id = {held.repository_id} AND state_id = {held.state_id}"
        found = self.connection.execute(f"SELECT id, path, oid FROM milestone.milestone {where}".encode())
        theirs = set(found.fetchall())
        ours = set(index.connection.execute("SELECT id, path, oid FROM milestone").fetchall())
        aside = self.connection.execute(f"SELECT path, id FROM milestone.unserved {where}".encode()).fetchall()
        aside += index.connection.execute("SELECT path, id FROM unserved").fetchall()
        ids = {record[0] for record in ours ^ theirs} | {name for _, name in aside if name}
        return Moved(ids, {path for path, _ in aside})

    def _replace(self, index: Index, held: MirrorStamp, moved: Moved) -> None:
        """All rows of those milestones, and of those files, for what the index has of them."""
        ids = sorted(moved.ids)
        where = f"WHERE repository_id = {held.repository_id} AND state_id = {held.state_id} AND"
        for table in MIRRORED:
            if table != "unserved":
                statement = f"DELETE FROM milestone.{table} {where} {KEYS[table]} = ANY(%s)"
                self.connection.execute(statement.encode(), (ids,))
                copy_into(self.connection, index, table, held.repository_id, held.state_id, ids)
        self._replace_unserved(index, held, moved, where)

    def _replace_unserved(self, index: Index, held: MirrorStamp, moved: Moved, where: str) -> None:
        statement = f"DELETE FROM milestone.unserved {where} (id = ANY(%s) OR path = ANY(%s))"
        self.connection.execute(statement.encode(), (sorted(moved.ids), sorted(moved.paths)))
        records = [
            (held.repository_id, held.state_id, *record)
            for record in index.connection.execute("SELECT path, oid, id, problems FROM unserved")
            if record[0] in moved.paths or record[2] in moved.ids
        ]
        if records:
            with self.connection.cursor() as cursor:
                cursor.executemany("INSERT INTO milestone.unserved VALUES (%s, %s, %s, %s, %s, %s)", records)

    def _write_stamp(self, held: MirrorStamp | None, stamp: MirrorStamp) -> None:
        """Compares and sets: whatever else went wrong, rows never come under a stamp that they are not of."""
        values = (
            stamp.state_id, stamp.tree, stamp.commit, stamp.version, stamp.unicode, stamp.milestones, stamp.bytes,
            stamp.history, stamp.boundary, stamp.repository_id, stamp.ref,
        )  # fmt: skip
        if held is None:
            statement = (
                "INSERT INTO milestone.stamp (state_id, tree, commit_oid, version, unicode, milestones, bytes,"
                " history_commit, history_boundary, repository_id, ref)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
            )
            written = self.connection.execute(statement, values)
        else:
            statement = (
                "UPDATE milestone.stamp SET state_id = %s, tree = %s, commit_oid = %s, version = %s, unicode = %s,"
                " milestones = %s, bytes = %s, history_commit = %s, history_boundary = %s, changed = now(),"
                f" rewinds = rewinds + {int(self.is_rewind)}"
                " WHERE repository_id = %s AND ref = %s AND state_id = %s AND tree = %s"
            )
            written = self.connection.execute(statement.encode(), (*values, held.state_id, held.tree))
        if written.rowcount != 1:
            raise MirrorUnavailable("the mirror was changed by somebody who took no lock", "try again")
        told = f"{stamp.repository_id} {stamp.state_id} {held.tree if held else '-'} {stamp.tree or '-'}"
        self.connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, told))


def _is_most(moved: Moved, milestones: int) -> bool:
    return len(moved.ids) > _RELOADED and len(moved.ids) > milestones / 2
