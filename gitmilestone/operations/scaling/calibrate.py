"""Measures what each tier costs on this machine, with milestones of its own, and proposes from what size each pays.

Everything happens in a folder of its own, which is gone afterwards; on a server that somebody named, in a repository
of its own, which is taken away again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import islice
from statistics import median
from typing import NamedTuple

from gitmilestone.changes.commit import commit_edit
from gitmilestone.changes.edit import Rewrite
from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.database import IndexFile, RefreshLock, read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.postgres.server.connect import Server, embedded_server, get_server, read_dsn
from gitmilestone.derived.sqlite import Index
from gitmilestone.model.layout import Layout, path_of
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.text.encode import encode
from gitmilestone.operations.editing.init import init
from gitmilestone.operations.scaling.specimens import LABEL, WORD, iter_specimens
from gitmilestone.progress import SILENT, Progress, Watch
from gitmilestone.query.parse import parse
from gitmilestone.query.query import Query, Term
from gitmilestone.scale.calibration import Costs, Proposal, Sample, propose
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.installing.create import create_repository
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan

SIZES = (50, 200, 1000, 5000, 20_000, 100_000)
PATIENCE_MS = 100
SECONDS = 60

_LAYOUT: Layout = "sharded"
_TODAY = date(2026, 1, 1)
_PAGE = 50
_RUNS = 5
_WRITES = 3
_IDLE_SECONDS = 5.0
_STEPS = 4
_FIRST = next(iter_specimens())
_TEXTS = {
    "first page": "status:open",
    "text": f"status:open {WORD}",
    "label": f"status:open label:{LABEL}",
}

Ask = Callable[[Engine], object]


class Calibration(NamedTuple):
    """Attributes:
    samples: By size; at least one.
    server: Where the mirror was measured; "" where there was none.
    """

    samples: tuple[Sample, ...]
    proposal: Proposal
    server: str


def calibrate(
    environ: Mapping[str, str],
    seconds: float = SECONDS,
    patience: float = PATIENCE_MS,
    dsn: str | None = None,
    watch: Watch = SILENT,
) -> Calibration:
    """Measures at one size after the other, as far as the time allows.

    Args:
        seconds: How long it may take: a size that would take longer is not begun.
        patience: Milliseconds of an answer that nobody minds.
        dsn: Of a server that was asked for; "" takes the one of libpq's variables, else our own. None takes our own
            where the wheel is installed, and measures no mirror where it is not.

    Raises:
        MirrorUnavailable: A server was asked for, and can't be had.
    """
    with _make_store(environ) as store, _open_server(store, dsn) as server:
        samples = tuple(_iter_samples(store, server, seconds, watch))
        return Calibration(samples, propose(samples, patience), server.where if server else "")


@contextmanager
def _make_store(environ: Mapping[str, str]) -> Iterator[Store]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="git-milestone-calibrate-") as folder:
        directory = os.path.join(folder, "project")
        store = Store.open(directory, create_repository(directory, environ))
        try:
            commit_edit(store, init(_LAYOUT))
            yield store
        finally:
            store.close()


@contextmanager
def _open_server(store: Store, dsn: str | None) -> Iterator[Server | None]:
    from gitmilestone.derived.postgres.server.binaries import has_wheel
    from gitmilestone.derived.postgres.server.embedded import Embedded

    if dsn is None and not has_wheel():
        yield None
        return
    named = read_dsn(dsn, "--postgres", store.repository.environ) if dsn else get_server(store) if dsn == "" else None
    if named and named.embedded is None:
        try:
            yield named
        finally:
            _forget(named, store)
        return
    embedded = Embedded(os.path.join(store.repository.common_dir, "milestone", "postgres"), _IDLE_SECONDS)
    lease = embedded.start()
    try:
        yield embedded_server(embedded)
    finally:
        from shutil import rmtree

        lease.close()
        embedded.discard()
        rmtree(embedded.home, ignore_errors=True)


def _forget(server: Server, store: Store) -> None:
    """Takes everything of our repository away from a server."""
    from gitmilestone.derived.postgres.catch_up import repository_name
    from gitmilestone.derived.postgres.load import drop_unstamped

    owned = "WHERE repository_id IN (SELECT repository_id FROM milestone.repository WHERE name = %s)"
    with server.connect() as link, server.faults():
        with link.connection.transaction():
            for table in ("event", "stamp", "repository"):
                link.connection.execute(f"DELETE FROM milestone.{table} {owned}".encode(), (repository_name(store),))
        drop_unstamped(link.connection)


def _iter_samples(store: Store, server: Server | None, seconds: float, watch: Watch) -> Iterator[Sample]:
    begun = time.monotonic()
    specimens = iter_specimens()
    made, took = 0, 0.0
    with watch.track("Measuring", len(SIZES) * _STEPS) as progress:
        for size in SIZES:
            started = time.monotonic()
            if made and started - begun + took * size / made > seconds:
                return
            _write(store, islice(specimens, size - made))
            progress.advance()
            yield _take_sample(store, server, size, progress)
            made, took = size, time.monotonic() - started


def _write(store: Store, milestones: Iterable[Milestone]) -> None:
    files: dict[str, bytes | None] = {path_of(one.id, _LAYOUT): encode(one) for one in milestones}
    commit_edit(store, Rewrite(lambda _: Plan(files, "milestone: specimens")))


def _take_sample(store: Store, server: Server | None, size: int, progress: Progress) -> Sample:
    questions = _list_questions(size)
    files = _measure_files(store, questions)
    progress.advance()
    index = _measure_index(store, questions)
    mirrors = _measure_mirror(server, store, questions) if server else None
    progress.advance()
    written = [_measure_write(store, server, turn) for turn in range(_WRITES)]
    progress.advance()
    commit, refresh, follow = (median(times) for times in zip(*written, strict=True))
    mirrored = [Costs(found, commit + refresh + follow) for found in mirrors or ()]
    return Sample(size, Costs(files, commit), Costs(index, commit + refresh), *mirrored)


def _list_questions(size: int) -> dict[str, Ask]:
    """What is asked again and again: a page of whole milestones, or counts of all."""
    pages = {name: parse(text, today=_TODAY)._replace(limit=_PAGE) for name, text in _TEXTS.items()}
    pages["by id"] = Query(Term("id", "=", f"{_FIRST.id[:-6]}{size // 2:06}"))
    found: dict[str, Ask] = {name: partial(_find_rows, query) for name, query in pages.items()}
    return {**found, "counts of all": lambda index: index.statistics(_TODAY)}


def _find_rows(query: Query, index: Engine) -> object:
    return index.rows(query)


def _measure_files(store: Store, questions: Mapping[str, Ask]) -> dict[str, float]:
    """Every file is parsed for each answer; that is done once, and counted for each of them."""
    with Index.memory() as index:
        parsing = _time(lambda: catch_up(index, store, store.files_at()))
        return {name: parsing + _time_often(partial(ask, index)) for name, ask in questions.items()}


def _measure_index(store: Store, questions: Mapping[str, Ask]) -> dict[str, float]:
    place = IndexFile(store.repository.state_dir)
    if not place.exists:
        with RefreshLock(place, SILENT), place.open_for_refresh():
            pass  # a small project has none by itself
    _refresh_index(store)
    return {name: _time_often(partial(_ask_index, store, ask)) for name, ask in questions.items()}


def _ask_index(store: Store, ask: Ask) -> object:
    return read_index(store, store.files_at(), ask)


def _measure_mirror(
    server: Server, store: Store, questions: Mapping[str, Ask]
) -> tuple[dict[str, float], dict[str, float]]:
    """With a connection made for each answer, and over one that is there."""
    from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
    from gitmilestone.derived.postgres.mirror import Mirror, open_mirror

    catch_up_mirror(server, store)
    files = store.files_at()

    def open_it() -> Mirror:
        assert isinstance(files, TreeFiles)
        mirror = open_mirror(server, repository_name(store), files.tree or "")
        assert mirror is not None
        return mirror

    def connect_and(ask: Ask) -> None:
        with open_it() as mirror:
            ask(mirror)

    with open_it() as mirror:
        over_one = {name: _time_often(partial(ask, mirror)) for name, ask in questions.items()}
    return {name: _time_often(partial(connect_and, ask)) for name, ask in questions.items()}, over_one


def _measure_write(store: Store, server: Server | None, turn: int) -> tuple[float, float, float]:
    """(commit, refresh of the index, refresh of the mirror)"""
    changed = _FIRST._replace(title=f"{_FIRST.title}, changed {turn} at {time.monotonic_ns()}")
    commit = _time(lambda: _write(store, [changed]))
    refresh = _time(lambda: _refresh_index(store))
    if server is None:
        return commit, refresh, 0.0
    from gitmilestone.derived.postgres.catch_up import catch_up_mirror

    return commit, refresh, _time(lambda: catch_up_mirror(server, store))


def _refresh_index(store: Store) -> None:
    read_index(store, store.files_at(), lambda index: index.stamp)


def _time_often(action: Callable[[], object]) -> float:
    return median(_time(action) for _ in range(_RUNS))


def _time(action: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000
