"""Brings an index to a tree: the only way in.

What is missing is the difference between the tree that is asked for and what the index holds: between two trees
where its stamp names one that is still there, else between the listed files. With nothing there, that is a rebuild.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from sqlite3 import Connection

from gitmilestone.derived.listing import Contents, Parsed, hash_entries, iter_listed, iter_work_parsed
from gitmilestone.derived.schema import index_statements
from gitmilestone.derived.sqlite import Index
from gitmilestone.derived.steps import Step, iter_batches, to_file
from gitmilestone.derived.workers import Workers
from gitmilestone.derived.writer import Writer
from gitmilestone.errors import GitFailed, MissingObject, UnsafePath
from gitmilestone.model.layout import SETTINGS_FILES
from gitmilestone.model.problem import Problem
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import FileEntry, Files, TreeFiles, WorkFiles, read_sized
from gitmilestone.store.store import Store

_COMMIT_EVERY = 20_000
_BATCH = 1000
_WORTH_WORKERS = 4 * _BATCH
_KEPT = 10_000


def catch_up(index: Index, store: Store, files: Files, watch: Watch = SILENT) -> None:
    """Makes the rows those of `files`, whatever they were.

    One transaction, which ends with the stamp. Only where there was no stamp, and so no reader, are parts committed
    before it: a build that is cut short goes on where it stopped.

    Args:
        index: Without another writer.

    Raises:
        MissingObject, GitFailed: A blob or tree is not there, or corrupt. The index is as it was.
    """
    target = (files.tree or "") if isinstance(files, TreeFiles) else None
    before = index.stamp
    if before is not None and before == target:
        return
    _run(index, _Refresh(index.connection, store, files, watch), before, target, before is None)
    index.connection.execute("COMMIT")


@contextmanager
def catch_up_for_now(index: Index, store: Store, files: Files, watch: Watch = SILENT) -> Iterator[None]:
    """The same until the end of a `with`: then the rows are again what they were.

    What was parsed meanwhile is kept, so that the next look at this state costs no parsing.
    """
    refresh = _Refresh(index.connection, store, files, watch)
    before, stamp = index.stamp, None
    try:
        _run(index, refresh, before, stamp, is_build=False)
        yield
    finally:
        if index.connection.in_transaction:
            index.connection.execute("ROLLBACK")
    refresh.keep_parsed()


def _run(index: Index, refresh: _Refresh, before: str | None, target: str | None, is_build: bool) -> None:
    try:
        index.connection.execute("BEGIN IMMEDIATE")
        refresh.run(before, is_build)
        refresh.writer.stamp(target)
    except BaseException:
        if index.connection.in_transaction:
            index.connection.execute("ROLLBACK")
        raise


class _Refresh:
    def __init__(self, connection: Connection, store: Store, files: Files, watch: Watch) -> None:
        self.connection = connection
        self.store = store
        self.files = files
        self.watch = watch
        self.contents = Contents(store.objects, store.repository.work_dir)
        self.writer = Writer(connection, self._read_again)
        self.parsed: list[Parsed] = []

    def run(self, before: str | None, is_build: bool) -> None:
        steps = self._find_steps(before)
        if steps is not None:
            self._carry_out(self._move(steps), len(steps), commits=False)
            return
        if isinstance(self.files, TreeFiles):
            total, entries = self.files.estimate_count(), self.files.iter_entries()
        else:
            listed = hash_entries(self.files, self.store.objects)
            total, entries = len(listed), iter(listed)
        self._carry_out(self._reconcile(entries), total, commits=is_build)
        if is_build:
            for statement in index_statements():
                self.connection.execute(statement)

    def _find_steps(self, before: str | None) -> list[Step] | None:
        """The difference of two trees; None where one of them is not there, or corrupt, and can't be compared."""
        if before is None or not isinstance(self.files, TreeFiles):
            return None
        try:
            changes = list(self.store.iter_changed_entries(before or None, self.files.tree))
        except (MissingObject, GitFailed):
            return None
        return [Step(path, old is not None, to_file(path, new)) for path, old, new in changes]

    def _move(self, steps: list[Step]) -> Iterator[Step]:
        """Renames what only lies elsewhere, as after a migration of the layout; yields the other steps."""
        gone: dict[str, list[str]] = {}
        for step in steps:
            if step.entry is None:
                gone.setdefault(step.path.rpartition("/")[2], []).append(step.path)
        moved = set()
        for listed in iter_listed(step.entry for step in steps if step.entry and not step.gone):
            old = gone.get(listed.entry.path.rpartition("/")[2], ())
            if len(old) == 1 and not listed.problem and self.writer.move(old[0], listed.entry, listed.id):
                moved |= {old[0], listed.entry.path}
        return (step for step in steps if step.path not in moved)

    def _reconcile(self, entries: Iterable[FileEntry]) -> Iterator[Step]:
        """Merges two lists that are in the order of their paths' bytes: what the index holds, and what there is."""
        known = self._iter_known()
        held = next(known, None)
        for entry in entries:
            path = os.fsencode(entry.path)
            while held and held[0] < path:
                yield Step(os.fsdecode(held[0]), True, None)
                held = next(known, None)
            is_held = held is not None and held[0] == path
            if held and is_held and held[1].hex() == entry.oid:
                pass
            elif is_held:
                yield Step(entry.path, True, entry)
            else:
                yield Step(entry.path, False, entry)
            if is_held:
                held = next(known, None)
        while held:
            yield Step(os.fsdecode(held[0]), True, None)
            held = next(known, None)

    def _iter_known(self) -> Iterator[tuple[bytes, bytes]]:
        """(path, oid) of every file that the index knows, from a copy: the tables change meanwhile."""
        execute = self.connection.execute
        execute("CREATE TEMP TABLE IF NOT EXISTS known (number INTEGER PRIMARY KEY, path BLOB, oid BLOB)")
        execute("DELETE FROM known")
        execute(
            "INSERT INTO known (path, oid) SELECT path, oid FROM (SELECT CAST(path AS BLOB) AS path, oid FROM milestone"
            " UNION ALL SELECT path, oid FROM unserved) ORDER BY path"
        )
        last = 0
        while rows := execute(
            "SELECT number, path, oid FROM known WHERE number > ? ORDER BY number LIMIT ?", (last, _BATCH)
        ).fetchall():
            last = rows[-1][0]
            yield from ((path, oid) for _, path, oid in rows)

    def _carry_out(self, steps: Iterable[Step], total: int, *, commits: bool) -> None:
        batches = iter_batches(steps, self._find_faults, _BATCH)
        first = list(islice(batches, _WORTH_WORKERS // _BATCH))
        may_share = len(first) * _BATCH >= _WORTH_WORKERS and not isinstance(self.files, WorkFiles)
        with self.watch.track("Indexing", total) as progress, Workers(self.store, self._read, may_share) as workers:
            done = 0
            for batch, parsed in workers.map(chain(first, batches), self._take_retired):
                self.writer.apply(batch.gone, [*batch.aside, *parsed])
                if not commits and len(self.parsed) < _KEPT:
                    self.parsed += parsed
                count = len(batch.gone) + len(batch.aside) + len(parsed)
                progress.advance(count)
                done += count
                if commits and done >= _COMMIT_EVERY:
                    self.writer.stamp(None)
                    self.connection.execute("COMMIT")
                    self.connection.execute("BEGIN IMMEDIATE")
                    done = 0

    def keep_parsed(self) -> None:
        """Once the transaction is rolled back: what it has parsed is parsed for good."""
        fresh = [
            (bytes.fromhex(file.oid), file.id, file.rows) for file in self.parsed if file.rows is not None and file.oid
        ]
        if fresh:
            self.connection.execute("BEGIN IMMEDIATE")
            self.writer.retire(fresh)
            self.writer.forget_oldest()
            self.connection.execute("COMMIT")

    def _find_faults(self, path: str) -> tuple[Problem, ...]:
        """Settings are no milestone's file, and what is wrong with them is told with every answer all the same."""
        if path not in SETTINGS_FILES:
            return ()
        from gitmilestone.model.config import find_faults

        return find_faults(path, *read_sized(self.files, path, MAX_BYTES))

    def _take_retired(self, entries: Sequence[FileEntry]) -> list[Parsed]:
        return list(self.writer.find_retired(entries))

    def _read(self, entries: Sequence[FileEntry]) -> Iterable[Parsed]:
        if isinstance(self.files, WorkFiles):
            return iter_work_parsed(self.files, self.store.objects, entries)
        return self.contents.iter_parsed(entries)

    def _read_again(self, entries: Sequence[FileEntry]) -> Iterable[Parsed]:
        """Those that are still there: a step to come takes the others away, and their blobs may be gone already."""
        return self._read([entry for entry in entries if self._is_there(entry)])

    def _is_there(self, entry: FileEntry) -> bool:
        try:
            found = self.files.find(entry.path)
        except UnsafePath:
            return False
        return found is not None and found.is_plain and found.oid in (entry.oid, None)
