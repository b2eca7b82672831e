"""The analytics hold what went in, answer one SELECT, and their file is whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmilestone.derived.analytics.open import Analytics, DamagedError, Stamp, discard, engine_version, open_analytics
from gitmilestone.derived.analytics.schema import ANALYTICS_VERSION, VIEWS
from gitmilestone.errors import InvalidQuery, InvalidRequest
from gitmilestone.model.problem import Problem
from tests.derived.analytics_source import DAY, MONDAY, Rows
from tests.repositories import spawn_python

STAMP = Stamp("tree", "commit")


class Told:
    """A watch that remembers its warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def track(self, label: str, total: int) -> Any:
        raise AssertionError


@pytest.fixture
def rows() -> Iterator[Rows]:
    found = Rows()
    found.add_milestone("store", "completed", project="auth", created="2026-01-05T00:00:00Z")
    found.add_milestone("login", project="auth", due="2026-02-01", owner="ana@example.com", progress=1 / 3)
    found.add("dependency", milestone_id="login", target="store", type="blocks")
    found.add("label", milestone_id="login", name="security", key="security")
    yield found
    found.connection.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "milestone" / "analytics.duckdb")


def in_memory(rows: Rows) -> Analytics:
    return open_analytics("/proc/nowhere/analytics.duckdb", STAMP, rows.source, is_kept=False)


def titles(path: str, rows: Rows, stamp: Stamp = STAMP, watch: Any = None) -> list[str]:
    with open_analytics(path, stamp, rows.source, watch=watch or Told()) as analytics:
        return [title for (title,) in analytics.query("SELECT title FROM milestones ORDER BY id").rows]


# What SQLite holds and DuckDB does; the model lets no NUL in.
_texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")) | st.sampled_from(
    ["", '"', "\\", "\\N", "NULL", "\r\n", "\n", "\x1a", ",", "'", '{"a": 1}', "\u2028", "\ufeff", "a" * 70_000]
)
_numbers = st.floats(0, 1_000_000, allow_subnormal=False)
_times = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda time: time.replace(microsecond=0))


@given(st.lists(st.tuples(_texts, _texts | st.none(), _numbers | st.none(), _times | st.none()), max_size=5))
@settings(max_examples=60, deadline=None)
def test_what_went_in_comes_out(values: list[tuple[str, str | None, float | None, datetime | None]]) -> None:
    rows = Rows()
    for place, (title, description, estimate, created) in enumerate(values):
        written = created and f"{created.isoformat()}Z"
        day = created and created.date().isoformat()
        given = {"title": title, "description": description, "estimate": estimate, "created": written, "due": day}
        rows.add_milestone(f"m{place}", **given)
        rows.add("label", milestone_id=f"m{place}", name=title)
        rows.add("task", milestone_id=f"m{place}", position=0, title=title, weight=estimate)
    with in_memory(rows) as analytics:
        found = analytics.query("SELECT title, description, estimate, created, due FROM milestones ORDER BY id").rows
        tasks = analytics.query("SELECT title, weight FROM tasks ORDER BY milestone_id").rows
        both = "SELECT label, labels FROM labels JOIN milestones ON id = milestone_id ORDER BY id"
        labels = analytics.query(both).rows
    rows.connection.close()
    assert found == [(*value, value[-1] and value[-1].date()) for value in values]
    assert tasks == [(title, estimate) for title, _, estimate, _ in values]
    assert labels == [(title, [title]) for title, *_ in values]


def test_the_largest_row_that_a_file_can_have() -> None:
    rows = Rows()
    rows.add_milestone("large", description="\1" * (1 << 20))
    with in_memory(rows) as analytics:
        assert analytics.query("SELECT length(description) FROM milestones").rows == [(1 << 20,)]
    rows.connection.close()


def test_views_are_as_documented(rows: Rows) -> None:
    with in_memory(rows) as analytics:
        for view, columns in VIEWS.items():
            found = analytics.query(f"SELECT * FROM {view}")
            assert found.columns == tuple(column.name for column in columns)
            assert found.types == tuple(column.type for column in columns)
            assert all(column.doc.endswith(".") for column in columns)


def test_what_waits_is_blocked(rows: Rows) -> None:
    rows.add_milestone("texts", "blocked")
    rows.add("dependency", milestone_id="login", target="texts", type="blocks")
    rows.add("dependency", milestone_id="login", target="gone", type="blocks")
    rows.add("dependency", milestone_id="store", target="texts", type="blocks")
    rows.add("dependency", milestone_id="texts", target="login", type="relates")
    with in_memory(rows) as analytics:
        found = analytics.query("SELECT id, is_blocked, blocked_by, depends_on FROM milestones ORDER BY id").rows
        blocking = analytics.query("SELECT milestone_id, target FROM dependencies WHERE is_blocking ORDER BY ALL").rows
    assert found == [
        ("login", True, ["texts"], ["gone", "store", "texts"]),
        ("store", False, [], ["texts"]),
        ("texts", True, [], ["login"]),
    ]
    assert blocking == [("login", "texts"), ("store", "texts")]


def test_activity_follows_the_events(rows: Rows) -> None:
    rows.add_status("store", 0, None, "planned")
    rows.add_status("store", 2, "planned", "in_progress")
    rows.add_status("store", 3, "in_progress", "blocked")
    rows.add_status("store", 5, "blocked", "in_progress")
    rows.add_status("store", 6, "in_progress", "completed")
    rows.add_status("store", 6.5, "completed", "planned")
    rows.add_status("store", 7, "planned", "completed")
    rows.add_status("login", 1, None, "completed")
    rows.add_status("login", 4, "completed", "planned")
    with in_memory(rows) as analytics:
        ((*store,),) = analytics.query(
            "SELECT epoch(created_at), epoch(started_at), epoch(completed_at), planned_seconds, in_progress_seconds,"
            " blocked_seconds, lead_days, cycle_days FROM activity WHERE milestone_id = 'store'"
        ).rows
        ((created, completed, planned, lead),) = analytics.query(
            "SELECT epoch(created_at), completed_at, planned_seconds, lead_days FROM activity"
            " WHERE milestone_id = 'login'"
        ).rows
    days = [MONDAY, MONDAY + 2 * DAY, MONDAY + 7 * DAY, 2.5 * DAY, 2 * DAY, 2 * DAY, 7, 5]
    assert store == pytest.approx(days)
    assert (created, completed, lead) == (MONDAY + DAY, None, None)
    assert planned == pytest.approx(datetime.now(UTC).timestamp() - MONDAY - 4 * DAY, abs=60)


def test_events_are_in_order(rows: Rows) -> None:
    rows.add_status("store", 3, "planned", "completed")
    rows.add_status("store", 1, None, "planned")
    rows.add("milestone_change", number=1, milestone_id="broken", kind="changed")
    with in_memory(rows) as analytics:
        found = analytics.query('SELECT number, "commit", milestone_id, kind, field, old, new FROM events').rows
    first, second = (number.to_bytes(20, "big").hex() for number in (2, 1))
    assert found == [
        (1, first, "store", "created", "status", None, "planned"),
        (2, second, "broken", "changed", None, None, None),
        (3, second, "store", "changed", "status", "planned", "completed"),
    ]


def test_values_that_python_has_not(rows: Rows) -> None:
    with in_memory(rows) as analytics:
        found = analytics.query(
            "SELECT TIMESTAMPTZ '2026-01-05 01:00:00+01' AS a, INTERVAL 3 MONTH AS a, [now()] IS NULL,"
            " TIMESTAMP 'infinity' > now(), 'x'::BLOB, 170141183460469231731687303715884105727 -- so much"
        )
    assert found.columns[:2] == ("a", "a_1")
    assert found.rows[0][:4] == (datetime(2026, 1, 5), "3 months", False, True)
    assert found.rows[0][4:] == ("x", 2**127 - 1)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("SELECT id FROM milestones WHERE tittle = 'x'", 32),
        ("  SELECT 'é', tittle FROM milestones", 14),
        ("/* é */ SELECT tittle FROM milestones", 15),
        ("SELECT id FRM milestones WHERE 1", 14),
        ("SELECT now(), [now()], tittle FROM milestones", 23),
        ("SELECT * FROM mileston", 14),
        ("SELECT nothing(1)", 7),
    ],
)
def test_a_fault_has_its_place(rows: Rows, text: str, position: int) -> None:
    with in_memory(rows) as analytics, pytest.raises(InvalidQuery) as caught:
        analytics.query(text)
    assert (caught.value.text, caught.value.position) == (text, position)
    assert "\n" not in caught.value.message


def test_another_stamp_is_built_again(rows: Rows, path: str) -> None:
    assert titles(path, rows) == ["login", "store"]
    rows.add_milestone("new")
    assert titles(path, rows) == ["login", "store"]
    assert rows.reads == 1
    assert titles(path, rows, Stamp("other", "commit")) == ["login", "new", "store"]
    assert titles(path, rows, Stamp("other", "other")) == ["login", "new", "store"]
    assert rows.reads == 3
    assert os.listdir(os.path.dirname(path)) == ["analytics.duckdb"]


def test_what_was_found_is_kept_with_it(rows: Rows, path: str) -> None:
    rows.problems = (Problem("a.yaml", 3, "bad-value", "is no day", "mend it"),)
    for _ in range(2):
        with open_analytics(path, STAMP, rows.source) as analytics:
            assert (analytics.problems, analytics.unreadable) == (rows.problems, 1)
    assert rows.reads == 1


@pytest.mark.parametrize(
    ("change", "reads"),
    [
        ("version = version - 1; DROP TABLE stored.findings", 2),
        ("engine = '0.9.1'", 2),
        ("version = version + (1 << 16); DROP TABLE stored.findings", 3),
        ("engine = '99.0.0'", 3),
    ],
)
def test_a_newer_file_is_left_alone_and_an_older_built_again(rows: Rows, path: str, change: str, reads: int) -> None:
    titles(path, rows)
    import duckdb

    with duckdb.connect(path) as connection:
        connection.execute(f"UPDATE stored.stamp SET {change}")
    before = Path(path).read_bytes()
    told = Told()
    assert titles(path, rows, watch=told) == ["login", "store"]
    assert titles(path, rows, watch=told) == ["login", "store"]
    assert rows.reads == reads
    assert (Path(path).read_bytes() == before) == (reads == 3)
    assert told.warnings == []


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _replace(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(10_000))


def _break_header(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[:4096] = bytes(4096)
    path.write_bytes(content)


def _break_blocks(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(3 * 4096, len(content), 997):
        content[place] ^= 0x55
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_truncate, _empty, _replace, _break_header, _break_blocks])
def test_a_damaged_file_is_built_again(rows: Rows, path: str, damage: Any) -> None:
    titles(path, rows)
    damage(Path(path))
    told = Told()
    assert titles(path, rows, watch=told) == ["login", "store"]
    assert len(told.warnings) == 1
    assert titles(path, rows, watch=told) == ["login", "store"]
    assert rows.reads == 2


def test_damage_that_shows_late_is_told_from_a_bad_query(path: str) -> None:
    rows = Rows()
    for number in range(12_000):
        rows.add_milestone(f"m-{number}", description=os.urandom(400).hex())
    titles(path, rows)
    content = bytearray(Path(path).read_bytes())
    for place in range(len(content) * 2 // 5, len(content) * 3 // 5, 1000):  # what is read first lies at both ends
        content[place] ^= 0x55
    Path(path).write_bytes(content)
    with open_analytics(path, STAMP, rows.source) as analytics, pytest.raises(DamagedError):
        analytics.query("SELECT sum(length(description)), max(description), max(title) FROM milestones")
    discard(path)
    assert len(titles(path, rows)) == 12_000
    assert rows.reads == 2


_BUILD = """
import sys
from gitmilestone.derived.analytics import open as analytics
from gitmilestone.derived.analytics.open import Stamp, open_analytics
from tests.derived.analytics_source import Rows
rows = Rows()
rows.connection.execute("BEGIN")
for number in range(int(sys.argv[2])):
    rows.add_milestone(f"m-{number}", description="x" * 200)
print("ready", flush=True)
for turn in range(int(sys.argv[3])):
    stamp = Stamp(f"{sys.argv[4]}-{turn}", "c")
    with open_analytics(sys.argv[1], stamp, rows.source) as found:
        ((count,),) = found.query("SELECT count(description) FROM milestones").rows
        assert count == int(sys.argv[2]), count
print("done")
"""


def test_many_processes_build_and_read_one_file(path: str, tmp_path: Path) -> None:
    builders = [spawn_python(_BUILD, path, "300", "6", str(n // 2), cwd=tmp_path) for n in range(4)]
    said = [builder.communicate(timeout=100) for builder in builders]
    assert [out.split() for out, _ in said] == [["ready", "done"]] * 4, said
    assert os.listdir(os.path.dirname(path)) == ["analytics.duckdb"]


@pytest.mark.parametrize("delay", [0.1, 0.3, 0.6])
def test_a_killed_build_is_never_seen(rows: Rows, path: str, tmp_path: Path, delay: float) -> None:
    assert titles(path, rows) == ["login", "store"]
    before = Path(path).read_bytes()
    builder = spawn_python(_BUILD, path, "20000", "1", "killed", cwd=tmp_path)
    assert builder.stdout is not None
    assert builder.stdout.readline() == "ready\n"
    time.sleep(delay)
    builder.send_signal(signal.SIGKILL)
    builder.communicate(timeout=60)
    left = [name for name in os.listdir(os.path.dirname(path)) if name != "analytics.duckdb"]
    assert all(name.startswith(f"analytics.{builder.pid}.tmp") for name in left)
    if left:
        assert Path(path).read_bytes() == before
    assert titles(path, rows, Stamp("next", "c")) == ["login", "store"]
    assert os.listdir(os.path.dirname(path)) == ["analytics.duckdb"]


def test_a_living_builder_is_let_alone(rows: Rows, path: str) -> None:
    folder = Path(path).parent
    folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        theirs, dead = folder / f"analytics.{other.pid}.tmp", folder / "analytics.999999999.tmp.wal"
        theirs.touch()
        dead.touch()
        titles(path, rows)
        assert theirs.exists()
        assert not dead.exists()
        other.kill()


@pytest.fixture(params=["size=1m", "ro"])
def poor_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system that is too small, or read-only."""
    place = tmp_path / "poor"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", request.param, "none", str(place)]
    mounted = subprocess.run(command, check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mount is not allowed here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_where_nothing_can_be_written_memory_will_do(poor_folder: Path, rows: Rows) -> None:
    for number in range(2000):
        rows.add_milestone(f"m-{number}", description=os.urandom(600).hex())
    told = Told()
    assert len(titles(str(poor_folder / "analytics.duckdb"), rows, watch=told)) == 2002
    assert os.listdir(poor_folder) == []
    assert told.warnings == []


def test_a_fault_of_the_source_leaves_nothing(rows: Rows, path: str) -> None:
    rows.connection.execute("ALTER TABLE task RENAME TO gone")
    with pytest.raises(Exception, match="no such table"):
        open_analytics(path, STAMP, rows.source)
    assert os.listdir(os.path.dirname(path)) == []


def test_a_query_takes_no_more_memory_than_it_may(rows: Rows, path: str) -> None:
    with (
        open_analytics(path, STAMP, rows.source, memory_bytes=200 << 20) as analytics,
        pytest.raises(InvalidRequest, match="needs more memory"),
    ):
        analytics.query("SELECT list(i) FROM range(1000000000) AS t(i)")


def test_the_stamp_says_what_made_it(rows: Rows, path: str) -> None:
    with open_analytics(path, STAMP, rows.source) as analytics:
        ((version, engine),) = analytics.select("SELECT version, engine FROM stored.stamp")
    assert (version, engine) == (ANALYTICS_VERSION, engine_version())
