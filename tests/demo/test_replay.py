"""The replay: what its repository is like, and what becomes of records that are not plain."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.demo.history import SourceChange, SourceCommit, read_history
from gitmilestone.model.milestone import Dependency
from gitmilestone.operations.checking.check import check
from tests.demo.records import Replayed, commit, deleted, path_of, stated
from tests.repositories import Clone

SAMPLE = 150


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return Replayed(tmp_path_factory.mktemp("demo") / "sample", read_history()[:SAMPLE])


def assert_sound(clone: Clone) -> None:
    clone.fsck()
    assert clone.status() == ""
    assert clone.locks() == []
    with clone.store() as store:
        assert check(store.work_files()).problems == ()
        assert check(store.files_at()).problems == ()


def assert_follows(clone: Clone, history: list[SourceCommit]) -> None:
    """One commit for each source commit, with its date, behind the one that begins."""
    listed = clone.git("log", "--reverse", "--first-parent", "--format=%at %ct %s").splitlines()
    assert listed[0].endswith(" milestone: init")
    expected = []
    for source in history:
        stamp = int(source.time.timestamp())
        expected.append(f"{stamp} {stamp} milestone: import kubernetes/enhancements@{source.commit}")
    assert listed[1:] == expected


def test_the_repository_is_sound(sample: Replayed) -> None:
    assert_sound(sample.clone)


def test_there_is_a_commit_for_each_source_commit(sample: Replayed) -> None:
    assert_follows(sample.clone, read_history()[:SAMPLE])
    assert sample.imported[-1].commit == sample.clone.head


def test_the_same_history_makes_the_same_commits(sample: Replayed, tmp_path: Path) -> None:
    half = read_history()[: SAMPLE // 2]
    again = Replayed(tmp_path / "again", half)
    assert again.clone.head == sample.imported[len(half) - 1].commit


def test_dirt_is_reported_by_kind(sample: Replayed) -> None:
    counts = sample.findings()
    assert counts["template"] == 1
    assert counts["unparsable"] == 2
    assert counts["unchanged"] == sum(1 for imported in sample.imported if not imported.operations)
    text = sample.replay.findings.format()
    assert len([line for line in text.splitlines() if line.startswith("  ")]) == len(sample.replay.findings)
    assert "keps/NNNN-kep-template/kep.yaml: left out" in text


@pytest.mark.long
def test_the_whole_history(tmp_path: Path) -> None:
    history = read_history()
    replayed = Replayed(tmp_path / "whole", history)
    assert_sound(replayed.clone)
    assert_follows(replayed.clone, history)
    assert len(replayed.milestones()) == len(replayed.replay) == 652


def test_a_commit_that_changes_nothing_kept_is_empty(tmp_path: Path) -> None:
    replayed = Replayed(tmp_path / "r", [commit(1, stated("1-a")), commit(2, stated("1-a", authors=["x"]))])
    assert replayed.imported[1].operations == ()
    assert replayed.clone.git("rev-parse", "HEAD^{tree}") == replayed.clone.git("rev-parse", "HEAD~^{tree}")
    assert replayed.findings() == {"unchanged": 1}


def test_what_can_not_be_read_leaves_the_milestone_as_it_was(tmp_path: Path) -> None:
    unreadable = SourceChange(path_of("1-a"), None, is_readable=False)
    template = stated("NNNN-kep-template", title="KEP Template")
    replayed = Replayed(tmp_path / "r", [commit(1, stated("1-a")), commit(2, unreadable), commit(3, template)])
    assert replayed.milestones().keys() == {"kep-1-a"}
    assert replayed.findings() == {"unparsable": 1, "template": 1, "unchanged": 2}


def test_stages_are_tasks_that_are_done_when_they_are_passed(tmp_path: Path) -> None:
    releases = {"alpha": "v1.20", "beta": "v1.21", "stable": "TBD"}
    history = [
        commit(1, stated("1-a", status="implementable", stage="beta", milestone=releases)),
        commit(2, stated("1-a", status="implementable", stage="stable", milestone=releases)),
        commit(3, stated("1-a", status="implemented", stage="stable", milestone=releases)),
    ]
    replayed = Replayed(tmp_path / "r", history)
    milestone = replayed.milestones()["kep-1-a"]
    assert (milestone.status, milestone.progress) == ("completed", 1)
    assert [(task.id, task.title, task.completed) for task in milestone.tasks] == [
        ("alpha", "Alpha in v1.20", None),
        ("beta", "Beta in v1.21", history[1].time),
        ("stable", "Stable", history[2].time),
    ]


def test_a_move_is_an_edit(tmp_path: Path) -> None:
    history = [
        commit(1, stated("1-a")),
        commit(2, deleted("1-a"), stated("1-a", "sig-auth")),
    ]
    replayed = Replayed(tmp_path / "r", history)
    assert [operation.op for operation in replayed.imported[1].operations] == ["update"]
    assert replayed.milestones()["kep-1-a"].project == "sig-auth"
    assert replayed.findings() == {"moved": 1}


def test_of_two_folders_of_one_name_the_last_holds_the_milestone(tmp_path: Path) -> None:
    history = [commit(1, stated("1-a")), commit(2, stated("1-a", "sig-auth")), commit(3, deleted("1-a"))]
    replayed = Replayed(tmp_path / "r", history)
    assert replayed.milestones()["kep-1-a"].project == "sig-auth"


def test_what_depends_on_a_renamed_one_follows(tmp_path: Path) -> None:
    referring = stated("2-b", see_also=["/keps/sig-node/1-a"])
    history = [
        commit(1, stated("1-a"), referring),
        commit(2, deleted("1-a"), stated("3-c")),
        commit(3, deleted("3-c"), stated("3-d")),
    ]
    replayed = Replayed(tmp_path / "r", history)
    milestones = replayed.milestones()
    assert milestones.keys() == {"kep-2-b", "kep-3-d"}
    assert milestones["kep-2-b"].depends_on == (Dependency("kep-3-d", "relates"),)
    assert replayed.findings()["renamed"] == 2
    assert_sound(replayed.clone)


def test_what_depended_on_a_deleted_one_no_longer_does(tmp_path: Path) -> None:
    referring = stated("2-b", see_also=["/keps/sig-node/1-a"])
    replayed = Replayed(tmp_path / "r", [commit(1, stated("1-a"), referring), commit(2, deleted("1-a"))])
    assert replayed.milestones()["kep-2-b"].depends_on == ()
    assert replayed.findings() == {"dangling": 1, "deleted": 1}
    assert_sound(replayed.clone)


def test_a_reference_waits_until_there_is_what_it_names(tmp_path: Path) -> None:
    referring = stated("2-b", see_also=["/keps/sig-node/1-a", "/keps/sig-node/9-never"])
    replayed = Replayed(tmp_path / "r", [commit(1, referring), commit(2, stated("1-a"))])
    assert replayed.milestones()["kep-2-b"].depends_on == (Dependency("kep-1-a", "relates"),)
    assert replayed.findings() == {"early": 1, "dangling": 1}


def test_a_reference_is_resolved_by_a_number_that_only_one_has(tmp_path: Path) -> None:
    link = "https://github.com/kubernetes/enhancements/issues/"
    history = [
        commit(1, stated("111-a"), stated("222-b"), stated("222-c")),
        commit(2, stated("333-d", see_also=[f"{link}111", f"{link}222", f"{link}333"])),
    ]
    replayed = Replayed(tmp_path / "r", history)
    assert replayed.milestones()["kep-333-d"].depends_on == (Dependency("kep-111-a", "relates"),)
    assert replayed.findings() == {"number": 1, "self": 1, "mended-reference": 1, "dangling": 1}


def test_a_circle_of_replaces_is_refused_and_becomes_relates(tmp_path: Path) -> None:
    def replacing(folder: str, other: str) -> SourceChange:
        return stated(folder, replaces=[f"/keps/sig-node/{other}"])

    history = [
        commit(1, stated("1-a"), replacing("2-b", "1-a")),
        commit(2, stated("3-c", replaces=["/keps/sig-node/2-b"])),
        commit(3, replacing("1-a", "3-c")),
        commit(4, replacing("4-d", "5-e"), replacing("5-e", "4-d")),
    ]
    replayed = Replayed(tmp_path / "r", history)
    milestones = replayed.milestones()
    assert milestones["kep-2-b"].depends_on == (Dependency("kep-1-a"),)
    assert milestones["kep-1-a"].depends_on == (Dependency("kep-3-c", "relates"),)
    kinds = [milestones[name].depends_on[0].type for name in ("kep-4-d", "kep-5-e")]
    assert sorted(kinds) == ["blocks", "relates"]
    assert replayed.findings() == {"circle": 2}
    assert_sound(replayed.clone)
