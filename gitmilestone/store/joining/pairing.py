"""Whether the three texts that git hands to a merge driver are states of one milestone.

git takes a file that is gone on one side for renamed where that side has made another one that is alike, and says
nothing of it to a driver (before 2.44, which tells it in the sides' names). So what it joins has to be found: the
commits where git says which, and else the history of the blob that is to be the base.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.store.git import Git

_ROOTS = tuple(f"{ROOT}/{folder}" for folder in ("active", "completed"))
_STEP = r"(pick|revert|reword|edit|squash|fixup)(?: -[cC])? ([0-9a-f]{4,64})\b"
_PREFIX = f"{ROOT}/"


class Given(NamedTuple):
    """What git hands to the driver.

    Attributes:
        path: From the top, where the result goes.
        texts: The files that hold the base's, our and their text.
        names: What git calls base, ours and theirs; "" where it does not say.
        has_base: Whether the base's is no empty file.
    """

    path: str
    texts: tuple[str, str, str]
    names: Sequence[str]
    has_base: bool


class _Commits(NamedTuple):
    """Revisions; `ours` is HEAD."""

    theirs: str
    bases: tuple[str, ...]


def find_bases(git: Git, given: Given) -> list[bytes | None] | None:
    """The base of the milestone that the path is of; several where there are several common ancestors.

    Returns:
        None where one of the texts is another milestone's, or that can't be told. A base in it is None where both
        sides added the milestone.
    """
    if not given.has_base:
        return [None]
    if paths := [_find_path(name) for name in given.names if name]:
        # They are in the names where they differ.
        ids = {_find_id(path) for path in paths if path}
        return [_read(given.texts[0])] if ids <= {_find_id(given.path)} else None
    oids = git.check("hash-object", "--no-filters", "--", *given.texts).decode("ascii").split()
    commits = _find_commits(git)
    found = _compare(git, given, commits, oids) if commits else None
    if found is not None:
        return found
    base, _, theirs = oids
    known, wanted = find_ids(git, [base, theirs]), {_find_id(given.path)}
    if known[base] != wanted or (known[theirs] or _find_patched(git, base, theirs)) != wanted:
        return None
    return [_read(given.texts[0])]


def _find_path(name: str) -> str:
    """The path behind the name of a side, where git has taken a file for renamed."""
    found = re.search(rf":({re.escape(ROOT)}/[^:]*)\Z", name)
    return found[1] if found else ""


def _find_id(path: str) -> str:
    place = find_place(path.removeprefix(_PREFIX)) if path.startswith(_PREFIX) else None
    return place.id if place else ""


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _find_commits(git: Git) -> _Commits | None:
    """What is joined, while git joins it: MERGE_HEAD and its like come later."""
    heads = [key.removeprefix("GITHEAD_") for key in git.environ if key.startswith("GITHEAD_")]
    if len(heads) == 1:
        bases = git.run("merge-base", "--all", "HEAD", heads[0]).stdout.decode("ascii").split()
        return _Commits(heads[0], tuple(bases))
    done, todo, moved = (_read_lines(os.fsdecode(path)) for path in _find_paths(git))
    lines = done[-1:] or todo[:1] or [f"pick {commit}" for commit in moved]
    step = re.match(_STEP, lines[0]) if lines else None
    if step is None:
        return None
    commit, parent = step[2], f"{step[2]}^"
    return _Commits(parent, (commit,)) if step[1] == "revert" else _Commits(commit, (parent,))


def _find_paths(git: Git) -> list[bytes]:
    """Of git's own files that say which commit it is at: of `rebase`, of several picks, of `rebase --apply`."""
    names = ("rebase-merge/done", "sequencer/todo", "rebase-apply/original-commit")
    folder = git.check("rev-parse", "--absolute-git-dir").removesuffix(b"\n")  # whose own name may have a line end
    return [os.path.join(folder, os.fsencode(name)) for name in names]


def _read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line for line in file.read().split("\n") if line and line[0] != "#"]
    except OSError:
        return []


def _compare(git: Git, given: Given, commits: _Commits, oids: Sequence[str]) -> list[bytes | None] | None:
    """The bases where both sides have just these texts under that id; None says nothing."""
    here, there, *bases = _find_held(git, given.path, ["HEAD", commits.theirs, *commits.bases])
    if [here, there] != [*oids[1:]]:
        return None
    known = [*dict.fromkeys(bases)] or [None]
    if len(known) == 1:
        return [None if oid is None else git.check("cat-file", "blob", oid) for oid in known]
    # git has merged them. What it has made of those that all had one is of that one.
    return None if None in known else [_read(given.texts[0])]


def _find_held(git: Git, path: str, revisions: Sequence[str]) -> list[str | None]:
    """The blobs under the id of a path in each revision."""
    asked = "".join(f"{revision}:{path}\n" for revision in revisions)
    said = git.check(
        "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked.encode("utf-8", "surrogateescape")
    )
    held = [
        line[: -len(" blob")] if line.endswith(" blob") else None
        for line in said.decode("ascii", "replace").splitlines()
    ]
    return [oid or _search(git, revision, _find_id(path)) for oid, revision in zip(held, revisions, strict=True)]


def _search(git: Git, revision: str, milestone_id: str) -> str | None:
    """Wherever it lies. O(files)."""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", revision, "--", *_ROOTS).stdout.split(b"\0")
    for entry in listed[:-1]:
        facts, _, name = entry.partition(b"\t")
        if _find_id(os.fsdecode(name)) == milestone_id:
            return facts.split(b" ")[2].decode("ascii")
    return None


def find_ids(git: Git, oids: Sequence[str]) -> dict[str, set[str]]:
    """Under which ids blobs have ever been. O(commits)."""
    revisions = ("log", "HEAD", "--all", "--reflog", "--diff-merges=first-parent")
    args = ("--format=", "--raw", "--no-abbrev", "--no-renames", "-z", *(f"--find-object={oid}" for oid in oids))
    said = git.run(*revisions, *args, "--", *(f":(top){root}" for root in _ROOTS)).stdout.split(b"\0")
    known: dict[str, set[str]] = {oid: set() for oid in oids}
    for facts, name in zip(said[::2], said[1::2], strict=False):
        for oid in oids:
            if oid.encode() in facts.split(b" "):
                known[oid].add(_find_id(os.fsdecode(name)))
    return known


def _find_patched(git: Git, old: str, new: str) -> set[str]:
    """The ids of files that the patch which `git am` is at makes the one blob of the other."""
    lines = _read_lines(
        os.fsdecode(git.check("rev-parse", "--path-format=absolute", "--git-path", "rebase-apply/patch").strip())
    )
    found: set[str] = set()
    names: list[str] = []
    for line in lines:
        if line.startswith("diff --git "):
            names = re.findall(r"(?:^| )[ab]/(\S+)", line)
        index = re.match(r"index ([0-9a-f]+)\.\.([0-9a-f]+)", line)
        if index and old.startswith(index[1]) and new.startswith(index[2]):
            found.update(map(_find_id, names))
    return found
