"""Nobody waits without end: not for a client that was frozen, and not for a server that has gone silent."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from psycopg.conninfo import conninfo_to_dict

from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.mirror import open_mirror
from gitmilestone.derived.postgres.server import patience
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server, get_server
from gitmilestone.derived.postgres.server.connection import PatientConnection
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.errors import MilestoneError
from gitmilestone.operations.scaling.switch import switch_tier
from gitmilestone.tiers.absence import forget_absence
from gitmilestone.tiers.table import get_tier
from tests.derived.mirrors import assert_right, find_stamp
from tests.derived.states import Told
from tests.repositories import Clone

_FREEZE = """
import os, signal, sys
from gitmilestone.derived.postgres import catch_up
from gitmilestone.derived.postgres.server.connect import get_server
from gitmilestone.store.store import Store
bring = catch_up._Refresh._bring_all
def freeze(*args):
    print("frozen", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    return bring(*args)
catch_up._Refresh._bring_all = freeze
store = Store.open(os.getcwd(), os.environ)
catch_up.catch_up_mirror(get_server(store), store)
"""


class Proxy:
    """Between a client and a server: says nothing more once the server was ready for so many questions."""

    def __init__(self, path: str, answers: int) -> None:
        self._path = path
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._path)
            ready = 0
            while True:
                for side in select.select([client, server], [], [])[0]:
                    try:
                        some = side.recv(65536)
                    except OSError:
                        return
                    if not some:
                        return
                    if ready >= self._answers:
                        continue  # swallowed: TCP goes on acknowledging
                    (server if side is client else client).sendall(some)
                    ready += some.count(b"Z\0\0\0\5") if side is server else 0


@contextmanager
def proxied(clone: Clone, server: Server, answers: int) -> Iterator[Proxy]:
    words = conninfo_to_dict(server.conninfo)
    proxy = Proxy(os.path.join(str(words["host"]), ".s.PGSQL.5432"), answers)
    dsn = f"host=127.0.0.1 port={proxy.port} user={words['user']} dbname={words['dbname']} sslmode=disable"
    clone.git("config", DSN_KEY, dsn)
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.fixture
def mirrored(clone: Clone, mirror_server: Server) -> Clone:
    """A project whose mirror is of its HEAD."""
    clone.git("config", DSN_KEY, mirror_server.conninfo)
    clone.new("a")
    with clone.store() as store:
        switch_tier(store, "postgresql")
        get_tier(store.files_at()).follow(store)
    return clone


def follow(clone: Clone) -> list[str]:
    told = Told()
    with clone.store() as store:
        get_tier(store.files_at()).follow(store, told)
    return told.warnings


def test_a_frozen_client_holds_up_nobody_for_long(
    mirrored: Clone, mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LOCK_SECONDS", 0.5)
    mirrored.new("b")
    with subprocess.Popen(
        [sys.executable, "-c", _FREEZE], cwd=mirrored.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"frozen\n"
            begin = time.monotonic()
            waiting, warning = follow(mirrored)
            assert time.monotonic() - begin < 10
            assert waiting.startswith("waiting for another process")
            assert "the mirror stays as it was: another process has been bringing it along for over 0.5 s" in warning
            assert follow(mirrored) == []
        finally:
            os.kill(holder.pid, signal.SIGCONT)
        assert holder.wait(60) == 0
    with mirrored.store() as store:
        forget_absence(store)
        assert follow(mirrored) == []
        assert_right(mirror_server, store)


def test_the_server_ends_a_client_that_stays_frozen(
    mirrored: Clone, mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = _FREEZE.replace("store = ", "from gitmilestone.derived.postgres.server import patience\n"
                             "patience.LOAD_SECONDS = 0.5\nstore = ", 1)  # fmt: skip
    mirrored.new("b")
    with subprocess.Popen(
        [sys.executable, "-c", frozen], cwd=mirrored.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"frozen\n"
            assert [text for text in follow(mirrored) if text.startswith("warning")] == []
            with mirrored.store() as store:
                assert_right(mirror_server, store)
        finally:
            os.kill(holder.pid, signal.SIGCONT)
        assert holder.wait(60) != 0


@pytest.mark.parametrize("answers", [1, 2, 4, 6, 9])
def test_a_server_that_goes_silent_fails_nobodys_write(
    mirrored: Clone, mirror_server: Server, answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mirrored.store() as store:
        before = find_stamp(mirror_server, store)
    mirrored.new("b")
    monkeypatch.setattr(PatientConnection, "silent_seconds", 0.5)
    with proxied(mirrored, mirror_server, answers) as proxy:
        begin = time.monotonic()
        (warning,) = follow(mirrored)
        assert time.monotonic() - begin < 8
        assert "the mirror stays as it was" in warning
        assert "said nothing for 0.5 s" in warning
        assert follow(mirrored) == []
        assert proxy.connections == 1
    with mirrored.store() as store:
        assert find_stamp(mirror_server, store) == before
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)


def test_a_reader_of_a_silent_server_is_told(
    mirrored: Clone, mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "silent_seconds", 0.5)
    with proxied(mirrored, mirror_server, 1), mirrored.store() as store:
        with pytest.raises(MirrorUnavailable, match="said nothing"):
            open_mirror(get_server(store), "any", "")
        assert "said nothing" in get_tier(store.files_at()).describe(store)


def test_a_reader_waits_for_no_lock_without_end(
    mirrored: Clone, mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmilestone.derived.postgres.mirror.LOCK_SECONDS", 1)
    with mirror_server.connect() as link, link.connection.transaction():
        link.connection.execute("LOCK TABLE milestone.milestone IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(MilestoneError, match="lock timeout"):
            open_mirror(mirror_server, "any", "")


def test_a_statement_that_takes_longer_is_waited_for_where_it_may(
    mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "silent_seconds", 0.3)
    with mirror_server.connect() as link, mirror_server.faults():
        with patience.allow(link.connection, 30):
            link.connection.execute("SELECT pg_sleep(0.8)")
        assert link.connection.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(MirrorUnavailable, match="said nothing"), mirror_server.faults():
            link.connection.execute("SELECT pg_sleep(30)")


def test_a_lost_connection_prints_nothing_of_its_own(mirror_server: Server) -> None:
    program = (
        "import sys; from gitmilestone.derived.postgres.server.connect import Server;"
        "link = Server('test', sys.argv[1], 'here').connect();"
        "cursor = link.connection.cursor()\n"
        "try:\n"
        "    with cursor.copy('COPY milestone.repository (name) FROM STDIN') as copy:\n"
        "        copy.write(b'x')\n"
        "        link.connection.pgconn.finish()\n"
        "        raise KeyError\n"
        "except KeyError:\n"
        "    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, mirror_server.conninfo], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
