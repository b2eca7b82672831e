"""What the operation log says: how much this clone reads and writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from gitmilestone.derived.operation_log import LENGTH, MOST_BYTES, NAME, OLD_NAME, sum_up

_KINDS = {b"r": False, b"w": True}


class Operation(NamedTuple):
    """Attributes:
    start: Unix seconds.
    complexity: 0 to 1; 0 of a write.
    rows: That were found, or milestones that were changed.
    tier: First letter of the one that the answer came from.
    """

    is_write: bool
    start: float
    seconds: float
    complexity: float
    rows: int
    tier: str


class Load(NamedTuple):
    """Attributes:
    queries_a_minute, writes_a_second: Over the window; the others are means over its queries, 0 without any.
    """

    queries_a_minute: float = 0.0
    complexity: float = 0.0
    query_ms: float = 0.0
    writes_a_second: float = 0.0


def measure_load(folder: str, now: float, window: float) -> Load:
    """What the log says of the last `window` seconds before `now`, in Unix seconds."""
    operations = list(iter_operations(folder))
    first = now - window
    if operations and os.path.exists(os.path.join(folder, OLD_NAME)):
        first = max(first, min(operation.start for operation in operations))  # what was before is gone
    recent = [operation for operation in operations if first <= operation.start <= now]
    queries = [operation for operation in recent if not operation.is_write]
    seconds = max(now - first, 1.0)
    count = max(len(queries), 1)
    return Load(
        len(queries) * 60 / seconds,
        sum(operation.complexity for operation in queries) / count,
        sum(operation.seconds for operation in queries) * 1000 / count,
        (len(recent) - len(queries)) / seconds,
    )


def iter_operations(folder: str) -> Iterator[Operation]:
    """Every operation that the log still has, about in the order of their ends; lines that are not whole left out."""
    for name in (OLD_NAME, NAME):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read(2 * MOST_BYTES)
        except OSError:
            continue
        for line in content.split(b"\n"):
            operation = _read(line)
            if operation:
                yield operation


def _read(line: bytes) -> Operation | None:
    kind, tier, digits, check = line[:1], line[38:39], line[1:38], line[39:]
    if len(line) != LENGTH or kind not in _KINDS or not (digits + check).isdigit() or not tier.isalpha():
        return None
    if int(check) != sum_up(line[:39]):
        return None
    start, duration, complexity, rows = int(line[1:14]), int(line[14:24]), int(line[24:28]), int(line[28:38])
    return Operation(_KINDS[kind], start / 1000, duration / 1e6, complexity / 1000, rows, tier.decode("ascii"))
