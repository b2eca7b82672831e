"""What git's own merges drop or give to another milestone is told, before and after, and put right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.model.layout import ROOT as FOLDER
from gitmilestone.model.milestone import Milestone
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.checking.review import review
from gitmilestone.operations.checking.strays import CODE, DELETED
from gitmilestone.operations.merging.after_merge import look_at_arrived
from gitmilestone.operations.merging.put_right import put_right
from gitmilestone.snapshot.documents import read_all, read_at
from tests.merging import Edit, both, edit, edit_text, fork
from tests.repositories import Clone, init_project

_CREATED = "2026-11-01T10:00:00Z"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Without a driver, as a forge merges."""
    init_project(tmp_path / "project")
    return Clone(tmp_path / "project")


def document(name: str, rest: str = "", created: str = _CREATED) -> str:
    return (
        f"schema: 1\n\ntitle: Do {name}\n\nstatus: planned\n\nproject: core\n\ncreated: {created}\n\n"
        f"labels:\n  - alpha\n  - beta\n\n{rest}"
    )


def lay(*names: str) -> Callable[[Clone], None]:
    return lambda clone: clone.write({f"active/{name}.yaml": document(name) for name in names})


def remove(name: str) -> Callable[[Clone], None]:
    def carry_out(clone: Clone) -> None:
        clone.git("rm", "-q", f"{FOLDER}/active/{name}.yaml")
        clone.git("commit", "-qm", f"remove {name}")

    return carry_out


def archive(name: str) -> Callable[[Clone], None]:
    """Heavily edited, then moved."""

    def carry_out(clone: Clone) -> None:
        old, new = f"{FOLDER}/active/{name}.yaml", f"{FOLDER}/completed/{name}.yaml"
        (clone.path / FOLDER / "completed").mkdir(exist_ok=True)
        clone.git("mv", old, new)
        path = clone.path / new
        done = "".join(f"  What came of it, line {number}.\n" for number in range(30))
        path.write_text(path.read_text().replace("planned", "completed") + f"description: |\n{done}")
        clone.git("commit", "-qam", f"archive {name}")

    return carry_out


SCENES = {
    "moved and edited": (["search"], both(archive("search"), lay("export")), "search", "export"),
    "deleted": (["search"], both(remove("search"), lay("export")), "search", "export"),
    "made in bulk": (
        [f"m{number}" for number in range(1, 7)],
        both(remove("m2"), lambda clone: _move(clone, "m6")),
        "m2",
        "m6",
    ),
}


def _move(clone: Clone, name: str) -> None:
    (clone.path / FOLDER / "completed").mkdir(exist_ok=True)
    clone.git("mv", f"{FOLDER}/active/{name}.yaml", f"{FOLDER}/completed/{name}.yaml")
    path = clone.path / FOLDER / "completed" / f"{name}.yaml"
    path.write_text(path.read_text().replace("planned", "completed"))
    clone.git("commit", "-qam", f"complete {name}")


@pytest.fixture(params=SCENES)
def scene(request: pytest.FixtureRequest, clone: Clone) -> tuple[Clone, str, str]:
    names, ours, edited, other = SCENES[request.param]
    lay(*names)(clone)
    fork(clone, ours, edit(edited, owner="ana", due="2027-01-15"))
    return clone, edited, other


def merge(clone: Clone) -> None:
    clone.git("merge", "-q", "--no-edit", "side")


def told(clone: Clone, span: str, code: str = CODE) -> list[str]:
    with clone.store() as store:
        return [one.message.partition(" ")[2] for one in check_range(store, span).problems if one.code == code]


def find(clone: Clone, name: str) -> Milestone | None:
    with clone.store() as store:
        document = read_all(store.files_at()).documents.get(name)
        return document.milestone if document else None


def owner_of(clone: Clone, name: str) -> str | None:
    found = find(clone, name)
    return found.owner if found else None


def test_a_review_says_what_would_land_where(scene: tuple[Clone, str, str]) -> None:
    clone, edited, other = scene
    with clone.store() as store:
        found = review(store, "main..side").strays
    assert {(one.id, one.place.name, one.landed_in) for one in found} == {
        (edited, "owner", other),
        (edited, "due", other),
    }


def test_a_merge_is_told_and_put_right_once(scene: tuple[Clone, str, str]) -> None:
    clone, edited, other = scene
    before = clone.head
    merge(clone)
    assert owner_of(clone, other) == "ana", "git does what this is about"
    assert told(clone, f"{before}..HEAD") == [
        f"merge {clone.head[:10]} gave {other} what was edited in {edited}: due: 2027-01-15, owner: ana"
    ]
    with clone.store() as store:
        assert CODE in {one.code for one in look_at_arrived(store, before, "HEAD").problems}
        commit = clone.head
        mended = carry_out(store, put_right(store, commit)).outcome
    assert clone.git("rev-list", "--count", f"{commit}..HEAD") == "1"
    assert owner_of(clone, other) is None
    if edited in clone.ids():
        assert owner_of(clone, edited) == "ana"
        assert not mended.warnings
    else:
        assert mended.warnings == (
            f"{edited} is deleted, and stays so; what was edited in it is in "
            f"{before[:10]} or {clone.git('rev-parse', 'side')[:10]}",
        )
    assert told(clone, f"{before}..HEAD") == []
    with clone.store() as store:
        assert carry_out(store, put_right(store, commit)).commit is None
    assert not clone.status()


def test_what_was_edited_since_stays(scene: tuple[Clone, str, str]) -> None:
    clone, edited, other = scene
    before = clone.head
    merge(clone)
    commit = clone.head
    clone.edit(other, owner="bo")
    if edited in clone.ids():
        clone.edit(edited, owner="cy")
    with clone.store() as store:
        carry_out(store, put_right(store, commit))
    assert owner_of(clone, other) == "bo"
    assert edited not in clone.ids() or owner_of(clone, edited) == "cy"
    assert told(clone, f"{before}..HEAD") == []


def test_an_edit_that_is_in_no_file_is_dropped(clone: Clone) -> None:
    """A person takes a whole file of one side, where only lines were in conflict, or none."""
    lay("a", "b")(clone)
    fork(clone, edit("b", owner="bo"), both(edit("a", due="2027-01-15", labels=["alpha", "beta", "z"]), lay("c")))
    before = clone.head
    clone.git("merge", "-q", "--no-commit", "side")
    clone.git("checkout", "HEAD", "--", f"{FOLDER}/active/a.yaml")
    clone.git("rm", "-qf", f"{FOLDER}/active/c.yaml")
    clone.git("commit", "-qm", "merge")
    # All that is left of the other side is nothing: that is what `-s ours` does as well.
    assert told(clone, f"{before}..HEAD") == []
    clone.git("reset", "-q", "--hard", before)
    clone.git("merge", "-q", "--no-commit", "side")
    clone.git("checkout", "HEAD", "--", f"{FOLDER}/active/a.yaml")
    clone.git("commit", "-qm", "merge")
    assert told(clone, f"{before}..HEAD") == [
        f"merge {clone.head[:10]} dropped edits of a: due: 2027-01-15, labels: + z"
    ]
    with clone.store() as store:
        carry_out(store, put_right(store, clone.head))
    found = find(clone, "a")
    assert found
    assert (str(found.due), found.labels) == ("2027-01-15", ("alpha", "beta", "z"))


def test_what_a_person_decided_is_left_alone(clone: Clone) -> None:
    lay("a", "b")(clone)
    fork(
        clone,
        edit("a", owner="bo", priority="high"),
        both(edit("a", owner="cy", due="2027-01-15"), edit("b", due="2027-03-01")),
    )
    before = clone.head
    clone.git("merge", "-q", "--no-commit", "side", is_checked=False)
    clone.git("checkout", "--ours", "--", f"{FOLDER}/active/a.yaml")
    path = clone.path / FOLDER / "active" / "b.yaml"
    path.write_text(path.read_text().replace("2027-03-01", "2027-04-01"))
    clone.git("commit", "-qam", "merge, by hand")
    assert told(clone, f"{before}..HEAD") == []


@pytest.mark.parametrize("strategy", ["ours", "recursive", "octopus"])
def test_merges_that_do_what_they_were_asked_to(clone: Clone, strategy: str) -> None:
    lay("a", "b")(clone)
    fork(clone, edit("b", owner="bo"), edit("a", owner="cy"))
    before = clone.head
    also = []
    if strategy == "octopus":
        clone.git("switch", "-qc", "third", "side~1")
        lay("c")(clone)
        clone.git("switch", "-q", "main")
        also = ["third"]
    clone.git("merge", "-q", "--no-edit", "-s", strategy, "side", *also)
    assert told(clone, f"{before}..HEAD") == []
    if strategy == "recursive":
        clone.git("revert", "--no-edit", "-m", "1", "HEAD")
        assert told(clone, f"{before}..HEAD") == []


def rename(clone: Clone) -> None:
    clone.git("mv", f"{FOLDER}/active/a.yaml", f"{FOLDER}/active/z.yaml")
    clone.git("commit", "-qm", "rename")


def move_to_archive(clone: Clone) -> None:
    (clone.path / FOLDER / "completed").mkdir()
    clone.git("mv", f"{FOLDER}/active/a.yaml", f"{FOLDER}/completed/a.yaml")
    clone.git("commit", "-qm", "archive")


def untitle(clone: Clone) -> None:
    """As somebody writes it who gives no time."""
    for path in (clone.path / FOLDER).rglob("*.yaml"):
        path.write_text(path.read_text().replace(f"created: {_CREATED}\n\n", ""))
    clone.git("commit", "-qam", "no times")


@pytest.mark.parametrize("is_timed", [True, False])
@pytest.mark.parametrize(
    ("moves", "name"),
    [
        ([rename], "z"),
        ([rename, edit("z", labels=["alpha", "beta", "z"])], "z"),
        ([move_to_archive], "a"),
        ([move_to_archive, edit("a", labels=["alpha", "beta", "z"])], "a"),
    ],
)
def test_what_was_moved_takes_its_edits_with_it(clone: Clone, moves: list[Edit], name: str, is_timed: bool) -> None:
    lay("a", "b")(clone)
    if not is_timed:
        untitle(clone)
    fork(clone, both(*moves), edit("a", owner="cy", labels=["beta"]))
    with clone.store() as store:
        assert review(store, "main..side").strays == ()
    before = clone.head
    merge(clone)
    assert owner_of(clone, name) == "cy"
    assert told(clone, f"{before}..HEAD") == []


def test_two_that_were_edited_alike_and_one_of_them_renamed(clone: Clone) -> None:
    lay("a", "b")(clone)
    fork(clone, both(rename, remove("b")), both(edit("a", owner="cy"), edit("b", owner="cy")))
    before = clone.head
    clone.git("merge", "-q", "--no-edit", "side", is_checked=False)
    clone.git("rm", "-qf", f"{FOLDER}/active/b.yaml")
    clone.git("commit", "-qm", "merge", is_checked=False)
    assert owner_of(clone, "z") == "cy"
    assert told(clone, f"{before}..HEAD") == []


def test_what_is_deleted_without_a_question_is_told_and_brought_back(clone: Clone) -> None:
    """git takes another one for it, which says already what was edited."""
    lay("search")(clone)

    def replace(clone: Clone) -> None:
        clone.git("mv", f"{FOLDER}/active/search.yaml", f"{FOLDER}/active/export.yaml")
        path = clone.path / FOLDER / "active" / "export.yaml"
        path.write_text(document("export").replace("core", "core\n\nowner: ana"))
        clone.git("commit", "-qam", "export instead of search")

    fork(clone, replace, edit("search", owner="ana"))
    with clone.store() as store:
        assert [(one.id, one.value.owner) for one in review(store, "main..side").strays] == [("search", "ana")]
    before = clone.head
    merge(clone)
    assert clone.ids() == {"export"}
    with clone.store() as store:
        (problem,) = check_range(store, f"{before}..HEAD").problems
        assert (problem.code, problem.severity) == (DELETED, "warning")
        carry_out(store, put_right(store, "HEAD"))
    assert owner_of(clone, "search") == "ana"
    assert told(clone, f"{before}..HEAD", DELETED) == []


def test_who_decided_that_it_goes_is_not_told(clone: Clone) -> None:
    lay("a", "b")(clone)
    fork(clone, remove("a"), edit("a", owner="cy"))
    before = clone.head
    clone.git("merge", "-q", "--no-edit", "side", is_checked=False)
    clone.git("rm", "-q", f"{FOLDER}/active/a.yaml")
    clone.git("commit", "-qm", "merge")
    assert told(clone, f"{before}..HEAD", DELETED) == []


@pytest.mark.parametrize("way", ["cherry-pick -x", "revert"])
def test_a_commit_that_says_what_it_was_made_from_is_told_of(scene: tuple[Clone, str, str], way: str) -> None:
    clone, edited, other = scene
    before = clone.head
    if way == "revert":
        clone.git("switch", "-q", "side")
        clone.git("revert", "--no-edit", "HEAD")
        undone = clone.head
        clone.git("switch", "-q", "main")
        clone.git("revert", "--no-edit", undone)
    else:
        clone.git("cherry-pick", "-x", "side")
    assert owner_of(clone, other) == "ana"
    assert told(clone, f"{before}..HEAD") == [
        f"commit {clone.head[:10]} gave {other} what was edited in {edited}: due: 2027-01-15, owner: ana"
    ]
    with clone.store() as store:
        carry_out(store, put_right(store, "HEAD"))
    assert owner_of(clone, other) is None
    assert told(clone, f"{before}..HEAD") == []


def test_what_is_left_out_of_a_pick_is_somebodys_wish(clone: Clone) -> None:
    lay("a", "b")(clone)
    fork(clone, edit("b", owner="bo"), edit("a", owner="cy", due="2027-01-15"))
    before = clone.head
    clone.git("cherry-pick", "-x", "side")
    path = clone.path / FOLDER / "active" / "a.yaml"
    path.write_text(path.read_text().replace("owner: cy\n\n", ""))
    clone.git("commit", "-qa", "--amend", "--no-edit")
    assert owner_of(clone, "a") is None
    assert told(clone, f"{before}..HEAD") == []


def test_branches_that_have_merged_each_other(clone: Clone) -> None:
    lay("a", "b")(clone)
    fork(clone, edit("a", owner="bo"), edit("b", owner="cy"))
    ours, theirs = clone.head, clone.git("rev-parse", "side")
    merge(clone)
    clone.git("switch", "-q", "side")
    clone.git("merge", "-q", "--no-edit", ours)
    edit("a", due="2027-01-15")(clone)
    clone.git("switch", "-q", "main")
    edit("b", due="2027-01-15")(clone)
    merge(clone)
    assert told(clone, f"{theirs}..HEAD") == []


def test_places_that_edits_are_given_back_to(clone: Clone) -> None:
    path = f"{FOLDER}/active/a.yaml"
    tasks = "tasks:\n  t:\n    title: T\n\n  u:\n    title: U\n\nx1: own\n\ndepends_on:\n  - b\n"
    clone.write({"active/a.yaml": document("a", tasks), "active/b.yaml": document("b")})
    more = "    title: V\n    weight: 3\n\n  v:\n    title: W\n    status: completed\n"
    change = both(
        edit_text("    title: U\n", more, path),
        edit_text("x1: own", "x1: other\n\nx2: new", path),
        edit_text("  - b\n", "  - c: relates\n", path),
        edit_text("  - alpha\n", "", path),
        edit_text("project: core\n\n", "", path),
        lay("c"),
    )
    fork(clone, edit("b", owner="bo"), change)
    wanted = clone.git("rev-parse", "side")
    clone.git("merge", "-q", "--no-commit", "side")
    clone.git("checkout", "HEAD", "--", f"{FOLDER}/active/a.yaml")
    clone.git("commit", "-qm", "merge")
    with clone.store() as store:
        carry_out(store, put_right(store, "HEAD"))
        after, expected = (read_at(store.files_at(commit), "active/a.yaml") for commit in ("HEAD", wanted))
        assert after == expected
