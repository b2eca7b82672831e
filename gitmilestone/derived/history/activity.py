"""When each milestone came, changed and was completed, and how long it was in each status."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from sqlite3 import Connection
from typing import NamedTuple

from gitmilestone.model.milestone import CLOSED_STATUSES

_IDS_A_STATEMENT = 500
_COLUMNS = "change.milestone_id, date, oid, author, email, kind, is_readable, status"


class Activity(NamedTuple):
    """What the history says of a milestone. Times are corrected commit dates, in Unix seconds.

    Attributes:
        created, author, email: When the first commit that has it was made, and by whom.
        updated: When a field last changed.
        completed: When it last became completed; None if it is not, or not any more.
        seconds: Status -> how long it was so, until now or its end.
        is_deleted: Whether the last thing that happened to it was that.
    """

    milestone_id: str
    created: int
    author: str
    email: str
    updated: int
    completed: int | None
    seconds: Mapping[str, int]
    is_deleted: bool


class _Step(NamedTuple):
    milestone_id: str
    date: int
    oid: bytes
    author: str
    email: str
    kind: str
    is_readable: int
    status: str | None


def activity(connection: Connection, ids: Sequence[str] | None = None, now: int | None = None) -> Iterator[Activity]:
    """One row for each milestone that ever was, in order of id. O(changes), in one pass.

    Args:
        ids: Only theirs.
        now: Unix seconds, until which a current status lasts.
    """
    until = int(time.time()) if now is None else now
    for _, steps in groupby(_iter_steps(connection, ids), lambda step: step.milestone_id):
        yield _sum_up(sorted(steps, key=lambda step: step[1:3]), until)


def closed_since(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Id -> when it was closed, in Unix seconds, of those that are, by the last status that is known. O(their changes).

    One that was cancelled and is completed has been closed since the first of the two.
    """
    found: dict[str, int] = {}
    for name, steps in groupby(_iter_steps(connection, ids), lambda step: step.milestone_id):
        for step in sorted(steps, key=lambda step: step[1:3]):
            if step.status in CLOSED_STATUSES:
                found.setdefault(name, step.date)
            elif step.status is not None or step.kind == "deleted":
                found.pop(name, None)
    return found


def _iter_steps(connection: Connection, ids: Sequence[str] | None) -> Iterator[_Step]:
    # The index holds all that is asked of a change, in order of id; the commits are few, and found by their number.
    statement = (
        f"SELECT {_COLUMNS} FROM milestone_change AS change INDEXED BY milestone_change_by_id"
        " CROSS JOIN commit_log ON commit_log.number = change.number%s ORDER BY change.milestone_id"
    )
    if ids is None:
        yield from map(_Step._make, connection.execute(statement % ""))
        return
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _IDS_A_STATEMENT):
        some = wanted[start : start + _IDS_A_STATEMENT]
        where = f" WHERE change.milestone_id IN ({','.join('?' * len(some))})"
        yield from map(_Step._make, connection.execute(statement % where, some))


def _sum_up(steps: Sequence[_Step], until: int) -> Activity:
    first, last = steps[0], steps[-1]
    completed: int | None = None
    seconds: dict[str, int] = {}
    for step, next_date in _with_next_dates(steps, until):
        is_known = step.status is not None
        if step.status == "completed":
            completed = step.date
        elif is_known:
            completed = None
        if is_known and next_date > step.date:
            seconds[str(step.status)] = seconds.get(str(step.status), 0) + next_date - step.date
    is_deleted = last.kind == "deleted"
    name, date, _, author, email, *_ = first
    return Activity(name, date, author, email, last.date, completed, seconds, is_deleted)


def _with_next_dates(steps: Iterable[_Step], until: int) -> Iterator[tuple[_Step, int]]:
    """The steps at which the status changes or ends, each with the date of the next one.

    Parallel branches may both have made the same change: it counts once.
    """
    current: _Step | None = None
    for step in steps:
        is_end = step.kind == "deleted"
        if not is_end and (step.status is None or (current and current.status == step.status)):
            continue
        if current:
            yield current, step.date
        current = step
    if current:
        yield current, until
