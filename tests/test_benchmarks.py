"""Every part of the benchmarks runs; what it measures, nobody can hold a test machine to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import mirror
from benchmarks.measure import Timing, hermetic, run
from benchmarks.notifications import HEADINGS, measure_notifications
from benchmarks.others_files import encode_backlog_task, encode_taskwarrior
from benchmarks.reads import iter_measured
from benchmarks.report import Measured, format_flatness, format_measured
from benchmarks.repositories import get_repository, iter_milestones, reset
from benchmarks.startup import measure_startup
from benchmarks.writes import measure_bulk, measure_one_file
from gitmilestone.derived.postgres.server.binaries import find_binaries

ROOT = Path(__file__).parent.parent
SIZE = 20


@pytest.fixture
def executable(tmp_path: Path) -> str:
    """The command as it is installed, of this checkout."""
    path = tmp_path / "git-milestone"
    script = (ROOT / "share" / "git-milestone").read_text(encoding="utf-8")
    script = script.replace("#!python", f"#!{sys.executable}", 1)
    path.write_text(script.replace("\nfrom ", f"\nsys.path.insert(0, {str(ROOT)!r})\nfrom ", 1), encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_reads_measure_every_operation(executable: str, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    (rows,) = iter_measured([SIZE], 1, executable, str(tmp_path))
    operations = [row.operation for row in rows]
    assert len(operations) == len(set(operations))
    assert all(row.size == SIZE and row.layout == "flat" for row in rows)
    for word in ("list", "show", "query", "new", "refresh", "rebuild", "index", "memory", "log", "sql", "stats"):
        assert any(operation.startswith(word) for operation in operations)
    assert f"| {SIZE} " in format_measured(rows)


def test_the_mirror_is_measured(tmp_path: Path) -> None:
    if not mirror.is_possible():
        pytest.skip("there is no Postgres, or no psql")
    rows = [row for part in mirror.iter_measured([3 * SIZE], 1, str(tmp_path)) for row in part]
    operations = [row.operation for row in rows]
    assert len(operations) == len(set(operations))
    assert all(row.ratio is not None and row.floor for row in rows)
    for word in ("first load, two", "query", "mirror refresh, 1 changed", "notice"):
        assert any(operation.startswith(word) for operation in operations)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".lines"]


@pytest.mark.long
def test_startup_writes_and_bulk_still_run(executable: str) -> None:
    assert measure_startup(1, sys.executable, executable)
    assert measure_one_file([SIZE], 1, executable)
    assert measure_bulk([SIZE], 1)


def test_a_repository_is_made_once_and_taken_back_to_its_start(tmp_path: Path) -> None:
    made = get_repository(str(tmp_path), SIZE)
    head = run(["git", "rev-parse", "HEAD"], made.directory)
    run(["git", "commit", "-q", "--allow-empty", "-m", "later"], made.directory)
    assert get_repository(str(tmp_path), SIZE) == made
    assert run(["git", "rev-parse", "HEAD"], made.directory) == head
    reset(made)
    assert run(["git", "status", "--porcelain"], made.directory) == b""


def test_milestones_are_the_same_each_time_and_name_only_earlier_ones() -> None:
    first, again = list(iter_milestones(500)), list(iter_milestones(500))
    assert first == again
    earlier: set[str] = set()
    for milestone in first:
        assert {dependency.id for dependency in milestone.depends_on} <= earlier
        earlier.add(milestone.id)
    assert len(earlier) == 500


def test_flatness_compares_an_operation_with_itself_at_other_sizes() -> None:
    def measured(size: int, ratio: float) -> Measured:
        return Measured("list", size, "flat", "", "", ratio, is_flat=True)

    assert "| 2.00 " in format_flatness([measured(100, 1.5), measured(1000, 3.0)])
    assert format_flatness([measured(100, 1.5)]) == ""


def test_a_timing_says_its_unit() -> None:
    assert str(Timing((0.0001, 0.0002, 0.0003))) == "200 µs (100-300)"
    assert str(Timing((0.01, 0.02, 0.03))) == "20.0 ms (10-30)"


def test_other_tools_files_hold_every_milestone() -> None:
    milestones = list(iter_milestones(SIZE))
    numbers = {milestone.id: number for number, milestone in enumerate(milestones, 1)}
    for milestone in milestones:
        assert milestone.title in encode_backlog_task(milestone, numbers[milestone.id], numbers)
    assert encode_taskwarrior(milestones).count(b'"uuid"') == SIZE


def test_the_environment_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    environ = hermetic()
    assert "GIT_DIR" not in environ
    assert environ["HOME"] != str(Path.home())


def test_notifications_are_measured_on_both_tiers_and_in_both_clones(executable: str) -> None:
    pytest.importorskip("psycopg")
    if find_binaries() is None:
        pytest.skip("there is no Postgres to start")
    rows = measure_notifications(SIZE, 1, executable, idle_seconds=0.1)
    assert all(len(row) == len(HEADINGS) for row in rows)
    assert [row[:3] for row in rows] == [
        ["git commit", "file", "here"],
        ["git milestone", "file", "here"],
        ["git commit", "postgresql", "here"],
        ["git commit", "postgresql", "in another clone"],
        ["git milestone", "postgresql", "here"],
        ["git milestone", "postgresql", "in another clone"],
    ]
