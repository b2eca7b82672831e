"""Bounds on every wait for a server: for its answer, for its locks, and for who holds them.

A server that is gone resets the connection, or acknowledges nothing, which TCP notices. One that acknowledges and says
nothing, and a client that was frozen in the middle of a transaction, are noticed by nobody but who waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

SILENT_SECONDS = 20.0
"""For which a server may say nothing at all: longer than any statement takes that is not a first load's."""

LOAD_SECONDS = 600.0
"""For which a statement may take: an index over all rows of a large project."""

LOCK_SECONDS = 10.0
"""For which somebody else may hold a lock, behind a write: what is not done now, the next one does."""

MOST_LOCK_SECONDS = 60.0
"""The same where that is all that was asked for."""


@contextmanager
def allow(connection: Connection[tuple[Any, ...]], seconds: float) -> Iterator[None]:
    """Lets the server be silent for longer."""
    if not hasattr(connection, "silent_seconds"):  # a test's own, of psycopg's class
        yield
        return
    before = connection.silent_seconds
    connection.silent_seconds = max(before, seconds)
    try:
        yield
    finally:
        connection.silent_seconds = before


def bound_transaction(connection: Connection[tuple[Any, ...]], lock_seconds: float = LOCK_SECONDS) -> None:
    """In a transaction, and for it alone: a pooler hands the session on to others.

    A client that is frozen in it is ended by the server, which then lets go of its locks.
    """
    bounds = {
        "lock_timeout": lock_seconds,
        "statement_timeout": LOAD_SECONDS,
        "idle_in_transaction_session_timeout": LOAD_SECONDS,
    }
    settings = "; ".join(f"SET LOCAL {name} = {round(1000 * seconds)}" for name, seconds in bounds.items())
    connection.execute(settings.encode())
