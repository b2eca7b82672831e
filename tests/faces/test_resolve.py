"""`git milestone resolve` walks through what a real merge has left, and touches nothing else."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitmilestone.model.layout import ROOT as FOLDER
from gitmilestone.store.drivers import remove_drivers
from tests.merging import SHIP, both, edit, edit_text, fork, install, make_clone, text_of
from tests.repositories import ROOT, Clone

DONE = f"{FOLDER}/completed/ship.yaml"


class Run:
    """`git milestone resolve` as its own process."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
        self.command = [sys.executable, "-m", "gitmilestone", "resolve"]

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *args], cwd=self.clone.path, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def read(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self("--json").stdout)["conflicts"]
        return rows

    def type(self, answers: str, *args: str) -> tuple[int, str]:
        """What it prints to somebody at a terminal who answers so, and its exit status."""
        main, side = pty.openpty()
        running = subprocess.Popen(
            [*self.command, *args], cwd=self.clone.path, env=self.environ, stdin=side, stdout=side, stderr=side
        )
        os.close(side)
        os.write(main, answers.encode())
        said = b""
        try:
            while piece := os.read(main, 1 << 16):
                said += piece
        except OSError:  # the other end is closed
            pass
        os.close(main)
        return running.wait(30), said.decode().replace("\r\n", "\n")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return make_clone(tmp_path)


@pytest.fixture
def run(clone: Clone) -> Run:
    return Run(clone)


def merge(clone: Clone) -> None:
    clone.git("merge", "--no-edit", "side", is_checked=False)
    assert clone.git("ls-files", "-u"), clone.status()


def dispute(clone: Clone) -> None:
    """Two fields in conflict, and two that are merged."""
    fork(
        clone,
        edit(owner="bo", due="2027-01-15", labels=["m", "p"]),
        edit(owner="cy", due="2027-02-01", priority="high", labels=["m", "q"]),
    )
    merge(clone)


MERGED = "priority: high\n", "labels:\n  - m\n\n  - p\n\n  - q\n"


def finish(clone: Clone, path: str = SHIP) -> str:
    """The committed file, after a merge that nothing is left of."""
    assert clone.git("ls-files", "-u") == ""
    assert "<<<<<<<" not in text_of(clone, path)
    clone.git("commit", "--no-edit", "-q")
    assert clone.status() == ""
    assert run_check(clone) == []
    return text_of(clone, path)


def run_check(clone: Clone) -> list[str]:
    from gitmilestone.operations.check import check

    with clone.store() as store:
        return [problem.code for problem in check(store.files_at()).problems]


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
    fork(clone, lambda clone: clone.complete("ship"), edit(status="cancelled"))
    merge(clone)
    assert [(row["field"], row["path"]) for row in run.read()] == [("status", DONE)]
    assert run("--theirs").returncode == 0
    assert "status: cancelled\n" in finish(clone, DONE)


def test_a_file_goes_where_its_status_has_it(clone: Clone, run: Run) -> None:
    """Cancelled here, taken into work there, and it is the work that counts: the file moves back."""
    fork(clone, edit(status="cancelled"), edit(status="in_progress"))
    merge(clone)
    assert run("--theirs").returncode == 0
    assert not (clone.path / DONE).exists()
    assert "status: in_progress\n" in finish(clone)


def test_a_move_that_git_does_not_see(clone: Clone, run: Run) -> None:
    """It was completed and rewritten: for git one file was deleted, and another one added."""
    described = edit(description="".join(f"{number} is new.\n" for number in range(80)))
    fork(clone, both(described, lambda clone: clone.complete("ship")), edit(owner="cy", description="Else.\n"))
    merge(clone)
    assert clone.status().startswith("DU")
    assert [row["field"] for row in run.read()] == ["description"]
    assert run("--ours").returncode == 0
    text = finish(clone, DONE)
    assert "owner: cy\n" in text
    assert "79 is new.\n" in text
    assert not (clone.path / SHIP).exists()


def test_moved_to_two_places(clone: Clone, run: Run) -> None:
    """One branch completes it, the other one moves everything into folders."""

    def shard(clone: Clone) -> None:
        (clone.path / FOLDER / "active" / "ab").mkdir()
        clone.git("mv", SHIP, f"{FOLDER}/active/ab/ship.yaml")
        clone.git("commit", "-qm", "shard")

    fork(clone, lambda clone: clone.complete("ship"), both(edit(owner="bo"), shard))
    merge(clone)
    assert run("--ours").returncode == 0
    assert "owner: bo\n" in finish(clone, DONE)
    assert clone.ids() == {"ship"}
    assert sorted(path.name for path in (clone.path / FOLDER).rglob("ship.yaml")) == ["ship.yaml"]


def test_a_folder_that_git_takes_for_moved(clone: Clone, run: Run) -> None:
    """The only open milestone is completed, so active/ is gone: git suggests to add the new one to completed/."""
    fork(clone, lambda clone: clone.complete("ship"), lambda clone: clone.new("beta"))
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
    assert run("ship", "--ours").returncode == 1
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


def test_nothing_to_resolve(clone: Clone, run: Run) -> None:
    for args in ((), ("--list",), ("--ours",), ("--json",)):
        assert run(*args).returncode == 0
    assert run().stderr == "no milestone is in conflict\n"


def test_without_a_terminal_it_lists(clone: Clone, run: Run) -> None:
    dispute(clone)
    done = run()
    assert done.returncode == 1
    assert done.stdout == (
        f"ship  {SHIP}\n"
        "  owner\n    base    ana\n    ours    bo\n    theirs  cy\n"
        "  due\n    base    (unset)\n    ours    2027-01-15\n    theirs  2027-02-01\n"
    )


def test_a_person_is_asked_field_by_field(clone: Clone, run: Run) -> None:
    dispute(clone)
    status, said = run.type("x\nt\ne\nsoon\ne\n2027-03-01\n")
    assert status == 0, said
    assert "    base    ana\n    ours    bo\n    theirs  cy\n" in said
    assert "[o] ours, [t] theirs, [b] base, [e] another value, [s] skip, [q] quit" in said
    assert "error: `due` is a date" in said
    assert "resolved ship" in said
    text = finish(clone)
    assert all(lines in text for lines in ("owner: cy\n", "due: 2027-03-01\n", *MERGED))


@pytest.mark.parametrize("answers", ["t\nq\n", "t\ns\n", "t\n\x04"])
def test_what_was_answered_counts_when_somebody_stops(clone: Clone, run: Run, answers: str) -> None:
    dispute(clone)
    status, said = run.type(answers)
    assert status == 1, said
    assert [row["field"] for row in run.read()] == ["due"]
    assert "owner: cy\n" in text_of(clone)


def test_a_person_is_told_what_ours_is_in_a_rebase(clone: Clone, run: Run) -> None:
    fork(clone, edit(owner="bo"), edit(owner="cy"))
    clone.git("switch", "-q", "side")
    clone.git("rebase", "main", is_checked=False)
    status, said = run.type("t\n")
    assert status == 0
    assert "`ours` is the branch that it goes onto" in said


def test_a_person_edits_a_description_in_the_editor(clone: Clone, run: Run) -> None:
    fork(clone, edit(description="Uno.\n"), edit(description="Eins.\n"))
    merge(clone)
    run.environ["GIT_EDITOR"] = "sed -i s/Uno/Un/"
    status, said = run.type("e\n")
    assert status == 0, said
    assert "description: |\n  Un.\n" in finish(clone)


def test_a_person_keeps_or_deletes(clone: Clone, run: Run) -> None:
    fork(clone, lambda clone: clone.delete("ship"), edit(owner="bo"))
    merge(clone)
    status, said = run.type("t\n")
    assert "[o] delete, [t] keep, [s] skip, [q] quit" in said
    assert status == 0
    assert "owner: bo\n" in text_of(clone)


def test_mergetool_runs_it(clone: Clone, run: Run, tmp_path: Path) -> None:
    dispute(clone)
    install(clone, tmp_path, 'shift; exec $milestone resolve --theirs "$@"')
    clone.git("config", "mergetool.keepBackup", "false")
    clone.git("mergetool", "--no-prompt", "-t", "milestone")
    assert "owner: cy\n" in finish(clone)


def test_mergetool_asks(clone: Clone, run: Run) -> None:
    dispute(clone)
    clone.git("config", "mergetool.keepBackup", "false")
    run.command = ["git", "mergetool", "--no-prompt", "-t", "milestone"]
    status, said = run.type("t\no\n")
    assert status == 0, said
    text = finish(clone)
    assert all(lines in text for lines in ("owner: cy\n", "due: 2027-01-15\n", *MERGED))
