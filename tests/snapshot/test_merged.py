"""What a merge comes to by id, whatever git makes of the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.model.layout import ROOT as FOLDER
from gitmilestone.model.merging.by_id import Expected
from gitmilestone.snapshot.merged import Merged, State, find_base_texts, find_changed, merge_one, read_heads
from tests.merging import SHIP, both, edit, edit_text, fork, make_clone, text_of
from tests.repositories import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return make_clone(tmp_path)


def merged(clone: Clone, ours: str = "main", theirs: str = "side") -> dict[str, Merged]:
    with clone.store() as store:
        heads = read_heads(store, ours, theirs)
        return {name: merge_one(store, heads, name) for name in find_changed(store, heads)}


def test_what_one_side_changed_is_as_it_has_it(clone: Clone) -> None:
    clone.new("gone")
    fork(clone, lambda clone: clone.delete("gone"), both(edit(owner="bo"), lambda clone: clone.new("beta")))
    found = merged(clone)
    assert found.keys() == {"ship", "gone", "beta"}
    assert found["gone"].expected == Expected(None)
    assert found["ship"].expected == Expected(clone.git("show", f"side:{SHIP}").encode() + b"\n")
    assert found["ship"].base
    assert found["beta"].base is found["beta"].ours is None


def test_another_milestone_in_a_place_near_by_has_nothing_of_it(clone: Clone) -> None:
    """The files are alike, and made at one moment: for git the one is what became of the other."""
    fork(
        clone,
        lambda clone: (clone.delete("ship"), clone.new("search", owner="ana", labels=["m"], description="One.\n")),
        edit(owner="bo", due="2027-01-15"),
    )
    found = merged(clone)
    (conflict,) = (found["ship"].expected or Expected(None)).conflicts
    assert (conflict.field, conflict.ours, conflict.theirs.owner) == ("file", None, "bo")
    assert found["search"].expected == Expected(text_of(clone, f"{FOLDER}/active/search.yaml").encode())


def test_both_changed_it_wherever_it_lies(clone: Clone) -> None:
    def move(clone: Clone) -> None:
        (clone.path / FOLDER / "active" / "zz").mkdir()
        clone.git("mv", SHIP, f"{FOLDER}/active/zz/ship.yaml")
        clone.git("commit", "-qm", "move")

    fork(clone, both(edit(owner="bo"), move), edit(priority="high"))
    expected = merged(clone)["ship"].expected
    assert expected
    assert b"owner: bo\n\npriority: high\n" in (expected.content or b"")


def test_a_side_that_can_not_be_read_has_a_fault(clone: Clone) -> None:
    fork(clone, edit_text("owner: ana", "owner: [ana"), edit(owner="cy"))
    found = merged(clone)["ship"]
    assert found.expected is None
    assert found.fault


def test_ancestors_that_were_merged_themselves(clone: Clone) -> None:
    """Both branches have merged each other, and each of them has a state of its own from before."""
    fork(clone, edit(owner="bo"), edit(priority="high"))
    ours, theirs = clone.head, clone.git("rev-parse", "side")
    clone.git("merge", "-q", "--no-edit", theirs)
    clone.git("switch", "-q", "side")
    clone.git("merge", "-q", "--no-edit", ours)
    edit(owner="di")(clone)
    clone.git("switch", "-q", "main")
    edit(priority="low")(clone)
    expected = merged(clone)["ship"].expected
    assert expected
    assert not expected.conflicts
    assert b"owner: di\n\npriority: low\n" in (expected.content or b"")


def test_without_a_common_past_both_added_it(clone: Clone) -> None:
    clone.git("switch", "-q", "--orphan", "side")
    clone.write({"active/ship.yaml": "schema: 1\n\ntitle: Do ship\n\nstatus: planned\n\nowner: cy\n"})
    assert [conflict.field for conflict in (merged(clone)["ship"].expected or Expected(None)).conflicts] == ["owner"]


def test_ancestors_that_contradict_each_other_are_both_asked(clone: Clone) -> None:
    """What they are a merge of is in conflict itself: neither is what both sides have it from."""
    fork(clone, edit(owner="bo"), edit(owner="cy"))
    ours, theirs = clone.head, clone.git("rev-parse", "side")
    clone.git("merge", "-q", "--no-edit", "-s", "ours", theirs)
    clone.git("switch", "-q", "side")
    clone.git("merge", "-q", "--no-edit", "-s", "ours", ours)
    clone.git("switch", "-q", "main")
    with clone.store() as store:
        texts = find_base_texts(store, read_heads(store, "main", "side"), "ship")
    assert sorted(line for text in texts for line in (text or b"").split(b"\n") if b"owner" in line) == [
        b"owner: bo",
        b"owner: cy",
    ]
    assert [conflict.field for conflict in (merged(clone)["ship"].expected or Expected(None)).conflicts] == ["file"]


def test_a_state_has_every_milestone_that_is_a_plain_file(clone: Clone) -> None:
    clone.write({"active/zz/stray.yaml": "title: [\n", "notes.yaml": "title: N\n"})
    (clone.path / FOLDER / "active" / "link.yaml").symlink_to("ship.yaml")
    clone.git("add", ".")
    clone.git("commit", "-qm", "link")
    with clone.store() as store:
        state = State(store.files_at())
        assert {name: entry.path for name, entry in state.entries.items()} == {
            "ship": "active/ship.yaml",
            "stray": "active/zz/stray.yaml",
        }
        assert state.entries is state.entries, "listed once"
        assert (state.find("link"), state.find("nobody")) == (None, None)
