"""`git milestone resolve` decides what it is told, and touches nothing else."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.errors import Refused
from gitmilestone.model.layout import ROOT as FOLDER
from gitmilestone.model.merging.merge import SIDES, Decision, Side
from gitmilestone.model.merging.merge_text import merge_texts
from gitmilestone.operations.merging.disputed import find_disputed
from gitmilestone.operations.merging.resolve import resolve
from gitmilestone.store.installing.drivers import remove_drivers
from tests.merging import SHIP, archive, both, complete, edit, edit_text, fork, make_clone, text_of
from tests.model.merging.test_merge_text import triples
from tests.repositories import Clone
from tests.resolving import DONE, MERGED, Run, dispute, finish, merge


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return make_clone(tmp_path)


@pytest.fixture
def run(clone: Clone) -> Run:
    return Run(clone)


def test_each_field_is_decided_by_itself(clone: Clone, run: Run) -> None:
    dispute(clone)
    done = run("ship", "--field", "owner=theirs", "--field", "due=2027-03-01")
    assert (done.returncode, done.stdout) == (0, "resolved ship\n")
    assert done.stderr == "hint: nothing is left in conflict; finish it (`git merge --continue`)\n"
    text = finish(clone)
    assert all(lines in text for lines in ("owner: cy\n", "due: 2027-03-01\n", *MERGED))


@pytest.mark.parametrize(("side", "owner"), [("--ours", "bo"), ("--theirs", "cy")])
def test_a_side_of_all_that_is_left(clone: Clone, run: Run, side: str, owner: str) -> None:
    dispute(clone)
    assert run("--field", "due=base", side).returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in (f"owner: {owner}\n", "due:\n", *MERGED))


def test_what_is_left_keeps_its_markers_and_is_not_staged(clone: Clone, run: Run) -> None:
    dispute(clone)
    done = run("--field", "owner=theirs")
    assert (done.returncode, done.stdout) == (1, "ship: left in conflict: due\n")
    assert "still in conflict: ship" in done.stderr
    assert clone.git("ls-files", "-u")
    text = text_of(clone)
    assert "<<<<<<< ours\ndue: 2027-01-15\n=======\ndue: 2027-02-01\n>>>>>>> theirs\n" in text
    assert all(lines in text for lines in ("owner: cy\n", *MERGED))
    assert [row["field"] for row in run.read()] == ["due"]
    assert run("--ours").returncode == 0
    assert "due: 2027-01-15\n" in finish(clone)


def test_what_was_edited_in_the_file_since_stays(clone: Clone, run: Run) -> None:
    dispute(clone)
    file = clone.path / SHIP
    edited = text_of(clone).replace("owner: bo\n", "owner: di\n").replace("title: Do", "title: Really do")
    file.write_text(f"{edited}# x\n")
    assert [(row["field"], row["ours"]) for row in run.read()] == [("owner", "di"), ("due", "2027-01-15")]
    assert run("--ours").returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in ("title: Really do ship\n", "owner: di\n", "# x\n", *MERGED))


def test_what_was_resolved_in_an_editor_is_staged(clone: Clone, run: Run) -> None:
    dispute(clone)
    lines = [line for line in text_of(clone).split("\n") if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>")]
    by_hand = "\n".join(lines).replace("owner: cy\n", "").replace("due: 2027-01-15\n", "")
    (clone.path / SHIP).write_text(by_hand)
    assert run.read() == [
        {"id": "ship", "path": SHIP, "field": None, "base": None, "ours": None, "theirs": None, "problem": None}
    ]
    assert "nothing is left in it" in run("--list").stdout
    assert run("--ours").returncode == 0
    assert finish(clone) == by_hand


def test_a_file_that_some_driver_left_as_ours_is_not_taken_for_resolved(clone: Clone, run: Run) -> None:
    clone.git("config", "merge.milestone.driver", "exit 1")
    dispute(clone)
    assert "<<<<<<<" not in text_of(clone)
    assert [row["field"] for row in run.read()] == ["owner", "due"]
    assert run("--theirs").returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in ("owner: cy\n", *MERGED))


def test_without_the_driver_what_lines_could_not_join_is_joined_now(clone: Clone, run: Run) -> None:
    with clone.store() as store:
        remove_drivers(store)
    dispute(clone)
    assert [row["field"] for row in run.read()] == ["owner", "due"]
    assert run("--theirs").returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in ("owner: cy\n", *MERGED))


def test_a_merge_of_lines_that_makes_no_sense_is_merged_again(clone: Clone, run: Run) -> None:
    """Both add the same key at different places: for git that joins."""
    with clone.store() as store:
        remove_drivers(store)
    edit_text("\npriority:\n", "")(clone)
    fork(
        clone,
        edit_text("title: Do ship\n", "title: Do ship\n\npriority: high\n"),
        both(edit_text("estimate:\n", "estimate:\n\npriority: low\n"), edit(owner="cy")),
    )
    edit(owner="bo")(clone)
    merge(clone)
    assert text_of(clone).count("priority:") == 2
    assert [row["field"] for row in run.read()] == ["owner", "priority"]
    assert run("--theirs").returncode == 0
    assert "priority: low\n" in finish(clone)


def test_a_file_that_was_edited_and_makes_no_sense_is_left_alone(clone: Clone, run: Run) -> None:
    dispute(clone)
    file = clone.path / SHIP
    file.write_text(text_of(clone) + "owner: again\n")
    before = file.read_bytes()
    done = run("--ours")
    assert done.returncode == 1
    assert "was edited" in done.stderr
    assert "finish it in an editor" in done.stderr
    assert file.read_bytes() == before
    assert "was edited" in run.read()[0]["problem"]
    assert "was edited" in run("--list").stdout


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("deleted_by", ["ours", "theirs"])
def test_deleted_by_one_and_edited_by_the_other(clone: Clone, run: Run, deleted_by: str, keep: bool) -> None:
    sides = [lambda clone: clone.delete("ship"), edit(owner="bo")]
    fork(clone, *(sides if deleted_by == "ours" else sides[::-1]))
    merge(clone)
    (row,) = run.read()
    assert (row["field"], row[deleted_by]) == ("file", None)
    assert row["theirs" if deleted_by == "ours" else "ours"]["owner"] == "bo"
    assert run("--list").stdout.count("deleted") == 1
    taken = deleted_by if not keep else "theirs" if deleted_by == "ours" else "ours"
    assert run("--field", f"file={taken}").returncode == 0
    assert (clone.path / SHIP).exists() == keep
    clone.git("commit", "--no-edit", "-q")
    assert clone.status() == ""
    assert clone.ids() == ({"ship"} if keep else set())


def test_completed_here_and_cancelled_there(clone: Clone, run: Run) -> None:
    fork(clone, complete, edit(status="cancelled"))
    merge(clone)
    assert [(row["field"], row["path"]) for row in run.read()] == [("status", SHIP)]
    assert run("--theirs").returncode == 0
    assert "status: cancelled\n" in finish(clone)


def test_what_is_archived_stays_so_if_it_may(clone: Clone, run: Run) -> None:
    fork(clone, both(complete, archive), edit(status="cancelled"))
    merge(clone)
    assert run("--theirs").returncode == 0
    assert "status: cancelled\n" in finish(clone, DONE)


def test_what_is_open_leaves_the_archive(clone: Clone, run: Run) -> None:
    """Archived here, taken into work there, and it is the work that counts: the file moves back."""
    fork(clone, both(edit(status="cancelled"), archive), edit(status="in_progress"))
    merge(clone)
    assert [(row["field"], row["path"]) for row in run.read()] == [("status", DONE)]
    assert run("--theirs").returncode == 0
    assert not (clone.path / DONE).exists()
    assert "status: in_progress\n" in finish(clone)


def test_a_move_that_git_does_not_see(clone: Clone, run: Run) -> None:
    """It was rewritten and archived: for git one file was deleted, and another one added."""
    described = edit(description="".join(f"{number} is new.\n" for number in range(80)))
    fork(clone, both(described, complete, archive), edit(owner="cy", description="Else.\n"))
    merge(clone)
    assert clone.status().startswith("DU")
    assert [row["field"] for row in run.read()] == ["description"]
    assert run("--ours").returncode == 0
    text = finish(clone, DONE)
    assert "owner: cy\n" in text
    assert "79 is new.\n" in text
    assert not (clone.path / SHIP).exists()


def test_moved_to_two_places(clone: Clone, run: Run) -> None:
    """One branch archives it, the other one moves everything into folders."""

    def shard(clone: Clone) -> None:
        (clone.path / FOLDER / "active" / "ab").mkdir()
        clone.git("mv", SHIP, f"{FOLDER}/active/ab/ship.yaml")
        clone.git("commit", "-qm", "shard")

    fork(clone, both(complete, archive), both(edit(owner="bo"), shard))
    merge(clone)
    assert run("--ours").returncode == 0
    assert "owner: bo\n" in finish(clone, DONE)
    assert clone.ids() == {"ship"}
    assert sorted(path.name for path in (clone.path / FOLDER).rglob("ship.yaml")) == ["ship.yaml"]


def test_a_folder_that_git_takes_for_moved(clone: Clone, run: Run) -> None:
    """The only milestone is archived, so active/ is gone: git suggests to add the new one to completed/."""
    fork(clone, both(complete, archive), lambda clone: clone.new("beta"))
    merge(clone)
    assert f"{FOLDER}/completed/beta.yaml" in clone.status()
    assert run("--ours").returncode == 0
    assert "title: Do beta\n" in finish(clone, f"{FOLDER}/active/beta.yaml")
    assert clone.ids() == {"ship", "beta"}


def test_both_added_it(clone: Clone, run: Run) -> None:
    fork(clone, lambda clone: clone.new("beta", owner="bo"), lambda clone: clone.new("beta", title="Beta", owner="bo"))
    merge(clone)
    assert [(row["field"], row["base"]) for row in run.read()] == [("title", None)]
    done = run("--field", "title=base")
    assert done.returncode == 1
    assert "there is no base of `title`" in done.stderr
    assert run("--field", "title=Gamma").returncode == 0
    assert "title: Gamma\n" in finish(clone, f"{FOLDER}/active/beta.yaml")


def test_what_was_staged_with_its_markers(clone: Clone, run: Run) -> None:
    dispute(clone)
    clone.git("add", SHIP)
    assert [row["field"] for row in run.read()] == ["owner", "due"]
    assert run("--theirs").returncode == 0
    assert "owner: cy\n" in finish(clone)


def test_a_side_that_can_not_be_read(clone: Clone, run: Run) -> None:
    fork(clone, edit_text("owner: ana", "owner: *alias"), edit(owner="cy"))
    merge(clone)
    assert run("--ours").returncode == 1
    assert "was edited" in run.read()[0]["problem"] or "can't be read" in run.read()[0]["problem"]
    assert clone.git("ls-files", "-u")


def test_a_description_can_be_taken_by_its_lines(clone: Clone, run: Run) -> None:
    fork(clone, edit(description="Uno.\n\nTwo.\n\nThree.\n"), edit(description="Eins.\n\nTwo!\n"))
    merge(clone)
    assert run("--field", "description=theirs").returncode == 0
    assert "Eins.\n\n  Two!\n" in finish(clone)


def test_only_what_was_asked_for_is_touched(clone: Clone, run: Run) -> None:
    clone.new("other", owner="ana")
    edits = [both(edit(owner=name), edit("other", owner=name)) for name in ("bo", "cy")]
    fork(clone, *edits)
    (clone.path / "readme").write_text("mine\n")
    clone.git("add", "readme")
    (clone.path / "readme").write_text("mine, and not staged\n")
    (clone.path / "untracked").write_text("x")
    clone.git("stash", "-q", "--include-untracked")
    merge(clone)
    clone.git("config", "rerere.enabled", "false")
    (clone.path / "src" / "main.c").write_text("int other;\n")
    before = clone.others(SHIP)
    done = run("ship", "--ours")
    assert (done.returncode, done.stderr) == (0, "still in conflict: other\n")
    before.assert_kept(clone.others(SHIP))
    assert [row["id"] for row in run.read()] == ["other"]


def test_files_that_are_no_milestones_are_named_and_left(clone: Clone, run: Run) -> None:
    def write(text: str) -> Any:
        return both(edit_text("read me", text, "readme"), edit(owner=text))

    fork(clone, write("ours"), write("mine"))
    merge(clone)
    done = run("--ours")
    assert done.returncode == 0
    assert "hint: readme is in conflict too" in done.stderr
    assert "UU readme" in clone.status()


@pytest.mark.parametrize("way", ["rebase", "cherry-pick", "revert", "stash pop"])
def test_after_whatever_left_it(clone: Clone, run: Run, way: str) -> None:
    fork(clone, edit(owner="bo"), edit(owner="cy"))
    if way == "rebase":
        clone.git("switch", "-q", "side")
        clone.git("rebase", "main", is_checked=False)
    elif way == "stash pop":
        clone.git("restore", "--source", "side", "--", FOLDER)
        clone.git("stash", "-q")
        edit(owner="di")(clone)
        clone.git("stash", "pop", is_checked=False)
    else:
        clone.git(way, "--no-edit" if way == "revert" else "-x", "side", is_checked=False)
    assert [row["field"] for row in run.read()] == ["owner"]
    done = run("--field", "owner=me")
    assert done.returncode == 0
    if way != "stash pop":
        assert f"git {way} --continue" in done.stderr
        clone.git("-c", "core.editor=true", way, "--continue")
    assert "owner: me\n" in text_of(clone)
    assert clone.git("ls-files", "-u") == ""


def test_words_that_mean_nothing_are_refused_before_anything_is_written(clone: Clone, run: Run) -> None:
    dispute(clone)
    before = text_of(clone)
    for args, said in (
        (("--field", "title=ours"), "'title' is not in conflict"),
        (("--field", "due=soon"), "`due` is a date"),
        (("--field", "owner"), "--field takes FIELD=VALUE"),
        (("beta", "--ours"), "'beta' is not in conflict"),
        (("--ours", "--theirs"), ""),
    ):
        done = run(*args)
        assert done.returncode == 2
        assert said in done.stderr
    assert text_of(clone) == before


def test_without_a_staging_area_it_says_what_it_can_not(clone: Clone, run: Run, tmp_path: Path) -> None:
    clone.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    run.clone = Clone(tmp_path / "bare.git")
    for args in ((), ("--list",), ("--json",), ("--ours",)):
        done = run(*args)
        assert done.returncode == 128
        assert "a bare repository has no staging area" in done.stderr
        assert done.stdout == ""


def test_nothing_to_resolve(clone: Clone, run: Run) -> None:
    for args in ((), ("--list",), ("--ours",), ("--json",)):
        assert run(*args).returncode == 0
    assert run().stderr == "no milestone is in conflict\n"


def task(title: str, status: str = "planned", **fields: Any) -> dict[str, Any]:
    return {"id": title.lower(), "title": title, "status": status, **fields}


def slide(clone: Clone) -> str:
    """Joined by lines, our half of the conflict lacks a task that nobody removed; returns what it says of that task."""
    with clone.store() as store:
        remove_drivers(store)
    edit(tasks=[task("Enrol"), task("Codes")])(clone)
    done = task("Enrol", "completed", completed="2027-01-01")
    fork(
        clone,
        edit(owner="bo", tasks=[task("Enrol", "in_progress"), task("Codes")]),
        edit(owner="cy", tasks=[done, task("Codes"), task("Quay")]),
    )
    merge(clone)
    assert "  codes:\n    title: Codes\n    status: planned\n>>>>>>>" in text_of(clone)
    return "  codes:\n    title: Codes\n    status: planned\n    weight: 1\n    completed:\n"


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_what_lines_lost_is_there(clone: Clone, run: Run, side: str) -> None:
    codes = slide(clone)
    assert [row["field"] for row in run.read()] == ["owner"]
    assert run(side).returncode == 0
    text = finish(clone)
    assert codes in text
    assert text.count("completed: 2027-01-01") == 1


def test_what_lines_lost_is_there_after_an_edit_too(clone: Clone, run: Run) -> None:
    codes = slide(clone)
    file = clone.path / SHIP
    file.write_text(text_of(clone).replace("title: Do", "title: Really do").replace("Quay", "Key").replace("bo", "di"))
    assert [(row["field"], row["ours"]) for row in run.read()] == [("owner", "di")]
    assert run("--ours").returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in (codes, "title: Really do ship", "title: Key", "owner: di", "  quay:"))


def test_what_was_decided_without_the_driver_stays_decided(clone: Clone, run: Run) -> None:
    codes = slide(clone)
    clone.git("merge", "--abort")
    edit(due="2027-01-01")(clone)
    clone.git("switch", "-q", "side")
    edit(due="2027-02-02")(clone)
    clone.git("switch", "-q", "-")
    merge(clone)
    assert run("--field", "due=2027-03-03").returncode == 1
    assert [row["field"] for row in run.read()] == ["owner"]
    assert run("--theirs").returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in (codes, "due: 2027-03-03", "owner: cy"))


TRIPLES = st.lists(triples(), min_size=1, max_size=4)


@settings(max_examples=8, suppress_health_check=[*HealthCheck])
@given(TRIPLES, st.sampled_from(SIDES[1:]))
def test_lines_and_then_a_side_are_the_driver_and_then_a_side(
    texts: list[tuple[bytes, bytes, bytes]], side: Side
) -> None:
    with tempfile.TemporaryDirectory() as place:
        clone = Clone(Path(place))
        clone.git("init", "-q")
        folder = clone.path / FOLDER / "active"
        folder.mkdir(parents=True)
        for number, branch in enumerate(("base", "ours", "theirs")):
            clone.git("checkout", "-q", "-b", branch, *(["base"] if number else []))
            for name, triple in enumerate(texts):
                (folder / f"{name}.yaml").write_bytes(triple[number])
            clone.git("add", ".")
            clone.git("commit", "-q", "--allow-empty", "-m", branch)
        clone.git("switch", "-q", "ours")
        clone.git("merge", "theirs", is_checked=False)
        with clone.store() as store:
            for one in find_disputed(store).disputed:
                sides = texts[int(one.id)]
                if one.obstacle is not None:
                    with pytest.raises(Refused):
                        merge_texts(one.path, *sides)
                    continue
                decisions: dict[str, Decision] = {conflict.field: side for conflict in one.conflicts}
                assert resolve(store, one, decisions) == ()
                (laid,) = clone.path.rglob(f"{one.id}.yaml")
                assert laid.read_bytes() == merge_texts(one.path, *sides, decisions).content


@pytest.mark.parametrize("is_staged", [True, False])
@pytest.mark.parametrize("names", [(), ("other",)])
def test_a_resolution_made_by_hand_stands(clone: Clone, run: Run, names: tuple[str, ...], is_staged: bool) -> None:
    clone.new("other", owner="ana")
    fork(clone, *(both(edit(owner=name), edit("other", owner=name)) for name in ("bo", "cy")))
    merge(clone)
    by_hand = re.sub("<<<<<<<[^>]*>>>>>>> .*", "owner: bo", text_of(clone))
    (clone.path / SHIP).write_text(by_hand)
    if is_staged:
        clone.git("add", SHIP)
    assert run(*names, "--theirs").returncode == 0
    assert text_of(clone) == by_hand
    assert "owner: cy\n" in text_of(clone, f"{FOLDER}/active/other.yaml")
    assert run("--theirs").returncode == 0
    assert finish(clone) == by_hand


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_a_file_that_somebody_removed_stays_so(clone: Clone, run: Run, side: str) -> None:
    dispute(clone)
    (clone.path / SHIP).unlink()
    assert run(side).returncode == 0
    assert clone.git("ls-files", "-u") == clone.git("ls-files", SHIP) == ""


def test_one_that_was_deleted_here_and_edited_there_and_then_by_hand_stays(clone: Clone, run: Run) -> None:
    fork(clone, lambda clone: clone.delete("ship"), edit(owner="bo"))
    merge(clone)
    by_hand = text_of(clone).replace("owner: bo", "owner: di")
    (clone.path / SHIP).write_text(by_hand)
    assert run("--ours").returncode == 0
    assert finish(clone) == by_hand


def merge_wrong(clone: Clone) -> None:
    """git conflicts in one file, and gives another one's edits to a third without a word."""
    with clone.store() as store:
        remove_drivers(store)
    clone.new("other", owner="ana")
    fork(
        clone,
        both(
            lambda clone: clone.write({"active/ship.yaml": None, "active/search.yaml": text_of(clone)}),
            edit_text("title: Do ship", "title: Search", f"{FOLDER}/active/search.yaml"),
            edit("other", owner="bo"),
        ),
        both(edit(due="2027-01-15"), edit("other", owner="cy")),
    )
    merge(clone)
    assert "search" not in clone.git("ls-files", "-u")
    assert "due: 2027-01-15" in text_of(clone, f"{FOLDER}/active/search.yaml")


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_what_git_merged_clean_and_wrong_is_put_right(clone: Clone, run: Run, side: str) -> None:
    merge_wrong(clone)
    assert {(row["id"], row["field"]) for row in run.read()} == {("other", "owner"), ("search", None), ("ship", "file")}
    done = run("other", "--ours")
    assert "nothing is left" not in done.stderr
    # Now git knows of them too.
    assert {*re.findall(r"(\w+)\.yaml", clone.git("ls-files", "-u"))} == {"search", "ship"}
    assert run(f"--{side}").returncode == 0
    assert "\ndue:\n" in text_of(clone, f"{FOLDER}/active/search.yaml")
    assert (clone.path / SHIP).exists() == (side == "theirs")
    if side == "theirs":
        assert "title: Do ship\n" in text_of(clone)
        assert "due: 2027-01-15\n" in text_of(clone)
    clone.git("commit", "--no-edit", "-q")
    assert run("--list").stderr == "no milestone is in conflict\n"


def replace_it(clone: Clone) -> None:
    """Another milestone in its place, whose file is much alike."""
    clone.delete("ship")
    clone.new("search", title="Rewrite search", owner="ana", labels=["m"], description="One.\n\nTwo.\n")


def say(clone: Clone, path: str) -> list[str]:
    lines = (clone.path / FOLDER / path).read_text().split("\n")
    return [line for line in lines if line.startswith(("title:", "status:", "priority:"))]


@pytest.mark.parametrize("is_driven", [True, False])
def test_two_milestones_that_git_takes_for_one_moved_by_both(clone: Clone, run: Run, is_driven: bool) -> None:
    if not is_driven:
        with clone.store() as store:
            remove_drivers(store)
    clone.new("other")
    fork(clone, replace_it, both(complete, archive))
    clone.git("merge", "--no-edit", "side", is_checked=False)
    assert clone.status().count("\n") >= 2
    (row,) = [row for row in run.read() if row["field"]]
    assert (row["id"], row["ours"], row["theirs"]["title"]) == ("ship", None, "Do ship")
    assert run("--theirs").returncode == 0
    assert clone.git("ls-files", "-u") == ""
    assert say(clone, "active/search.yaml") == ["title: Rewrite search", "status: planned", "priority:"]
    assert say(clone, "completed/ship.yaml") == ["title: Do ship", "status: completed", "priority:"]
    assert clone.ids() == {"search", "other"}


@pytest.mark.parametrize("replaced_by", ["ours", "theirs"])
@pytest.mark.parametrize("is_driven", [True, False])
def test_an_edit_that_git_puts_into_another_milestone(
    clone: Clone, run: Run, is_driven: bool, replaced_by: str
) -> None:
    """One side replaces it, the other edits it: git takes it for renamed, and knows one conflict of the two."""
    if not is_driven:
        with clone.store() as store:
            remove_drivers(store)
    sides = [both(replace_it, edit("search", owner="bo")), edit(owner="cy", priority="high")]
    fork(clone, *(sides if replaced_by == "ours" else sides[::-1]))
    clone.git("merge", "--no-edit", "side", is_checked=False)
    assert [line[:2] for line in clone.git("status", "--short").split("\n")].count("UU") == 1
    edited_by = "theirs" if replaced_by == "ours" else "ours"
    rows = run.read()
    assert [(row["id"], row["field"]) for row in rows] == [("search", None), ("ship", "file")]
    assert rows[1][replaced_by] is None
    assert rows[1][edited_by]["owner"] == "cy"
    assert run("search", "--ours").returncode == 0
    # Now git knows of it too.
    assert "ship.yaml" in clone.git("ls-files", "-u")
    assert run(f"--{edited_by}").returncode == 0
    assert say(clone, "active/search.yaml") == ["title: Rewrite search", "status: planned", "priority:"]
    assert say(clone, "active/ship.yaml") == ["title: Do ship", "status: planned", "priority: high"]
    clone.git("commit", "--no-edit", "-q")
    assert clone.status() == ""
    assert clone.ids() == {"search", "ship"}


def test_of_a_merge_that_is_picked_the_parent_is_found(clone: Clone, run: Run) -> None:
    """git does not keep which of them counts."""
    fork(clone, replace_it, both(complete, archive))
    clone.git("switch", "-q", "-c", "merged", "side")
    clone.git("merge", "-q", "--no-ff", "--no-edit", "-s", "ours", "side~1", is_checked=False)
    clone.git("commit", "-q", "--allow-empty", "-m", "x")
    tree = clone.git("rev-parse", "HEAD^{tree}")
    picked = clone.git("commit-tree", "-p", "side~2", "-p", "side", "-m", "both", tree)
    clone.git("switch", "-q", "main")
    clone.git("cherry-pick", "-m", "1", picked, is_checked=False)
    assert "AU " in clone.status()
    assert run("--theirs").returncode == 0
    assert clone.git("ls-files", "-u") == ""
    assert say(clone, "active/search.yaml") == ["title: Rewrite search", "status: planned", "priority:"]
    assert say(clone, "completed/ship.yaml") == ["title: Do ship", "status: completed", "priority:"]


def test_each_place_has_a_name_of_its_own(clone: Clone, run: Run) -> None:
    """A task `v1` with a title, and a task `v1.title`."""
    whole = {"id": "v1.title", "title": "Two"}
    edit(tasks=[{"id": "v1", "title": "One"}, whole])(clone)
    fork(
        clone,
        edit(tasks=[{"id": "v1", "title": "Eins"}]),
        edit(tasks=[{"id": "v1", "title": "Uno"}, {**whole, "title": "Dos"}]),
    )
    merge(clone)
    assert [row["field"] for row in run.read()] == ["tasks.v1.title", 'tasks."v1.title"']
    assert run("--field", 'tasks."v1.title"=Other').returncode == 2
    assert run("--field", "tasks.v1.title=Other", "--field", 'tasks."v1.title"=theirs').returncode == 0
    assert "  v1:\n    title: Other\n" in (text := finish(clone))
    assert "  v1.title:\n    title: Dos\n" in text


def test_a_key_of_ones_own_may_be_called_anything(clone: Clone, run: Run) -> None:
    def put(value: str) -> Any:
        lines = f"  v1:\n    title: One\n    my.weight: {value}\n    a=b: {value}\n"
        return edit_text("tasks:\n", f"tasks:\n{lines}")

    put("heavy")(clone)
    fork(clone, edit_text(": heavy", ": 12"), edit_text(": heavy", ": light"))
    merge(clone)
    assert sorted(row["field"] for row in run.read()) == ["tasks.v1.x.a=b", "tasks.v1.x.my.weight"]
    assert run("--field", "tasks.v1.x.my.weight=medium", "--field", "tasks.v1.x.a=b=c=d").returncode == 0
    clone.git("commit", "--no-edit", "-q")
    assert {"    a=b: c=d", "    my.weight: medium"} <= {*text_of(clone).split("\n")}


@pytest.mark.parametrize("is_driven", [True, False])
def test_markers_of_another_size(clone: Clone, run: Run, is_driven: bool) -> None:
    (clone.path / ".gitattributes").write_text(f"{FOLDER}/** conflict-marker-size=12\n")
    clone.git("add", ".gitattributes")
    clone.git("commit", "-qm", "sizes")
    if not is_driven:
        with clone.store() as store:
            remove_drivers(store)
    dispute(clone)
    file = clone.path / SHIP
    file.write_text(text_of(clone).replace("title: Do", "title: Really do"))
    assert run("--field", "owner=theirs").returncode == 1
    assert f"{'<' * 12} ours\ndue: 2027-01-15\n{'=' * 12}\ndue: 2027-02-01\n{'>' * 12} theirs\n" in text_of(clone)
    clone.git("add", SHIP)
    assert [row["field"] for row in run.read()] == ["due"]
    assert run("--ours").returncode == 0
    text = finish(clone)
    assert all(lines in text for lines in ("title: Really do ship\n", "owner: cy\n", "due: 2027-01-15\n"))


def test_why_a_side_can_not_be_read(clone: Clone, run: Run) -> None:
    fork(clone, edit(owner="cy"), edit_text("owner: ana", "owner: [ana"))
    merge(clone)
    listed = run("--list").stdout
    assert re.search(rf"their side of {re.escape(SHIP)} can't be read: line \d+: ", listed)
    assert "hint: finish it in an editor" in listed


def test_why_what_was_edited_can_not_be_read(clone: Clone, run: Run) -> None:
    dispute(clone)
    file = clone.path / SHIP
    written = text_of(clone)
    for old, new, why in (
        ("status: planned\n", "status: soon\n", "line 5: `status` is one of"),
        ("owner: cy\n", "owner: cy\nowner: di\n", "line 13: the key 'owner' is here again"),
        ("=======\ndue", "due", "its conflict markers are incomplete, or out of order"),
    ):
        assert old in written
        file.write_text(written.replace(old, new))
        assert why in run.read()[0]["problem"]


def test_staged_markers_lose_nothing(clone: Clone, run: Run) -> None:
    codes = slide(clone)
    clone.git("add", SHIP)
    assert [row["field"] for row in run.read()] == ["owner"]
    assert run("--ours").returncode == 0
    assert codes in finish(clone)


def test_committed_markers_lose_nothing(clone: Clone, run: Run) -> None:
    codes = slide(clone)
    clone.git("config", "merge.conflictStyle", "diff3")
    clone.git("checkout", "--conflict=diff3", SHIP)
    clone.git("add", SHIP)
    clone.git("commit", "-q", "--no-edit", "--no-verify")
    assert "owner" in [row["field"] for row in run.read()]
    assert run("--ours").returncode == 0
    assert codes.partition("    weight")[0] in text_of(clone)


def test_a_rehearsal_says_what_would_be_resolved_and_writes_nothing(clone: Clone, run: Run) -> None:
    dispute(clone)
    before = (text_of(clone), clone.git("ls-files", "-s"))
    done = run("--ours", "--dry-run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "would resolve ship\n", "nothing was written\n")
    done = run("--field", "owner=theirs", "--dry-run")
    assert done.stdout == "ship: would be left in conflict: due\n"
    assert (text_of(clone), clone.git("ls-files", "-s")) == before
    assert "you commit it" in run("--ours", "--no-verify").stderr
