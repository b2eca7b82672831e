"""What a milestone says as plain values: equal milestones have one fingerprint, others have others."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.errors import InvalidId, InvalidRequest, InvalidValue, MilestoneError
from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.record import fingerprint, parse_field, revise_fields, task_to_json, to_json
from gitmilestone.model.text.document import read_document
from gitmilestone.model.text.encode import encode
from tests.model.handwritten import handwritten
from tests.strategies import milestones


@given(milestone=milestones(), data=st.data())
def test_equal_milestones_have_one_fingerprint_whatever_wrote_them(milestone: Milestone, data: st.DataObject) -> None:
    read = read_document("x", milestone.id, data.draw(handwritten(milestone)).encode()).milestone
    assert read == milestone
    assert fingerprint(read) == fingerprint(milestone)


@given(one=milestones(), other=milestones())
def test_others_have_others(one: Milestone, other: Milestone) -> None:
    named = other._replace(id=one.id)
    assert (fingerprint(one) == fingerprint(named)) == (one == named)


@given(milestone=milestones())
def test_what_is_written_as_json_is_read_from_it(milestone: Milestone) -> None:
    written = json.loads(json.dumps(to_json(milestone)))
    assert (written["id"], written["extra"]) == (milestone.id, milestone.extra)
    for field in MILESTONE_FIELDS:
        value = getattr(milestone, field.name)
        assert parse_field(field.name, written[field.name]) == (None if value == "" else value)


@pytest.mark.parametrize("unset", [None, ""])
def test_what_is_unset_is_its_default(unset: str | None) -> None:
    for field in MILESTONE_FIELDS:
        if field.required:
            with pytest.raises(InvalidValue, match="can't be empty"):
                parse_field(field.name, unset)
        elif field.shape != "tasks":
            assert parse_field(field.name, unset) == Milestone._field_defaults[field.name]


def test_people_are_told_what_somebody_need_have_written() -> None:
    status, weight = (next(field for field in TASK_FIELDS if field.name == name) for name in ("status", "weight"))
    assert [weight.says(value) for value in (None, 1, 1.0, 2.5)] == [False, False, False, True]
    assert [status.says(value) for value in ("planned", "completed")] == [False, True]
    assert FIELDS["status"].says("planned")
    assert [FIELDS["labels"].says(value) for value in ((), ("a",))] == [False, True]


def test_a_number_is_the_same_as_an_int_and_as_a_float() -> None:
    first, second = (Milestone("m", "M", estimate=days, tasks=(Task("t", "T", weight=days),)) for days in (2, 2.0))
    assert fingerprint(first) == fingerprint(second)


def test_a_default_is_of_the_type_that_its_text_is_read_as() -> None:
    for table, value in ((MILESTONE_FIELDS, Milestone), (TASK_FIELDS, Task)):
        for field in table:
            default = value._field_defaults.get(field.name)
            if field.shape == "scalar" and default is not None:
                read = field.kind.parse(field.kind.format(default))
                assert (type(read), read) == (type(default), default), field.name


VALUES = [
    ("title", "Ship it", "Ship it"),
    ("priority", "high", "high"),
    ("priority", None, None),
    ("due", "2027-01-15", date(2027, 1, 15)),
    ("due", "", None),
    ("estimate", 3, 3.0),
    ("estimate", 2.5, 2.5),
    ("estimate", "2w", 10.0),
    ("owner", 7, "7"),
    ("owner", 7.5, "7.5"),
    ("created", "2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ("description", "One.\nTwo.\n", "One.\nTwo.\n"),
    ("labels", "b, a;b ,f,e;d;c", ("a", "b", "c", "d", "e", "f")),
    ("labels", ["b", "a", "b"], ("a", "b")),
    ("labels", ("b",), ("b",)),
    ("labels", ["b", " ", " a "], ("a", "b")),
    ("depends_on", [" b ", {"id": " a "}], (Dependency("a"), Dependency("b"))),
    ("due", " 2027-01-15 ", date(2027, 1, 15)),
    ("title", " Ship", " Ship"),
    ("labels", [7], ("7",)),
    ("labels", "", ()),
    ("labels", None, ()),
    ("depends_on", "a;; ", (Dependency("a"),)),
    ("depends_on", "b:relates, a", (Dependency("a"), Dependency("b", "relates"))),
    ("depends_on", ["a", " b:relates ", "a:blocks"], (Dependency("a"), Dependency("b", "relates"))),
    ("depends_on", ["far:b", "far:a:relates", "a:", "blocks"], (
        Dependency("a"), Dependency("blocks"), Dependency("far:a", "relates"), Dependency("far:b"),
    )),
    ("depends_on", [{"id": "a"}, {"id": "b", "type": "relates"}], (Dependency("a"), Dependency("b", "relates"))),
    ("depends_on", [Dependency("z"), "a: blocks"], (Dependency("a"), Dependency("z"))),
    ("tasks", None, ()),
    ("tasks", "", ()),
    ("tasks", {}, ()),
    ("tasks", {"a": {"title": "A", "weight": 2, "status": None}, "b": "B"}, (Task("a", "A", weight=2), Task("b", "B"))),
    ("tasks", ({"id": "a", "title": "A", "status": "completed"}, Task("b", "B")), (
        Task("a", "A", "completed"), Task("b", "B"),
    )),
    ("tasks", [{"id": "a", "title": "A", "extra": {"n": 1, "on": [True, None]}}], (
        Task("a", "A", extra={"n": "1", "on": ["true", None]}),
    )),
    ("tasks", [{"id": "a", "title": 7, "extra": "no mapping"}], (Task("a", "7"),)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), VALUES)
def test_what_people_and_programs_write_is_read(name: str, value: object, expected: object) -> None:
    parsed = parse_field(name, value)
    assert (parsed, type(parsed)) == (expected, type(expected))


REFUSED = [
    ("title", "", "`title` can't be empty"),
    ("title", None, "`title` can't be empty"),
    ("status", "", "`status` can't be empty"),
    ("status", "done", "`status` is"),
    ("priority", "HIGH", "`priority` is one of low, medium, high, critical, not 'HIGH'"),
    ("owner", True, "`owner` is text, not bool"),
    ("owner", ["ana"], "`owner` is text, not list"),
    ("owner", 10**400, "`owner` is out of range"),
    ("estimate", 10**400, "`estimate` is out of range"),
    ("labels", 7, "`labels` is a list, not int"),
    ("labels", {"a": 1}, "`labels` is a list, not dict"),
    ("labels", [None], "`labels` is text, not NoneType"),
    ("depends_on", [None], "`depends_on` is text, not NoneType"),
    ("depends_on", ["a", "a:relates"], "`depends_on` has 'a' twice, with two types"),
    ("depends_on", [{"type": "blocks"}], ""),
    ("depends_on", ["a", " "], "'' is not a milestone id"),
    ("depends_on", [{"id": "a", "type": "bloks"}], "a dependency's type is one of blocks, relates, not 'bloks'"),
    ("depends_on", [{"id": "a", "type": None}], "a dependency's type is one of blocks, relates, not None"),
    ("tasks", 7, "`tasks` is a mapping or a list, not int"),
    ("tasks", "a", "`tasks` is a mapping or a list, not str"),
    ("tasks", [{"id": "a", "title": "A"}, {"id": "a", "title": "B"}], "two tasks have the same id"),
    ("tasks", [{"id": "a", "titel": "A"}], "a task has no 'titel'"),
    ("tasks", [{"id": "a"}], "a task needs a title"),
    ("tasks", [{"id": "a", "title": None}], "a task needs a title"),
    ("tasks", [{"id": 7, "title": "A"}], "a task's id is text, not 7"),
    ("tasks", [{"id": "A b", "title": "A"}], "'A b'"),
    ("tasks", [{"title": "A", "weight": "heavy"}], "`tasks.weight` is"),
    ("tasks", [{"title": ["A"]}], "`tasks.title` is text, not list"),
]


@pytest.mark.parametrize(("name", "value", "said"), REFUSED)
def test_what_is_none_is_refused_by_its_name(name: str, value: object, said: str) -> None:
    with pytest.raises(MilestoneError) as fault:
        parse_field(name, value)
    assert said in fault.value.message
    assert isinstance(fault.value, InvalidValue | InvalidId)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("depends_on", [{"id": "a", "type": "bloks"}], "did you mean `blocks`?"),
        ("depends_on", [{"id": "a", "type": "zzzz"}], ""),
        ("tasks", [{"titel": "A"}], "did you mean `title`?"),
        ("tasks", [{"zzzz": "A"}], ""),
        ("tasks", ["A", {"id": "a", "title": "B"}, {"id": "a", "title": "C"}], "give each its own"),
        ("title", "", "What will be reached."),
    ],
)
def test_a_refusal_knows_the_way_out(name: str, value: object, hint: str) -> None:
    with pytest.raises(InvalidValue) as fault:
        parse_field(name, value)
    assert fault.value.hint == hint


def test_a_task_without_an_id_gets_one() -> None:
    first, second = parse_field("tasks", ["Enrol here", {"title": "Codes", "id": ""}])
    assert (first.title, second.title) == ("Enrol here", "Codes")
    assert first.id.startswith("enrol")
    assert second.id.startswith("codes")


BASE = Milestone("m", "M", owner="ana", extra={"team": "core", "risk": "high"})


def test_only_what_is_named_is_replaced() -> None:
    revised = revise_fields(BASE, {"owner": None, "labels": "a", "x.team": None, "x.size": 3, "extra": {"risk": True}})
    assert revised == BASE._replace(owner=None, labels=("a",), extra={"size": "3", "risk": "true"})
    assert BASE.extra == {"team": "core", "risk": "high"}, "the older one is as it was"
    assert revise_fields(BASE, {}) == BASE
    assert revise_fields(
        BASE, {"extra": {"none": None, "": "", "a\nb\t": "c", "team": {"a": (1, 2.5, None)}}}
    ).extra == {
        "team": {"a": ["1", "2.5", None]},
        "risk": "high",
        "none": None,
        "": "",
        "a\nb\t": "c",
    }


@pytest.mark.parametrize(
    ("name", "value", "said", "hint"),
    [
        ("ownr", "ana", "'ownr' is no field", "did you mean `owner`? a key of your own is x.ownr"),
        ("zzzzzz", "ana", "'zzzzzz' is no field", "a key of your own is x.zzzzzz"),
        ("x.", "a", "'x.' is no field", None),
        ("extra", "a", "'extra' is no field", None),
        ("id", "a", "'id' is no field", None),
        ("x.owner", "a", "'owner' can't be a key of your own", "choose another"),
        ("x." + "k" * 300, "a", "can't be a key of your own", "choose another"),
        ("extra", {"due": "a"}, "'due' can't be a key of your own", "choose another"),
    ],
)
def test_a_key_that_is_no_field(name: str, value: object, said: str, hint: str | None) -> None:
    with pytest.raises(InvalidRequest) as fault:
        revise_fields(BASE, {name: value})
    assert said in fault.value.message
    assert hint in (None, fault.value.hint)


def test_what_json_says() -> None:
    milestone = Milestone(
        "m",
        "M",
        due=date(2027, 1, 15),
        estimate=2.5,
        labels=("a", "b"),
        depends_on=(Dependency("d", "relates"),),
        tasks=(Task("t", "T", completed=datetime(2026, 11, 22, 10, tzinfo=UTC)), Task("u", "U", extra={"n": "1"})),
        extra={"risk": "high"},
    )
    task = {"id": "t", "title": "T", "status": "planned", "weight": 1.0, "completed": "2026-11-22T10:00:00Z"}
    other = {"id": "u", "title": "U", "status": "planned", "weight": 1.0, "completed": None, "extra": {"n": "1"}}
    assert to_json(milestone) == {
        "id": "m",
        "schema": 1,
        "title": "M",
        "status": "planned",
        "project": None,
        "owner": None,
        "priority": None,
        "start": None,
        "due": "2027-01-15",
        "estimate": "2.5d",
        "created": None,
        "labels": ["a", "b"],
        "depends_on": [{"id": "d", "type": "relates"}],
        "tasks": [task, other],
        "description": None,
        "extra": {"risk": "high"},
    }
    assert [*to_json(milestone)][:2] == ["id", "schema"]
    assert task_to_json(milestone.tasks[1]) == other


def test_a_fingerprint_is_of_the_canonical_bytes() -> None:
    assert fingerprint(BASE) == sha256(encode(BASE)).hexdigest()
    assert fingerprint(BASE) != fingerprint(BASE._replace(extra={"team": "core"}))
