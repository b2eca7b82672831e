"""What the drills of the index compare: everything that it answers, and everything that it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitmilestone.derived import listing as documents
from gitmilestone.derived.answers import Unserved
from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.database import IndexFile, read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.schema import TABLES
from gitmilestone.derived.sqlite import Index
from gitmilestone.model.row import Row
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.query.parse import parse
from gitmilestone.query.query import Order, Query
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from tests.repositories import NOW, Clone

BY_ID = (Order("id"),)
COUNT = 60
INDEXED = [f"m-{number:04}" for number in range(COUNT)]
"""The milestones of the fixture `large`."""

_TEXTS = ("alpha", "two words", "title:newer", "task:task", "label:red or owner:ana", "-alpha sort:-due", "x.risk:high")


class Answers(NamedTuple):
    """All that an index says of one state."""

    rows: list[Row]
    unserved: Unserved
    milestones: int
    data_volume: int
    found: list[list[str]]
    paths: dict[str, list[str]]


class Told:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.advanced = 0

    def track(self, label: str, total: int) -> Told:
        return self

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def advance(self, count: int = 1) -> None:
        self.advanced += count

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None: ...


def ask(index: Engine) -> Answers:
    rows = index.rows(Query(order=BY_ID))
    found = [[row.milestone.id for row in index.rows(parse(text, today=NOW.date()))] for text in _TEXTS]
    return Answers(rows, index.unserved(), index.milestones, index.data_volume, found, index.find_paths(""))


def answers_from_nothing(store: Store, files: Files) -> Answers:
    """Those of an index in memory that knew nothing before."""
    with Index.memory() as index:
        catch_up(index, store, files)
        return ask(index)


def assert_right(
    store: Store, files: Files | None = None, told: Told | None = None, *, is_on_disk: bool = False
) -> None:
    """What is read by way of the index on disk is what the files say.

    Args:
        is_on_disk: Whether it must come from there; else memory may have had to answer.
    """
    files = store.files_at() if files is None else files
    on_disk, found = read_index(store, files, lambda index: (index.is_on_disk, ask(index)), told or Told())
    assert on_disk or not is_on_disk
    assert found == answers_from_nothing(store, files)


def read(clone: Clone, told: Told | None = None) -> list[str]:
    with clone.store() as store:
        rows = read_index(store, store.files_at(), ask, told or Told()).rows
    return [row.milestone.id for row in rows]


def index_path(clone: Clone) -> Path:
    return clone.git_dir / "milestone" / "index.sqlite"


def lock_path(clone: Clone) -> str:
    return IndexFile(str(clone.git_dir / "milestone")).lock_path


def rebuild(clone: Clone) -> Path:
    """Makes the index on disk, however few the milestones are; answers where it lies."""
    with clone.store() as store:
        rebuild_index(store)
    return index_path(clone)


def dump(path: Path) -> dict[str, list[Any]]:
    """Table -> its rows, as they lie on the disk, for another look later; but for what is kept of files that went."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in (*TABLES, "unserved", "stamp", "search_data")
        }


def yaml(title: str, *lines: str, status: str = "planned") -> str:
    return "\n".join(("schema: 1", "", f"title: {title}", "", f"status: {status}", *lines)) + "\n"


def many(count: int, prefix: str = "m") -> dict[str, str | None]:
    """Files of as many milestones, each depending on the one before it."""
    return {
        f"active/{prefix}-{number:04}.yaml": yaml(
            f"Milestone {number}",
            "",
            "labels:",
            f"  - label-{number % 5}",
            *(("", "depends_on:", f"  - {prefix}-{number - 1:04}") if number else ()),
        )
        for number in range(count)
    }


def count_parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of what is parsed from now on."""
    parsed: list[str] = []
    parse = documents.read_document

    def count(path: str, *args: object) -> object:
        parsed.append(path)
        return parse(path, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(documents, "read_document", count)
    return parsed
