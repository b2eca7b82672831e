"""Calibrating leaves nothing behind, wherever it is asked for."""

from __future__ import annotations

import json
import os
import tempfile
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest

from gitmilestone.derived.postgres.server import binaries
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.faces.cli.commands.calibrate import run
from gitmilestone.faces.context import Context
from gitmilestone.model.text.document import read_document
from gitmilestone.model.text.encode import encode
from gitmilestone.operations.scaling import calibrate as calibration
from gitmilestone.operations.scaling.calibrate import calibrate
from gitmilestone.operations.scaling.specimens import LABEL, WORD, iter_specimens
from tests.repositories import Clone

QUESTIONS = {"first page", "by id", "text", "label", "counts of all"}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sizes, and no wheel."""
    monkeypatch.setattr(calibration, "SIZES", (50, 60))
    monkeypatch.setattr(binaries, "has_wheel", lambda: False)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where temporary folders are made from now on: not those of the server, which others have to enter."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_specimens_are_the_same_each_time_and_all_right() -> None:
    some = list(islice(iter_specimens(), 200))
    assert some == list(islice(iter_specimens(), 200))
    assert len({one.id for one in some}) == 200
    for one in some:
        assert read_document(f"{one.id}.yaml", one.id, encode(one))[2:4] == (one, ())
    sizes = sorted(len(encode(one)) for one in some)
    assert 600 < sizes[100] < 1200
    assert sum(WORD in (one.description or "") for one in some) >= 20
    assert sum(LABEL in one.labels for one in some) == 10


def test_each_tier_is_measured_as_far_as_the_time_allows(temporary: Path) -> None:
    found = calibrate(os.environ)
    assert [sample.milestones for sample in found.samples] == [50, 60]
    assert found.server == ""
    for sample in found.samples:
        assert sample.postgresql is sample.connected is None
        for costs in (sample.file, sample.sqlite):
            assert set(costs.questions) == QUESTIONS
            assert all(milliseconds > 0 for milliseconds in costs.questions.values())
        assert sample.sqlite.write > sample.file.write > 0
    assert [sample.milestones for sample in calibrate(os.environ, seconds=0).samples] == [50]
    assert list(temporary.iterdir()) == []


def test_a_server_that_was_asked_for_is_left_as_it_was(mirror_server: Server, temporary: Path) -> None:
    found = calibrate(os.environ, dsn=mirror_server.conninfo)
    assert found.server
    for sample in found.samples:
        assert sample.postgresql is not None
        assert sample.connected is not None
        assert set(sample.postgresql.questions) == set(sample.connected.questions) == QUESTIONS
        assert sample.postgresql.write > sample.sqlite.write
    with mirror_server.connect() as link:
        for table in ("repository", "stamp", "event", "milestone"):
            assert link.connection.execute(f"SELECT COUNT(*) FROM milestone.{table}".encode()).fetchone() == (0,)
        tables = "SELECT COUNT(*) FROM pg_class WHERE relname ~ '^(milestone|task|label)_[0-9]+$'"
        assert link.connection.execute(tables).fetchone() == (0,)
    assert list(temporary.iterdir()) == []


def carry_out(directory: Path, **values: object) -> str:
    streams = (StringIO(), StringIO(), StringIO())
    context = Context(dict(os.environ), str(directory), *streams)
    given = {"seconds": None, "patience": None, "postgres": False, "json": False, **values}
    assert run(context, given) == 0
    context.close()
    assert streams[2].getvalue() == ""
    return streams[1].getvalue()


def test_it_works_anywhere_and_changes_nothing(tmp_path: Path, clone: Clone) -> None:
    before = clone.git("status", "--porcelain"), clone.head, sorted(clone.git_dir.rglob("*"))
    for directory in (tmp_path, clone.path):
        printed = carry_out(directory)
        assert "\nMILESTONES  FILES  INDEX  WRITE  WITH INDEX\n50 " in printed
        assert "\nscale:\n  sqlite:\n    score: " in printed
    assert (clone.git("status", "--porcelain"), clone.head, sorted(clone.git_dir.rglob("*"))) == before


def test_json_says_the_same(mirror_server: Server, clone: Clone) -> None:
    clone.git("config", DSN_KEY, mirror_server.conninfo)
    value = json.loads(carry_out(clone.path, json=True, postgres=True, patience=1))["calibration"]
    assert [sample["milestones"] for sample in value["samples"]] == [50, 60]
    for tier in ("file", "sqlite", "postgresql", "connected"):
        assert value["samples"][0][tier].keys() == {"questions_ms", "write_ms"}
    assert value["limits"]["sqlite"] == {"milestones": 50, "is_reached": True}
    assert value["scale"]["sqlite"] == {"score": 100, "milestone_count": 50}
    assert value["server"]
