"""Trees edited as bytes must be the trees that git itself would write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gitmilestone.store.objects import Objects
from gitmilestone.store.trees import diff_trees, edit_tree, find_entry, iter_entries, splice
from tests.repositories import Clone

FILE, EXECUTABLE, LINK = 0o100644, 0o100755, 0o120000
Tree = dict[str, tuple[int, str]]
Changes = dict[str, tuple[int, str] | None]

# Names that sort differently as a file and as a folder, hide another entry's bytes, or are no UTF-8.
ODD = ("a", "a.b", "a0", "a-", "A", "é", "e\u0301", "\udcff", "x y", "x 100644 a-longer-name", "\n", "日本", '"q"', "-")
NAMES = st.sampled_from((*ODD, "a-longer-name", "milestone.yaml", ".milestones", "config", "active"))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
MODES = st.sampled_from((FILE, FILE, FILE, EXECUTABLE, LINK))
CONTENTS = st.integers(0, 5)
SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Laboratory:
    """A repository in which trees are made both ways."""

    def __init__(self, clone: Clone, oid_length: int) -> None:
        self.clone = clone
        self.oid_length = oid_length
        with clone.store() as store:
            self.objects = Objects(store.git, store.repository.objects_dir, oid_length)
        self.blobs = [clone.git("hash-object", "-w", "--stdin", stdin=b"%d" % number) for number in range(6)]

    def by_git(self, tree: Tree) -> str:
        """The tree that `update-index` and `write-tree` make."""
        index = self.clone.git_dir / "laboratory-index"
        index.unlink(missing_ok=True)
        lines = [b"%o %s\t" % (mode, oid.encode()) + os.fsencode(path) for path, (mode, oid) in tree.items()]
        self.clone.git(
            "update-index",
            "-z",
            "--index-info",
            stdin=b"".join(line + b"\0" for line in lines),
            GIT_INDEX_FILE=str(index),
        )
        return self.clone.git("write-tree", GIT_INDEX_FILE=str(index))

    def edit(self, root: str | None, changes: Changes) -> str | None:
        return edit_tree(
            root, changes, self.objects.get_tree, lambda content: self.objects.write("tree", content), self.oid_length
        )


@pytest.fixture(scope="module", params=[20, 32], ids=["sha1", "sha256"])
def laboratory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    clone = Clone(tmp_path_factory.mktemp("laboratory"))
    clone.git("init", "-q", "--template=", f"--object-format={'sha256' if request.param == 32 else 'sha1'}")
    made = Laboratory(clone, request.param)
    yield made
    made.objects.close()


def without_collisions(paths: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Drops what lies below a path that is itself a file."""
    return {
        path: entry
        for path, entry in paths.items()
        if not any(path.startswith(other + "/") for other in paths if other != path)
    }


TREES = st.dictionaries(PATHS, st.tuples(MODES, CONTENTS), max_size=30).map(without_collisions)


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int] | None]]:
    """A tree, and changes of it: files made, replaced and removed, also files for folders and the reverse."""
    tree = draw(TREES)
    made = draw(st.dictionaries(PATHS, st.tuples(MODES, CONTENTS), max_size=25).map(without_collisions))
    gone = draw(st.lists(st.sampled_from(sorted(tree)), max_size=20)) if tree else []
    return tree, {**dict.fromkeys(gone), **made}


def applied(tree: Tree, changes: Changes) -> Tree:
    """What `update-index --index-info` would leave: removals first, then each file takes what is in its way."""
    after = {path: entry for path, entry in tree.items() if path not in changes or changes[path] is not None}
    for path, entry in changes.items():
        if entry is not None:
            after = {
                other: kept
                for other, kept in after.items()
                if not other.startswith(path + "/") and not path.startswith(other + "/")
            }
            after[path] = entry
    return after


@given(edits())
@SETTINGS
def test_edited_trees_are_those_that_git_makes(
    laboratory: Laboratory, edit: tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int] | None]]
) -> None:
    tree = {path: (mode, laboratory.blobs[number]) for path, (mode, number) in edit[0].items()}
    changes: Changes = {path: item and (item[0], laboratory.blobs[item[1]]) for path, item in edit[1].items()}
    root = laboratory.by_git(tree)
    after = applied(tree, changes)
    assert (laboratory.edit(root, changes) or laboratory.by_git({})) == laboratory.by_git(after)
    assert (laboratory.edit(None, dict(after)) or laboratory.by_git({})) == laboratory.by_git(after)


@given(TREES, TREES)
@SETTINGS
def test_differences_are_those_of_git_in_its_order(
    laboratory: Laboratory, old: dict[str, tuple[int, int]], new: dict[str, tuple[int, int]]
) -> None:
    trees = [
        laboratory.by_git({path: (mode, laboratory.blobs[number]) for path, (mode, number) in tree.items()})
        for tree in (old, new)
    ]
    said = laboratory.clone.git("diff-tree", "-r", "-z", "--no-renames", *trees).split("\0")
    by_git = []
    for header, path in zip(said[::2], said[1::2], strict=False):
        _, _, was, now, _ = header.split(" ")
        by_git.append((path, was if was.strip("0") else "", now if now.strip("0") else ""))
    ours = list(diff_trees(trees[0], trees[1], laboratory.objects.get_tree, laboratory.oid_length))
    assert ours == by_git
    from_nothing = list(diff_trees(None, trees[1], laboratory.objects.get_tree, laboratory.oid_length))
    assert [path for path, _, _ in from_nothing] == sorted(new, key=os.fsencode)


def test_a_name_that_quotes_an_entry_is_not_taken_for_it(laboratory: Laboratory) -> None:
    """A hostile file name holds the bytes `100644 ship-2fa.yaml`, and sorts before the real one."""
    honest, hostile = laboratory.blobs[:2]
    target = "ship-2fa-k3f9.yaml"
    tree: Tree = {f"a 100644 {target}": (FILE, hostile), target: (FILE, honest)}
    content = laboratory.objects.get_tree(laboratory.by_git(tree))
    found = find_entry(content, target.encode(), laboratory.oid_length)
    assert found is not None
    assert found.oid == honest
    only_hostile = laboratory.objects.get_tree(laboratory.by_git({f"a 100644 {target}": (FILE, hostile)}))
    assert find_entry(only_hostile, target.encode(), laboratory.oid_length) is None
    root = laboratory.edit(laboratory.by_git(tree), {target: (FILE, laboratory.blobs[2])})
    assert root == laboratory.by_git({**tree, target: (FILE, laboratory.blobs[2])})


@given(st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=6), st.integers(0, 5))
@example([b"\x00" * 20, b"100644 longer-name\x00\x00"], 1)
@settings(max_examples=100, deadline=None)
def test_bytes_of_an_oid_never_pass_for_an_entry_by_chance(oids: list[bytes], place: int) -> None:
    content = b"".join(b"100644 name-%d-of-many\0" % number + oid for number, oid in enumerate(oids))
    assume(place < len(oids))
    found = find_entry(content, b"name-%d-of-many" % place, 20)
    assert found is not None
    assert found.oid == oids[place].hex()
    assert [entry.oid for entry in iter_entries(content, 20)] == [oid.hex() for oid in oids]


def test_only_the_trees_on_the_changed_path_are_written(laboratory: Laboratory) -> None:
    tree: Tree = {f"{folder}/{name}": (FILE, laboratory.blobs[0]) for folder in "abc" for name in "xyz"}
    root = laboratory.by_git(tree)
    written: list[bytes] = []

    def write(content: bytes) -> str:
        written.append(content)
        return laboratory.objects.write("tree", content)

    edit_tree(root, {"b/y": None}, laboratory.objects.get_tree, write, laboratory.oid_length)
    assert len(written) == 2


def test_splicing_out_what_is_not_there_changes_nothing(laboratory: Laboratory) -> None:
    content = laboratory.objects.get_tree(laboratory.by_git({"config/a": (FILE, laboratory.blobs[0])}))
    for name in (b"missing", b"missing-with-a-long-name"):
        assert splice(content, name, None, laboratory.oid_length) == content


def test_a_removal_below_a_file_leaves_the_file(laboratory: Laboratory) -> None:
    root = laboratory.by_git({"a": (FILE, laboratory.blobs[0])})
    assert laboratory.edit(root, {"a/b": None}) == root


def test_no_file_at_all_is_no_tree(laboratory: Laboratory, tmp_path: Path) -> None:
    assert laboratory.edit(laboratory.by_git({"a/b": (FILE, laboratory.blobs[0])}), {"a/b": None}) is None
    assert laboratory.edit(None, {}) is None
