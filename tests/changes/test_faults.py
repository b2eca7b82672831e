"""What an edit makes wrong is told, or refused; what was wrong before it is not its fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from gitmilestone.changes.draft import Draft
from gitmilestone.errors import InvalidContent
from gitmilestone.model.milestone import Dependency, Milestone
from tests.repositories import Clone

LATE = "`due` is {}, and it waits for {}, which is due {}"
SETTINGS = "format: 1\n\ncheck:\n  severities:\n    due-before-blocker: {}\n"


def text(due: str, *on: str, status: str = "planned") -> str:
    listed = "depends_on:\n" + "".join(f"  - {name}\n" for name in on) if on else ""
    return f"schema: 1\ntitle: T\nstatus: {status}\n{f'due: {due}' if due else ''}\n{listed}"


@pytest.fixture
def project(clone: Clone) -> Clone:
    """`late` waits for `slow` in vain already, `early` for `quick` in time; `done` and `undated` can't be late."""
    clone.write(
        {
            "active/slow.yaml": text("2027-03-01"),
            "active/quick.yaml": text("2027-01-01"),
            "active/late.yaml": text("2027-02-01", "slow", "nobody", "quick"),
            "active/early.yaml": text("2027-02-01", "quick"),
            "active/done.yaml": text("2027-01-15", "quick", status="completed"),
            "active/undated.yaml": text("", "quick"),
        }
    )
    return clone


def edit(clone: Clone, change: Callable[[Draft], object]) -> list[str]:
    """What an edit is warned of."""
    with clone.store() as store:
        draft = Draft(store, store.files_at())
        change(draft)
        draft.plan()
        return draft.warnings


def due(draft: Draft, name: str, on: date | None) -> None:
    draft.update(draft.get(name)._replace(due=on))


def test_only_what_the_edit_makes_is_told(project: Clone) -> None:
    assert edit(project, lambda draft: draft.update(draft.get("late")._replace(owner="ana"))) == []
    assert edit(project, lambda draft: due(draft, "early", date(2027, 2, 2))) == []
    assert edit(project, lambda draft: due(draft, "late", date(2027, 3, 1))) == []
    assert edit(project, lambda draft: due(draft, "early", date(2026, 12, 1))) == [
        "early: " + LATE.format("2026-12-01", "quick", "2027-01-01")
    ]
    assert edit(project, lambda draft: draft.update(draft.get("late")._replace(depends_on=()))) == []
    assert edit(project, lambda draft: due(draft, "late", date(2027, 2, 2))) == [
        "late: " + LATE.format("2027-02-02", "slow", "2027-03-01")
    ]


def test_one_that_is_new_is_told_of_and_dates_are_as_edited(project: Clone) -> None:
    def make(draft: Draft) -> None:
        due(draft, "slow", date(2027, 4, 1))
        draft.create(Milestone("new", "New", due=date(2027, 3, 15), depends_on=(Dependency("slow"),)))

    assert edit(project, make) == ["new: " + LATE.format("2027-03-15", "slow", "2027-04-01")]


def move(draft: Draft) -> None:
    due(draft, "quick", date(2027, 2, 15))


@pytest.mark.parametrize("severity", ["warning", "off"])
def test_others_are_not_looked_at_where_that_would_be_no_error(project: Clone, severity: str) -> None:
    project.write({"config/project.yaml": SETTINGS.format(severity)})
    assert edit(project, move) == []


def test_others_that_become_late_are_an_error_where_the_project_says_so(project: Clone) -> None:
    project.write({"config/project.yaml": SETTINGS.format("error")})
    with pytest.raises(InvalidContent) as caught:
        edit(project, move)
    late = LATE.format("2027-02-01", "quick", "2027-02-15")
    told = [(f".milestones/active/{name}.yaml", late) for name in ("early", "late")]
    assert [(one.path, one.message) for one in caught.value.problems] == told
    assert edit(project, lambda draft: due(draft, "slow", date(2027, 2, 15))) == [], "sooner"
    assert edit(project, lambda draft: due(draft, "quick", date(2027, 1, 20))) == [], "late was late before"
    assert edit(project, lambda draft: due(draft, "quick", date(2026, 2, 15))) == []
    assert edit(project, lambda draft: due(draft, "quick", None)) == []

    def together(draft: Draft) -> None:
        move(draft)
        due(draft, "early", date(2027, 2, 16))
        draft.update(draft.get("late")._replace(due=None))

    assert edit(project, together) == []

    def deleted(draft: Draft) -> None:
        move(draft)
        draft.delete("early")
        draft.delete("late")

    assert edit(project, deleted) == []

    def touched(draft: Draft) -> None:
        move(draft)
        draft.update(draft.get("early")._replace(owner="ana"))
        draft.delete("late")

    with pytest.raises(InvalidContent) as caught:
        edit(project, touched)
    assert [one.message for one in caught.value.problems] == [late], "once"


def test_a_file_that_can_not_be_read_waits_for_nothing(project: Clone) -> None:
    project.write({"config/project.yaml": SETTINGS.format("error"), "active/bad.yaml": "depends_on: [quick]\ndue: [\n"})
    with pytest.raises(InvalidContent) as caught:
        edit(project, move)
    assert {one.path.rpartition("/")[2] for one in caught.value.problems} == {"early.yaml", "late.yaml"}


def test_of_many_edits_only_errors_are_looked_for(project: Clone) -> None:
    def make(draft: Draft, count: int) -> None:
        due(draft, "early", date(2026, 12, 1))
        for number in range(count - 1):
            draft.create(Milestone(f"m{number}", "M"))

    assert len(edit(project, lambda draft: make(draft, 100))) == 1
    assert edit(project, lambda draft: make(draft, 101)) == []
    project.write({"config/project.yaml": SETTINGS.format("error")})
    with pytest.raises(InvalidContent):
        edit(project, lambda draft: make(draft, 101))


def test_a_step_that_the_project_leaves_out_is_refused(project: Clone) -> None:
    settings = "format: 1\n\ncheck:\n  transitions:\n    planned: [in_progress]\n"
    project.write({"config/project.yaml": settings})
    assert edit(project, lambda draft: draft.update(draft.get("slow")._replace(status="in_progress"))) == []
    assert edit(project, lambda draft: draft.create(Milestone("new", "New", status="blocked"))) == [], "it was nothing"
    with pytest.raises(InvalidContent) as caught:
        edit(project, lambda draft: draft.update(draft.get("slow")._replace(status="blocked")))
    assert [one.code for one in caught.value.problems] == ["forbidden-transition"]
