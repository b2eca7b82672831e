"""Questions that every engine answers by the same SQL, over tables of the same names.

`Tables` runs a statement, with `?` for each parameter; `Select` one for any number of ids, which stand for its `%s`.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.derived.rows import MILESTONE_COLUMNS, TASK_COLUMNS, Record, decode_milestone, decode_task
from gitmilestone.derived.schema import FOREIGN
from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.layout import ROOT
from gitmilestone.model.link import Link, Outline
from gitmilestone.model.milestone import OPEN_STATUSES, Dependency, Task
from gitmilestone.model.problem import Problem
from gitmilestone.model.row import Row, make_row
from gitmilestone.query.query import Query
from gitmilestone.query.sql import Dialect, Sql, compile_keys, compile_pages

if TYPE_CHECKING:
    from typing import Protocol

    class Found(Protocol):
        def fetchone(self) -> Any: ...

        def fetchall(self) -> list[Any]: ...

        def __iter__(self) -> Iterator[Any]: ...

    class Tables(Protocol):
        def execute(self, text: str, parameters: Any = ..., /) -> Found: ...


Values = tuple[str | float | None, ...]
Select = Callable[[str, Sequence[str]], Iterator[Record]]

ROW_COLUMNS = f"{MILESTONE_COLUMNS}, milestone.path, milestone.progress"

NAMED = 1000
"""How many ids that begin alike are told apart."""

UNWRITTEN = (ValueError, TypeError, AttributeError)
"""What comes of decoding a date, a number or JSON that nobody has written."""


class Unserved(NamedTuple):
    """Attributes:
    files: How many files no milestone stands for.
    ids: The ids that their names say.
    problems: Theirs, in the order of their paths.
    """

    files: int
    ids: frozenset[str]
    problems: tuple[Problem, ...]


def damaged(error: Exception) -> sqlite3.DatabaseError:
    """What a value means that no program of ours has written."""
    return sqlite3.DatabaseError(f"a damaged row: {error}")


def complete(select: Select, found: Sequence[Record]) -> Iterator[Row]:
    """The rows that records of ROW_COLUMNS begin.

    Raises:
        sqlite3.DatabaseError: A value is none of ours.
    """
    try:
        yield from _complete(select, found)
    except UNWRITTEN as error:
        raise damaged(error) from error


def _complete(select: Select, found: Sequence[Record]) -> Iterator[Row]:
    ids = [record[0] for record in found]
    tasks = _find_tasks(select, ids)
    dependencies, blockers = _find_dependencies(select, ids)
    for *record, path, progress in found:
        key = record[0]
        milestone = decode_milestone(record, dependencies.get(key, ()), tasks.get(key, ()))
        yield make_row(milestone, f"{ROOT}/{path}", progress, blockers.get(key, ()))


def _find_tasks(select: Select, ids: Sequence[str]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    columns = f"milestone_id, {TASK_COLUMNS}"
    statement = f"SELECT {columns} FROM task WHERE milestone_id IN (%s) ORDER BY milestone_id, position"
    for milestone_id, *record in select(statement, ids):
        found.setdefault(milestone_id, []).append(decode_task(record))
    return found


def _find_dependencies(select: Select, ids: Sequence[str]) -> tuple[dict[str, list[Dependency]], dict[str, list[str]]]:
    """Milestone -> its dependencies, and -> those of them that block and are open; both sorted."""
    dependencies: dict[str, list[Dependency]] = {}
    blockers: dict[str, list[str]] = {}
    statement = (
        "SELECT milestone_id, target, type, other.status FROM dependency"
        " LEFT JOIN milestone AS other ON other.id = target WHERE milestone_id IN (%s)"
        " ORDER BY milestone_id, target"
    )
    for milestone_id, target, kind, status in select(statement, ids):
        dependencies.setdefault(milestone_id, []).append(Dependency(target, kind))
        if kind == "blocks" and status in OPEN_STATUSES:
            blockers.setdefault(milestone_id, []).append(target)
    return dependencies, blockers


def iter_found(
    statements: Iterable[Sql], iter_chunks: Callable[[Sql], Iterator[list[Record]]], limit: int | None
) -> Iterator[list[Record]]:
    """The records of a query's statements, one behind the other, some at a time.

    Args:
        statements: Where there is a limit, each binds it last but one, and it holds for all of them.
    """
    left = limit
    for text, parameters in statements:
        if left is not None:  # what the statements before it have left of the limit
            parameters = (*parameters[:-2], left, parameters[-1])
        for found in iter_chunks((text, parameters)):
            yield found
            left = None if left is None else left - len(found)
        if left == 0:
            return


def count_following(tables: "Tables", query: Query, at_most: int | None, dialect: Dialect) -> int:
    """How many follow a place in a query's order."""
    total = 0
    for text, parameters in compile_pages(query._replace(limit=at_most, offset=0), "1", dialect):
        ((number,),) = tables.execute(f"SELECT COUNT(*) FROM ({text}) AS found", parameters)
        total += number
        if at_most is not None and total >= at_most:
            return at_most
    return total


def keys_of(tables: "Tables", query: Query, milestone_id: str) -> Values | None:
    statement = f"SELECT {compile_keys(query.order)} FROM milestone WHERE id = ?"
    found: Values | None = tables.execute(statement, (milestone_id,)).fetchone()
    return found


def find_ids(tables: "Tables", prefix: str, limit: int) -> list[str]:
    statement = "SELECT id FROM milestone WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    return [name for (name,) in tables.execute(statement, (prefix, f"{prefix}\x7f", limit))]


def group_paths(records: Iterable[Record]) -> dict[str, list[str]]:
    """Id -> its paths, of records of an id and a path in bytes."""
    found: dict[str, list[str]] = {}
    for name, path in records:
        if not find_id_fault(name):
            found.setdefault(name, []).append(os.fsdecode(path))
    return found


def blockers_of(tables: "Tables", milestone_id: str) -> list[str]:
    statement = "SELECT target FROM dependency WHERE milestone_id = ? AND type = 'blocks' ORDER BY target"
    return [name for (name,) in tables.execute(statement, (milestone_id,))]


def dependents_of(select: Select, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    statement = "SELECT target, milestone_id FROM dependency WHERE target IN (%s) ORDER BY target, milestone_id"
    for target, name in select(statement, ids):
        found.setdefault(target, []).append(name)
    return found


def foreign_links(tables: "Tables") -> list[Link]:
    statement = f"SELECT milestone_id, target, type FROM dependency WHERE {FOREIGN} ORDER BY milestone_id, target"
    return [Link(*record) for record in tables.execute(statement)]


def iter_links(tables: "Tables") -> Iterator[Link]:
    yield from map(Link._make, tables.execute("SELECT milestone_id, target, type FROM dependency"))


def links_of(select: Select, ids: Sequence[str]) -> list[Link]:
    statement = "SELECT milestone_id, target, type FROM dependency WHERE milestone_id IN (%s) ORDER BY 1, 2"
    return [Link(*record) for record in select(statement, ids)]


def links_on(select: Select, ids: Sequence[str]) -> list[Link]:
    statement = "SELECT milestone_id, target, type FROM dependency WHERE target IN (%s) ORDER BY 2, 1"
    return [Link(*record) for record in select(statement, ids)]


def iter_outlines(tables: "Tables", select: Select, ids: Sequence[str] | None) -> Iterator[Outline]:
    statement = "SELECT id, title, status, due, priority FROM milestone WHERE "
    all_open = tables.execute(f"{statement}is_open = 1") if ids is None else None
    try:
        for name, title, status, due, priority in all_open or select(f"{statement}id IN (%s)", ids or ()):
            yield Outline(name, title, status, date.fromisoformat(due) if due else None, priority)
    except UNWRITTEN as error:
        raise damaged(error) from error


def find_unserved(tables: "Tables") -> Unserved:
    problems: list[Problem] = []
    statement = (
        "SELECT unserved.path, unserved.id, unserved.problems, milestone.path FROM unserved"
        " LEFT JOIN milestone ON milestone.id = unserved.id ORDER BY unserved.path"
    )
    found = tables.execute(statement).fetchall()
    if not found:
        return Unserved(0, frozenset(), ())
    from gitmilestone.derived.listing import duplicate

    for path, name, text, first in found:
        if text is None:
            second = path.decode("utf-8", "backslashreplace")
            problems += duplicate(f"{ROOT}/{first}", f"{ROOT}/{second}", name)
        else:
            problems += _decode_problems(text)
    ids = frozenset(name for _, name, text, _ in found if text is not None)
    return Unserved(len(found), ids, tuple(problems))


def _decode_problems(text: str) -> list[Problem]:
    import json

    try:
        return [Problem(*values) for values in json.loads(text)]
    except UNWRITTEN as error:
        raise damaged(error) from error
