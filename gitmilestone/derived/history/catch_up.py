"""Brings a history to a commit: the only way in.

Each row belongs to one commit and follows from that commit's ancestors alone. So the rows of the commits that only the
old history has go, those of the commits that only the new one has come, and with no old one that is a rebuild.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import NamedTuple

from gitmilestone.derived.history.events import ABSENT, UNREADABLE, Version, describe, encode_field
from gitmilestone.derived.history.schema import TABLES
from gitmilestone.errors import GitFailed, UnsafePath
from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.layout import find_place, possible_paths
from gitmilestone.model.text.document import MAX_BYTES, read_document
from gitmilestone.progress import SILENT, Progress, Watch
from gitmilestone.store.asking.log import NOT_PLAIN, LoggedCommit, PathChange, log_all, log_touching
from gitmilestone.store.git import OWN_PARENTS
from gitmilestone.store.store import Store
from gitmilestone.store.trees import DEEPEST

_BATCH = 1000
_CACHED = 5 * _BATCH
_TICK = 500


class Stamp(NamedTuple):
    """Which history the rows are of; `boundary` is where a shallow clone ends, and changes when it is deepened."""

    commit: str
    boundary: str


def read_stamp(connection: Connection) -> Stamp | None:
    row = connection.execute("SELECT commit_oid, boundary FROM history_stamp").fetchone()
    return Stamp(*row) if row else None


def stamp_of(store: Store, commit: str | None) -> Stamp:
    return Stamp(commit or "", _read_boundary(store.repository.common_dir) if commit else "")


def _read_boundary(common_dir: str) -> str:
    try:
        with open(os.path.join(common_dir, "shallow"), encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def catch_up_history(connection: Connection, store: Store, commit: str | None, watch: Watch = SILENT) -> None:
    """Makes the rows those of a commit's history, whatever they were.

    One transaction, with the stamp in it; the caller's, where it has one open. O(commits that differ), and one look at
    the stamp where none does.

    Args:
        connection: In autocommit mode, with the tables of `history_schema`.
        commit: Its whole oid; None on an unborn branch.

    Raises:
        GitFailed, MissingObject: Something of the history is missing or corrupt. The rows are as they were, unless the
            transaction is the caller's.
    """
    wanted = stamp_of(store, commit)
    if read_stamp(connection) == wanted:
        return
    is_ours = not connection.in_transaction
    try:
        if is_ours:
            connection.execute("BEGIN IMMEDIATE")
        held = read_stamp(connection)
        if held != wanted:
            _replace(connection, store, held, wanted, watch)
        if is_ours:
            connection.execute("COMMIT")
    except BaseException:
        if is_ours and connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _replace(connection: Connection, store: Store, held: Stamp | None, wanted: Stamp, watch: Watch) -> None:
    base = held.commit if held and held.boundary == wanted.boundary else ""
    with watch.track("Reading the history", 0) as progress:
        if not (base and wanted.commit and _advance(connection, store, base, wanted.commit, progress)):
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")
            if wanted.commit:
                _Refresh(connection, store, progress).run(wanted.commit)
    connection.execute("DELETE FROM history_stamp")
    connection.execute("INSERT INTO history_stamp VALUES (?, ?)", wanted)


def _advance(connection: Connection, store: Store, old: str, new: str, progress: Progress) -> bool:
    """False where the old history is gone, or git can't tell for sure what only it has: then all is to be rebuilt."""
    try:
        return _Refresh(connection, store, progress).run(new, old)
    except GitFailed:
        return False


class _Pending(NamedTuple):
    """A milestone that a commit touched; the oids are as in PathChange."""

    logged: LoggedCommit
    milestone_id: str
    olds: tuple[str, ...]
    new: str

    @property
    def blobs(self) -> Iterable[tuple[str, str]]:
        return ((oid, self.milestone_id) for oid in (*self.olds, self.new) if oid not in ("", NOT_PLAIN))


class _Refresh:
    def __init__(self, connection: Connection, store: Store, progress: Progress) -> None:
        self.connection = connection
        self.store = store
        self.progress = progress
        self.dates: dict[str, int] = {}  # corrected, of the new commits and their parents
        self.own_dates: dict[str, int] = {}  # where that is another
        self.numbers: dict[str, int] = {}  # of the new commits that have rows
        self.pending: list[_Pending] = []
        self.versions: dict[tuple[str, str], Version] = {}

    def run(self, new: str, old: str = "") -> bool:
        git = self.store.git
        with log_all(git, new, old) as everything, log_touching(self.store, new, old) as touching:
            gone = self._read_graph(everything)
            # Only with clocks that go back can git name as gone what both have.
            if gone and self._has_late_commits():
                return False
            for oid in gone:
                self._remove(oid)
            for logged in touching:
                self._read_changes(logged)
            self._flush()
        return True

    def _read_graph(self, commits: Iterable[LoggedCommit]) -> list[str]:
        """Learns the dates of the new commits, and writes what their messages say; returns those that are gone."""
        gone: list[str] = []
        for count, logged in enumerate(commits, 1):
            if count % _TICK == 0:
                self.progress.advance(_TICK)
            if logged.side == "<":
                gone.append(logged.oid)
            elif logged.side == "-":
                self._remember(logged, self._find_skewed(logged.oid) or logged.committed)
            else:
                self._date(logged)
                if logged.trailers:
                    self._write_trailers(logged)
        return gone

    def _date(self, logged: LoggedCommit) -> None:
        """The corrected commit date: the commit's own, but later than its parents'. A function of the ancestry."""
        parents = logged.parents
        date = max(logged.committed, *(self.dates[parent] + 1 for parent in parents), 0)
        self._remember(logged, date)
        if date != logged.committed:
            is_late = any(logged.committed < self.own_dates.get(p, self.dates[p]) for p in parents)
            self.connection.execute(
                "INSERT OR IGNORE INTO skewed_commit VALUES (?, ?, ?)", (bytes.fromhex(logged.oid), date, is_late)
            )

    def _remember(self, logged: LoggedCommit, date: int) -> None:
        self.dates[logged.oid] = date
        if date != logged.committed:
            self.own_dates[logged.oid] = logged.committed

    def _find_skewed(self, oid: str) -> int | None:
        statement = "SELECT date FROM skewed_commit WHERE oid = ?"
        found = self.connection.execute(statement, (bytes.fromhex(oid),)).fetchone()
        return int(found[0]) if found else None

    def _has_late_commits(self) -> bool:
        return self.connection.execute("SELECT 1 FROM skewed_commit WHERE is_late LIMIT 1").fetchone() is not None

    def _remove(self, oid: str) -> None:
        key = (bytes.fromhex(oid),)
        self.connection.execute("DELETE FROM skewed_commit WHERE oid = ?", key)
        found = self.connection.execute("SELECT number FROM commit_log WHERE oid = ?", key).fetchone()
        if found:
            for table in ("event", "unreadable", "milestone_change", "trailer", "commit_log"):
                self.connection.execute(f"DELETE FROM {table} WHERE number = ?", found)

    def _write_trailers(self, logged: LoggedCommit) -> None:
        ids = [value for value in dict.fromkeys(logged.trailers) if not find_id_fault(value)]
        number = self._number(logged) if ids else None
        if number is not None:
            rows = [(number, milestone_id) for milestone_id in ids]
            self.connection.executemany("INSERT INTO trailer VALUES (?, ?)", rows)

    def _number(self, logged: LoggedCommit) -> int | None:
        """The commit's number; None where an earlier run has written its rows already."""
        if logged.oid not in self.numbers:
            row = (
                bytes.fromhex(logged.oid), self.dates[logged.oid], logged.authored,
                logged.author, logged.email, logged.subject,
            )  # fmt: skip
            written = self.connection.execute(
                "INSERT OR IGNORE INTO commit_log (oid, date, authored, author, email, subject)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            if not written.rowcount:
                return None
            self.numbers[logged.oid] = written.lastrowid or 0
        return self.numbers[logged.oid]

    def _read_changes(self, logged: LoggedCommit) -> None:
        by_id: dict[str, list[PathChange]] = {}
        for change in logged.changes:
            place = find_place(change.path) if change.path.count("/") <= DEEPEST else None
            if place and not find_id_fault(place.id):
                by_id.setdefault(place.id, []).append(change)
        for milestone_id, changes in by_id.items():
            olds, new = self._join(logged, milestone_id, changes)
            if new in olds and new != NOT_PLAIN:
                continue  # only its path is another
            self.pending.append(_Pending(logged, milestone_id, olds, new))
            if len(self.pending) >= _BATCH:
                self._flush()

    def _join(self, logged: LoggedCommit, milestone_id: str, changes: list[PathChange]) -> tuple[tuple[str, ...], str]:
        """The oids of one milestone before and after; a move is one path's end and another's beginning."""
        olds = [next(filter(None, blobs), "") for blobs in zip(*(change.olds for change in changes), strict=True)]
        new = next((change.new for change in changes if change.new), "")
        if len(logged.parents) > 1:
            # Of a merge, git names only the paths that differ from all parents; it may lie elsewhere in one of them.
            olds = [
                oid or self._find_blob(parent, milestone_id) for oid, parent in zip(olds, logged.parents, strict=True)
            ]
            new = new or self._find_blob(logged.oid, milestone_id)
        return tuple(olds), new

    def _find_blob(self, commit: str, milestone_id: str) -> str:
        try:
            files = self.store.files_at(commit)
            usual = [entry for path in possible_paths(milestone_id) if (entry := files.find(path))]
            found = usual or files.find_strays(milestone_id)
        except UnsafePath:
            return ""
        return (found[0].oid or "" if found[0].is_plain else NOT_PLAIN) if found else ""

    def _flush(self) -> None:
        self._read_versions(self.pending)
        changes: list[tuple[object, ...]] = []
        events: list[tuple[object, ...]] = []
        for logged, milestone_id, olds, new in self.pending:
            befores, after = [self._version(oid, milestone_id) for oid in olds], self._version(new, milestone_id)
            behind = self._find_behind(logged, milestone_id, olds)
            readable = [self._version(oid, milestone_id) for oid in behind]
            recorded = describe(milestone_id, befores, after, readable)
            number = self._number(logged) if recorded else None
            if recorded is None or number is None:
                continue
            if not after.is_readable:
                held = next((oid for oid, before in zip(behind, befores, strict=True) if before.exists), "")
                row = (number, milestone_id, _pack(new), bytes.fromhex(held) if held else None)
                self.connection.execute("INSERT INTO unreadable VALUES (?, ?, ?, ?)", row)
            changes.append((number, milestone_id, recorded.kind, recorded.is_readable, recorded.status))
            fields = enumerate(map(encode_field, recorded.fields))
            events += [(number, milestone_id, position, *field) for position, field in fields]
        self.connection.executemany("INSERT INTO milestone_change VALUES (?, ?, ?, ?, ?)", changes)
        self.connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", events)
        self.pending.clear()

    def _find_behind(self, logged: LoggedCommit, milestone_id: str, olds: Sequence[str]) -> list[str]:
        """The blob of each parent, or the one that could last be read before it; "" where there was none."""
        parents = logged.parents or ("",)
        return [
            oid if self._version(oid, milestone_id).is_readable else self._look_behind(parent, milestone_id, oid)
            for oid, parent in zip(olds, parents, strict=True)
        ]

    def _look_behind(self, commit: str, milestone_id: str, oid: str) -> str:
        statement = (
            "SELECT hex(commit_log.oid), behind FROM unreadable JOIN commit_log USING (number)"
            " WHERE milestone_id = ? AND unreadable.oid = ? ORDER BY date DESC, commit_log.oid DESC"
        )
        found = self.connection.execute(statement, (milestone_id, _pack(oid))).fetchall()
        if len({behind for _, behind in found}) > 1:
            # The same blob on several branches, and behind each another one.
            found = [row for row in found if self._is_in_history(row[0].lower(), commit)]
        behind = found[0][1].hex() if found and found[0][1] else ""
        if behind:
            self._read_versions_of([(behind, milestone_id)])
        return behind

    def _is_in_history(self, commit: str, head: str) -> bool:
        return self.store.git.run("merge-base", "--is-ancestor", commit, head, env=OWN_PARENTS).status == 0

    def _version(self, oid: str, milestone_id: str) -> Version:
        if not oid:
            return ABSENT
        return UNREADABLE if oid == NOT_PLAIN else self.versions[oid, milestone_id]

    def _read_versions(self, pending: Sequence[_Pending]) -> None:
        """Reads the documents that are not at hand: what one commit writes, another one soon changes."""
        wanted = {blob: None for item in pending for blob in item.blobs}
        if len(self.versions) > _CACHED:
            self.versions = {blob: version for blob, version in self.versions.items() if blob in wanted}
        self._read_versions_of(wanted)

    def _read_versions_of(self, wanted: Iterable[tuple[str, str]]) -> None:
        missing = [blob for blob in wanted if blob not in self.versions]
        contents = self.store.objects.iter_blobs((oid for oid, _ in missing), MAX_BYTES)
        for (oid, milestone_id), (_, content) in zip(missing, contents, strict=True):
            read = read_document("", milestone_id, content).milestone if content is not None else None
            self.versions[oid, milestone_id] = Version(exists=True, milestone=read)


def _pack(oid: str) -> bytes:
    return b"" if oid == NOT_PLAIN else bytes.fromhex(oid)
