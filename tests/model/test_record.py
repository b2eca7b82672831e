"""What a milestone says as plain values: equal milestones have one fingerprint, others have others."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.errors import InvalidValue
from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.record import fingerprint, parse_field, to_json
from gitmilestone.model.text.document import read_document
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
