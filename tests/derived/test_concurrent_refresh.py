"""Law 4: stale is impossible, also for many processes that read and refresh one index while HEAD moves."""

from __future__ import annotations

import fcntl
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from gitmilestone.derived.database import read_index
from gitmilestone.operations.scaling.index import drop_index, get_index_status, rebuild_index, verify_index
from tests.derived.states import ask, assert_right, index_path, lock_path, many, yaml
from tests.repositories import Clone, spawn_python
from tests.store.writing.test_recovery import list_calls, needs_strace, sample

COUNT = 120

READ = """
import json, os, sys, time
from hashlib import sha256
from gitmilestone.derived.database import read_index
from gitmilestone.operations.asking.query import answer
from gitmilestone.query.query import Order, Query
from gitmilestone.store.store import Store
lives_on, end = sys.argv[1] == "lives on", time.monotonic() + float(sys.argv[2])
class Told:
    def track(self, label, total): return self
    def warn(self, text): warnings.append(text)
    def advance(self, count=1): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
def moves():
    with open(".git/logs/HEAD") as log:
        return sum(1 for _ in log)
store = Store.open(".", os.environ)
while time.monotonic() < end:
    warnings = []
    if not lives_on:
        store.close()
        store = None
    before = moves()
    if store is None:
        store = Store.open(".", os.environ)
    files = store.files_at() if lives_on else store.files_when_opened()
    answered = answer(store, files, Query(order=(Order("id"),)), watch=Told())
    after = moves()
    text = repr([(row.milestone, row.path, row.is_blocked) for row in answered.rows]) + str(answered.served)
    print(json.dumps([before, after, sha256(text.encode()).hexdigest(), warnings]), flush=True)
store.close()
"""

REFRESH = """
import os, sys, time
from gitmilestone.operations.asking.query import answer
from gitmilestone.query.query import Query
from gitmilestone.store.store import Store
store = Store.open(".", os.environ)
while not os.path.exists(sys.argv[1]):
    time.sleep(.001)
print(len(answer(store, store.files_at(), Query()).rows), flush=True)
store.close()
"""


class Reading(NamedTuple):
    """Attributes:
    before, after: How often HEAD had moved, by its reflog.
    digest: Of the answer.
    """

    before: int
    after: int
    digest: str
    warnings: list[str]


def digests(clone: Clone) -> list[str]:
    """Of the right answer at each place of HEAD, in the order of its reflog."""
    commits = [line.split()[1] for line in (clone.git_dir / "logs" / "HEAD").read_text().splitlines()]
    known: dict[str, str] = {}
    with clone.store() as store:
        for commit in commits:
            if commit not in known:
                rows = ask_from_nothing(store, commit)
                known[commit] = sha256(rows.encode()).hexdigest()
    return [known[commit] for commit in commits]


def ask_from_nothing(store: object, commit: str) -> str:
    from gitmilestone.store.store import Store
    from tests.derived.states import answers_from_nothing

    assert isinstance(store, Store)
    found = answers_from_nothing(store, store.files_at(commit))
    return repr([(row.milestone, row.path, row.is_blocked) for row in found.rows]) + str(found.milestones)


def move_head(clone: Clone, chance: random.Random, number: int) -> None:
    """Commits in several files at once, or goes somewhere else."""
    how = chance.choice(("commit", "commit", "commit", "reset", "switch", "git"))
    if how == "commit":
        names = chance.sample(range(COUNT), 7)
        clone.write({f"active/m-{name:04}.yaml": yaml(f"Change {number}") for name in names})
    elif how == "git":
        (clone.path / ".milestones/completed").mkdir(exist_ok=True)
        for name in chance.sample(range(COUNT), 5):
            (clone.path / f".milestones/completed/g-{number}-{name}.yaml").write_text(
                yaml(f"By hand {number}", status="completed")
            )
        clone.git("add", "-A")
        clone.git("commit", "-qm", "by hand")
    elif how == "reset":
        clone.git("reset", "-q", "--hard", chance.choice(("HEAD~1", "HEAD@{2}")), is_checked=False)
    else:
        clone.git("switch", "-q", chance.choice(("main", "side")))


def take_readings(running: list[subprocess.Popen[str]]) -> list[Reading]:
    readings = []
    for process in running:
        out, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        readings += [Reading(*json.loads(line)) for line in out.splitlines()]
    return readings


@pytest.fixture
def large(clone: Clone) -> Clone:
    (clone.path / ".milestones/completed").mkdir(exist_ok=True)
    clone.write(many(COUNT))
    clone.git("branch", "side")
    with clone.store() as store:
        assert_right(store)
    return clone


@pytest.mark.parametrize(
    ("readers", "seconds", "disturb"),
    [(4, 3.0, False), (3, 2.5, True), *(pytest.param(8, 40.0, how, marks=pytest.mark.long) for how in (False, True))],
)
def test_law_4_every_answer_is_of_one_commit_that_was_head_meanwhile(
    large: Clone, readers: int, seconds: float, disturb: bool
) -> None:
    """Also while the index is dropped and built anew under the readers."""
    kinds = ("lives on", "opens anew")
    running = [spawn_python(READ, kinds[number % 2], str(seconds), cwd=large.path) for number in range(readers)]
    chance, end, number = random.Random(readers), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        move_head(large, chance, number)
        number += 1
        time.sleep(chance.choice((0, 0, 0.02, 0.1)))
        if disturb:
            with large.store() as store:
                chance.choice((rebuild_index, drop_index, lambda _: None))(store)
    readings = take_readings(running)
    right = digests(large)
    assert len(readings) > 5 * readers
    assert number > 5
    for reading in readings:
        # The reflog is written before HEAD: at the first look, its last line may not have counted yet.
        assert reading.digest in right[max(reading.before - 2, 0) : reading.after], reading
        assert not [text for text in reading.warnings if "waiting" not in text], reading
    with large.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


@pytest.mark.parametrize("processes", [2, 8])
@pytest.mark.parametrize("there", ["nothing", "an old one", "a damaged one"])
def test_law_4_processes_that_refresh_at_once_end_with_one_right_index(
    large: Clone, tmp_path: Path, processes: int, there: str
) -> None:
    path = index_path(large)
    if there == "nothing":
        shutil.rmtree(path.parent)
    elif there == "an old one":
        large.write({f"active/n-{number}.yaml": yaml("New") for number in range(40)})
    else:
        path.write_bytes(b"damaged " * 4000)
    running = [spawn_python(REFRESH, str(tmp_path / "go"), cwd=large.path) for _ in range(processes)]
    (tmp_path / "go").touch()
    for process in running:
        out, said = process.communicate(timeout=60)
        assert (process.returncode, out.strip()) == (0, str(COUNT + 40 * (there == "an old one"))), said
    with large.store() as store:
        assert get_index_status(store).stamp == store.files_at().tree
        assert_right(store)
        assert verify_index(store).faults == []


def test_law_4_a_reader_of_the_stamped_tree_does_not_wait_for_a_refresher(large: Clone) -> None:
    """Who holds the lock is at another tree; who needs none is answered."""
    with open(lock_path(large), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = time.monotonic()
        with large.store() as store:
            assert len(read_index(store, store.files_at(), ask).rows) == COUNT
        assert time.monotonic() - started < 2
        large.new("another")
        waiting = spawn_python(REFRESH, str(large.path), cwd=large.path)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.communicate(timeout=0.6)
        fcntl.flock(lock, fcntl.LOCK_UN)
        out, said = waiting.communicate(timeout=20)
    assert (waiting.returncode, out.strip()) == (0, str(COUNT + 1)), said


def test_law_4_a_refresher_that_is_stopped_stops_no_reader(large: Clone) -> None:
    """In the middle of its transaction: the rows of the stamp are read, all of them."""
    old = large.head
    large.write({f"active/n-{number}.yaml": yaml("New") for number in range(40)})
    script = """
import os, signal
from gitmilestone.derived import writer
apply = writer.Writer.apply
def stop(self, removed, added):
    apply(self, removed, added)
    print("applied", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
writer.Writer.apply = stop
"""
    stopped = spawn_python(script + REFRESH, str(large.path), cwd=large.path)
    assert stopped.stdout is not None
    assert stopped.stdout.readline() == "applied\n"
    large.git("reset", "-q", "--hard", old)
    try:
        with large.store() as store:
            assert len(read_index(store, store.files_at(), ask).rows) == COUNT
    finally:
        stopped.send_signal(signal.SIGCONT)
        out, said = stopped.communicate(timeout=20)
    assert (stopped.returncode, out.strip()) == (0, str(COUNT + 40)), said
    with large.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


BUILD = """
import os
from gitmilestone.derived import catch_up
from gitmilestone.derived.database import read_index
from gitmilestone.store.store import Store
catch_up._BATCH, catch_up._COMMIT_EVERY = 10, 30
store = Store.open(".", os.environ)
print("open", flush=True)
read_index(store, store.files_at(), lambda index: None)
store.close()
"""


def assert_sound_after_kill(clone: Clone) -> None:
    path = index_path(clone)
    if path.exists():
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with clone.store() as store:
        assert_right(store)
        assert verify_index(store).faults == []


@needs_strace
@pytest.mark.parametrize("points", [8, pytest.param(None, marks=pytest.mark.long)])
@pytest.mark.parametrize("begins", ["with nothing", "with an index"])
def test_row_43_killed_at_every_call_that_writes(large: Clone, tmp_path: Path, begins: str, points: int | None) -> None:
    large.write({**{f"active/m-{number:04}.yaml": yaml("New") for number in range(40)}, "active/m-0100.yaml": None})
    if begins == "with nothing":
        shutil.rmtree(index_path(large).parent)

    def copy(place: Path) -> Clone:
        subprocess.run(["cp", "-a", str(large.path), str(place)], check=True)
        return Clone(place)

    calls = list_calls(copy(tmp_path / "listed"), BUILD, tmp_path / "log")
    for name, number in sample(calls, points):
        victim = copy(tmp_path / "killed")
        strace = ("strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}")
        injected = ("-e", f"inject={name}:signal=KILL:when={number}")
        spawn_python(BUILD, cwd=victim.path, prefix=(*strace, *injected)).communicate()
        assert_sound_after_kill(victim)
        shutil.rmtree(victim.path)


@pytest.mark.parametrize("tries", [4, pytest.param(60, marks=pytest.mark.long)])
def test_row_43_killed_at_some_moment(large: Clone, tries: int) -> None:
    chance = random.Random(tries)
    for number in range(tries):
        if number % 2:
            index_path(large).unlink(missing_ok=True)
        large.write({f"active/m-{name:04}.yaml": yaml(f"Try {number}") for name in range(60)})
        building = spawn_python(BUILD, cwd=large.path)
        assert building.stdout is not None
        building.stdout.readline()
        time.sleep(chance.random() * 0.06)
        building.kill()
        building.communicate()
        assert_sound_after_kill(large)
