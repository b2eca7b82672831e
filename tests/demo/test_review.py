"""Merges of a real project's past: a review says what the facts in the data file, and the files' text, say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitmilestone.demo.history import SourceCommit, read_history
from gitmilestone.faces.review.markdown import format_markdown, is_inert
from gitmilestone.operations.checking.review import Review, review
from tests.demo.records import Replayed
from tests.repositories import Clone

MERGES = 50
SAMPLE = 150

# What the data's README says of the words that proposals use.
KINDS = {
    "provisional": "planned",
    "implementable": "in_progress",
    "implemented": "completed",
    "deferred": "blocked",
    "rejected": "cancelled",
    "withdrawn": "cancelled",
    "replaced": "cancelled",
}
CLOSED = ("completed", "cancelled")
STAGES = ("alpha", "beta", "stable")

State = dict[str, tuple[str, Mapping[str, Any]]]
"""Folder -> path and facts."""


def is_template(folder: str) -> bool:
    """`NNNN-kep-template`, `0000-cloud-provider-template`; not `5008-kep-template`, which is a proposal of its own."""
    return folder.endswith("-template") and not folder.partition("-")[0].strip("0").isdigit()


def follow(state: State, source: SourceCommit) -> State:
    """The proposals after a commit of the source, read from the data file alone."""
    after = dict(state)
    stated = set()
    for change in source.changes:
        folder = change.path.split("/")[-2]
        if change.facts is not None and not is_template(folder):
            after[folder] = change.path, change.facts
            stated.add(folder)
    for change in source.changes:
        folder = change.path.split("/")[-2]
        if change.is_deletion and folder not in stated and after.get(folder, ("",))[0] == change.path:
            del after[folder]
    return after


def make_merges(clone: Clone, replayed: Replayed, step: int) -> Iterator[tuple[str, int, int]]:
    """A merge of each `step` commits into a branch of merges: (its oid, the first, behind the last of them)."""
    target = clone.git("rev-parse", f"{replayed.imported[0].commit}~1")
    for first in range(0, len(replayed.imported) - step + 1, step):
        head = replayed.imported[first + step - 1].commit
        target = clone.git("commit-tree", f"{head}^{{tree}}", "-p", target, "-p", head, "-m", "merge")
        yield target, first, first + step


def name_of(folder: str) -> str:
    """As long as an id may be, and with nothing in it that none can have."""
    return "kep-" + re.sub(r"[^a-z0-9._-]+", "-", folder.lower())[:59].rstrip(".-")


def compare_facts(found: Review, old: State, new: State) -> int:
    """Holds a review against the facts before and after; returns how many it could compare."""
    assert {one.id for one in found.added} == {name_of(folder) for folder in new.keys() - old.keys()}
    assert {one.id for one in found.removed} == {name_of(folder) for folder in old.keys() - new.keys()}
    moves = {move.id: (move.old, move.new) for move in found.statuses}
    titles = {one.id for one in found.others if any(field.field == "title" for field in one.fields)}
    projects = {one.id for one in found.scope if any(field.field == "project" for field in one.fields)}
    stages = {
        (one.id, field.field.removeprefix("tasks."), field.old is None)
        for one in found.scope
        for field in one.fields
        if field.field.startswith("tasks.")
    }
    compared = len(new.keys() ^ old.keys())
    for folder in new.keys() & old.keys():
        (old_path, before), (new_path, after) = old[folder], new[folder]
        name = name_of(folder)
        words = KINDS.get(str(before["status"])), KINDS.get(str(after["status"]))
        if all(words):
            assert moves.get(name) == (words if words[0] != words[1] else None), (name, words)
            compared += name in moves
        if all(str(facts["title"]).strip() not in ("", "KEP Template") for facts in (before, after)):
            assert (name in titles) == (str(before["title"]).strip() != str(after["title"]).strip()), name
            compared += name in titles
        if before["sig"] == old_path.split("/")[1] and after["sig"] == new_path.split("/")[1]:
            assert (name in projects) == (before["sig"] != after["sig"]), name
            compared += name in projects
        had, has = (set(facts.get("milestone") or {}) for facts in (before, after))
        if not had | has <= {*STAGES}:
            continue  # a stage by another name, such as GA
        told = {stage for stage in stages if stage[0] == name and stage[1] in STAGES}
        assert told == {(name, stage, stage in has) for stage in had ^ has}
        compared += len(told)
    return compared


def read_texts(clone: Clone, revision: str) -> dict[str, dict[str, Any]]:
    """Every milestone's file as PyYAML reads it, each scalar a text."""
    listed = clone.git("ls-tree", "-r", "--name-only", revision, "--", ".milestones/active", ".milestones/completed")
    paths = listed.splitlines()
    asked = "".join(f"{revision}:{path}\n" for path in paths)
    done = subprocess.run(["git", "cat-file", "--batch"], cwd=clone.path, input=asked.encode(), capture_output=True)
    texts, rest = {}, done.stdout
    for path in paths:
        header, _, rest = rest.partition(b"\n")
        size = int(header.split()[-1])
        texts[Path(path).stem] = yaml.load(rest[:size], yaml.BaseLoader)
        rest = rest[size + 1 :]
    return texts


def links_of(texts: Mapping[str, Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (name, *((item, "blocks") if isinstance(item, str) else next(iter(item.items()))))
        for name, text in texts.items()
        for item in text.get("depends_on") or ()
    }


def compare_texts(found: Review, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> None:
    """Holds a review against the files as another reader reads them."""
    told = {one.id for one in (*found.added, *found.removed)}
    for rows in (found.scope, found.progress, found.owners, found.others):
        told |= {one.id for one in rows}
    told |= {one.id for one in (*found.statuses, *found.made, *found.broken)}
    assert told == {name for name in {*old, *new} if old.get(name) != new.get(name)}
    assert {tuple(link) for link in found.made} == links_of(new) - links_of(old)
    assert {tuple(link) for link in found.broken} == links_of(old) - links_of(new)
    closed = {move.id for move in found.statuses if move.new in CLOSED and move.old not in CLOSED}
    assert closed == {
        name for name in old.keys() & new.keys() if new[name]["status"] in CLOSED and old[name]["status"] not in CLOSED
    }


def assert_merges(replayed: Replayed, history: Sequence[SourceCommit], step: int) -> None:
    clone = replayed.clone
    state: State = {}
    count = compared = 0
    with clone.store() as store:
        for merge, first, end in make_merges(clone, replayed, step):
            before = state
            for source in history[first:end]:
                state = follow(state, source)
            found = review(store, f"{merge}^1..{merge}^2")
            assert found.base == clone.git("merge-base", f"{merge}^1", f"{merge}^2")
            compared += compare_facts(found, before, state)
            compare_texts(found, read_texts(clone, found.base), read_texts(clone, found.head))
            assert (found.conflicts, found.text_conflicts, found.cycles) == ((), (), ())
            comment = format_markdown(found, 20_000)
            assert len(comment) <= 20_000
            assert is_inert(comment)
            count += 1
    assert count == MERGES
    assert compared > 2 * MERGES


def test_fifty_merges(tmp_path: Path) -> None:
    history = read_history()[:SAMPLE]
    assert_merges(Replayed(tmp_path / "sample", history), history, SAMPLE // MERGES)


@pytest.mark.long
def test_fifty_merges_of_the_whole_past(tmp_path: Path) -> None:
    history = read_history()
    step = len(history) // MERGES
    assert_merges(Replayed(tmp_path / "whole", history[: step * MERGES]), history, step)
