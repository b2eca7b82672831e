"""Row 64: every kind of repository that git has works, or says in one line why it can't."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import EnvironmentFault
from gitmilestone.operations.asking.history import history
from gitmilestone.operations.asking.query import answer
from gitmilestone.query.query import Query
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone, init_project, run_git

GIT_VERSION = tuple(int(part) for part in re.findall(r"\d+", run_git("version"))[:2])


def listed(clone: Clone) -> list[tuple[str, str]]:
    with clone.store() as store:
        return [(row.milestone.id, row.milestone.status) for row in answer(store, store.files_at(), Query()).rows]


def exercise(clone: Clone, *, has_work_tree: bool = True, untouched: str = "") -> None:
    """init, create, read, complete, delete and --no-commit, with the state of git checked after each."""

    def check() -> None:
        if has_work_tree:
            assert clone.status() == untouched
        assert clone.locks() == []

    clone.init()
    check()
    kept = set(clone.ids())
    for name in ("one", "two"):
        assert clone.new(name, title=f"The {name}") == clone.head
        check()
    assert {name for name, _ in listed(clone)} == kept | {"one", "two"}
    clone.edit("one", priority="high")
    check()
    clone.complete("one")
    check()
    assert ("one", "completed") in listed(clone)
    assert "title: The one" in clone.text("active/one.yaml")
    clone.archive("one")
    check()
    assert "title: The one" in clone.text("completed/one.yaml")
    with clone.store() as store:
        assert len(list(history(store, "one"))) == 3
    clone.delete("two")
    check()
    assert clone.ids() == kept | {"one"}
    if has_work_tree:
        clone.new("three", WriteOptions(stage_only=True))
        assert clone.status() == "\n".join(filter(None, [untouched, "A  .milestones/active/three.yaml"]))
        clone.git("commit", "-qm", "three, by hand")
        check()
    clone.fsck()


def plain(clone: Clone, _: Path) -> Clone:
    return clone


def linked_worktree(clone: Clone, tmp_path: Path) -> Clone:
    clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    return Clone(tmp_path / "linked")


def linked_worktree_of_a_bare_one(clone: Clone, tmp_path: Path) -> Clone:
    clone.git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    run_git("worktree", "add", "-q", str(tmp_path / "linked"), "main", cwd=tmp_path / "bare.git")
    return Clone(tmp_path / "linked")


def submodule(clone: Clone, tmp_path: Path) -> Clone:
    parent = tmp_path / "parent"
    run_git("init", "-q", str(parent))
    run_git("submodule", "--quiet", "add", str(clone.path), "inner", cwd=parent)
    run_git("commit", "-qm", "inner", cwd=parent)
    return Clone(parent / "inner")


def separate_git_dir(clone: Clone, tmp_path: Path) -> Clone:
    clone.git("init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere.git"))
    return clone


def separate_git_dir_on_another_file_system(clone: Clone, tmp_path: Path) -> Clone:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system here")
    place = other / f"milestone-tests-{os.getpid()}.git"
    shutil.rmtree(place, ignore_errors=True)
    shutil.move(clone.git_dir, place)
    (clone.path / ".git").write_text(f"gitdir: {place}\n")
    return clone


def split_index(clone: Clone, _: Path) -> Clone:
    clone.git("config", "core.splitIndex", "true")
    clone.git("update-index", "--split-index")
    assert list(clone.git_dir.glob("sharedindex.*"))
    return clone


def index_version_4(clone: Clone, _: Path) -> Clone:
    clone.git("update-index", "--index-version", "4")
    return clone


def untracked_cache(clone: Clone, _: Path) -> Clone:
    clone.git("config", "core.untrackedCache", "true")
    clone.git("update-index", "--force-untracked-cache")
    clone.git("status")
    return clone


def fsmonitor(clone: Clone, _: Path) -> Clone:
    hook = clone.git_dir / "fsmonitor-test"
    hook.write_text("#!/bin/sh\nprintf 'token\\0/\\0'\n")
    hook.chmod(0o755)
    clone.git("config", "core.fsmonitor", str(hook))
    clone.git("update-index", "--fsmonitor")
    clone.git("status")
    return clone


def many_files_elsewhere(clone: Clone) -> None:
    for folder in ("big/a", "big/b", "small"):
        (clone.path / folder).mkdir(parents=True)
        (clone.path / folder / "file").write_text("x\n")
    clone.git("add", ".")
    clone.git("commit", "-qm", "folders")


def sparse_checkout(clone: Clone, _: Path) -> Clone:
    many_files_elsewhere(clone)
    clone.git("sparse-checkout", "set", "--cone", "small", ".milestones")
    return clone


def sparse_checkout_without_milestones(clone: Clone, _: Path) -> Clone:
    many_files_elsewhere(clone)
    clone.git("sparse-checkout", "set", "--cone", "small")
    assert not (clone.path / ".milestones").exists()
    return clone


def sparse_index(clone: Clone, _: Path) -> Clone:
    many_files_elsewhere(clone)
    clone.git("sparse-checkout", "set", "--cone", "--sparse-index", "small", ".milestones")
    assert "big/" in clone.git("ls-files", "--sparse").split("\n")
    return clone


def sparse_index_without_milestones(clone: Clone, _: Path) -> Clone:
    many_files_elsewhere(clone)
    clone.git("sparse-checkout", "set", "--cone", "--sparse-index", "small")
    assert ".milestones/" in clone.git("ls-files", "--sparse").split("\n")
    return clone


def sparse_index_that_ends_with_the_milestones(clone: Clone, _: Path) -> Clone:
    """git's own `update-index --index-info` would add a second entry of that name."""
    clone.git("rm", "-rq", "src", "readme")
    for name in (".a", ".b"):
        (clone.path / name).mkdir()
        (clone.path / name / "file").write_text("x\n")
    clone.git("add", ".")
    clone.git("commit", "-qm", "folders")
    clone.git("sparse-checkout", "set", "--cone", "--sparse-index", ".a")
    assert clone.git("ls-files", "--sparse").split("\n")[-1] == ".milestones/"
    return clone


def sha256(_: Clone, tmp_path: Path) -> Clone:
    init_project(tmp_path / "sha256", "--object-format=sha256")
    return Clone(tmp_path / "sha256")


def reftable(_: Clone, tmp_path: Path) -> Clone:
    if GIT_VERSION < (2, 45):
        pytest.skip("this git has no reftable: it needs 2.45")
    init_project(tmp_path / "reftable", "--ref-format=reftable")
    return Clone(tmp_path / "reftable")


def shallow(clone: Clone, tmp_path: Path) -> Clone:
    clone.new("before")
    run_git("clone", "-q", "--depth=1", f"file://{clone.path}", str(tmp_path / "shallow"))
    return Clone(tmp_path / "shallow")


def partial_clone(clone: Clone, tmp_path: Path) -> Clone:
    clone.new("before")
    clone.edit("before", priority="low")
    clone.git("config", "uploadpack.allowFilter", "true")
    clone.git("config", "uploadpack.allowAnySHA1InWant", "true")
    run_git("clone", "-q", "--filter=blob:none", f"file://{clone.path}", str(tmp_path / "partial"))
    return Clone(tmp_path / "partial")


def treeless_clone(clone: Clone, tmp_path: Path) -> Clone:
    clone.new("before")
    clone.git("config", "uploadpack.allowFilter", "true")
    clone.git("config", "uploadpack.allowAnySHA1InWant", "true")
    run_git("clone", "-q", "--filter=tree:0", f"file://{clone.path}", str(tmp_path / "treeless"))
    return Clone(tmp_path / "treeless")


def alternates(clone: Clone, tmp_path: Path) -> Clone:
    run_git("clone", "-q", "--shared", str(clone.path), str(tmp_path / "borrower"))
    return Clone(tmp_path / "borrower")


def packed(clone: Clone, _: Path) -> Clone:
    clone.git("gc", "-q", "--aggressive", "--prune=now")
    clone.git("pack-refs", "--all", "--prune")
    return clone


def shared_with_the_group(clone: Clone, _: Path) -> Clone:
    clone.git("config", "core.sharedRepository", "group")
    return clone


def autocrlf(clone: Clone, _: Path) -> Clone:
    clone.git("config", "core.autocrlf", "true")
    return clone


def no_file_mode(clone: Clone, _: Path) -> Clone:
    clone.git("config", "core.fileMode", "false")
    return clone


def no_reflogs(clone: Clone, _: Path) -> Clone:
    clone.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(clone.git_dir / "logs")
    return clone


def core_worktree(clone: Clone, tmp_path: Path) -> Clone:
    """The git directory is somewhere else, and core.worktree points to the files; git is run in its folder."""
    (clone.path / ".git").rename(tmp_path / "store.git")
    made = Clone(clone.path, GIT_DIR=str(tmp_path / "store.git"))
    made.git("config", "core.worktree", str(clone.path))
    return made


def from_a_subfolder(clone: Clone, _: Path) -> Clone:
    (clone.path / "src" / "deep").mkdir()
    return Clone(clone.path / "src" / "deep")


def git_dir_variable(clone: Clone, tmp_path: Path) -> Clone:
    """GIT_DIR and GIT_WORK_TREE, as `git --git-dir --work-tree` set them, from outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    return Clone(outside, GIT_DIR=str(clone.git_dir), GIT_WORK_TREE=str(clone.path))


def relative_git_dir_variable(clone: Clone, _: Path) -> Clone:
    return Clone(clone.path / "src", GIT_DIR="../.git", GIT_WORK_TREE="..")


def git_dir_without_a_work_tree_variable(clone: Clone, _: Path) -> Clone:
    """Then the current folder is the work tree."""
    return Clone(clone.path, GIT_DIR=".git")


def index_file_variable(clone: Clone, _: Path) -> Clone:
    shutil.copy(clone.git_dir / "index", clone.git_dir / "mine")
    return Clone(clone.path, GIT_INDEX_FILE=".git/mine")


def object_directory_variable(clone: Clone, tmp_path: Path) -> Clone:
    elsewhere = tmp_path / "objects"
    elsewhere.mkdir()
    return Clone(
        clone.path,
        GIT_OBJECT_DIRECTORY=str(elsewhere),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=str(clone.git_dir / "objects"),
    )


def literal_pathspecs_variable(clone: Clone, _: Path) -> Clone:
    return Clone(clone.path, GIT_LITERAL_PATHSPECS="1")


def odd_path(clone: Clone, tmp_path: Path) -> Clone:
    """A folder whose name a careless program would split, expand or fail to decode."""
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a 'b' \"c\" $d *\xe2\x80\xa8\xff"))
    shutil.copytree(clone.path, place, symlinks=True)
    return Clone(place)


KINDS: list[Callable[[Clone, Path], Clone]] = [
    plain,
    linked_worktree,
    linked_worktree_of_a_bare_one,
    submodule,
    separate_git_dir,
    separate_git_dir_on_another_file_system,
    split_index,
    index_version_4,
    untracked_cache,
    fsmonitor,
    sparse_checkout,
    sparse_checkout_without_milestones,
    sparse_index,
    sparse_index_without_milestones,
    sparse_index_that_ends_with_the_milestones,
    sha256,
    reftable,
    shallow,
    partial_clone,
    treeless_clone,
    alternates,
    packed,
    shared_with_the_group,
    autocrlf,
    no_file_mode,
    no_reflogs,
    core_worktree,
    from_a_subfolder,
    git_dir_variable,
    relative_git_dir_variable,
    git_dir_without_a_work_tree_variable,
    index_file_variable,
    object_directory_variable,
    literal_pathspecs_variable,
    odd_path,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_row_64_every_command_works(clone: Clone, tmp_path: Path, kind: Callable[[Clone, Path], Clone]) -> None:
    made = kind(clone, tmp_path)
    try:
        exercise(made)
    finally:
        if kind is separate_git_dir_on_another_file_system:
            shutil.rmtree(made.git_dir)


def test_row_64_the_kind_of_index_stays_what_it_was(clone: Clone, tmp_path: Path) -> None:
    index_version_4(clone, tmp_path)
    clone.new("ship")
    assert (clone.git_dir / "index").read_bytes()[4:8] == b"\0\0\0\4"
    sparse_index(clone, tmp_path)
    clone.new("boat")
    assert "big/" in clone.git("ls-files", "--sparse").split("\n")


def test_a_sparse_index_is_whole_only_while_it_is_written(clone: Clone, tmp_path: Path) -> None:
    clone.new("ship")
    sparse_index_that_ends_with_the_milestones(clone, tmp_path)
    clone.edit("ship", priority="high")
    listed = clone.git("ls-files", "--sparse", "-t").split("\n")
    assert listed == ["H .a/file", "S .b/", "S .milestones/"]
    (clone.path / ".a" / "file").write_text("y\n")
    clone.git("commit", "-qam", "code")
    assert clone.git("ls-tree", "--name-only", "HEAD").split("\n") == [".a", ".b", ".milestones"]
    clone.fsck()
    assert "priority: high" in clone.text("active/ship.yaml")
    run_git("clone", "-q", str(clone.path), str(tmp_path / "other"))
    other = Clone(tmp_path / "other")
    other.edit("ship", priority="low")
    other.fsck()


def test_row_64_a_linked_worktree_and_its_main_one_see_each_others_commits(clone: Clone, tmp_path: Path) -> None:
    linked = linked_worktree(clone, tmp_path)
    linked.new("side")
    clone.new("main")
    assert (clone.ids(), linked.ids()) == ({"main"}, {"side"})
    assert clone.ids("side") == {"side"}
    assert clone.status() == linked.status() == ""
    clone.git("merge", "-q", "-m", "join", "side")
    assert clone.ids() == {"main", "side"}


def test_row_64_in_a_bare_repository_writes_lay_no_files(clone: Clone, tmp_path: Path) -> None:
    clone.git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = Clone(tmp_path / "bare.git")
    exercise(bare, has_work_tree=False)
    assert not (bare.path / ".milestones").exists()
    assert not (bare.path / "index").exists()
    with pytest.raises(EnvironmentFault, match="bare"):
        bare.new("three", WriteOptions(stage_only=True))
    with bare.store() as store, pytest.raises(EnvironmentFault, match="bare"):
        store.work_files()


def test_row_64_a_bare_repository_without_any_commit(tmp_path: Path) -> None:
    bare = Clone(tmp_path)
    bare.git("init", "-q", "--bare")
    bare.init()
    bare.new("ship")
    assert bare.ids() == {"ship"}


def test_row_64_a_partial_clone_fetches_what_it_reads(clone: Clone, tmp_path: Path) -> None:
    made = partial_clone(clone, tmp_path)
    missing = [
        line for line in made.git("rev-list", "--objects", "--all", "--missing=print").split("\n") if line[0] == "?"
    ]
    assert missing
    with made.store() as store:
        old = store.files_at("HEAD~1")
        assert list(history(store, "before"))
        entry = old.find("active/before.yaml")
        assert entry is not None
        assert next(iter(old.iter_contents([entry])))[2]


def test_row_64_a_partial_clone_that_can_not_fetch_says_what_is_missing(
    clone: Clone, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = partial_clone(clone, tmp_path)
    shutil.rmtree(clone.path)
    with made.store() as store:
        old = store.files_at("HEAD~1")
        entry = old.find("active/before.yaml")
        assert entry is not None
        with pytest.raises(EnvironmentFault) as fault:
            list(old.iter_contents([entry]))
    assert entry.oid
    assert entry.oid in fault.value.message + capfd.readouterr().err


def test_row_64_git_c_and_two_dashes_git_dir(clone: Clone, tmp_path: Path) -> None:
    """What `git -C`, `git --git-dir` and an alias hand on, taken from git itself."""
    command = tmp_path / "bin" / "git-hand-on"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\npwd; env -0\n")
    command.chmod(0o755)
    for args, cwd in (
        (("-C", "src"), clone.path),
        (("--git-dir=../.git", "--work-tree=.."), clone.path / "src"),
        (("--git-dir", str(clone.git_dir), "--work-tree", str(clone.path)), tmp_path),
    ):
        said = run_git(*args, "hand-on", cwd=cwd, env={"PATH": f"{command.parent}:{os.environ['PATH']}"})
        where, _, listed_variables = said.partition("\n")
        pairs = (item.partition("=") for item in listed_variables.split("\0") if item.startswith("GIT_"))
        environ = {name: value for name, _, value in pairs}
        made = Clone(Path(where), **environ)
        made.new(f"ship-{len(made.ids())}")
        assert Clone(clone.path).status() == ""
    assert len(clone.ids()) == 3
