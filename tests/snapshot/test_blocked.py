"""Whether a milestone is blocked, and where it stands in the order of `list`, has one answer wherever it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.derived.database import read_index
from gitmilestone.faces.cli.main import main
from gitmilestone.model.milestone import STATUSES
from gitmilestone.model.vocabulary import PRIORITIES
from gitmilestone.operations.asking.show import get_row
from gitmilestone.query.query import BLOCKED, EVERYTHING, READY, Query
from tests.repositories import Clone

Say = Callable[..., tuple[int, str, str]]
TYPES = ("blocks", "relates")
DUES = ("", "2027-01-01", "2027-02-01")


@pytest.fixture
def say(repository: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    def say(*args: str) -> tuple[int, str, str]:
        status = main(args)
        return status, *capsys.readouterr()

    return say


@pytest.fixture
def everything(clone: Clone) -> Clone:
    """Each status behind each other, by each type of dependency; one behind what is not there, and one behind none."""
    texts = {f"active/on-{status}.yaml": f"schema: 1\ntitle: T\nstatus: {status}\n" for status in STATUSES}
    number = 0
    for status in STATUSES:
        for target in (*(f"on-{other}" for other in STATUSES), "nobody"):
            for kind in TYPES:
                due, priority = DUES[number % 3], ("", *PRIORITIES)[number % 5]
                text = f"schema: 1\ntitle: T\nstatus: {status}\ndepends_on:\n  - {target}: {kind}\n"
                text += f"due: {due}\n" if due else ""
                text += f"priority: {priority}\n" if priority else ""
                texts[f"active/m{number:03}.yaml"] = text
                number += 1
    clone.write(texts, "all there is")
    return clone


def expect_blocked(clone: Clone) -> set[str]:
    found = set()
    for path in (clone.path / ".milestones/active").iterdir():
        status = path.read_text().split("status: ")[1].split("\n")[0]
        waits = any(f"on-{other}: blocks" in path.read_text() for other in ("planned", "in_progress", "blocked"))
        if status in ("planned", "in_progress", "blocked") and (status == "blocked" or waits):
            found.add(path.stem)
    return found


@pytest.mark.parametrize("is_indexed", [False, True])
def test_everybody_says_the_same(everything: Clone, say: Say, is_indexed: bool) -> None:
    expected = expect_blocked(everything)
    assert is_indexed is False or say("index", "rebuild")[0] == 0
    with everything.store() as store:
        files = store.files_at()
        rows = read_index(store, files, lambda index: index.rows(Query(EVERYTHING)))
        assert {row.milestone.id for row in rows if row.is_blocked} == expected
        for where, wanted in ((BLOCKED, True), (READY, False)):
            asked = read_index(store, files, lambda index, where=where: index.rows(Query(where)))
            ids = {row.milestone.id for row in rows if row.milestone.is_open and row.is_blocked == wanted}
            assert {row.milestone.id for row in asked} == ids
        assert [get_row(store, files, row.milestone.id) for row in rows] == rows
        outlines = read_index(store, files, lambda index: list(index.iter_outlines([r.milestone.id for r in rows])))
        assert [one.id for one in sorted(outlines, key=lambda one: one.place)] == [row.milestone.id for row in rows]
    listed = say("sql", "SELECT id FROM milestones WHERE is_blocked ORDER BY id", "--format", "csv")[1].split()[1:]
    assert listed == sorted(expected)
    held = json.loads(say("blocked", "--json")[1])["milestones"]
    assert {row["id"] for row in held} == expected


def test_a_table_shows_the_status_and_that_it_waits(clone: Clone, say: Say) -> None:
    clone.new("first")
    clone.new("second", depends_on=["first"])
    assert "second  planned, blocked  " in say("list")[1]
    assert "| planned, blocked" in say("list", "--format", "markdown")[1]
    (row,) = json.loads(say("list", "--json", "is:blocked")[1])["milestones"]
    assert (row["status"], row["is_blocked"], row["blocked_by"]) == ("planned", True, ["first"])


@pytest.mark.parametrize("args", [("status:blocked",), ("--status", "blocked"), ("status:blocked", "title:second")])
def test_who_asks_for_the_status_is_told_of_what_waits(clone: Clone, say: Say, args: tuple[str, ...]) -> None:
    clone.new("first", title="first")
    clone.new("second", title="second", depends_on=["first"])
    for form in ("table", "ids", "json"):
        assert "hint: 1 milestone waits for others: `is:blocked`" in say("list", "--format", form, *args)[2]
    assert "hint" not in say("list", "status:in_progress")[2]
    assert "hint" not in say("list", "status:blocked", "title:first")[2]
    assert say("block", "first")[0] == 0
    status, out, err = say("list", "--format", "ids", "status:blocked")
    assert (status, out, err) == (0, "first\n", "")
