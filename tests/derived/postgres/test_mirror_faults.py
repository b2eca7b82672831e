"""Whatever goes away in the middle of a refresh: the stamp and the rows agree, and the next refresh is right."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gitmilestone.derived.postgres import copying
from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.load import find_unstamped
from gitmilestone.derived.postgres.mirror import open_mirror
from gitmilestone.derived.postgres.server.connect import Server, embedded_server
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.query.query import Query
from tests.derived.mirrors import assert_right, assert_whole, dump_events, dump_mirror, find_stamp
from tests.derived.states import many, yaml
from tests.derived.test_index_faults import mounted
from tests.repositories import Clone, spawn_python

COUNT = 150
_REFRESH = (
    "import os, sys; from gitmilestone.derived.postgres.catch_up import catch_up_mirror;"
    "from gitmilestone.derived.postgres.server.connect import embedded_server;"
    "from gitmilestone.derived.postgres.server.embedded import Embedded; from gitmilestone.store.store import Store;"
    "server = embedded_server(Embedded(sys.argv[1]));"
    "[catch_up_mirror(server, Store.open('.', os.environ)) for _ in range(int(sys.argv[2]))]"
)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="milestone-faults-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    """One that may be killed."""
    embedded = Embedded(str(place / "server"))
    lease = embedded.start()
    yield embedded_server(embedded)
    lease.close()
    embedded.stop()


def rewrite(clone: Clone, turn: int) -> None:
    """Another state: most files change, some come, some go."""
    files: dict[str, str | None] = dict.fromkeys(list(many(COUNT))[turn % 3 :: 7])
    written = {path: text for path, text in many(COUNT).items() if path not in files}
    changed = {path: (text or "") + f"\ndescription: turn {turn}\n" for path, text in written.items()}
    present = clone.git("ls-tree", "-r", "--name-only", "HEAD", ".milestones/active").split("\n")
    gone = {path: None for path in files if f".milestones/{path}" in present}
    clone.write({**changed, **gone, f"active/turn-{turn}.yaml": yaml(f"Turn {turn}")})


def kill_later(server: Server, seconds: float) -> threading.Timer:
    assert server.embedded is not None
    embedded = server.embedded

    def kill() -> None:
        if pid := embedded.pid:
            os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(seconds, kill)
    timer.start()
    return timer


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.long)])
def test_the_server_is_killed_at_any_moment(server: Server, clone: Clone, times: int) -> None:
    clone.git("config", "milestone.postgres.repository", f"killed {times}")
    chance = random.Random(times)
    clone.write(many(COUNT))
    with clone.store() as store:
        catch_up_mirror(server, store)
    usual = 0.3
    cut = 0
    for turn in range(times):
        rewrite(clone, turn)
        with clone.store() as store:
            timer = kill_later(server, chance.uniform(0.0, usual))
            begin = time.monotonic()
            try:
                catch_up_mirror(server, store)
                usual = min(0.5, max(0.05, time.monotonic() - begin))
            except MirrorUnavailable:
                cut += 1
            timer.join()
            assert_whole(server, store)
            catch_up_mirror(server, store)
            assert_right(server, store)
    assert cut or times < 10


@pytest.mark.parametrize("times", [2, pytest.param(40, marks=pytest.mark.long)])
def test_who_refreshes_is_killed_at_any_moment(server: Server, clone: Clone, place: Path, times: int) -> None:
    clone.git("config", "milestone.postgres.repository", f"killed writer {times}")
    chance = random.Random(times)
    clone.write(many(COUNT))
    for turn in range(times):
        rewrite(clone, turn)
        process = spawn_python(_REFRESH, str(place / "server"), "1", cwd=clone.path)
        time.sleep(chance.uniform(0.3, 1.2))
        process.kill()
        process.communicate()
        with clone.store() as store:
            assert_whole(server, store)
            catch_up_mirror(server, store)
            assert_right(server, store)


def test_several_at_once_bring_it_there_once(server: Server, clone: Clone, place: Path) -> None:
    clone.git("config", "milestone.postgres.repository", "raced")
    clone.write(many(COUNT))
    processes = [spawn_python(_REFRESH, str(place / "server"), "6", cwd=clone.path) for _ in range(3)]
    for turn in range(5):
        rewrite(clone, turn)
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    with clone.store() as store:
        stamp = catch_up_mirror(server, store)
        assert_right(server, store)
        raced, events = dump_mirror(server, stamp), dump_events(server, stamp)
        clone.git("config", "milestone.postgres.repository", "alone")
    with clone.store() as store:
        alone = catch_up_mirror(server, store)
        assert dump_mirror(server, alone) == raced
        assert dump_events(server, alone) == events


@pytest.mark.parametrize("table", ["milestone", "label", "dependency"])
def test_the_connection_is_cut_in_the_middle_of_copy(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    clone.write({**many(COUNT), "active/bad.yaml": "title: [\n"})
    whole = copying.iter_copied

    def cut(connection: Any, name: str, *rest: Any) -> Iterable[bytes]:
        for block in whole(connection, name, *rest):
            yield block[: len(block) // 2] if name == table else block
            if name == table:
                with mirror_server.connect() as link:
                    link.connection.execute(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )

    with clone.store() as store:
        before = None
        for _ in range(2):
            monkeypatch.setattr(copying, "iter_copied", cut)
            with pytest.raises(MirrorUnavailable, match=r"terminating connection|closed"):
                catch_up_mirror(mirror_server, store)
            assert find_stamp(mirror_server, store) == before
            assert_whole(mirror_server, store)
            with mirror_server.connect() as link:
                assert find_unstamped(link.connection) == []
            monkeypatch.setattr(copying, "iter_copied", whole)
            before = catch_up_mirror(mirror_server, store)
            assert_right(mirror_server, store)
            clone.write({"active/m-0001.yaml": yaml("Another", "", "labels:", "  - x", "", "depends_on:", "  - y")})


def test_a_first_load_has_no_space(clone: Clone, place: Path) -> None:
    with small_server(place) as (server, _):
        clone.write(many(COUNT))
        clone.write(large_files())
        with clone.store() as store:
            with pytest.raises(MirrorUnavailable, match="no space is left"):
                catch_up_mirror(server, store)
            assert find_stamp(server, store) is None
        clone.fsck()
        clone.git("reset", "-q", "--hard", "HEAD~1")
        with clone.store() as store:
            catch_up_mirror(server, store)
            assert_right(server, store)


@pytest.mark.long
def test_a_refresh_has_no_space(clone: Clone, place: Path) -> None:
    with small_server(place) as (server, mount_point):
        clone.write(many(COUNT))
        with clone.store() as store:
            before = catch_up_mirror(server, store)
            time.sleep(1)  # until it is on the disk
            clone.write(large_files())
            with pytest.raises(MirrorUnavailable, match="no space is left"):
                catch_up_mirror(server, store)
        clone.fsck()
        # A server whose log can't be written has ended, and comes back once there is space.
        subprocess.run(["mount", "-o", "remount,size=1200m", str(mount_point)], check=True)
        with clone.store() as store:
            assert find_stamp(server, store) == before
            assert_whole(server, store)
            catch_up_mirror(server, store)
            assert_right(server, store)


@contextmanager
def small_server(place: Path) -> Iterator[tuple[Server, Path]]:
    """One on a file system without much space, and where that is."""
    with mounted(place / "small", "-t", "tmpfs", "-o", "size=100m", "tmpfs") as small:
        embedded = Embedded(str(small / "server"))
        try:
            yield embedded_server(embedded), small
        finally:
            embedded.stop()


def large_files() -> Mapping[str, str]:
    chance = random.Random(1)
    text = [yaml(f"Large {number}", "", "description: |", *lines(chance)) for number in range(45)]
    return {f"active/large-{number}.yaml": content for number, content in enumerate(text)}


def lines(chance: random.Random) -> Iterator[str]:
    return (f"  {chance.randbytes(400).hex()}" for _ in range(900))


def test_a_row_that_nobody_has_written_is_no_answer(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(3))
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        with mirror_server.connect() as link:
            link.connection.execute("UPDATE milestone.milestone SET due = 'never' WHERE id = 'm-0001'")
        with pytest.raises(MirrorUnavailable, match="damaged row"):
            assert_right(mirror_server, store)


def test_what_reads_when_the_server_goes_says_so(server: Server, clone: Clone) -> None:
    clone.write(many(3))
    with clone.store() as store:
        stamp = catch_up_mirror(server, store)
        mirror = open_mirror(server, repository_name(store), stamp.tree)
        assert mirror is not None
        with mirror:
            kill_later(server, 0.0).join()
            time.sleep(0.2)
            with pytest.raises(MirrorUnavailable, match="embedded server"):
                mirror.rows(Query())
        catch_up_mirror(server, store)
        assert_right(server, store)
