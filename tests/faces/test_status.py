"""`git milestone status`: short, within 80 columns, and complete as JSON."""

from __future__ import annotations

import io
import json
import os
import re
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gitmilestone.faces.cli.commands.status import run
from gitmilestone.faces.context import Context
from gitmilestone.model.settings_table import METRICS
from gitmilestone.operations.asking.history import open_history
from gitmilestone.operations.scaling.measure import consider
from gitmilestone.operations.scaling.status import Unarchived, get_status
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone
from tests.repositories import run_git as git_of

SETTINGS = "format: 1\n\nlayout: flat\n\nscale:\n  sqlite:\n    milestone_count: 2\n    score: 1\n"
MESSAGE = "milestone: migrate tier file -> sqlite\n\nMilestone-Migration: tier file -> sqlite\nMilestone-Score: 10\n"


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no Postgres is to be had, whatever is installed here."""
    monkeypatch.setattr(
        "gitmilestone.derived.postgres.server.connect.find_obstacle", lambda *_, **__: "no server is named"
    )


@pytest.fixture
def clone(tmp_path: Any, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Clone:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    git_of("init", "-q", str(tmp_path / "project"))
    made = Clone(tmp_path / "project")
    made.init()
    return made


def show(clone: Clone, **values: bool) -> str:
    out = io.StringIO()
    context = Context(os.environ, str(clone.path), io.StringIO(), out, io.StringIO())
    assert run(context, {"json": False, "verbose": False, **values}) == 0
    context.close()
    return out.getvalue()


def grow(clone: Clone, names: str) -> None:
    clone.write({"config/project.yaml": SETTINGS})
    for name in names:
        clone.new(name)


def test_a_small_project_is_a_few_lines(clone: Clone) -> None:
    clone.new("a")
    lines = show(clone).splitlines()
    assert lines[-1].startswith("Score: 5")
    assert lines[-1].endswith("; sqlite from 50")
    assert len(lines) == 7


def test_archiving_is_suggested_where_the_history_lies_ready(clone: Clone) -> None:
    for name in "abc":
        clone.new(name)
    now = int(time.time())
    clone.complete("a")
    clone.complete("b", WriteOptions(when=datetime.fromtimestamp(now + 20 * 86400, UTC)))

    def count() -> tuple[int, int | None]:
        with clone.store() as store:
            return get_status(store, date(2026, 11, 22), now=now + 40 * 86400).unarchived

    def warm() -> None:
        with clone.store() as store, open_history(store):
            pass

    assert count() == (2, None)
    warm()
    assert count() == (2, 1)
    clone.archive("a")
    warm()
    assert count() == (1, 0)
    assert "Archive" not in show(clone)
    clone.new("d", status="cancelled")
    clone.write({"config/project.yaml": "format: 1\nlayout: flat\narchive:\n  after_days: 0\n"})
    clone.archive("b")
    warm()
    assert count() == (1, 1)
    assert json.loads(show(clone, json=True))["unarchived"]["closed"] == 1


@pytest.mark.parametrize(("due", "said"), [(1, "1 milestone"), (2, "2 milestones")])
def test_what_is_due_is_told_in_a_line(clone: Clone, monkeypatch: pytest.MonkeyPatch, due: int, said: str) -> None:
    monkeypatch.setattr("gitmilestone.operations.scaling.status._find_unarchived", lambda *_: Unarchived(3, due))
    assert f"Archive: {said} closed for long; `git milestone archive` moves them\n" in show(clone)


def test_many_closed_ones_are_told_without_a_history(clone: Clone) -> None:
    text = "schema: 1\ntitle: T\nstatus: completed\n"
    clone.write({f"active/m-{number}.yaml": text for number in range(100)})
    assert "Archive: 100 or more closed; `git milestone archive` moves the old ones\n" in show(clone)


def test_what_is_pending_is_said_with_its_reasons(clone: Clone) -> None:
    grow(clone, "ab")
    text = show(clone)
    # Two writes a few seconds ago weigh a little too.
    assert re.search(r"Wanted: sqlite\n  score 7(\.\d+)? >= 1\n  milestones 2 >= 2\n", text)
    assert "Pending: file -> sqlite, 60 minutes after the next write or merge\n" in text
    with clone.store() as store:
        consider(store, 1_700_000_000)
    assert "Pending: file -> sqlite, due with the next write or merge\n" in show(clone)


def test_what_was_taken_back_is_said(clone: Clone) -> None:
    grow(clone, "ab")
    clone.write({"config/tier.yaml": "tier: sqlite\n"}, MESSAGE)
    assert show(clone).splitlines()[-1].startswith("Last switch: file -> sqlite on 20")
    switched = clone.head
    clone.git("revert", "--no-edit", "HEAD")
    text = show(clone)
    assert f"commit {switched[:10]}, reverted by {clone.head[:10]}\n" in text
    assert "not again unless asked for, or at a score of 12.5\n" in text


def test_every_line_fits_a_terminal(clone: Clone) -> None:
    grow(clone, "abc")
    clone.write({"config/tier.yaml": "tier: sqlite\n"}, MESSAGE)
    lines = show(clone, verbose=True).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith(("milestones ", "writes a second ", "score ")) for line in lines) == 3
    assert len(lines) < 40


def test_as_json_it_is_complete(clone: Clone) -> None:
    grow(clone, "ab")
    value = json.loads(show(clone, json=True))
    assert value["tier"] == "file"
    assert set(value["metrics"]) == set(METRICS)
    assert value["score"] == pytest.approx(sum(term["points"] for term in value["terms"]))
    assert value["decision"]["target"] == "sqlite"
    assert value["decision"]["since"] is None
    assert set(value["derived"]) == {"index", "history", "analytics"}
    assert value["limits"]["sqlite"]["milestone_count"] == 2


def test_before_the_first_commit_it_is_known_too(clone: Clone, tmp_path: Any) -> None:
    git_of("init", "-q", str(tmp_path / "empty"))
    assert show(Clone(tmp_path / "empty")) == "On main, no commit yet\n"
