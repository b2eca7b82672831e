"""A ref is read only where it may have moved, and then it is always read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitmilestone.errors import InvalidValue, UnknownRevision
from gitmilestone.store.asking.moves import RefWatch, Standing, find_difference, find_ref, is_ancestor
from tests.repositories import Clone, run_git

MAIN = "refs/heads/main"


def settle(refs: RefWatch, now: float = 0.0) -> None:
    """Until it has seen the files of the ref that it read."""
    while refs.look(now) is not None:
        pass


def test_nothing_is_read_while_nothing_moves(clone: Clone) -> None:
    with clone.store() as store:
        refs = RefWatch(store)
        assert refs.look(0.0) == Standing(MAIN, clone.head)
        settle(refs)
        store.close()
        assert [refs.look(0.2 * number) for number in range(20)] == [None] * 20
        assert store.objects._answers is None, "git was asked"
        assert refs.look(6.0) == Standing(MAIN, clone.head), "once in a while it is certain"


@pytest.mark.parametrize(
    "command",
    [
        "commit -q --allow-empty -m more",
        "update-ref refs/heads/main side",
        "switch -q side",
        "switch -q --detach",
        "reset -q --hard side",
        "branch -q -m main other",
        "symbolic-ref HEAD refs/heads/unborn",
        "update-ref -d refs/heads/main",
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_whatever_moves_it_is_seen(clone: Clone, command: str, packed: bool) -> None:
    clone.git("branch", "side")
    clone.new("ship")
    if packed:
        clone.git("pack-refs", "--all")
    with clone.store() as store:
        refs = RefWatch(store)
        settle(refs)
        clone.git(*command.split())
        branch = clone.git("symbolic-ref", "-q", "HEAD", is_checked=False) or "HEAD"
        commit = clone.git("rev-parse", "-q", "--verify", "HEAD", is_checked=False) or None
        assert refs.look(0.0) == Standing(branch, commit)


def test_packing_refs_moves_nothing_and_is_seen_through(clone: Clone) -> None:
    with clone.store() as store:
        refs = RefWatch(store)
        settle(refs)
        clone.git("pack-refs", "--all", "--prune")
        assert refs.look(0.0) == Standing(MAIN, clone.head)
        settle(refs)
        clone.new("ship")
        assert refs.look(0.0) == Standing(MAIN, clone.head)


def test_a_linked_worktree_sees_its_own_head_and_everybodys_branches(clone: Clone, tmp_path: Path) -> None:
    clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Clone(tmp_path / "linked")
    with linked.store() as store:
        head, main = RefWatch(store), RefWatch(store, MAIN)
        settle(head)
        settle(main)
        clone.new("ship")
        assert head.look(0.0) is None
        assert main.look(0.0) == Standing(MAIN, clone.head)
        linked.git("switch", "-q", "--detach")
        assert head.look(0.0) == Standing("HEAD", linked.head)


def test_a_branch_that_comes_and_goes(clone: Clone, tmp_path: Path) -> None:
    clone.git("branch", "side")
    with clone.store() as store:
        refs = RefWatch(store, "refs/heads/side")
        settle(refs)
        clone.git("branch", "-q", "-D", "side")
        assert refs.look(0.0) == Standing("refs/heads/side", None)
        settle(refs)
        clone.git("branch", "side")
        assert refs.look(0.0) == Standing("refs/heads/side", clone.head)


def test_a_repository_that_is_gone_is_an_error(clone: Clone) -> None:
    with clone.store() as store:
        refs = RefWatch(store)
        settle(refs)
        shutil.rmtree(clone.git_dir)
        with pytest.raises(FileNotFoundError):
            refs.look(0.0)


def test_names_of_refs(clone: Clone) -> None:
    clone.git("branch", "side")
    clone.git("tag", "main")
    clone.git("update-ref", "refs/remotes/origin/main", "HEAD")
    with clone.store() as store:
        assert find_ref(store, "main") == MAIN
        assert find_ref(store, MAIN) == MAIN
        assert find_ref(store, "origin/main") == "refs/remotes/origin/main"
        for name in ("nowhere", "", clone.head, "side..main", "a b", "side\n"):
            with pytest.raises(UnknownRevision):
                find_ref(store, name)
        with pytest.raises(InvalidValue):
            find_ref(store, "--all")


def test_what_lies_between_two_commits(clone: Clone) -> None:
    first = clone.head
    ours = clone.new("ours") or ""
    clone.git("switch", "-q", "-c", "side", first)
    theirs = clone.new("theirs") or ""
    with clone.store() as store:
        sides = ({bytes.fromhex(ours)}, {bytes.fromhex(theirs)})
        assert find_difference(store.git, ours, theirs) == (*sides, True)
        assert find_difference(store.git, first, ours) == (set(), sides[0], False)
        assert find_difference(store.git, ours, first) == (sides[0], set(), True)
        assert find_difference(store.git, ours, ours) == (set(), set(), False)
        found = find_difference(store.git, "", first)
        assert found is not None
        assert bytes.fromhex(first) in found.come
        assert find_difference(store.git, "1" * 40, first) is None
        assert is_ancestor(store.git, first, ours)
        assert not is_ancestor(store.git, ours, theirs)


def test_an_unborn_branch(tmp_path: Path) -> None:
    run_git("init", "-q", "--template=", str(tmp_path))
    clone = Clone(tmp_path)
    with clone.store() as store:
        refs = RefWatch(store)
        settle(refs)
        clone.git("commit", "-q", "--allow-empty", "-m", "first")
        assert refs.look(0.0) == Standing(MAIN, clone.head)
