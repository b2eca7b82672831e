"""`git diff` and `git log -p` show milestones as facts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.faces.cli.commands.textconv import iter_lines
from gitmilestone.model.milestone import Dependency, Milestone, Task
from tests.merging import SHIP, edit, fork, make_clone
from tests.repositories import Clone
from tests.strategies import milestones


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return make_clone(tmp_path)


def test_a_milestone_is_a_line_a_fact() -> None:
    done = datetime(2026, 12, 4, 9, 12, 44, tzinfo=UTC)
    milestone = Milestone(
        "x",
        "Ship two-factor login",
        "in_progress",
        due=datetime(2027, 1, 15).date(),
        estimate=15.0,
        labels=("security", "ui"),
        depends_on=(Dependency("store"), Dependency("beta", "relates")),
        tasks=(Task("enrol", "Enrol with TOTP", "completed", 3, done), Task("ask", "Ask", extra={"by": "bo"})),
        description="Free\n\n  text.\n",
        extra={"risk": "high", "team": ["ana", "bo"]},
    )
    assert [*iter_lines(milestone)] == [
        "title: Ship two-factor login",
        "status: in_progress",
        "due: 2027-01-15 Fri",
        "estimate: 15d",
        "label: security",
        "label: ui",
        "depends on: store",
        "relates to: beta",
        "risk: high",
        'team: ["ana", "bo"]',
        "tasks:",
        "  [x] enrol: Enrol with TOTP (weight 3, completed 2026-12-04T09:12:44Z)",
        "  [ ] ask: Ask (by bo)",
        "description:",
        "  Free",
        "",
        "    text.",
    ]


@given(milestones(st.just("x")), milestones(st.just("x")))
def test_what_differs_is_seen(one: Milestone, other: Milestone) -> None:
    fields = ("title", "status", "project", "owner", "priority", "start", "due", "estimate", "created", "labels")
    if any(getattr(one, name) != getattr(other, name) for name in fields):
        assert [*iter_lines(one)] != [*iter_lines(other)]


def test_git_shows_what_changed_and_whose(clone: Clone) -> None:
    edit(owner="bo", due="2027-01-15", labels=["m", "o"])(clone)
    shown = clone.git("show", "--format=", "HEAD").split("\n")
    changed = [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["-owner: ana", "+owner: bo", "+due: 2027-01-15 Fri", "+label: o"]
    edit(description="One.\n\nTwo!\n")(clone)
    assert "@@ title: Do ship\n" in clone.git("show", "-U1", "HEAD")
    assert "\n-  Two.\n+  Two!" in clone.git("log", "-p", "-1")
    assert clone.git("show", "--format=", "--no-textconv", "HEAD").split("\n")[-1] == "+  Two!"


def test_a_conflict_is_shown_as_facts_too(clone: Clone) -> None:
    fork(clone, edit(owner="bo", priority="high"), edit(owner="cy", due="2027-01-15"))
    clone.git("merge", "side", is_checked=False)
    shown = clone.git("diff")
    assert "++<<<<<<< ours\n +owner: bo\n++=======\n+ owner: cy\n++>>>>>>> theirs\n +priority: high\n" in shown
    assert "+ due: 2027-01-15 Fri\n" in shown
    assert "estimate" not in shown


@pytest.mark.parametrize("content", [b"owner: [\n", b"", b"\xff\xfe", b"<<<<<<< a\nowner: x\n"])
def test_what_can_not_be_read_is_shown_as_it_is(clone: Clone, content: bytes) -> None:
    (clone.path / SHIP).write_bytes(content)
    said = clone.git("diff", "--text")
    if content:
        assert "+" + content.decode("utf-8", "surrogateescape").split("\n")[0] in said
    assert "-owner: ana\n" in said


def test_nothing_that_a_terminal_would_obey_is_shown(clone: Clone) -> None:
    edit(title="red \x1b[31m and \u202e back", description="\x1b]0;title\x07\n")(clone)
    shown = clone.git("show", "HEAD")
    assert "\x1b" not in shown.partition("diff --git")[2]
    assert "red \\x1b[31m and \\u202e back" in shown
