"""What this clone has read and written lately, and how long it took: lines of one length in the git directory.

A line holds figures only, never what was asked for. It costs every command this module and one write, which
nobody waits for and which may fail; `operation_load` reads the lines.
"""

from __future__ import annotations

import os
from time import perf_counter, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmilestone.query.query import Condition, Query

NAME, OLD_NAME = "operations", "operations.old"
LINE = b"%c%013d%010d%04d%010d%c"
"""`r` or `w`, start in ms, duration in us, complexity in thousandths, rows, first letter of the tier; their sum."""

LENGTH = 42
MOST_BYTES = 4096 * (LENGTH + 1)
"""Of one file; then it becomes the old one, and the one that was the old one goes."""

_MOST = 9_999_999_999
_JOINED = ("labels", "depends_on", "tasks", "is_blocked")
_JOINED_POINTS, _TEXT_POINTS, _HALF = 3, 2, 10


def record_query(folder: str, started: float, query: Query, rows: int, tier: str) -> None:
    """Args:
    folder: The state folder.
    started: What `perf_counter` said then.
    tier: Where the answer came from.
    """
    _append(folder, b"r", started, int(rate_complexity(query) * 1000), rows, tier)


def record_write(folder: str, started: float, rows: int) -> None:
    """Args:
    rows: How many milestones the commit changed.
    """
    _append(folder, b"w", started, 0, rows, "file")  # whatever the tier, that is what a commit is made of


def rate_complexity(query: Query) -> float:
    """How much a query asks of a database, 0 to 1.

    A field that is compared is one point, as are all the open or all the closed ones; a text two; what another table
    has to tell (labels, dependencies, tasks, keys of the project's own) three; each key of an order that is not the
    usual one, one more. Ten points are 0.5, some twenty-three 0.7.
    """
    from gitmilestone.query.query import DEFAULT_ORDER  # who only writes is spared it

    points = _count_points(query.where)
    if query.order != DEFAULT_ORDER:
        points += len(query.order)
    return points / (points + _HALF)


def _count_points(condition: Condition) -> int:
    from gitmilestone.query.query import CLOSED, OPEN, Group, Not, Text

    if isinstance(condition, Group):
        if condition in (OPEN, CLOSED):
            return 1
        return sum(map(_count_points, condition.parts))
    if isinstance(condition, Not):
        return _count_points(condition.part)
    if isinstance(condition, Text):
        return _TEXT_POINTS
    return _JOINED_POINTS if condition.field in _JOINED or condition.field.startswith("x.") else 1


def sum_up(line: bytes) -> int:
    return sum(line) % 1000


def _append(folder: str, kind: bytes, started: float, complexity: int, rows: int, tier: str) -> None:
    seconds = max(perf_counter() - started, 0.0)
    start = int((time() - seconds) * 1000)
    duration = min(int(seconds * 1e6), _MOST)
    line = LINE % (kind, start, duration, complexity, min(rows, _MOST), tier[:1].encode())
    try:
        _write(folder, b"\n%b%03d" % (line, sum_up(line)))
    except OSError:  # a file system that is read-only, or full: then nothing is known of this clone's operations
        pass


def _write(folder: str, record: bytes) -> None:
    path = os.path.join(folder, NAME)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    try:
        os.write(descriptor, record)  # in one piece: the lines of others stay whole
        if os.lseek(descriptor, 0, os.SEEK_CUR) >= MOST_BYTES and os.path.samestat(os.fstat(descriptor), os.stat(path)):
            os.rename(path, os.path.join(folder, OLD_NAME))
    finally:
        os.close(descriptor)
