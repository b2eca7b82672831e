"""The Python API: what README shows, and what each call promises."""

from __future__ import annotations

import inspect
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import gitmilestone
from gitmilestone import AmbiguousId, MilestoneNotFound, Refused
from gitmilestone.errors import DependencyCycle, InvalidQuery, InvalidValue, NotARepository, UnknownRevision
from tests.repositories import run_git


def test_every_exported_name_is_there_and_documented() -> None:
    for name in gitmilestone.__all__:
        assert inspect.getdoc(getattr(gitmilestone, name)), name
    assert set(dir(gitmilestone)) >= set(gitmilestone.__all__)
    with pytest.raises(AttributeError):
        _ = gitmilestone.nothing  # type: ignore[attr-defined]


def test_every_public_method_is_documented_and_annotated() -> None:
    for name, method in inspect.getmembers(gitmilestone.Repository, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.getdoc(method), name
            assert "return" in method.__annotations__, name


def test_a_milestone_from_its_birth_to_its_end(repository: Path) -> None:
    with gitmilestone.open(repository) as repo:
        store = repo.create("Session store", id="store")
        login = repo.create(
            "Ship two-factor login",
            project="auth",
            due=date(2027, 1, 15),
            estimate="3w",
            labels=["security", "beta"],
            depends_on=[store.id],
            tasks=["Enrol", {"id": "codes", "title": "Codes", "weight": 3}],
            extra={"team": "core"},
        )
        assert login.estimate == 15
        assert login.labels == ("beta", "security")
        assert repo.get(login.id) == repo.get("ship") == login
        row = repo.query("project:auth x.team:core")[0]
        assert (row.milestone, row.is_blocked, row.blocked_by) == (login, True, ("store",))
        with pytest.raises(Refused):
            repo.delete("store")
        with pytest.raises(DependencyCycle):
            repo.update("store", depends_on=[login.id])
        repo.update("store", status="completed")
        assert [row.milestone.id for row in repo.query("is:ready")] == [login.id]
        changed = repo.update(login.id, due=None, owner="ana@example.com", extra={"team": None})
        assert (changed.due, changed.owner, changed.extra) == (None, "ana@example.com", {})
        assert repo.statistics().by_status == {"completed": 1, "planned": 1}
        newest = next(repo.history(login.id)).change
        assert newest is not None
        assert [field.field for field in newest.fields()] == ["owner", "due", "x.team"]
        assert repo.get(login.id, at="HEAD~1").due == date(2027, 1, 15)
        assert repo.delete(login.id).id == login.id
        with pytest.raises(MilestoneNotFound):
            repo.get(login.id)
        kinds = [event.change.kind for event in repo.history(login.id) if event.change]
        assert kinds == ["removed", "changed", "added"]
    assert run_git("status", "--porcelain", cwd=repository) == ""


def test_history_follows_a_move_and_knows_who(repository: Path) -> None:
    with gitmilestone.open(repository) as repo:
        repo.create("A", id="a")
        repo.update("a", status="completed")
        repo.update("a", status="planned")
        events = list(repo.history("a"))
    assert [event.author for event in events] == ["Ana Lima"] * 3
    changes = [(field.old, field.new) for event in events[:2] for field in event.change.fields()]  # type: ignore[union-attr]
    assert changes == [("completed", "planned"), ("planned", "completed")]
    assert all(abs((datetime.now(UTC) - event.time).total_seconds()) < 60 for event in events)


def test_faults_are_told_apart(repository: Path, tmp_path: Path) -> None:
    with gitmilestone.open(repository) as repo:
        repo.create("Alpha one", id="alpha-1")
        repo.create("Alpha two", id="alpha-2")
        with pytest.raises(AmbiguousId):
            repo.get("alpha")
        with pytest.raises(InvalidValue, match="`due` is 2027-02-30"):
            repo.update("alpha-1", due="2027-02-30")
        with pytest.raises(InvalidQuery) as caught:
            repo.query("project:x ownr:ana")
        assert caught.value.position == len("project:x ")
        with pytest.raises(UnknownRevision):
            repo.query(at="nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotARepository):
        gitmilestone.open(tmp_path / "empty")


def test_two_repositories_see_each_others_commits(repository: Path) -> None:
    with gitmilestone.open(repository) as one, gitmilestone.open(repository) as other:
        one.create("A", id="a")
        other.create("B", id="b")
        assert [row.milestone.id for row in one.query()] == ["a", "b"]
        one.update("b", title="B, by the first")
        assert other.get("b").title == "B, by the first"


def test_checking_and_reviewing(repository: Path) -> None:
    with gitmilestone.open(repository) as repo:
        repo.create("Store", id="store", due="2027-01-10")
        repo.create("Ship", id="ship", due="2027-01-20", depends_on=["store"])
        run_git("switch", "-qc", "feature", cwd=repository)
        repo.update("store", due="2027-01-27")
        (late,) = repo.check()
        assert (late.code, late.path, repo.check(at="main")) == (
            "due-before-blocker",
            ".milestones/active/ship.yaml",
            (),
        )
        assert repo.check("main..feature") == (late,)
        found = repo.review("main..feature")
        assert [(one.id, one.days) for one in found.dates] == [("store", 17)]
        assert repo.review() == found
        with pytest.raises(UnknownRevision):
            repo.check("main..nowhere")
