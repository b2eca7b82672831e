"""A watcher that never waits: whenever it would, the next thing happens."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from gitmilestone.operations.asking.watch import Moved, Told, watch_changes
from gitmilestone.progress import SILENT
from tests.repositories import Clone

Act = Callable[[], object]
Line = tuple[str, ...]


class _OverError(Exception):
    pass


def follow(
    clone: Clone, acts: Sequence[Act], *, step: float = 0.2, patience: float = 0.5, **options: Any
) -> list[list[Line]]:
    """What was told before the first act, and then behind each of them.

    Args:
        step: Seconds that pass between two looks, by the watcher's clock.
        patience: Real ones, for which it listens behind each act at most.
    """
    groups: list[list[Line]] = [[]]
    waiting = list(acts)
    clock = count(0.0, step)

    def wait(seconds: float, descriptor: int) -> None:
        if not waiting:
            raise _OverError
        waiting.pop(0)()
        groups.append([])
        if descriptor >= 0:
            select.select([descriptor], [], [], patience)

    with clone.store() as store:
        try:
            options = {"watch": SILENT, "now": lambda: next(clock), **options}
            for told in watch_changes(store, wait, **options):
                groups[-1].append(describe(clone, told))
        except _OverError:
            pass
    return groups


def describe(clone: Clone, told: Told | Moved) -> Line:
    """Commits by their subjects, so that two clones of one story say the same."""
    if isinstance(told, Moved):
        return (told.kind, told.ref, *(subject(clone, oid) for oid in (told.old, told.new)))
    return (told.events[0].subject, *_iter_events(told))


def subject(clone: Clone, oid: str) -> str:
    return clone.git("log", "-1", "--format=%s", oid, is_checked=False) or "unknown" if oid else ""


def _iter_events(told: Told) -> Iterator[str]:
    for event in told.events:
        kind = event.change.kind if event.change else "named" if event.is_readable else "unreadable"
        yield f"{event.id} {kind}"
