"""Every format that milestones are printed in."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from gitmilestone.faces.cli.formats import CSV_COLUMNS, format_rows
from gitmilestone.faces.cli.tables.options import LIST_FORMATS
from gitmilestone.faces.envelope import dump_envelope
from gitmilestone.faces.terminal import Style
from gitmilestone.model.fields import MILESTONE_FIELDS
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.row import Row

TODAY = date(2027, 1, 1)
PLAIN = Style()
FULL = Milestone(
    "ship-2fa",
    'Ship "two-factor", now',
    "in_progress",
    "auth",
    "ana@example.com",
    "high",
    date(2026, 12, 1),
    date(2027, 1, 15),
    15.0,
    datetime(2026, 11, 22, 10, tzinfo=UTC),
    ("api", "security"),
    (Dependency("docs", "relates"), Dependency("store")),
    (
        Task("enrol", "Enrol", "completed", 3, datetime(2026, 12, 4, tzinfo=UTC)),
        Task("mail", "Mail", weight=0.5),
    ),
    "Free\ntext\n",
    extra={"customer": "Acme", "refs": ["1", "2"]},
)
ROWS = [
    Row(FULL, ".milestones/active/ship-2fa.yaml", 6 / 7, True, ("store",)),
    Row(Milestone("bare", "=1+1\x1b[2J"), ".milestones/active/bare.yaml", 0.0, False),
]


def _format(form: str, style: Style = PLAIN) -> str:
    return format_rows(ROWS, form, style, TODAY)


def test_a_milestone_as_json() -> None:
    envelope = json.loads(_format("json"))
    full, bare = envelope["milestones"]
    assert envelope["schema_version"] == 1
    assert full == {
        "id": "ship-2fa",
        "schema": 1,
        "title": 'Ship "two-factor", now',
        "status": "in_progress",
        "project": "auth",
        "owner": "ana@example.com",
        "priority": "high",
        "start": "2026-12-01",
        "due": "2027-01-15",
        "estimate": "15d",
        "created": "2026-11-22T10:00:00Z",
        "labels": ["api", "security"],
        "depends_on": [{"id": "docs", "type": "relates"}, {"id": "store", "type": "blocks"}],
        "tasks": [
            {
                "id": "enrol",
                "title": "Enrol",
                "status": "completed",
                "weight": 3,
                "completed": "2026-12-04T00:00:00Z",
            },
            {"id": "mail", "title": "Mail", "status": "planned", "weight": 0.5, "completed": None},
        ],
        "description": "Free\ntext\n",
        "extra": {"customer": "Acme", "refs": ["1", "2"]},
        "path": ".milestones/active/ship-2fa.yaml",
        "progress": 0.8571,
        "is_blocked": True,
        "blocked_by": ["store"],
    }
    assert set(full) == set(bare)
    assert {field.name for field in MILESTONE_FIELDS} <= set(full)
    assert bare["title"] == "=1+1\x1b[2J"
    assert (bare["owner"], bare["labels"], bare["tasks"], bare["extra"]) == (None, [], [], {})


def test_json_lines_are_the_same_milestones() -> None:
    assert [json.loads(line) for line in _format("jsonl").splitlines()] == json.loads(_format("json"))["milestones"]


def test_json_on_a_terminal_is_as_exact() -> None:
    on_terminal = _format("json", Style(is_terminal=True))
    assert on_terminal.isascii()
    assert json.loads(on_terminal) == json.loads(_format("json"))


def test_an_empty_envelope() -> None:
    assert json.loads(dump_envelope("problems", [], PLAIN)) == {"schema_version": 1, "problems": []}
    assert json.loads(dump_envelope("events", [1], PLAIN, tree="x")) == {
        "schema_version": 1,
        "tree": "x",
        "events": [1],
    }


def test_csv() -> None:
    header, full, bare = csv.reader(io.StringIO(_format("csv"), newline=""))
    assert tuple(header) == CSV_COLUMNS
    row = dict(zip(header, full, strict=True))
    assert row["labels"] == "api;security"
    assert row["depends_on"] == "docs:relates;store"
    assert row["description"] == "Free\ntext\n"
    assert row["is_blocked"] == "true"
    assert bare[1] == "'=1+1\x1b[2J"


def test_ids() -> None:
    assert _format("ids") == "ship-2fa\nbare\n"


def test_table() -> None:
    assert _format("table").splitlines() == [
        "ID        STATUS                PRIORITY  PROJECT  DUE         OWNER            PROGRESS  TITLE",
        "ship-2fa  in_progress, blocked  high      auth     2027-01-15  ana@example.com  86%       "
        'Ship "two-factor", now',
        "bare      planned                                                                         =1+1\x1b[2J",
    ]
    assert "\x1b" not in _format("table", Style(is_terminal=True))


def test_a_late_day_is_red() -> None:
    late = [Row(FULL, "", 0, False)]
    assert "\x1b[31m2027-01-15\x1b[m" in format_rows(late, "table", Style(colour=True), date(2027, 2, 1))
    assert "\x1b[31m" not in format_rows(late, "table", Style(colour=True), TODAY)


def test_markdown_is_one_inert_table() -> None:
    hostile = Milestone("a", "x | <script> [y](http://e.vil) @ana #12\n\n# heading `code`")
    lines = format_rows([Row(hostile, "", 0, False)], "markdown", PLAIN, TODAY).splitlines()
    assert len(lines) == 3
    for sign in ("<script>", " [y]", "://", " @ana", " #12", "\n#", " | <"):
        assert sign not in lines[2]


@pytest.mark.parametrize("form", LIST_FORMATS)
def test_every_format_can_be_empty(form: str) -> None:
    assert isinstance(format_rows([], form, PLAIN, TODAY), str)


@pytest.mark.parametrize("form", LIST_FORMATS)
def test_no_format_lets_a_terminal_be_steered(form: str) -> None:
    assert "\x1b" not in _format(form, Style(is_terminal=True))
