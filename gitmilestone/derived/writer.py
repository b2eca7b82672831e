"""Brings the tables from one set of files to another, a batch at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from sqlite3 import Connection, DatabaseError
from typing import Any, NamedTuple

from gitmilestone.derived.answers import UNWRITTEN
from gitmilestone.derived.listing import Parsed
from gitmilestone.derived.rows import SEARCH_COLUMNS, DocumentRows, Record, encode_search
from gitmilestone.derived.schema import COLUMNS, IDS_A_STATEMENT, TABLES, insert_statements
from gitmilestone.model.layout import find_place
from gitmilestone.query.searched import TEXTS
from gitmilestone.store.files import FileEntry

_NARROW = tuple(table for table in TABLES if table != "milestone")
_OWN = len(("number", "path", "oid"))  # columns of a row of `milestone` that no document says
_TEXT_PLACES = [COLUMNS["milestone"].index(name) for name in SEARCH_COLUMNS]
_BYTES = COLUMNS["milestone"].index("bytes")
_TASK_TITLE = COLUMNS["task"].index("title")
_SEARCH = f"search (rowid, {', '.join(TEXTS)})"
_FORGET = f"search (search, rowid, {', '.join(TEXTS)})"
_PLACES = ", ".join("?" * len(TEXTS))
_KEPT = 10_000

Read = Callable[[Sequence[FileEntry]], Iterable[Parsed]]


class Served(NamedTuple):
    """A row of `milestone` as its neighbours see it."""

    number: int
    path: str
    oid: bytes
    id: str


class Writer:
    """Writes one index, in the transaction that its caller has begun.

    Whatever the order in which files come and go, the file that serves an id is the first readable one by its
    path's bytes, and every other one is `unserved`.

    Args:
        read: Parses those files again that are still there, to take the place of one that went.
    """

    def __init__(self, connection: Connection, read: Read) -> None:
        self._connection = connection
        self._read = read
        self._inserts = insert_statements()
        self.milestones, self.bytes = connection.execute("SELECT milestones, bytes FROM stamp").fetchone()
        (self._number,) = connection.execute("SELECT COALESCE(MAX(number), 0) FROM milestone").fetchone()
        self._has_retired = connection.execute("SELECT 1 FROM retired LIMIT 1").fetchone() is not None

    def apply(self, removed: Sequence[str], added: Iterable[Parsed]) -> None:
        """Args:
        removed: Paths of files that are no more, or not what they were.
        added: Each but on a path that is there already.
        """
        parsed = list(added)
        if removed:
            parsed = self._remove(removed, parsed)
        if parsed:
            self._add(parsed)

    def move(self, old: str, new: FileEntry, milestone_id: str) -> bool:
        """Renames a file that serves an id; False where its bytes differ, or another file could come to serve it."""
        rivals = self._connection.execute("SELECT 1 FROM unserved WHERE id = ? LIMIT 1", (milestone_id,)).fetchone()
        if rivals:
            return False
        moved = self._connection.execute(
            "UPDATE milestone SET path = ? WHERE id = ? AND path = ? AND oid = ?",
            (new.path, milestone_id, old, bytes.fromhex(new.oid or "")),
        )
        return moved.rowcount == 1

    def find_retired(self, entries: Sequence[FileEntry]) -> Iterator[Parsed]:
        """Takes those documents out again that were parsed once and left the tree."""
        if not self._has_retired:
            return
        import json

        for entry in entries:
            place = find_place(entry.path)
            if place is None or not entry.oid:
                continue
            key = (bytes.fromhex(entry.oid), place.id)
            found = self._connection.execute(
                "SELECT number, rows FROM retired WHERE oid = ? AND id = ?", key
            ).fetchone()
            if found:
                self._connection.execute("DELETE FROM retired WHERE number = ?", found[:1])
                try:
                    rows = tuple(json.loads(found[1]))
                except UNWRITTEN as error:
                    raise DatabaseError(f"a damaged row: {error}") from error
                yield Parsed(entry.path, entry.oid, place.id, rows)

    def retire(self, documents: Iterable[tuple[bytes, str, DocumentRows]]) -> None:
        """Keeps what was parsed, by blob and id."""
        import json

        records = [(oid, name, json.dumps(rows, ensure_ascii=False)) for oid, name, rows in documents]
        self._connection.executemany("INSERT OR IGNORE INTO retired (oid, id, rows) VALUES (?, ?, ?)", records)
        self._has_retired = True

    def stamp(self, tree: str | None) -> None:
        """Says what the rows are: those of a tree ("" is the empty one), or, with None, of nothing whole."""
        self._connection.execute(
            "UPDATE stamp SET tree = ?, milestones = ?, bytes = ?", (tree, self.milestones, self.bytes)
        )
        if tree is not None and self._has_retired:
            self.forget_oldest()

    def forget_oldest(self) -> None:
        """Keeps as many of the files that went as could all come back, and some."""
        self._connection.execute(
            "DELETE FROM retired WHERE number <= (SELECT MAX(number) FROM retired) - ?", (_KEPT + self.milestones,)
        )

    def _remove(self, paths: Sequence[str], coming: list[Parsed]) -> list[Parsed]:
        """Answers with the files that are still to be added: some that come, and those that serve an id from now on."""
        raw = [(os.fsencode(path),) for path in paths]
        self._connection.executemany("DELETE FROM unserved WHERE path = ?", raw)
        gone = set(paths)
        ids = {place.id for path in paths if (place := find_place(path))}
        served = {row.id: row for row in self._find_served(ids) if row.path in gone}
        waiting = list(self._select("SELECT id, path, oid, problems FROM unserved WHERE id IN (%s)", served))
        replaced = self._find_replaced(served, coming, {name for name, *_ in waiting})
        self._update([(served.pop(file.id), file) for file in replaced])
        self._delete(list(served.values()))
        entries = [
            FileEntry(os.fsdecode(path), 0o100644, oid.hex())
            for name, path, oid, problems in waiting
            if name in served and problems is None
        ]
        self._connection.executemany(
            "DELETE FROM unserved WHERE path = ?", [(os.fsencode(entry.path),) for entry in entries]
        )
        rest = [file for file in coming if file not in replaced] if replaced else coming
        return [*rest, *(self._read(entries) if entries else ())]

    def _find_replaced(
        self, served: Mapping[str, Served], coming: Sequence[Parsed], rivalled: set[str]
    ) -> list[Parsed]:
        """The files that come in the place of one that goes, where no other could serve their id."""
        found: dict[str, list[Parsed]] = {}
        for file in coming:
            if file.id in served and file.id not in rivalled:
                found.setdefault(file.id, []).append(file)
        return [files[0] for files in found.values() if len(files) == 1 and files[0].rows is not None]

    def _update(self, pairs: Sequence[tuple[Served, Parsed]]) -> None:
        """Writes what differs: most edits change a few columns, and so few of the indexes."""
        if not pairs:
            return
        held = self._read_rows([row.id for row, _ in pairs])
        self.retire((row.oid, row.id, held[row.id]) for row, file in pairs if row.oid.hex() != file.oid)
        execute, executemany = self._connection.execute, self._connection.executemany
        for row, file in pairs:
            assert file.rows is not None  # as _find_replaced says
            milestone, *others, texts = file.rows
            before, *others_before, texts_before = held[row.id]
            olds, news = (row.path, row.oid, *before), (file.path, bytes.fromhex(file.oid), *milestone)
            changed = [place for place, (old, new) in enumerate(zip(olds, news, strict=True)) if old != new]
            if changed:  # else it is the mode of its file that differs
                names = ", ".join([f"{COLUMNS['milestone'][place + 1]} = ?" for place in changed])
                values = [news[place] for place in changed]
                execute(f"UPDATE milestone SET {names} WHERE number = ?", [*values, row.number])
            for table, old_rows, new_rows in zip(_NARROW, others_before, others, strict=True):
                if [*map(tuple, old_rows)] != [*map(tuple, new_rows)]:
                    execute(f"DELETE FROM {table} WHERE milestone_id = ?", (row.id,))
                    executemany(self._inserts[table], new_rows)
            if tuple(texts) != tuple(texts_before):
                execute(f"INSERT INTO {_FORGET} VALUES (?, ?, {_PLACES})", ("delete", row.number, *texts_before))
                execute(f"INSERT INTO {_SEARCH} VALUES (?, {_PLACES})", (row.number, *texts))
            self.bytes += milestone[_BYTES - _OWN] - before[_BYTES - _OWN]

    def _add(self, parsed: list[Parsed]) -> None:
        self._put_aside([file for file in parsed if file.rows is None])
        readable = sorted((file for file in parsed if file.rows is not None), key=lambda file: os.fsencode(file.path))
        served = {row.id: row for row in self._find_served({file.id for file in readable})}
        chosen: dict[str, Parsed] = {}
        later: list[Parsed] = []
        demoted: list[Served] = []
        for file in readable:
            before = served.get(file.id)
            if file.id in chosen or (before and os.fsencode(before.path) < os.fsencode(file.path)):
                later.append(file)
                continue
            chosen[file.id] = file
            if before:
                demoted.append(before)
        self._delete(demoted)
        self._put_aside([Parsed(row.path, row.oid.hex(), row.id, None) for row in demoted])
        self._put_aside(later)
        self._insert(list(chosen.values()))

    def _put_aside(self, files: Sequence[Parsed]) -> None:
        """A file that is readable, and not the first of its id, has NULL for problems."""
        if not files:
            return
        import json

        records = [
            (
                os.fsencode(file.path),
                bytes.fromhex(file.oid),
                file.id,
                json.dumps(file.problems, ensure_ascii=False) if file.problems else None,
            )
            for file in files
        ]
        # A broken tree may name a path twice.
        self._connection.executemany("INSERT OR REPLACE INTO unserved VALUES (?, ?, ?, ?)", records)

    def _insert(self, files: Sequence[Parsed]) -> None:
        rows: dict[str, list[Record]] = {table: [] for table in TABLES}
        narrow = [rows[table] for table in _NARROW]
        searched: list[Record] = []
        for number, file in enumerate(files, self._number + 1):
            assert file.rows is not None  # what could not be read was put aside
            milestone, *others, texts = file.rows
            rows["milestone"].append((number, file.path, bytes.fromhex(file.oid), *milestone))
            for records, found in zip(narrow, others, strict=True):
                records += found
            searched.append((number, *texts))
            self.bytes += milestone[_BYTES - _OWN]
        for table, records in rows.items():
            self._connection.executemany(self._inserts[table], records)
        self._connection.executemany(f"INSERT INTO {_SEARCH} VALUES (?, {_PLACES})", searched)
        self._number += len(files)
        self.milestones += len(files)

    def _delete(self, served: Sequence[Served]) -> None:
        """Takes milestones out of the tables, and keeps what was parsed."""
        if not served:
            return
        ids = [row.id for row in served]
        rows = self._read_rows(ids)
        self.retire((row.oid, row.id, rows[row.id]) for row in served)
        forgotten = [("delete", row.number, *rows[row.id][-1]) for row in served]
        self._connection.executemany(f"INSERT INTO {_FORGET} VALUES (?, ?, {_PLACES})", forgotten)
        for table in TABLES:
            key = "id" if table == "milestone" else "milestone_id"
            self._connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(name,) for name in ids])
        self.bytes -= sum(rows[name][0][_BYTES - _OWN] for name in ids)
        self.milestones -= len(ids)

    def _read_rows(self, ids: Sequence[str]) -> dict[str, DocumentRows]:
        try:
            return dict(self.iter_rows(ids))
        except UNWRITTEN as error:
            raise DatabaseError(f"a damaged row: {error}") from error

    def iter_rows(self, ids: Sequence[str]) -> Iterator[tuple[str, DocumentRows]]:
        """(id, its rows) of milestones that are served, as `encode_document` made them."""
        narrow: dict[str, dict[str, list[Record]]] = {table: {} for table in _NARROW}
        for table, found in narrow.items():
            key = ", ".join(COLUMNS[table][:3])
            for record in self._select(f"SELECT * FROM {table} WHERE milestone_id IN (%s) ORDER BY {key}", ids):
                found.setdefault(record[0], []).append(record)
        for record in self._select("SELECT * FROM milestone WHERE id IN (%s)", ids):
            milestone_id = record[_OWN]
            others = [narrow[table].get(milestone_id, []) for table in _NARROW]
            titles = [task[_TASK_TITLE] for task in narrow["task"].get(milestone_id, [])]
            texts = encode_search([record[place] for place in _TEXT_PLACES], titles)
            yield milestone_id, (record[_OWN:], *others, texts)

    def _find_served(self, ids: Iterable[str]) -> list[Served]:
        statement = "SELECT number, path, oid, id FROM milestone WHERE id IN (%s)"
        return [Served(*record) for record in self._select(statement, list(ids))]

    def _select(self, statement: str, ids: Iterable[str]) -> Iterator[Any]:
        """The rows of a statement for any number of ids, which stand for its `%s`."""
        listed = list(ids)
        for start in range(0, len(listed), IDS_A_STATEMENT):
            some = listed[start : start + IDS_A_STATEMENT]
            yield from self._connection.execute(statement % ", ".join("?" * len(some)), some).fetchall()
