"""A first load on two connections is the load on one; whatever of it is killed, the state before stays."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gitmilestone.derived.postgres import catch_up, parallel
from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.load import create_tables, drop_unstamped, find_unstamped, take_state_id
from gitmilestone.derived.postgres.locks import LOADING
from gitmilestone.derived.postgres.server.connect import Link, Server, embedded_server
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from tests.derived.mirrors import assert_right, assert_whole, dump_mirror, find_stamp
from tests.derived.postgres.test_mirror_faults import COUNT, kill_later, large_files, rewrite, small_server
from tests.derived.states import many, yaml
from tests.repositories import Clone, spawn_python

_REFRESH = (
    "import os, sys; from gitmilestone.derived.postgres import catch_up, parallel;"
    "from gitmilestone.derived.postgres.server.connect import Server; from gitmilestone.store.store import Store;"
    "parallel.WORTH_TWO = parallel._SPAN = catch_up._RELOADED = 10; os.cpu_count = lambda: 2;"
    "catch_up.catch_up_mirror(Server('test', sys.argv[1], 'here'), Store.open('.', os.environ))"
)


@pytest.fixture(autouse=True)
def on_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every load is on two connections, in many parts."""
    monkeypatch.setattr(parallel, "WORTH_TWO", 10)
    monkeypatch.setattr(parallel, "_SPAN", 10)
    monkeypatch.setattr(catch_up, "_RELOADED", 10)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def name(clone: Clone, repository: str) -> None:
    clone.git("config", "milestone.postgres.repository", repository)


def unstamped(server: Server) -> list[int]:
    with server.connect() as link:
        return find_unstamped(link.connection)


def test_it_loads_what_one_connection_loads(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("", "owner: ana", "", "tasks:", "  a-1:", "    title: 'back\\slash'", "", "risk: high")
    clone.write({**many(COUNT), "active/odd.yaml": yaml("Odd \\N", *lines), "active/bad.yaml": "title: [\n"})
    carried = count()
    original = parallel._Other._ask

    def ask(other: parallel._Other, request: parallel.Job | parallel.Part) -> bool:
        next(carried)
        return original(other, request)

    monkeypatch.setattr(parallel._Other, "_ask", ask)
    name(clone, "two")
    # Until the other one has had a part: it takes longer to start than all of this does.
    monkeypatch.setattr(parallel._Other, "dismiss_unless_ready", lambda other: time.sleep(0.5))
    with clone.store() as store:
        two = catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    assert next(carried) > 1
    name(clone, "one")
    monkeypatch.setattr(parallel, "WORTH_TWO", 10**9)
    with clone.store() as store:
        one = catch_up_mirror(mirror_server, store)
    assert dump_mirror(mirror_server, two) == dump_mirror(mirror_server, one)
    assert unstamped(mirror_server) == []
    tables = "SELECT COUNT(*) FROM pg_indexes WHERE schemaname = 'milestone' AND tablename ~ %s"
    with mirror_server.connect() as link:
        numbers = [link.connection.execute(tables, (f"_{state.state_id}$",)).fetchone() for state in (one, two)]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("request_number", [0, 1, 2, 5, 9, 20, 29])
def test_the_other_process_is_killed_at_any_moment(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch, request_number: int
) -> None:
    clone.write(many(COUNT))
    numbers = count()
    original = parallel._Other._ask

    def ask(other: parallel._Other, request: parallel.Job | parallel.Part) -> bool:
        if next(numbers) == request_number:
            other.kill()
        return original(other, request)

    monkeypatch.setattr(parallel._Other, "_ask", ask)
    monkeypatch.setattr(parallel._Other, "dismiss_unless_ready", lambda other: None)
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    assert unstamped(mirror_server) == []


@pytest.mark.parametrize("times", [3, pytest.param(60, marks=pytest.mark.long)])
def test_who_loads_is_killed_at_any_moment(mirror_server: Server, clone: Clone, times: int) -> None:
    chance = random.Random(times)
    clone.write(many(COUNT))
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    for turn in range(times):
        rewrite(clone, turn)
        process = spawn_python(_REFRESH, mirror_server.conninfo, cwd=clone.path)
        time.sleep(chance.uniform(0.3, 1.0))
        process.kill()
        process.communicate()
        with clone.store() as store:
            assert_whole(mirror_server, store)
            catch_up_mirror(mirror_server, store)
            assert_right(mirror_server, store)
    rewrite(clone, times)
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    assert unstamped(mirror_server) == []


@pytest.fixture
def own_server() -> Iterator[Server]:
    """One that may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="milestone-parallel-"))
    folder.chmod(0o711)
    embedded = Embedded(str(folder / "server"))
    lease = embedded.start()
    yield embedded_server(embedded)
    lease.close()
    embedded.stop()
    shutil.rmtree(folder)


@pytest.mark.parametrize("times", [2, pytest.param(40, marks=pytest.mark.long)])
def test_the_server_is_killed_at_any_moment(own_server: Server, clone: Clone, times: int) -> None:
    chance = random.Random(times)
    clone.write(many(COUNT))
    for turn in range(times):
        rewrite(clone, turn)
        with clone.store() as store:
            timer = kill_later(own_server, chance.uniform(0.0, 0.6))
            try:
                catch_up_mirror(own_server, store)
            except MirrorUnavailable:
                pass
            timer.join()
            assert_whole(own_server, store)
            catch_up_mirror(own_server, store)
            assert_right(own_server, store)


def test_several_at_once_load_it_once(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(COUNT))
    processes = [spawn_python(_REFRESH, mirror_server.conninfo, cwd=clone.path) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    with clone.store() as store:
        assert_right(mirror_server, store)
        stamp = find_stamp(mirror_server, store)
    assert stamp is not None
    with mirror_server.connect() as link:
        assert take_state_id(link.connection) == stamp.state_id + 1
        assert find_unstamped(link.connection) == []


def test_what_a_killed_load_left_is_dropped_and_what_is_being_filled_is_not(mirror_server: Server) -> None:
    with mirror_server.connect() as loading, mirror_server.connect() as link:
        state_id = take_state_id(link.connection)
        with loading.connection.transaction():
            loading.connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOADING, state_id))
            create_tables(link.connection, state_id)
            drop_unstamped(link.connection)
            assert find_unstamped(link.connection) == [state_id]
        drop_unstamped(link.connection)
        assert find_unstamped(link.connection) == []


def test_one_connection_does_where_there_is_no_second(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write(many(COUNT))
    monkeypatch.setattr(parallel, "_check_answers", refuse)
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    assert unstamped(mirror_server) == []


def refuse(link: Link) -> None:
    raise MirrorUnavailable(f"no connection is left at {link.server.where}")


def test_who_can_not_connect_is_not_waited_for(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write(many(COUNT))
    monkeypatch.setattr(parallel, "_describe", lambda link: make_conninfo(link.server.conninfo, port=1))
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    assert unstamped(mirror_server) == []


def test_a_pooler_without_a_connection_to_give_is_not_waited_for_long(
    mirror_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_PATIENCE_SECONDS", 0.2)
    with mirror_server.connect() as link:
        parallel._check_answers(link)
        assert link.connection.execute("SELECT 1").fetchone() == (1,)
        os.kill(link.connection.info.backend_pid, signal.SIGSTOP)
        try:
            with pytest.raises(MirrorUnavailable, match="no second connection"):
                parallel._check_answers(link)
        finally:
            os.kill(link.connection.info.backend_pid, signal.SIGCONT)


def test_a_password_is_in_no_command_line_and_no_variable(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write(many(COUNT))
    secret = "hunter2"
    server = mirror_server._replace(conninfo=make_conninfo(mirror_server.conninfo, password=secret))
    spawned: list[str] = []
    told: list[parallel.Job] = []
    original, ask = parallel.spawn, parallel._Other._ask

    def spawn(command: list[str], environ: Mapping[str, str], streams: Mapping[int, int]) -> int:
        spawned.append(repr((command, environ)))
        return original(command, environ, streams)

    def remember(other: parallel._Other, request: parallel.Job | parallel.Part) -> bool:
        told.extend([request] if isinstance(request, parallel.Job) else [])
        return ask(other, request)

    monkeypatch.setenv("PGPASSWORD", secret)
    monkeypatch.setattr(parallel, "spawn", spawn)
    monkeypatch.setattr(parallel._Other, "_ask", remember)
    with clone.store() as store:
        catch_up_mirror(server, store)
        assert_right(server, store)
    assert len(spawned) == 1
    assert secret not in spawned[0] + repr(told)
    assert conninfo_to_dict(told[0].conninfo)["password"] == secret


@pytest.mark.long
def test_there_is_no_space(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = Path(tempfile.mkdtemp(prefix="milestone-full-"))
    place.chmod(0o711)
    try:
        with small_server(place) as (server, _):
            clone.write(many(COUNT))
            clone.write(large_files())
            with clone.store() as store:
                with pytest.raises(MirrorUnavailable, match="no space is left"):
                    catch_up_mirror(server, store)
                assert find_stamp(server, store) is None
            clone.git("reset", "-q", "--hard", "HEAD~1")
            with clone.store() as store:
                catch_up_mirror(server, store)
                assert_right(server, store)
    finally:
        shutil.rmtree(place)
