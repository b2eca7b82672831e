"""Over a real project's history, what git's own merges come to is told of only where it is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from gitmilestone.demo.history import read_history
from gitmilestone.operations.checking.strays import CODE, DELETED, tell_strays
from gitmilestone.snapshot.merged import State
from gitmilestone.store.asking.merges import get_merge
from tests.demo.records import Replayed
from tests.repositories import Clone

FAR = 25
"""Commits that the two branches together have behind where they part."""


def lay(clone: Clone, place: Path, base: str, ids: Iterable[str], old: State, new: State) -> str:
    """A commit on `base` that changes some milestones to what they are in another state."""
    index = {"GIT_INDEX_FILE": str(place / "index")}
    zero = "0" * 40
    lines = [f"0 {zero}\t.milestones/{old.entries[name].path}\n" for name in ids if name in old.entries]
    lines += [
        f"{new.entries[name].mode:o} {new.entries[name].oid}\t.milestones/{new.entries[name].path}\n"
        for name in ids
        if name in new.entries
    ]
    clone.git("read-tree", base, **index)
    clone.git("update-index", "--index-info", stdin="".join(lines).encode(), **index)
    return clone.git("commit-tree", clone.git("write-tree", **index), "-p", base, "-m", "some")


def assert_right_or_told(clone: Clone, place: Path, commits: Sequence[str], stride: int) -> int:
    """How many merges were clean; each joins two halves of what really changed, and so should come to the whole."""
    clean = 0
    with clone.store() as store:
        for base, end in zip(commits[::stride], commits[FAR::stride], strict=False):
            old, new = State(store.files_at(base)), State(store.files_at(end))
            changed = sorted(
                name for name in {*old.entries, *new.entries} if old.entries.get(name) != new.entries.get(name)
            )
            ours, theirs = (lay(clone, place, base, changed[part::2], old, new) for part in (0, 1))
            said = clone.git("merge-tree", "--write-tree", ours, theirs, is_checked=False).split("\n")
            if len(said) > 1 and any(line.startswith("CONFLICT") for line in said):
                continue
            clean += 1
            commit = clone.git("commit-tree", said[0], "-p", ours, "-p", theirs, "-m", "merge")
            found = State(store.files_at(commit))
            wrong = {name for name in changed if found.entries.get(name) != new.entries.get(name)}
            told = {one.code for one in tell_strays(store, [get_merge(store, commit)], found.files)}
            assert bool(told & {CODE, DELETED}) == bool(wrong), (base, end, wrong)
    return clean


def list_commits(clone: Clone) -> list[str]:
    return clone.git("rev-list", "--reverse", "--first-parent", "HEAD").split()


def test_some_merges(tmp_path: Path) -> None:
    clone = Replayed(tmp_path / "demo", read_history()[:100]).clone
    assert assert_right_or_told(clone, tmp_path, list_commits(clone), 8) > 5


@pytest.mark.long
def test_hundreds_of_merges(tmp_path: Path) -> None:
    clone = Replayed(tmp_path / "demo", read_history()).clone
    commits = list_commits(clone)
    assert assert_right_or_told(clone, tmp_path, commits, max(len(commits) // 400, 1)) > 100
