"""A draft: milestones as they will be, what it refuses, and which files that makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gitmilestone.changes.draft import Draft
from gitmilestone.changes.edit import Edit, Revision
from gitmilestone.errors import (
    AmbiguousId,
    DependencyCycle,
    HasDependents,
    InvalidContent,
    InvalidId,
    InvalidRequest,
    MilestoneError,
    MilestoneNotFound,
    Refused,
)
from gitmilestone.model.change import Change
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.encode import encode
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone

A = "schema: 1\ntitle: A  # by hand\nstatus: planned\n"
B = "schema: 1\ntitle: B\nstatus: in_progress\ndepends_on:\n  - a\n  - far:away\n  - c: relates\n"


def on(*ids: str) -> tuple[Dependency, ...]:
    return tuple(map(Dependency, ids))


@pytest.fixture
def project(clone: Clone) -> Clone:
    """`a`, on which `b` depends, and a file that can't be read."""
    clone.write({"active/a.yaml": A, "active/zz/b.yaml": B, "active/bad.yaml": "title: [\n"})
    return clone


@pytest.fixture
def draft(project: Clone) -> Iterator[Draft]:
    with project.store() as store:
        yield Draft(store, store.files_at())


def test_what_a_text_names(draft: Draft) -> None:
    draft.create(Milestone("new", "New"))
    draft.delete("b")
    assert (draft.resolve("a"), draft.resolve("ba"), draft.resolve("new")) == ("a", "bad", "new")
    for text, said in (("b", "b is deleted above"), ("nobody", "there is no milestone 'nobody'")):
        with pytest.raises(MilestoneNotFound, match=said):
            draft.resolve(text)
    with pytest.raises(MilestoneNotFound, match="no milestone 'ne'"):
        draft.resolve("ne")
    with pytest.raises(InvalidId):
        draft.resolve("A b")


def test_a_beginning_names_the_edited_one(project: Clone) -> None:
    project.write({"active/search-1234.yaml": A, "active/save-1.yaml": A})
    with project.store() as store:
        draft = Draft(store, store.files_at())
        draft.update(draft.get("sea")._replace(owner="ana"))
        assert draft.get("sea").owner == "ana"
        with pytest.raises(AmbiguousId):
            draft.get("s")
        draft.delete("search-1234")
        with pytest.raises(MilestoneNotFound, match="deleted above"):
            draft.get("sea")


def test_one_that_can_not_be_read(draft: Draft) -> None:
    assert draft.find("bad") is None
    assert draft.exists("bad")
    assert draft.before("bad") is None
    with pytest.raises(InvalidContent, match=r"\.milestones/active/bad\.yaml can't be read") as fault:
        draft.get("bad")
    assert fault.value.problems
    with pytest.raises(InvalidRequest, match="the id bad is taken"):
        draft.create(Milestone("bad", "Bad"))


def test_what_is_there_before_and_after(draft: Draft) -> None:
    before = draft.get("a")
    assert (before.title, draft.find("nobody"), draft.exists("nobody"), draft.before("nobody")) == (
        "A",
        None,
        False,
        None,
    )
    draft.update(before._replace(title="Other"))
    assert (draft.get("a").title, draft.before("a")) == ("Other", before)
    assert draft.read("a") == A.encode()
    assert draft.read("nobody") is None
    draft.delete("b")
    assert (draft.find("b"), draft.exists("b")) == (None, False)
    assert (draft.changed, draft.created, [*draft.edited]) == (["a", "b"], frozenset(), ["a"])


def test_an_update_to_the_same_is_no_change(draft: Draft) -> None:
    draft.update(draft.get("a"))
    draft.create(Milestone("new", "New"))
    assert draft.changes == [Change("new", None, Milestone("new", "New"))]
    assert draft.created == frozenset({"new"})
    assert draft.plan() == {"active/new.yaml": encode(Milestone("new", "New"))}


def test_one_that_is_created_and_deleted_leaves_nothing(draft: Draft) -> None:
    draft.create(Milestone("new", "New"))
    draft.delete("new")
    assert (draft.changes, draft.plan()) == ([], {})
    draft.create(Milestone("new", "New"))
    assert [*draft.plan()] == ["active/new.yaml"]


def test_an_id_that_is_none_is_refused(draft: Draft) -> None:
    for name in ("A", "", "a b"):
        with pytest.raises(InvalidId):
            draft.create(Milestone(name, "T"))


def test_a_made_id_is_free(draft: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter(["a", "bad", "taken", "free"])
    monkeypatch.setattr("gitmilestone.changes.draft.make_id", lambda _: next(made))
    draft.create(Milestone("taken", "T"))
    assert draft.make_id("Title") == "free"
    monkeypatch.setattr("gitmilestone.changes.draft.make_id", lambda _: "a")
    with pytest.raises(InvalidRequest, match="no free id was found for 'Title'") as fault:
        draft.make_id("Title")
    assert fault.value.hint == "give one with --id"


def test_a_text_is_written_as_it_is_and_counts_as_a_change(draft: Draft) -> None:
    text = A.replace("# by hand", "# by another hand").encode()
    draft.replace_text("a", text)
    assert (draft.changed, draft.plan()) == (["a"], {"active/a.yaml": text})
    draft.update(draft.get("a")._replace(owner="ana"))
    (written,) = draft.plan().values()
    assert written == A.encode() + b"owner: ana\n", "the edit that came later is of the file"
    with pytest.raises(InvalidContent, match="the text has errors") as fault:
        draft.replace_text("a", b"title: A\nstatus: none\n")
    assert {one.path for one in fault.value.problems} == {".milestones/active/a.yaml"}


def test_a_text_knows_the_keys_of_the_project(project: Clone) -> None:
    project.write({"config/project.yaml": "format: 1\n\nfields:\n  - risk\n"})
    with project.store() as store:
        draft = Draft(store, store.files_at())
        draft.replace_text("a", A.encode() + b"risk: high\n")
        assert draft.get("a").extra == {"risk": "high"}


def test_a_file_that_lies_anywhere_stays_there(draft: Draft) -> None:
    draft.update(draft.get("b")._replace(status="completed"))
    assert [*draft.plan()] == ["active/zz/b.yaml"]


def test_what_is_reopened_leaves_the_archive(clone: Clone) -> None:
    clone.write({"completed/x/b.yaml": "schema: 1\ntitle: B\nstatus: completed\n"})
    with clone.store() as store:
        draft = Draft(store, store.files_at())
        draft.update(draft.get("b")._replace(owner="ana"))
        assert [*draft.plan()] == ["completed/x/b.yaml"]
        draft.update(draft.get("b")._replace(status="planned"))
        planned = draft.plan()
    assert planned == {
        "completed/x/b.yaml": None,
        "active/x/b.yaml": b"schema: 1\ntitle: B\nstatus: planned\nowner: ana\n",
    }


def test_one_of_a_layout_has_its_place_and_its_schema(clone: Clone) -> None:
    clone.write({"config/project.yaml": "format: 1\nlayout: sharded\n", "config/milestone.schema.json": "{}\n"})
    with clone.store() as store:
        draft = Draft(store, store.files_at())
        draft.create(Milestone("new", "New"))
        ((path, content),) = draft.plan().items()
    assert path.count("/") > 1
    assert content is not None
    assert content.startswith(
        b"# yaml-language-server: $schema=" + b"../" * path.count("/") + b"config/milestone.schema"
    )


def test_one_that_can_not_be_written_is_not(draft: Draft) -> None:
    draft.create(Milestone("new", "New", extra={"risk": ["a", {"b": ["\0"]}]}))
    with pytest.raises(InvalidContent, match="new can't be written"):
        draft.plan()


@pytest.fixture(params=[False, True], ids=["no index", "index"])
def indexed(request: pytest.FixtureRequest, project: Clone) -> Clone:
    if request.param:
        with project.store() as store:
            rebuild_index(store)
    return project


def refuse(clone: Clone, change: Callable[[Draft], object], **options: bool) -> MilestoneError:
    with clone.store() as store:
        draft = Draft(store, store.files_at())
        change(draft)
        with pytest.raises(MilestoneError) as caught:
            draft.plan(**options)
    return caught.value


def test_a_circle_is_refused(indexed: Clone) -> None:
    fault = refuse(indexed, lambda draft: draft.update(draft.get("a")._replace(depends_on=on("b"))))
    assert isinstance(fault, DependencyCycle)
    assert sorted(fault.path[:-1]) == ["a", "b"]

    def close_over_new(draft: Draft) -> None:
        draft.create(Milestone("x", "X", depends_on=on("y")))
        draft.create(Milestone("y", "Y", depends_on=on("nobody", "bad", "x")))

    assert isinstance(refuse(indexed, close_over_new), DependencyCycle)


def test_a_circle_that_is_there_stops_no_other_edit(indexed: Clone) -> None:
    """Nor one that is taken apart, nor what only is worth knowing of, nor what is elsewhere."""
    circle = {f"active/{name}.yaml": A + f"depends_on:\n  - {other}\n" for name, other in ("ef", "fe")}
    indexed.write(circle)
    with indexed.store() as store:
        draft = Draft(store, store.files_at())
        draft.update(draft.get("e")._replace(owner="ana"))
        relates = (Dependency("b", "relates"), Dependency("far:b"))
        draft.update(draft.get("a")._replace(depends_on=relates))
        draft.plan()
        draft.update(draft.get("b")._replace(depends_on=()))
        draft.update(draft.get("a")._replace(depends_on=on("b")))
        assert [*draft.plan()] == ["active/e.yaml", "active/a.yaml", "active/zz/b.yaml"]


def test_one_on_which_others_depend_stays(indexed: Clone) -> None:
    fault = refuse(indexed, lambda draft: draft.delete("a"))
    assert isinstance(fault, HasDependents)
    assert (fault.message, fault.ids) == ("others depend on it: a (by b)", ("a",))
    with indexed.store() as store:
        draft = Draft(store, store.files_at())
        draft.delete("a")
        assert draft.plan(allows_dependents=True) == {"active/a.yaml": None}
        draft.update(draft.get("b")._replace(depends_on=()))
        assert draft.plan()["active/a.yaml"] is None, "nothing depends on it any more"
        draft.create(Milestone("new", "New", depends_on=(Dependency("a", "relates"),)))
        with pytest.raises(HasDependents, match=r"a \(by new\)"):
            draft.plan()
        draft.delete("new")
        draft.delete("b")
        assert draft.plan() == {"active/a.yaml": None, "active/zz/b.yaml": None}


def test_who_depends_is_told_up_to_some(clone: Clone) -> None:
    files = {f"active/m{n}.yaml": B.replace("  - a\n", "  - t0\n") for n in range(9)}
    files |= {f"active/n{n}.yaml": B.replace("  - a\n", f"  - t{n}\n") for n in range(1, 10)}
    clone.write(files | {f"active/t{n}.yaml": A for n in range(10)})
    fault = refuse(clone, lambda draft: [draft.delete(f"t{n}") for n in range(10)])
    assert fault.message == (
        "others depend on it: t0 (by m0, m1, m2, m3, m4, m5, m6, m7 and 1 more); "
        + "; ".join(f"t{n} (by n{n})" for n in range(1, 8))
        + "; and 2 more"
    )
    fault = refuse(clone, lambda draft: [draft.delete(f"t{n}") for n in range(1, 9)])
    assert fault.message.endswith("; t8 (by n8)")


RULES = "format: 1\n\nfields:\n  - risk\n\ncheck:\n  severities:\n    open-tasks: {}\n"


@pytest.mark.parametrize(("severity", "is_refused"), [("error", True), ("warning", False), ("off", False)])
def test_the_rules_of_the_project_judge(project: Clone, severity: str, is_refused: bool) -> None:
    project.write({"config/project.yaml": RULES.format(severity)})
    project.write({"active/a.yaml": A + "tasks:\n  one:\n    title: One\n"})
    said = "it is completed, with open tasks: one"
    for verify in (True, False):
        with project.store() as store:
            draft = Draft(store, store.files_at())
            draft.update(draft.get("a")._replace(status="completed"))
            if is_refused and verify:
                with pytest.raises(InvalidContent, match="the project's rules forbid it") as caught:
                    draft.plan(verify=verify)
                assert [(one.path, one.message) for one in caught.value.problems] == [
                    (".milestones/active/a.yaml", said)
                ]
            else:
                draft.plan(verify=verify)
                assert draft.warnings == ([] if severity == "off" else [f"a: {said}"])


def test_an_edit_has_what_its_draft_and_its_revision_say(project: Clone) -> None:
    project.write({"config/project.yaml": RULES.format("error")})

    def revise(draft: Draft) -> Revision:
        after = draft.get("a")._replace(status="completed", owner="ana")
        draft.update(after)
        draft.create(Milestone("new", "New", status="completed", tasks=(Task("t", "T"),)))
        return Revision("message", [after], ["first"], ["t"])

    with project.store() as store:
        files = store.files_at()
        with pytest.raises(InvalidContent):
            Edit(revise).plan(store, files, WriteOptions())
        plan = Edit(revise).plan(store, files, WriteOptions(verify=False))
    edited = plan.outcome
    assert (plan.message, [*plan.files]) == ("message", ["active/a.yaml", "active/new.yaml"])
    assert (edited.changed, edited.created, edited.tasks) == (("a", "new"), {"new"}, ("t",))
    assert edited.warnings == ("first", "new: it is completed, with open tasks: t")
    assert [one.id for one in edited.milestones] == ["a"]


def test_an_error_of_all_changes_is_told_as_who_drafted_them_says(project: Clone) -> None:
    def revise(draft: Draft) -> Revision:
        draft.delete("a")
        return Revision("delete", [])

    with project.store() as store:
        files = store.files_at()
        with pytest.raises(HasDependents):
            Edit(revise).plan(store, files, WriteOptions())
        with pytest.raises(Refused, match="line 3: others depend on it") as caught:
            Edit(revise, blame=lambda error: Refused(f"line 3: {error.message}", "")).plan(store, files, WriteOptions())
        assert isinstance(caught.value.__cause__, HasDependents)
        assert Edit(revise, allows_dependents=True).plan(store, files, WriteOptions()).files == {"active/a.yaml": None}
