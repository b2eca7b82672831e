"""Keeping answers: in the process that gave them, or in a Redis that several share, against asking the index again."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from benchmarks.measure import hermetic, time_in_turn
from benchmarks.report import Measured, compare
from benchmarks.repositories import Made
from gitmilestone.operations.asking.query import Answers, answer, statistics
from gitmilestone.query.parse import parse
from gitmilestone.store.store import Store

_RUNS = 51
_PAGE = 50
_TODAY = date(2026, 1, 1)
_SECONDS = 10


def measure_caching(made: Made) -> list[Measured]:
    """A first page, and the counts of a whole project; each with HEAD looked up, which nothing can leave out."""
    store = Store.open(made.directory, hermetic())
    page = parse("status:open", today=_TODAY)._replace(limit=_PAGE)
    asked: dict[str, Callable[[Answers | None], object]] = {
        "first page": lambda answers: answer(store, store.files_at(), page, answers=answers),
        "all counts": lambda answers: statistics(store, store.files_at(), _TODAY, answers=answers),
    }
    rows = []
    with _start_redis() as redis:
        for name, ask in asked.items():
            actions: dict[str, Callable[[], object]] = {
                "index": partial(ask, None),
                "kept in the process": partial(ask, Answers()),
            }
            if redis is not None:
                key = sha256(f"{store.files_at().tree} {name}".encode()).digest()
                redis.set(key, pickle.dumps(ask(None)))
                actions["kept in Redis"] = partial(_get, store, redis, key)
            timings = time_in_turn(actions, _RUNS, warmups=2)
            floor = timings.pop("index")
            rows += [compare(made, f"{name}, {how}", timing, floor, "index") for how, timing in timings.items()]
    store.close()
    return rows


def _get(store: Store, redis: Any, key: bytes) -> object:
    assert store.files_at().tree
    return pickle.loads(redis.get(key))  # our own, of a moment ago


@contextmanager
def _start_redis() -> Iterator[Any]:
    """A connection to a server of our own; None where there is no `redis-server`, or no package `redis`."""
    program = shutil.which("redis-server")
    if program is None or find_spec("redis") is None:
        yield None
        return
    import redis

    with tempfile.TemporaryDirectory(prefix="milestone-redis-") as folder:
        path = os.path.join(folder, "socket")
        command = [program, "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + _SECONDS
            while not os.path.exists(path) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield redis.Redis(unix_socket_path=path)
        finally:
            server.terminate()
            server.wait()
