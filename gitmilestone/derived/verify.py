"""Compares an index, row by row, with one that is built from the blobs alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from sqlite3 import Connection
from typing import Any, NamedTuple

from gitmilestone.derived.answers import UNWRITTEN
from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.database import IndexFile
from gitmilestone.derived.listing import parse
from gitmilestone.derived.schema import COLUMNS, INDEXES
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import GitFailed
from gitmilestone.model.layout import FOLDERS, SUFFIX
from gitmilestone.progress import Watch
from gitmilestone.store.files import FileEntry, TreeFiles
from gitmilestone.store.objects import Objects
from gitmilestone.store.store import Store
from gitmilestone.store.trees import FILE_MODE

_LISTED = 1000


class Fault(NamedTuple):
    """A row that is not what it should be.

    Attributes:
        table: Where it is, or should be.
        id: Of the milestone, or the path of a file that none stands for; "" of the file as a whole.
        message: What is wrong.
    """

    table: str
    id: str
    message: str


def find_faults(index: Index, store: Store, tree: str, watch: Watch) -> list[Fault]:
    """Every row that differs from what its blob says, at most 1,000 of them; [] is a sound index.

    Costs a rebuild, in a file beside it that is gone afterwards, and needs the space for it.

    Args:
        index: Whose stamp says `tree`; nobody else writes it.
    """
    place = IndexFile(store.repository.state_dir, "verify.sqlite")
    faults = [Fault("", "", line) for (line,) in index.connection.execute("PRAGMA integrity_check") if line != "ok"]
    if faults:
        return faults
    place.remove()
    try:
        with place.open_for_refresh() as fresh:
            catch_up(fresh, store, TreeFiles(store.objects, tree or None), watch)
        index.connection.execute("ATTACH CAST(? AS TEXT) AS fresh", (os.fsencode(place.path),))
        try:
            found = chain(_iter_faults(index.connection), _iter_wrongly_kept(index.connection, store.objects))
            return list(islice(found, _LISTED))
        finally:
            index.connection.execute("DETACH fresh")
    finally:
        place.remove()


def _iter_faults(connection: Connection) -> Iterator[Fault]:
    for table, columns in COLUMNS.items():
        key = "id" if table == "milestone" else "milestone_id"
        listed = ", ".join(name for name in columns if name != "number")
        yield from _compare(connection, table, key, f"SELECT {listed} FROM %s.{table}")
    yield from _compare(connection, "unserved", "path", "SELECT path, oid, id, problems FROM %s.unserved")
    yield from _compare(connection, "stamp", "'the counts'", "SELECT milestones, bytes FROM %s.stamp")
    ours, theirs = (_sum_words(connection, side) for side in ("main", "fresh"))
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield Fault("search", name, "is found by words that are not its own, or not by those that are")
    for (missing,) in connection.execute(
        "SELECT name FROM fresh.sqlite_master WHERE type = 'index' EXCEPT SELECT name FROM main.sqlite_master"
    ):
        yield Fault(str(missing), "", "this index of a table is missing" if missing in INDEXES else "is missing")


def _iter_wrongly_kept(connection: Connection, objects: Objects) -> Iterator[Fault]:
    """What is kept of files that went, and is not what their blobs say, where those are still there to be asked."""
    kept = connection.execute("SELECT oid, id, rows FROM retired")
    while some := kept.fetchmany(_LISTED):
        for oid, name, text in some:
            entry = FileEntry(f"{FOLDERS[0]}/{name}{SUFFIX}", FILE_MODE, oid.hex())
            try:
                blob = objects.find(oid.hex())
                is_right = blob is None or _set_apart(json.loads(text)) == _set_apart(
                    parse(entry, blob.size, blob.content).rows or ()
                )
            except GitFailed:
                continue
            except UNWRITTEN:
                is_right = False
            if not is_right:
                yield Fault("retired", name, "holds what its blob does not say")


def _set_apart(rows: Sequence[Any]) -> list[list[Any]]:
    """A document's rows without their order within a table, which no one has promised."""
    first, *narrow, texts = rows
    return [list(first), *(sorted(map(list, part), key=repr) for part in narrow), list(texts)]


def _sum_words(connection: Connection, side: str) -> dict[str, int]:
    """Milestone -> a sum over the words of its texts, with their places: sorting them all would take minutes."""
    connection.execute(f"CREATE VIRTUAL TABLE temp.{side}_words USING fts5vocab({side}, search, instance)")
    sums: dict[int, int] = {}
    for word in connection.execute(f"SELECT doc, term, col, offset FROM temp.{side}_words"):
        sums[word[0]] = sums.get(word[0], 0) + hash(word[1:])
    connection.execute(f"DROP TABLE temp.{side}_words")
    names = connection.execute(f"SELECT number, id FROM {side}.milestone")
    return {name: sums.pop(number, 0) for number, name in names} | {f"number {key}": sums[key] for key in sums}


def _compare(connection: Connection, table: str, key: str, select: str) -> Iterator[Fault]:
    ours, theirs = (select.replace("%s", side) for side in ("main", "fresh"))
    for first, second, message in (
        (ours, theirs, "holds what its blob does not say"),
        (theirs, ours, "lacks what its blob says"),
    ):
        rows = connection.execute(f"SELECT DISTINCT {key} FROM ({first} EXCEPT {second}) LIMIT {_LISTED}")
        for (name,) in rows.fetchall():
            yield Fault(table, os.fsdecode(name), message)
