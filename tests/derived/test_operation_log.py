"""The log of operations: bounded, whole whoever writes, silent where nothing can be written, and free of texts."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from time import perf_counter, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.derived import operation_log
from gitmilestone.derived.operation_load import Load, Operation, iter_operations, measure_load
from gitmilestone.derived.operation_log import (
    LENGTH,
    MOST_BYTES,
    NAME,
    OLD_NAME,
    rate_complexity,
    record_query,
    record_write,
)
from gitmilestone.query.parse import parse
from gitmilestone.query.query import EVERYTHING, Query
from tests.query.conditions import queries
from tests.repositories import spawn_python

_WRITER = """
import sys
from time import perf_counter
from gitmilestone.derived.operation_log import record_write
for number in range(int(sys.argv[2])):
    record_write(sys.argv[1], perf_counter(), int(sys.argv[3]))
"""


def ask(text: str) -> Query:
    return parse(text, today=date(2026, 11, 22))


def found(folder: Path) -> list[Operation]:
    return list(iter_operations(str(folder)))


def test_an_operation_is_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "milestone"
    before = time()
    record_query(str(folder), perf_counter() - 0.25, ask("owner:ana two factor"), 7, "sqlite")
    record_write(str(folder), perf_counter(), 3)
    query, write = found(folder)
    assert (query.is_write, query.rows, query.tier) == (False, 7, "s")
    assert query.seconds == pytest.approx(0.25, abs=0.05)
    assert query.start == pytest.approx(before - 0.25, abs=0.1)
    assert query.complexity == pytest.approx(rate_complexity(ask("owner:ana two factor")), abs=0.001)
    assert (write.is_write, write.rows, write.tier, write.complexity) == (True, 3, "f", 0)


def test_it_holds_no_text(tmp_path: Path) -> None:
    record_query(str(tmp_path), perf_counter(), ask("secret owner:eve x.customer:acme"), 1, "file")
    line = (tmp_path / NAME).read_bytes()
    assert len(line) == LENGTH + 1
    assert line[1:2] == b"r"
    assert (line[2:39] + line[40:]).isdigit()


def test_it_is_bounded(tmp_path: Path) -> None:
    for number in range(2 * MOST_BYTES // (LENGTH + 1) + 1000):
        record_write(str(tmp_path), perf_counter(), number)
    sizes = [(tmp_path / name).stat().st_size for name in (NAME, OLD_NAME)]
    assert max(sizes) <= MOST_BYTES
    rows = [operation.rows for operation in found(tmp_path)]
    assert rows == list(range(rows[0], rows[0] + len(rows)))
    assert len(rows) >= MOST_BYTES // (LENGTH + 1)


def test_processes_write_side_by_side(tmp_path: Path) -> None:
    writers = [spawn_python(_WRITER, str(tmp_path), "500", str(number), cwd=tmp_path) for number in range(4)]
    for writer in writers:
        _, said = writer.communicate(timeout=60)
        assert writer.returncode == 0, said
    rows = [operation.rows for operation in found(tmp_path)]
    assert sorted(rows) == sorted(list(range(4)) * 500)


@given(st.data())
def test_a_damaged_line_hides_no_other(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("log")
    for rows in range(3):
        record_write(str(folder), perf_counter(), rows)
    path = folder / NAME
    content = path.read_bytes()
    start = LENGTH + 2  # of the second line
    at = data.draw(st.integers(start, start + LENGTH - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    path.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
    assert [operation.rows for operation in found(folder)] == [0, 2]


@given(length=st.integers(0, LENGTH))
def test_a_torn_line_hides_no_other(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    record_write(str(folder), perf_counter(), 1)
    path = folder / NAME
    content = path.read_bytes()
    path.write_bytes(content + content[:length])
    record_write(str(folder), perf_counter(), 2)
    assert [operation.rows for operation in found(folder)] == [1, 2]


@given(st.binary(max_size=300))
def test_any_bytes_are_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / NAME).write_bytes(content)
    assert found(folder) == []


def test_where_nothing_can_be_written_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    record_write(str(tmp_path / "file"), perf_counter(), 1)
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    record_write(str(tmp_path), perf_counter(), 1)
    assert not (tmp_path / "elsewhere").exists()
    assert found(tmp_path / "file") == []


def test_nothing_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("synced"))
    record_write(str(tmp_path), perf_counter(), 1)
    assert found(tmp_path)


def write_at(folder: Path, monkeypatch: pytest.MonkeyPatch, moments: dict[float, int]) -> None:
    """One query and so many writes at each moment."""
    for moment, writes in moments.items():
        monkeypatch.setattr(operation_log, "time", lambda moment=moment: moment)
        record_query(str(folder), perf_counter() - 0.1, ask("a"), 1, "file")
        for _ in range(writes):
            record_write(str(folder), perf_counter(), 1)


def test_the_load_is_that_of_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_at(tmp_path, monkeypatch, {1000.0: 5, 2000.0: 3, 2100.0: 3})
    load = measure_load(str(tmp_path), 2110, 300)
    assert load.queries_a_minute == pytest.approx(2 / 5)
    assert load.writes_a_second == pytest.approx(6 / 300)
    assert load.query_ms == pytest.approx(100, abs=20)
    assert load.complexity == pytest.approx(2 / 12, abs=0.001)
    assert measure_load(str(tmp_path), 9000, 300) == Load()
    assert measure_load(str(tmp_path), 500, 300) == Load()


def test_rates_are_right_where_the_log_is_shorter_than_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = MOST_BYTES // (LENGTH + 1)
    write_at(tmp_path, monkeypatch, {1000.0 + second: 100 for second in range(3 * whole // 100)})
    now = 1000.0 + 3 * whole // 100 - 1
    assert (tmp_path / OLD_NAME).exists()
    assert measure_load(str(tmp_path), now, 300).writes_a_second == pytest.approx(100, rel=0.05)


@given(queries([]))
def test_complexity_is_between_0_and_1(query: Query) -> None:
    assert 0 <= rate_complexity(query) < 1


def test_complexity_grows_with_what_is_asked() -> None:
    texts = ["", "status:open", "status:open owner:ana", "status:open owner:ana label:x", "owner:ana label:x two words"]
    rates = [rate_complexity(ask(text)) for text in texts]
    assert rates == sorted(set(rates))
    assert rate_complexity(Query(EVERYTHING)) == 0
    assert rate_complexity(ask("sort:-due")) > 0
