"""`git milestone resolve` shows what is in conflict, and asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.merging import SHIP, both, edit, edit_text, fork, install, make_clone, text_of
from tests.repositories import Clone
from tests.resolving import MERGED, Run, dispute, finish, merge


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return make_clone(tmp_path)


@pytest.fixture
def run(clone: Clone) -> Run:
    return Run(clone)


def test_without_a_terminal_it_lists(clone: Clone, run: Run) -> None:
    dispute(clone)
    done = run()
    assert done.returncode == 1
    assert done.stdout == (
        f"ship  {SHIP}\n"
        "  owner\n    base    ana\n    ours    bo\n    theirs  cy\n"
        "  due\n    base    (unset)\n    ours    2027-01-15\n    theirs  2027-02-01\n"
    )


def test_without_a_terminal_it_says_how_to_answer_and_stages_what_needs_none(clone: Clone, run: Run) -> None:
    clone.new("other", owner="ana")
    fork(clone, *(both(edit(owner=name), edit("other", owner=name)) for name in ("bo", "cy")))
    merge(clone)
    (clone.path / SHIP).write_text(re.sub("<<<<<<<[^>]*>>>>>>> .*", "owner: bo", text_of(clone)))
    assert "nothing is left in it: `git milestone resolve` stages it" in run("--list").stdout
    done = run()
    assert done.returncode == 1
    assert "resolved ship\n" in done.stdout
    assert "--theirs, or --field FIELD=VALUE" in done.stderr
    assert run("other", "--ours").returncode == 0
    assert run().returncode == 0
    assert clone.git("ls-files", "-u") == ""


def test_what_is_offered_as_a_value_is_inert(clone: Clone, run: Run) -> None:
    fork(clone, edit_text("owner: ana", 'owner: "\\e[31mred"'), edit(owner="bo"))
    merge(clone)
    status, said = run.type("e\n\n")
    assert status == 0, said
    assert "\x1b[31m" not in said
    assert 'owner: "\\e[31mred"' in text_of(clone).replace("\\x1b", "\\e").replace("\\x1B", "\\e")


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
