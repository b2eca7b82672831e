"""Sheets and lists as people have them, and that nothing which is said twice goes lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gitmilestone
from gitmilestone.errors import InvalidId, InvalidOperation, InvalidValue
from gitmilestone.model.record import parse_dependencies, parse_labels
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.editing.bulk import Operation, apply_operations, read_json_lines, refuse_repeated
from gitmilestone.operations.editing.exchange import escape_cell, format_cells, read_csv
from tests.repositories import NOW, Clone


def read_one(text: str) -> dict[str, Any]:
    (operation,) = read_csv(text, "sheet")
    return {name: value for name, value in operation.fields.items() if value}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("id,title\na,A\n", {"id": "a", "title": "A"}),
        ("id , title \n a ,  A\n", {"id": "a", "title": "A"}),
        ('id, title\na, "A, B"\n', {"id": "a", "title": "A, B"}),
        ("id,title,\na,A,\n", {"id": "a", "title": "A"}),
        ("id,title,,\na,A\n", {"id": "a", "title": "A"}),
        ("id,title\na,A,,\n", {"id": "a", "title": "A"}),
        ("id;title;estimate\na;A, B;1.5d\n", {"id": "a", "title": "A, B", "estimate": "1.5d"}),
        ("id\ttitle\na\tA; B, C\n", {"id": "a", "title": "A; B, C"}),
        ("sep=;\r\nid;title\r\na;A\r\n", {"id": "a", "title": "A"}),
        ('"sep=|"\nid|title\na|A\n', {"id": "a", "title": "A"}),
        (
            "ID,Title,Depends on,Due\na,A,b,2027-01-01\n",
            {"id": "a", "title": "A", "depends_on": "b", "due": "2027-01-01"},
        ),
        ("id,x.Risk Level\na,high\n", {"id": "a", "x.Risk Level": "high"}),
        ("id,x.a;b;c;d\na,high\n", {"id": "a", "x.a;b;c;d": "high"}),
        ("Title,Labels,Labels,labels\nA,x,,y;z\n", {"title": "A", "labels": "x;y;z"}),
        ("title,progress,progress\nA,,\n", {"title": "A"}),
        ("id\na\n\n  ,\n", {"id": "a"}),
    ],
)
def test_sheets_as_people_have_them(text: str, values: dict[str, Any]) -> None:
    assert read_one(text) == values


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("title,owner,Title\nA,ana,B\n", 1, "'title' is there twice: it is the 1. and the 3.", "keep one"),
        ("title,x.a,x.a\nA,1,2\n", 1, "'x.a' is there twice", "keep one"),
        ("sep=,\ntitle,title\nA,B\n", 2, "twice", "keep one"),
        ("title,ownr\nA,ana\n", 1, "'ownr' is no field", "`owner`"),
        ("title,colour\nA,red\n", 1, "'colour' is no field", "x.colour"),
        ("title,op\nA,delete\n", 1, "'op' is no field", ""),
        ('title,description\nA,"one\ntwo"\nB,x,y\n', 4, "'y' stands in column 3", "quote"),
        ("title,\nA,\nB,y\n", 3, "'y' stands in column 2", "name it"),
        ('title\n"A" b\n', 2, "not CSV", "twice"),
        ('title\nA\n"B\n\n', 3, "not CSV", "quotes"),
    ],
)
def test_faults_of_a_sheet_have_their_place(text: str, line: int, said: str, hint: str) -> None:
    with pytest.raises(InvalidOperation) as caught:
        read_csv(text, "sheet")
    assert caught.value.message.startswith(f"sheet:{line}: ")
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_fault_names_the_first_line_of_its_row(repository: Any, clone: Clone) -> None:
    operations = read_csv('title,description,due\nA,"one\ntwo\n",\nB,"one\ntwo\n",soon\n', "sheet")
    assert [operation.line for operation in operations] == [2, 5]
    with clone.store() as store, pytest.raises(InvalidOperation, match=r"^sheet:5: `due`"):
        carry_out(store, apply_operations(operations, source="sheet", now=NOW))


@pytest.mark.parametrize(
    "operations",
    [
        read_csv('id,title,description\na,A,"one\ntwo"\nb,B,\na ,C,\n', "list"),
        read_json_lines(
            ['{"id": "a", "title": "A"}', "", "", '{"id": "b"}', '{"id": "a", "owner": "x"}'], "list", "upsert"
        ),
        read_json_lines(["", '{"op": "create", "id": "a"}', "", "", '{"id": "a", "owner": "x"}'], "list", "upsert"),
    ],
)
def test_an_import_has_one_line_for_a_milestone(operations: list[Operation]) -> None:
    with pytest.raises(InvalidOperation) as caught:
        refuse_repeated(operations, "list")
    assert caught.value.message == "list:5: a is here again; it is on line 2 already".replace(
        "line 2", f"line {operations[0].line}"
    )
    assert "git milestone apply" in caught.value.hint


def test_lines_without_an_id_are_different_ones() -> None:
    refuse_repeated(read_csv("title\nA\nA\n", "list"), "list")


def test_what_a_line_of_json_says_twice() -> None:
    (operation,) = read_json_lines(['{"op": "create", "labels": ["a"], "labels": ["b", "a"], "depends_on": []}'], "x")
    assert operation.fields["labels"] == ["a", "b", "a"]
    for line in (
        '{"op": "create", "title": "A", "title": "B"}',
        '{"op": "create", "labels": ["a"], "labels": "b"}',
        '{"op": "create", "title": "A", "extra": {"risk": "1", "risk": "2"}}',
        '{"op": "create", "title": "A", "tasks": [{"title": "1", "title": "2"}]}',
    ):
        with pytest.raises(InvalidOperation, match=r'^x:2: ".*" is there twice'):
            read_json_lines(["", line], "x")


@pytest.mark.parametrize("line", ["[", "{", '[{"title": "A"}]'])
def test_json_over_several_lines_gets_a_way_out(line: str) -> None:
    with pytest.raises(InvalidOperation) as caught:
        read_json_lines([line], "x")
    assert "jq -c" in caught.value.hint


def test_lists_of_programs_have_empty_and_padded_items() -> None:
    assert parse_labels(["b", "", " a "]) == ("a", "b")
    assert [on.id for on in parse_dependencies([" b ", "a", {"id": " c "}])] == ["a", "b", "c"]
    with pytest.raises(InvalidId, match="can't be empty"):  # an id that somebody's variable has lost
        parse_dependencies(["a", ""])
    with pytest.raises(InvalidValue, match="'a' twice, with two types"):
        parse_dependencies(["a", "a:relates"])


def test_what_an_empty_cell_says(clone: Clone) -> None:
    with gitmilestone.open(clone.path) as repo:
        created = repo.create("A", id="a", extra={"text": "x", "list": ["y"], "none": None, "empty": ""})
        header = "id,title,created,x.text,x.list,x.none,x.empty\n"
        repo.bulk([{"op": "create", "id": "b", "title": "B"}])
        with clone.store() as store:
            rows = read_csv(header + "a,A,,,,,\nold,Old,,,,,\n,Fresh,,,,,\n", "sheet")
            carry_out(store, apply_operations(rows, source="sheet", now=NOW))
        after = repo.get("a")
        assert after.extra == {"list": ["y"], "none": None, "empty": ""}
        assert after.created == created.created
        assert repo.get("old").created is None
        (fresh,) = repo.query("Fresh")
        assert fresh.milestone.created == NOW


@given(
    st.sampled_from(("title", "description", "")),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
def test_a_cell_comes_back(column: str, text: str) -> None:
    cell = escape_cell(column, text)
    (operation,) = read_csv(format_cells(["id", column or "x.key"]) + format_cells(["a", cell]), "sheet")
    assert operation.fields[column or "x.key"] == (text or None)
    assert cell[:1] not in tuple("=+@-\t\r\n")
