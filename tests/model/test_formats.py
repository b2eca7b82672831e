"""Older formats are read as the newest, and written back as they were: no test knows how many formats there are."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gitmilestone.errors import Refused
from gitmilestone.model import formats
from gitmilestone.model.config import Project, encode_project, read_project
from gitmilestone.model.formats import CannotConvert, Format
from gitmilestone.model.milestone import Dependency, Milestone
from gitmilestone.model.schema import json_schema
from gitmilestone.model.text.convert import convert_text
from gitmilestone.model.text.document import Document, compose, convert, read_document, revise
from gitmilestone.model.text.encode import encode
from tests.model.edits import edited
from tests.model.handwritten import handwritten
from tests.older_format import OLDER_AND_NEWER, add_note, cut_note, register
from tests.strategies import milestones

PATH = ".milestones/active/x.yaml"
THREE = (*OLDER_AND_NEWER, Format(3, "begins with a note", add_note, cut_note))
REGISTRIES = {"as it is": formats.FORMATS, "two": OLDER_AND_NEWER, "three": THREE}
OLD = """\
# ours
schema: 1  # for now
title: Ship
status: planned
estimate: 'P15D'  # three weeks

needs:  # in this order
  - store
  # the other way round
  - docs: relates
risk: high
"""
NEW = OLD.replace("schema: 1", "schema: 2").replace("P15D", "15d").replace("needs", "depends_on")

of_any_registry = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(params=REGISTRIES)
def newest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    register(monkeypatch, REGISTRIES[request.param])
    return formats.NEWEST


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


def read(text: str) -> Document:
    return read_document(PATH, "x", text.encode())


def draw_text(data: st.DataObject, milestone: Milestone) -> str:
    """Canonical or by hand, in the newest format."""
    assume("needs" not in milestone.extra)
    text = encode(milestone).decode() if data.draw(st.booleans()) else data.draw(handwritten(milestone))
    # Only a newer version writes what it needs a note for.
    return add_note(text) if formats.NEWEST == 3 else text


@given(st.data())
@of_any_registry
def test_down_and_up_again_is_the_same_text_and_says_the_same(newest: int, data: st.DataObject) -> None:
    milestone = data.draw(milestones(st.just("x")))
    text = draw_text(data, milestone)
    new = read(text)
    assert new.milestone == milestone, new.problems
    for version in range(1, newest + 1):
        older = convert_text(text, newest, version)
        assert convert_text(older, version, newest) == text
        assert convert_text(convert_text(older, version, newest), newest, version) == older
        old = read(older)
        assert (old.milestone, old.schema) == (milestone, version)
        assert sorted(one.message for one in old.problems) == sorted(one.message for one in new.problems)
        if older.count("\n") == text.count("\n"):
            assert old.problems == new.problems
        assert convert(old, newest) == text.encode()


@given(st.data())
@of_any_registry
def test_an_edit_of_an_older_file_is_that_of_the_newest_written_back(newest: int, data: st.DataObject) -> None:
    before = data.draw(milestones(st.just("x")))
    text = draw_text(data, before)
    after = data.draw(edited(before))
    assume("needs" not in after.extra)
    wanted = revise(read(text), after)
    if newest == 3 and not wanted.startswith(b"#"):
        return  # written anew, without its note
    for version in range(1, newest + 1):
        old = read(convert_text(text, newest, version))
        written = revise(old, after)
        assert convert_text(written.decode(), version, newest) == wanted.decode()
        found = read_document(PATH, "x", written)
        assert (found.milestone, found.schema) == (after, version)
        assert revise(old, after, newest) == wanted


def test_what_people_wrote_around_it_stays(two: None) -> None:
    assert convert_text(OLD, 1, 2) == NEW
    assert convert_text(NEW, 2, 1) == OLD
    old = read(OLD)
    assert old.milestone == read(NEW).milestone
    assert old.milestone is not None
    assert (old.schema, old.milestone.schema, old.text) == (1, 2, OLD)
    assert old.milestone.depends_on == (Dependency("docs", "relates"), Dependency("store"))
    edit = old.milestone._replace(owner="bo", estimate=4.0)
    owned = OLD.replace("P15D", "P4D").replace("status: planned\n", "status: planned\nowner: bo\n")
    assert revise(old, edit).decode() == owned
    assert revise(old, edit, 2).decode() == convert_text(owned, 1, 2)


@pytest.mark.parametrize("number", ["@", "'@'", '"@"', "00@", "|-\n  @", "|-1 # 1\n @", "@ # 1", " @  "])
def test_only_the_digits_of_the_version_change(two: None, number: str) -> None:
    text = f"title: x\nschema: {number}\nstatus: planned\n"
    older, newer = text.replace("@", "1"), text.replace("@", "2")
    assert (read(older).schema, read(newer).schema) == (1, 2)
    assert convert_text(older, 1, 2) == newer
    assert convert_text(newer, 2, 1) == older


def test_ten_formats_need_two_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, tuple(Format(version, "one more") for version in range(1, 12)))
    for number in ("9", "009", "'9'"):
        text = f"schema: {number}\ntitle: x\nstatus: planned\n"
        newer = convert_text(text, 9, 11)
        assert newer == text.replace("9", "11")
        assert read(newer).schema == 11
        assert convert_text(newer, 11, 9) == text
    assert [problem.message for problem in read("schema: 12\ntitle: x\nstatus: planned\n").problems] == [
        "`schema` is 12; this version of git milestone reads 1 to 11"
    ]


@pytest.mark.parametrize("schema", ["0", "3", "99", "1.0", "one", "9" * 5000, "", "[1]"])
def test_a_format_that_is_not_known_is_a_problem(two: None, schema: str) -> None:
    document = read(f"schema: {schema}\ntitle: x\nstatus: planned\n")
    assert document.milestone is None
    assert document.schema == 0
    assert {problem.line for problem in document.problems} == {1}


@pytest.mark.parametrize(("known", "line_of_needs"), [(OLDER_AND_NEWER, 5), (THREE, 0)])
def test_problems_of_an_older_file_are_at_its_own_lines(
    monkeypatch: pytest.MonkeyPatch, known: tuple[Format, ...], line_of_needs: int
) -> None:
    """But for a line that the newest format has in other words, and in another place."""
    register(monkeypatch, known)
    text = "schema: 1\ntitle: x\nstatus: dnoe\nestimate: P3W\nneeds: x\nrisk: 1\nrisk2: 1\n"
    problems = read("\ufeff" + text).problems
    assert {(problem.line, problem.code) for problem in problems} == {
        (line_of_needs, "bad-value"),
        (1, "byte-order-mark"),
        (3, "bad-value"),
        (6, "unknown-key"),
        (7, "unknown-key"),
    }


def test_what_can_not_be_upgraded_is_a_problem_where_it_stands(two: None) -> None:
    document = read("schema: 1\ntitle: x\nstatus: planned\ndepends_on: [a]\n")
    assert document.milestone is None
    assert [(problem.line, problem.code) for problem in document.problems] == [(4, "bad-value")]
    assert "has a key `depends_on`" in document.problems[0].message


def test_what_would_be_lost_is_refused(two: None) -> None:
    milestone = Milestone("x", "X", extra={"needs": "care"})
    with pytest.raises(CannotConvert, match="has a key `needs`"):
        convert_text(encode(milestone).decode(), 2, 1)
    with pytest.raises(Refused, match=r"x\.yaml can't be written in format 1: it has a key `needs`"):
        compose(PATH, milestone, 1)
    with pytest.raises(Refused, match="format 1"):
        revise(read(OLD), milestone)
    with pytest.raises(Refused, match="format 1"):
        convert(read(encode(milestone).decode()), 1)


def test_an_older_file_in_flow_style_is_written_anew_in_its_format(two: None) -> None:
    old = read('{"schema": 1, "title": "Ship", "status": "planned", "estimate": "P1D"}')
    assert old.milestone is not None
    written = revise(old, old.milestone._replace(owner="bo")).decode()
    assert written.startswith("schema: 1\n\ntitle: Ship\n")
    assert "estimate: P1D\n" in written
    assert "needs:\n" in written


def test_a_hostile_older_file_is_read_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, THREE)
    text = "schema: 1\ntitle: x\nstatus: planned\n" + "".join(f"k{number}: 1\n" for number in range(60_000))
    assert len(read(text).problems) == 60_000


def test_settings_name_one_of_the_formats(newest: int) -> None:
    assert [known.version for known in formats.FORMATS] == list(range(1, newest + 1))
    for version in range(1, newest + 1):
        project, problems = read_project(encode_project(Project(version)))
        assert (project.format, problems) == (version, ())
    for wrong in (0, newest + 1, "x", ""):
        project, problems = read_project(f"format: {wrong}\n".encode())
        assert project.format == 1
        assert [problem.code for problem in problems] == ["unknown-schema"]
    assert read_project(b"layout: flat\n")[0].format == 1


def test_what_editors_are_told_is_the_newest() -> None:
    assert json_schema()["properties"]["schema"]["const"] == formats.NEWEST
    assert Milestone("x", "X").schema == formats.NEWEST
