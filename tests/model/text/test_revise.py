"""An edit touches only the lines it must, whatever the hand that wrote the file."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from gitmilestone.errors import Refused
from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.text.document import MAX_BYTES, Document, read_document, revise
from gitmilestone.model.text.encode import encode
from gitmilestone.model.text.yaml_loader import load
from gitmilestone.model.text.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence
from tests.model.edits import edited
from tests.model.handwritten import handwritten
from tests.strategies import milestones

_PATH = ".milestones/active/x.yaml"


def end_of(node: Node) -> int:
    if isinstance(node, Scalar) or node.flow:
        return node.end
    if isinstance(node, Sequence):
        return end_of(node.items[-1])
    return end_of(list(node.entries.values())[-1].value)


def rows_of(text: str, entry: Entry) -> range:
    """The lines, from 0, of a key and its value."""
    return range(entry.key.line - 1, text.count("\n", 0, max(end_of(entry.value) - 1, 0)) + 1)


def lines_of(text: str, entry: Entry) -> list[str]:
    rows = rows_of(text, entry)
    lines = text.split("\n")[rows.start : rows.stop]
    # Spaces alone behind a block count as its own, as long as nothing else does.
    while not lines[-1].strip():
        lines.pop()
    return lines


def rest_of(text: str, root: Mapping, edited_keys: set[str]) -> list[str]:
    """The lines of everything but some fields, and but blank lines and comments."""
    gone = {row for key in edited_keys if key in root.entries for row in rows_of(text, root.entries[key])}
    lines = enumerate(text.split("\n"))
    return [line for row, line in lines if row not in gone and line.strip() and line.strip()[0] != "#"]


def differing(old: Milestone, new: Milestone) -> set[str]:
    names = {name for name in FIELDS if getattr(old, name) != getattr(new, name)}
    missing = object()
    return names | {
        key for key in {*old.extra, *new.extra} if old.extra.get(key, missing) != new.extra.get(key, missing)
    }


def parse(text: str) -> Mapping:
    root = load(text)
    assert isinstance(root, Mapping)
    return root


def check_revision(document: Document, new: Milestone) -> None:
    old = document.milestone
    assert old is not None
    text = document.text
    written = revise(document, new).decode()
    note("".join(unified_diff(text.splitlines(True), written.splitlines(True))))
    assert read_document(_PATH, new.id, written.encode()).milestone == new
    before, after = parse(text), parse(written)
    if before.flow:
        return
    keys = differing(old, new)
    assert rest_of(text, before, keys) == rest_of(written, after, keys)
    for key in before.entries.keys() - keys:
        assert lines_of(text, before.entries[key]) == lines_of(written, after.entries[key])
    if all(key in before.entries and key in FIELDS and FIELDS[key].shape == "scalar" for key in keys):
        assert notes_in(text) == notes_in(written)
    if "tasks" in keys and "tasks" in before.entries and "tasks" in after.entries:
        check_tasks(text, written, old, new)


def notes_in(text: str) -> list[str]:
    return [line[line.index("# note") :] for line in text.split("\n") if "# note" in line]


def check_tasks(text: str, written: str, old: Milestone, new: Milestone) -> None:
    """Tasks that are the same in both keep their lines, and so do the fields of the others."""
    before, after = parse(text).entries["tasks"].value, parse(written).entries["tasks"].value
    if not isinstance(before, Mapping) or not isinstance(after, Mapping) or before.flow:
        return
    olds, news = {task.id: task for task in old.tasks}, {task.id: task for task in new.tasks}
    if [key for key in news if key in olds] != [key for key in olds if key in news]:
        return
    for key in olds.keys() & news.keys():
        was, now = before.entries[key], after.entries[key]
        if olds[key] == news[key]:
            assert lines_of(text, was) == lines_of(written, now)
        elif isinstance(was.value, Mapping) and isinstance(now.value, Mapping) and not was.value.flow:
            for name, entry in was.value.entries.items():
                if name in Task._fields and getattr(olds[key], name) == getattr(news[key], name):
                    assert lines_of(text, entry) == lines_of(written, now.value.entries[name])


@given(st.data())
def test_edits_of_files_written_by_hand(data: st.DataObject) -> None:
    milestone = data.draw(milestones())
    text = data.draw(handwritten(milestone))
    document = read_document(_PATH, milestone.id, text.encode())
    assert document.milestone == milestone, document.problems
    check_revision(document, data.draw(edited(milestone)))


@given(st.data())
def test_edits_of_canonical_files(data: st.DataObject) -> None:
    milestone = data.draw(milestones())
    document = read_document(_PATH, milestone.id, encode(milestone))
    check_revision(document, data.draw(edited(milestone)))


@given(st.data())
def test_revising_scalars_of_the_canonical_form_gives_the_canonical_form(data: st.DataObject) -> None:
    milestone = data.draw(milestones())._replace(extra={})
    other = data.draw(milestones(st.just(milestone.id)))
    scalars = {field.name: getattr(other, field.name) for field in MILESTONE_FIELDS if field.shape == "scalar"}
    new = milestone._replace(**scalars)
    document = read_document(_PATH, milestone.id, encode(milestone))
    assert revise(document, new) == encode(new)


def revised(text: str, **changes: Any) -> str:
    document = read_document(_PATH, "x", text.encode())
    assert document.milestone, document.problems
    return revise(document, document.milestone._replace(**changes)).decode()


HEAD = "schema: 1\n\ntitle: T\n\nstatus: planned\n"


def test_json_is_written_anew_with_all_that_is_in_it() -> None:
    text = '{"schema": 1, "title": "T", "status": "planned", "labels": ["a"], "risk": {"high": ["x", null]}}'
    document = read_document(_PATH, "x", text.encode())
    assert document.milestone
    new = document.milestone._replace(owner="Bo")
    assert revise(document, new) == encode(new)
    assert new.extra == {"risk": {"high": ["x", None]}}


def test_a_removal_leaves_the_blank_line_and_an_addition_takes_it() -> None:
    text = f"{HEAD}\nlabels:\n  - a\n\n  - c\n\n  - e\n\nowner:\n"
    without = revised(text, labels=("a", "e"))
    assert without == f"{HEAD}\nlabels:\n  - a\n\n\n  - e\n\nowner:\n"
    assert revised(without, labels=("a", "d", "e")) == text.replace("- c", "- d")


def test_blank_lines_do_not_pile_up() -> None:
    text = f"{HEAD}\nlabels:\n  - a\n\n  - b\n\nowner:\n"
    for _ in range(5):
        text = revised(revised(text, labels=("a",)), labels=("a", "b"))
    assert "\n\n\n\n" not in text
    assert revised(text, labels=()).count("\n") <= HEAD.count("\n") + 6


def test_what_replaces_an_item_does_not_inherit_its_comment() -> None:
    text = f"{HEAD}\nlabels:\n- a # since May\n- c\n"
    assert revised(text, labels=("b", "c")) == f"{HEAD}\nlabels:\n- b\n- c\n"


def test_a_block_keeps_its_indent_and_its_comment() -> None:
    text = f"{HEAD}\ndescription: | # long\n      One.\n      Two.\n\nowner: Ana\n"
    assert revised(text, description="One.\nTwo!\n") == text.replace("Two.", "Two!")


def test_a_block_does_not_swallow_the_comment_behind_it() -> None:
    text = f"{HEAD}\ndescription: old\n    # of the owner\nowner: Ana\n"
    written = revised(text, description="One.\nTwo.\n")
    assert "\n    # of the owner\nowner: Ana\n" in written


def test_a_block_does_not_swallow_the_comment_behind_what_is_removed() -> None:
    text = f"{HEAD}\nowner: |-\n  Ana\n\nrisk: high\n    # of the team\n\nteam: x\n"
    assert revised(text, extra={"team": "x"}) == f"{HEAD}\nowner: |-\n  Ana\n\n# of the team\n\nteam: x\n"


def test_a_block_that_keeps_its_blank_lines_gets_no_more_of_them() -> None:
    text = f"{HEAD}\ntasks:\n  a:\n    title: A\n    note: |+\n      Long.\n\n"
    assert revised(text, description="D") == f"{text}description: |-\n  D\n\n"


def test_an_edit_needs_a_file_without_errors() -> None:
    document = read_document(_PATH, "x", b"title: T\n")
    with pytest.raises(Refused, match="has errors"):
        revise(document, Milestone("x", "U"))


def test_a_file_does_not_grow_beyond_what_is_read() -> None:
    document = read_document(_PATH, "x", HEAD.encode())
    assert document.milestone
    with pytest.raises(Refused, match="bytes"):
        revise(document, document.milestone._replace(description="x\n" * MAX_BYTES))


def test_an_odd_layout_is_refused_rather_than_broken() -> None:
    text = "? schema\n: 1\n? title\n: T\n? status\n: planned\n? owner\n"
    document = read_document(_PATH, "x", text.encode())
    assert document.milestone
    with pytest.raises(Refused, match="in place"):
        revise(document, document.milestone._replace(owner="Bo"))
