"""Fills DuckDB with the rows of an index and of a history."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.derived.analytics.schema import DERIVE_STATEMENTS, HISTORY_LOADS, LOADS, STAMP_TABLE, Load
from gitmilestone.model.problem import Problem

if TYPE_CHECKING:
    from sqlite3 import Connection

    from duckdb import DuckDBPyConnection

_BATCH = 1000


class Milestones(NamedTuple):
    """An index of `gitmilestone.derived.schema`, and what it could not serve."""

    connection: Connection
    problems: tuple[Problem, ...] = ()
    unreadable: int = 0


class Source(NamedTuple):
    """What the analytics are built from: first the one, then the other, since both may be in one locked file.

    Attributes:
        read_milestones: Hands over the index; again, where it turned out to be damaged in between.
        read_history: Hands over a history of `gitmilestone.derived.history.schema`.
    """

    read_milestones: Callable[[Callable[[Milestones], None]], None]
    read_history: Callable[[Callable[[Connection], None]], None]


def load_milestones(connection: DuckDBPyConnection, milestones: Milestones) -> None:
    """Begins a transaction on an empty database, which `finish` ends."""
    import json

    connection.execute("SET temp_directory = ''")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA stored")
    _load_all(connection, LOADS, milestones.connection)
    connection.execute("CREATE TABLE stored.findings (findings VARCHAR)")
    findings = json.dumps([milestones.unreadable, milestones.problems])
    connection.execute("INSERT INTO stored.findings VALUES (?)", [findings])


def load_history(connection: DuckDBPyConnection, history: Connection) -> None:
    _load_all(connection, HISTORY_LOADS, history)


def finish(connection: DuckDBPyConnection, stamp: Sequence[str | int]) -> None:
    for statement in (*DERIVE_STATEMENTS, STAMP_TABLE):
        connection.execute(statement)
    connection.execute("INSERT INTO stored.stamp VALUES (?, ?, ?, ?)", stamp)
    connection.execute("COMMIT")


def _load_all(connection: DuckDBPyConnection, loads: Iterable[Load], rows: Connection) -> None:
    for load in loads:
        connection.execute(load.definition)
        _load(connection, load.table, (line for (line,) in rows.execute(load.statement)))


def _load(connection: DuckDBPyConnection, table: str, lines: Iterable[str]) -> None:
    """Streams rows, a JSON object a line, through a pipe: no file, and both cores are used."""
    from threading import Thread

    reading, writing = os.pipe()
    faults: list[Exception] = []

    def copy() -> None:
        try:
            # A row may have 16 MiB: those of a file of 1 MiB, every character of it escaped, have 6.
            connection.execute(f"COPY {table} FROM '/dev/fd/{reading}' (FORMAT json, AUTO_DETECT false)")
        except Exception as error:  # raised again by who waits
            faults.append(error)
        finally:
            os.close(reading)

    thread = Thread(target=copy)
    thread.start()
    try:
        with open(writing, "wb", buffering=0) as pipe:
            remaining = iter(lines)
            while batch := list(islice(remaining, _BATCH)):
                _write_all(pipe.fileno(), "".join(f"{line}\n" for line in batch).encode())
    except BrokenPipeError:
        pass  # the fault is the reader's
    finally:
        thread.join()
    if faults:
        raise faults[0]


def _write_all(descriptor: int, content: bytes) -> None:
    pending = memoryview(content)
    while pending:
        pending = pending[os.write(descriptor, pending) :]
