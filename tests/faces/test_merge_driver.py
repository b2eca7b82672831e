"""The merge driver, run by real git: whatever merges there, and whatever becomes of the driver."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.model.layout import ROOT as FOLDER
from gitmilestone.operations.checking.check import check
from gitmilestone.snapshot.documents import get_document
from gitmilestone.store.installing.drivers import remove_drivers
from tests.merging import SHIP, archive, both, complete, edit, edit_text, fork, install, make_clone, text_of
from tests.repositories import ROOT, Clone

OWNERS = "<<<<<<< ours\nowner: bo\n=======\nowner: cy\n>>>>>>> theirs\n"
_LABELS = r"^(<<<<<<<|\|\|\|\|\|\|\||>>>>>>>) .*$"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return make_clone(tmp_path)


def unlabelled(text: str) -> str:
    """With the names that git before 2.44 does not tell, whatever they are."""
    names = {"<": "ours", "|": "base", ">": "theirs"}
    return re.sub(_LABELS, lambda found: f"{found[1]} {names[found[1][0]]}", text, flags=re.MULTILINE)


Way = Callable[[Clone], str]


def _merge(clone: Clone) -> str:
    return clone.git("merge", "--no-edit", "side", is_checked=False)


def _pick(clone: Clone) -> str:
    return clone.git("cherry-pick", "side", is_checked=False)


def _rebase(clone: Clone) -> str:
    """Theirs is what is moved."""
    clone.git("switch", "-q", "side")
    return clone.git("rebase", "main", is_checked=False)


def _pop(clone: Clone) -> str:
    clone.git("switch", "-qc", "stashing", "main~")
    clone.git("restore", "--source", "side", "--", FOLDER)
    clone.git("stash")
    clone.git("switch", "-q", "main")
    return clone.git("stash", "pop", is_checked=False)


def _revert(clone: Clone) -> str:
    """Their commit is the base, and what was before it theirs: the undoing of an undoing."""
    clone.git("switch", "-q", "side")
    clone.git("revert", "--no-edit", "HEAD")
    undoing = clone.git("rev-parse", "HEAD")
    clone.git("switch", "-q", "main")
    return clone.git("revert", "--no-edit", undoing, is_checked=False)


def _am(clone: Clone) -> str:
    patch = clone.git("format-patch", "--stdout", "--no-textconv", "--no-renames", "-1", "side")
    return clone.git("am", "-3", stdin=f"{patch}\n".encode(), is_checked=False)


WAYS: dict[str, Way] = {
    "merge": _merge,
    "cherry-pick": _pick,
    "rebase": _rebase,
    "stash pop": _pop,
    "revert": _revert,
    "am -3": _am,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_lines_can_not_join_joins(clone: Clone, way: str) -> None:
    ours = edit(labels=["m", "p"], description="One.\n\nTwo!\n")
    fork(clone, ours, edit(labels=["m", "q"], description="One!\n\nTwo.\n", owner="bo"))
    WAYS[way](clone)
    assert "UU" not in clone.status()
    with clone.store() as store:
        milestone = get_document(store, store.work_files(), "ship").milestone
    assert milestone
    assert milestone.labels == ("m", "p", "q")
    assert (milestone.owner, milestone.description) == ("bo", "One!\n\nTwo!\n")


@pytest.mark.parametrize("way", WAYS)
def test_a_conflict_is_in_its_field_alone(clone: Clone, way: str) -> None:
    fork(clone, edit(owner="bo", labels=["m", "p"]), edit(owner="cy", labels=["m", "q"]))
    WAYS[way](clone)
    assert f"UU {SHIP}" in clone.status()
    text = unlabelled(text_of(clone))
    assert OWNERS in text
    assert text.count("<<<<<<<") == 1
    assert "\n  - m\n\n  - p\n\n  - q\n" in text


def replace_ship(clone: Clone) -> None:
    """Another milestone, made at the same moment, whose file is much alike, in its stead."""
    text = text_of(clone).replace("title: Do ship", "title: Search")
    clone.write({"active/ship.yaml": None, "active/search.yaml": text})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("replaced_by", ["ours", "theirs"])
def test_one_milestone_is_not_merged_into_another(clone: Clone, way: str, replaced_by: str) -> None:
    """git takes the one for the other, renamed, and tells the driver nothing of it."""
    edits = [replace_ship, edit(owner="cy", due="2027-01-15")]
    fork(clone, *edits[:: 1 if replaced_by == "ours" else -1])
    WAYS[way](clone)
    assert clone.git("ls-files", "-u"), clone.status()
    text = (clone.path / FOLDER / "active" / "search.yaml").read_text()
    assert "owner: cy" not in text or "\nowner: cy\n" in text[text.index("<<<<<<<") :]
    assert "owner: ana" in text


def test_merge_tree_does_not_guess(clone: Clone) -> None:
    fork(clone, replace_ship, edit(owner="cy", due="2027-01-15"))
    tree = clone.git("merge-tree", "--write-tree", "main", "side", is_checked=False).split("\n")[0]
    assert clone.git("cat-file", "-p", f"{tree}:{FOLDER}/active/search.yaml").startswith("<<<<<<< ours\n")


def test_copies_are_told_apart_where_git_tells_what_it_merges(clone: Clone) -> None:
    """Both were made from one template, so that its history tells nothing of the base."""
    clone.write({"active/copy.yaml": text_of(clone)})
    fork(clone, edit(owner="bo"), edit(priority="high"))
    _merge(clone)
    assert clone.status() == ""
    assert "owner: bo\n\npriority: high\n" in text_of(clone)


def test_git_tells_in_the_names_of_the_sides_where_it_has_paired_files(clone: Clone, tmp_path: Path) -> None:
    """From version 2.44 on; whatever else can't be found out then counts nothing."""
    text = text_of(clone)
    texts = {"base": text, "ours": text.replace("ana", "bo"), "theirs": text.replace("due:", "due: 2027-01-15")}
    for names, is_merged in (
        (("base", "HEAD", "side"), True),
        (tuple(f"{side}:{SHIP}" for side in texts), True),
        ((f"base:{FOLDER}/active/search.yaml", f"HEAD:{SHIP}", f"side:{FOLDER}/active/search.yaml"), False),
    ):
        for name, content in texts.items():
            (clone.path / name).write_text(content)
        program = tmp_path / "bin" / "git-milestone"
        done = subprocess.run(
            [program, "__merge", "branches", "--", *texts, "7", SHIP, *names], cwd=clone.path, check=False
        )
        assert done.returncode == (0 if is_merged else 3)


@pytest.mark.parametrize("size", ["2147483648", "99999999999999999999", "-3", "many", "0"])
def test_a_size_of_markers_that_no_file_could_hold(clone: Clone, size: str) -> None:
    (clone.git_dir / "info").mkdir(exist_ok=True)
    (clone.git_dir / "info" / "attributes").write_text(f"{SHIP} conflict-marker-size={size}\n")
    fork(clone, edit(owner="bo", labels=["p"]), edit(owner="cy", labels=["q"]))
    clone.git("config", "--unset", "merge.milestone.driver")
    clone.git("config", "merge.milestone.driver", "exit 1")
    _merge(clone)
    done = subprocess.run(
        [sys.executable, "-m", "gitmilestone", "resolve", "--ours"],
        cwd=clone.path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "resolved ship" in done.stdout) == (0, True), done.stderr


def test_merge_tree_needs_no_work_tree(clone: Clone, tmp_path: Path) -> None:
    fork(clone, edit(labels=["m", "p"]), edit(labels=["m", "q"]))
    tree = clone.git("merge-tree", "--write-tree", "main", "side").split("\n")[0]
    assert "  - p\n\n  - q\n" in clone.git("cat-file", "-p", f"{tree}:{SHIP}")
    bare = Clone(tmp_path / "bare.git")
    clone.git("clone", "-q", "--bare", str(clone.path), str(bare.path))
    install(bare, tmp_path)
    assert bare.git("merge-tree", "--write-tree", "main", "side").split("\n")[0] == tree


def test_a_base_that_is_merged_itself(clone: Clone) -> None:
    """Two branches that have merged each other have two common ancestors, which git merges first."""
    fork(clone, edit(owner="bo", labels=["m", "p"]), edit(owner="cy", labels=["m", "q"]))
    ours, theirs = clone.head, clone.git("rev-parse", "side")

    def meet(branch: str, other: str, owner: str) -> None:
        clone.git("switch", "-q", branch)
        clone.git("merge", other, is_checked=False)
        (clone.path / SHIP).write_text(re.sub("<<<<<<<[^>]*>>>>>>> .*", f"owner: {owner}", text_of(clone)))
        clone.git("commit", "-qam", f"{branch} has met {other}")

    meet("main", theirs, "bo")
    meet("side", ours, "bo")
    edit(priority="high", labels=["m", "p", "q", "r"])(clone)
    clone.git("switch", "-q", "main")
    edit(project="auth", labels=["p", "q"])(clone)
    _merge(clone)
    assert clone.status() == ""
    text = text_of(clone)
    assert "owner: bo\n\npriority: high\n" in text
    assert "labels:\n\n  - p\n\n  - q\n\n  - r\n" in text


@pytest.mark.parametrize("style", ["diff3", "zdiff3"])
def test_markers_are_as_git_is_told_to_write_them(clone: Clone, style: str) -> None:
    clone.git("config", "merge.conflictStyle", style)
    (clone.git_dir / "info").mkdir(exist_ok=True)
    (clone.git_dir / "info" / "attributes").write_text(f"{SHIP} conflict-marker-size=11\n")
    fork(clone, edit(owner="bo"), edit(owner="cy"))
    _merge(clone)
    hunk = "owner: bo\n||||||||||| base\nowner: ana\n===========\nowner: cy\n>>>>>>>>>>>"
    assert hunk in re.sub(r"(?m)^(\|{11}) .*$", r"\1 base", text_of(clone))


def test_both_add_the_same_milestone(clone: Clone) -> None:
    def add(owner: str, label: str) -> Callable[[Clone], object]:
        return lambda clone: clone.new("beta", title="Beta", owner=owner, labels=[label])

    fork(clone, add("bo", "p"), add("cy", "q"))
    _merge(clone)
    text = unlabelled(text_of(clone, f"{FOLDER}/active/beta.yaml"))
    assert OWNERS in text
    assert "labels:\n  - p\n\n  - q\n" in text
    assert text.count("title: Beta") == text.count("<<<<<<<") == 1


def test_completed_here_and_edited_there(clone: Clone) -> None:
    fork(clone, complete, edit(status="in_progress", labels=["m", "p"], due="2027-01-15"))
    _merge(clone)
    assert clone.status() == ""
    assert "status: completed\n" in text_of(clone)
    assert "due: 2027-01-15\n" in text_of(clone)


def test_archived_here_and_edited_there(clone: Clone) -> None:
    """The file moves, and the driver merges it where it went."""
    fork(clone, both(complete, archive), edit(status="in_progress", labels=["m", "p"], due="2027-01-15"))
    _merge(clone)
    assert clone.status() == ""
    text = text_of(clone, f"{FOLDER}/completed/ship.yaml")
    assert "status: completed\n" in text
    assert "due: 2027-01-15\n" in text
    assert not (clone.path / SHIP).exists()


def test_archived_here_and_reopened_there_is_right_in_the_file_and_check_says_so(clone: Clone) -> None:
    complete(clone)
    fork(clone, archive, edit(labels=["x"], status="in_progress"))
    _merge(clone)
    assert "status: in_progress\n" in text_of(clone, f"{FOLDER}/completed/ship.yaml")
    with clone.store() as store:
        assert [problem.code for problem in check(store.work_files()).problems] == ["wrong-folder"]


def test_an_octopus_joins_what_lines_join_and_git_refuses_the_rest(clone: Clone) -> None:
    """Its strategy is git's oldest, and asks no driver."""
    for branch, change in (("a", edit(owner="bo")), ("b", edit(due="2027-01-15")), ("c", edit(owner="cy"))):
        clone.git("switch", "-qc", branch, "main")
        change(clone)
    clone.git("switch", "-q", "main")
    clone.git("merge", "-q", "--no-edit", "a", "b")
    assert "owner: bo\n" in text_of(clone)
    assert "due: 2027-01-15\n" in text_of(clone)
    clone.git("reset", "-q", "--hard", "HEAD~")
    clone.git("merge", "--no-edit", "b", "a", "c", is_checked=False)
    assert clone.git("rev-list", "--count", "--merges", "HEAD") == "0"


def test_config_is_merged_by_lines(clone: Clone) -> None:
    path = f"{FOLDER}/config/project.yaml"
    fork(clone, edit_text("layout: flat", "layout: sharded", path), edit_text("layout: flat", "layout: sharded2", path))
    _merge(clone)
    assert "<<<<<<< HEAD\nlayout: sharded\n" in text_of(clone, path)


FAILURES = {
    "gone": "",
    "can't be loaded": "exit 1",
    "crashes": "echo oops >&2; exit 70",
    "killed": "kill -9 $$",
    "killed half-way": '( $milestone "$@" ) & sleep 0.01; kill -9 $!; kill -9 $$',
    "misunderstands": "$milestone __merge --no-such-option",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_without_the_driver_git_merges_lines(clone: Clone, tmp_path: Path, failure: str) -> None:
    program = install(clone, tmp_path, FAILURES[failure])
    if failure == "gone":
        program.unlink()
    fork(clone, edit(owner="bo"), both(edit(owner="cy"), edit(due="2027-01-15")))
    _merge(clone)
    assert f"UU {SHIP}" in clone.status()
    assert OWNERS in text_of(clone)
    assert "due: 2027-01-15\n" in text_of(clone)
    assert [path.name for path in clone.path.iterdir() if path.name.startswith(".merge_file")] == []
    clone.git("merge", "--abort")
    clone.git("switch", "-qc", "clean", "main~")
    edit(priority="high")(clone)
    clone.git("merge", "--no-edit", "main")
    assert "owner: bo\n\npriority: high\n" in text_of(clone)


def test_a_merge_that_takes_too_long_is_one_of_lines(clone: Clone, tmp_path: Path) -> None:
    code = (
        "from gitmilestone.faces import merge_driver\n"
        "from gitmilestone.faces.cli.main import run\n"
        "merge_driver._SECONDS = 1\n"
        "merge_driver.merge_texts = lambda *_, **__: [None for _ in iter(int, 1)]\n"
        "run()\n"
    )
    (tmp_path / "slow.py").write_text(code)
    install(clone, tmp_path, f'exec ${{milestone% -m gitmilestone}} "{tmp_path}/slow.py" "$@"')
    fork(clone, edit(owner="bo"), edit(owner="cy"))
    _merge(clone)
    assert OWNERS in text_of(clone)


@pytest.mark.parametrize("fault", ["owner: *alias", "owner: bo\n\nowner: di", "owner: !!python/object bo"])
def test_a_side_that_can_not_be_read_is_merged_by_lines(clone: Clone, fault: str) -> None:
    fork(clone, edit_text("owner: ana", fault), both(edit(owner="cy"), edit(due="2027-01-15")))
    _merge(clone)
    text = unlabelled(text_of(clone))
    assert f"<<<<<<< ours\n{fault.partition(chr(10))[0]}" in text
    assert "=======\nowner: cy\n" in text
    assert "due: 2027-01-15\n" in text


def test_a_clean_merge_of_lines_that_can_not_be_read_is_a_conflict_all_the_same(clone: Clone) -> None:
    fork(clone, edit_text("owner: ana", "owner: *alias"), edit(due="2027-01-15"))
    _merge(clone)
    assert f"UU {SHIP}" in clone.status()
    assert "owner: *alias\n" in text_of(clone)
    assert "due: 2027-01-15\n" in text_of(clone)


def test_a_base_that_can_not_be_read_need_not_be(clone: Clone) -> None:
    edit_text("owner: ana", "owner: [")(clone)
    mend = edit_text("owner: [", "owner: ana")
    fork(clone, mend, both(mend, edit(due="2027-01-15")))
    _merge(clone)
    assert clone.status() == ""
    assert "owner: ana\n" in text_of(clone)


def test_attributes_without_a_driver_do_no_harm(clone: Clone) -> None:
    """A clone of somebody who has not installed it, and every web forge."""
    with clone.store() as store:
        remove_drivers(store)
    assert "merge: milestone" in clone.git("check-attr", "merge", "--", SHIP)
    fork(clone, edit(owner="bo", priority="high"), edit(owner="cy", due="2027-01-15"))
    _merge(clone)
    text = text_of(clone)
    assert "<<<<<<< HEAD\nowner: bo\n=======\nowner: cy\n>>>>>>> side\n\npriority: high\n" in text
    assert "due: 2027-01-15\n" in text


@pytest.mark.long
def test_a_hundred_conflicts(clone: Clone) -> None:
    paths = [f"active/many-{number}.yaml" for number in range(100)]
    text = text_of(clone)
    clone.write(dict.fromkeys(paths, text))
    ours, theirs = text.replace("owner: ana", "owner: bo"), text.replace("owner: ana", "owner: cy")
    sides = (dict.fromkeys(paths, side) for side in (ours, theirs))
    fork(clone, *(lambda clone, files=files: clone.write(files) for files in sides))
    _merge(clone)
    assert clone.status().count("UU ") == 100
    for path in paths:
        assert OWNERS in unlabelled(text_of(clone, f"{FOLDER}/{path}"))


def test_what_only_the_whole_shows_is_for_check(clone: Clone) -> None:
    """Each file is right in itself."""
    clone.new("beta")
    fork(clone, edit("ship", depends_on=["beta"]), edit("beta", depends_on=["ship"]))
    clone.git("merge", "-q", "--no-edit", "side")
    with clone.store() as store:
        assert [problem.code for problem in check(store.work_files()).problems] == ["dependency-cycle"]


def test_it_imports_little(clone: Clone) -> None:
    """It is started once a file."""
    code = "from gitmilestone.faces.cli.main import main\nmain({})\nimport sys\nprint(*sys.modules)"
    files = [clone.path / name for name in ("base", "ours", "theirs")]
    text = text_of(clone)
    for file, owner, due in zip(files, ("ana", "bo", "ana"), ("", "", " 2027-01-15"), strict=True):
        file.write_text(text.replace("owner: ana", f"owner: {owner}").replace("due:", f"due:{due}"))
    for args in (["__merge", "branches", "--", *map(str, files), "7", SHIP], ["__textconv", str(files[1])]):
        done = subprocess.run(
            [sys.executable, "-c", code.format(args)], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=clone.path,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        heavy = {"click", "yaml", "json", "sqlite3", "subprocess", "dulwich", "gitmilestone.store.store", "hashlib"}
        assert not heavy & {*done.stdout.split()}
    assert "owner: bo\n" in files[1].read_text()
    assert "due: 2027-01-15\n" in files[1].read_text()


def test_it_says_what_is_in_conflict_and_what_helps(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    fork(clone, edit(owner="bo", due="2027-01-15"), edit(owner="cy", due="2027-02-01"))
    os.chdir(clone.path)
    os.system("git merge side")
    said = capfd.readouterr().err
    assert f"{SHIP}: in conflict: owner, due\n" in said
    assert "hint: `git milestone resolve ship` goes through them\n" in said
