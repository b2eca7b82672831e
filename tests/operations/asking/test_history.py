"""What happened to milestones, as `log` and the API tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.derived.database import read_index
from gitmilestone.derived.history.read import Selection
from gitmilestone.errors import InvalidId, InvalidValue, MilestoneNotFound, UnknownRevision
from gitmilestone.model.milestone import Dependency
from gitmilestone.operations.asking.history import (
    Event,
    check_field,
    history,
    iter_events,
    open_history,
    open_history_of,
)
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.query.query import Query
from tests.repositories import Clone, run_git


def events_of(clone: Clone, text: str, revision: str = "HEAD", limit: int | None = None) -> list[Event]:
    with clone.store() as store:
        return list(history(store, text, revision, limit))


def fields_of(event: Event) -> list[tuple[str, object, object]]:
    assert event.change is not None
    return [tuple(field) for field in event.change.fields()]


def test_what_happened_to_one(clone: Clone) -> None:
    clone.new("store")
    created = clone.new("ship", depends_on=["store"], estimate="3d")
    edited = clone.edit("ship", due="2027-01-15", depends_on=[], extra={"teams": ["core"]})
    completed = clone.complete("ship")
    newest, middle, oldest = events_of(clone, "sh")
    assert (newest.commit, middle.commit, oldest.commit) == (completed, edited, created)
    assert (newest.author, newest.email, newest.id) == ("Ana Lima", "ana@example.com", "ship")
    assert fields_of(newest) == [("status", "planned", "completed")]
    assert fields_of(middle) == [
        ("due", None, "2027-01-15"),
        ("depends_on", Dependency("store"), None),
        ("x.teams", None, ["core"]),
    ]
    assert ("estimate", None, "3d") in fields_of(oldest)
    assert [event.change and event.change.kind for event in (newest, middle, oldest)] == ["changed", "changed", "added"]
    assert [event.commit for event in events_of(clone, "ship", limit=1)] == [completed]
    assert len(events_of(clone, "ship", "HEAD~1")) == 2


def test_a_deleted_milestone_is_known_by_its_whole_id(clone: Clone) -> None:
    for name in ("ship", "ship-a", "ship-b"):
        clone.new(name)
    clone.delete("ship")
    newest, oldest = events_of(clone, "ship")
    assert newest.change is not None
    assert (newest.change.kind, oldest.id) == ("removed", "ship")
    assert ("title", "Do ship", None) in fields_of(newest)
    with pytest.raises(MilestoneNotFound) as caught:
        events_of(clone, "shop-a")
    assert caught.value.hint == "did you mean ship-a or ship-b?"
    with pytest.raises(InvalidId):
        events_of(clone, "../x")
    with pytest.raises(UnknownRevision):
        events_of(clone, "ship", "nowhere")


def test_what_only_moves_is_no_event(clone: Clone) -> None:
    clone.new("ship")
    text = clone.text("active/ship.yaml")
    clone.write({"active/ship.yaml": None, "active/9f/ship.yaml": text + "\n"}, "move it")
    clone.write({"active/9f/ship.yaml": f"# a comment\n{text}\n"}, "say more")
    assert len(events_of(clone, "ship")) == 1


def test_files_that_can_not_be_read_are_events_that_say_so(clone: Clone) -> None:
    clone.new("ship")
    path = clone.path / ".milestones/active/ship.yaml"
    good = path.read_text()
    for text in ("status: [", "status: in-progress", good.replace("planned", "in_progress") + "\nrisk: high\n"):
        path.write_text(text)
        clone.git("commit", "-qam", "by hand")
    mended, *broken, created = events_of(clone, "ship")
    assert [(event.change, event.is_readable) for event in broken] == [(None, False)] * 2
    assert created.is_readable
    assert mended.change is not None
    changes = [(field.field, field.old, field.new) for field in mended.change.fields()]
    assert changes == [("status", "planned", "in_progress"), ("x.risk", None, "high")], "since it could last be read"


def test_commits_of_code_name_their_milestones(clone: Clone) -> None:
    clone.new("ship")
    clone.new("other")
    clone.git("commit", "-q", "--allow-empty", "-m", "Fix it\n\nMilestone: other\nmilestone: ship\nAcked-by: Bo")
    code = clone.head
    clone.git("commit", "-q", "--allow-empty", "-m", "No trailer\n\nMilestone: ship\n\nThis is the last paragraph.")
    newest, _ = events_of(clone, "ship")
    assert (newest.commit, newest.subject, newest.change, newest.is_readable) == (code, "Fix it", None, True)
    with clone.store() as store, open_history(store) as opened:
        assert [event.id for event in iter_events(opened, Selection(limit=1))] == ["other", "ship"]
    with clone.store() as store:
        opened, name = open_history_of(store, "oth")
        with opened:
            assert name == "other"


def test_an_id_that_an_old_commit_does_not_have_is_said_at_once(clone: Clone) -> None:
    """The history of another commit holds the lock that the index would want."""
    clone.new("ship")
    with clone.store() as store:
        rebuild_index(store)
    clone.new("later")
    with clone.store() as store:
        with pytest.raises(MilestoneNotFound):
            list(history(store, "later", "HEAD~1"))
        with open_history(store, "HEAD~1"):  # and whoever asks all the same is answered from memory
            assert len(read_index(store, store.files_at("HEAD~2"), lambda index: index.rows(Query()))) == 0
            assert len(read_index(store, store.files_at(), lambda index: index.rows(Query()))) == 2


def test_an_unborn_branch_has_no_history(tmp_path: Path) -> None:
    run_git("init", "-q", "--template=", str(tmp_path / "new"))
    with Clone(tmp_path / "new").store() as store, open_history(store) as opened:
        assert list(iter_events(opened, Selection())) == []


def test_names_of_fields() -> None:
    for name in ("status", "tasks", "tasks.enrol", "depends_on", "x.risk"):
        assert check_field(name) == name
    with pytest.raises(InvalidValue) as caught:
        check_field("stats")
    assert caught.value.hint == "did you mean status?"
    with pytest.raises(InvalidValue) as caught:
        check_field("?")
    assert caught.value.hint.endswith("or x.KEY")
