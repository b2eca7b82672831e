"""No merge gives one milestone's edits to another, or drops them, in silence: real git, in every way that it joins."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import pytest

from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merging.merge import Decision
from gitmilestone.model.problem import Problem
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.checking.review import review
from gitmilestone.operations.checking.strays import CODE, DELETED, tell_strays
from gitmilestone.operations.merging.disputed import find_disputed
from gitmilestone.operations.merging.put_right import put_right
from gitmilestone.operations.merging.resolve import resolve
from gitmilestone.store.asking.merges import get_merge
from gitmilestone.store.writing.plan import WriteOptions
from tests.operations.merging.oracle import iter_faults
from tests.operations.merging.rounds import WAYS, Fork, Project, by_id, draw_fork

_UNTOLD = "untold:"
"""What nobody can notice without a driver, as docs/merging.md says: in a stash, and what a pick drops."""
_UNTOLD_AT_MOST = 2
"""Of 100 rounds."""
_NAMES = {"merge": "HEAD", "revert": "HEAD", "rebase": "theirs..HEAD", "cherry-pick": "theirs..HEAD"}
"""What `resolve --merge` is asked with: behind a pick and a rebase, the hooks know the original."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("rounds"))


def join(project: Project, seed: int, *, is_driven: bool) -> list[str]:
    """One round; what was lost or misplaced in it."""
    chance = random.Random(-seed)
    fork = draw_fork(seed)
    way = WAYS[seed % len(WAYS)]
    project.lay(fork)
    status = project.join(way, fork)
    if not project.is_unmerged:
        faults = find_faults(fork, project.read())
        if way != "stash pop" and not (is_driven and faults):
            faults = look_behind(project, fork, way, faults)
        elif not is_driven:
            faults = [f"{_UNTOLD} {fault}" for fault in faults]
    else:
        side = chance.choice(["ours", "theirs"])
        by_hand = _resolve_by_hand(project, chance)
        problems = _resolve(project, side)
        if problems is None:
            return []
        result = project.read()
        faults = [*problems, *iter_faults(*states_of(fork), result, side, fork.renames)]
        for name, text in by_hand.items():
            faults = [fault for fault in faults if not fault.startswith(f"{name}: ")]
            if result.get(name) != text:
                faults.append(f"{name}: what was resolved by hand is {result.get(name)}")
    return [f"{way} {seed} ({status}): {fault}" for fault in faults] + project.crashes


def find_faults(fork: Fork, result: dict[str, str]) -> list[str]:
    faults = [*iter_faults(*states_of(fork), result, None, fork.renames), *_iter_lost_notes(fork, result)]
    kept = {name for name in result if _is_kept_where_it_went(fork, name, result[name])}
    return [fault for fault in faults if fault.split(":")[0] not in kept]


def _is_kept_where_it_went(fork: Fork, name: str, text: str) -> bool:
    """Whether one side deleted it, and the other moved and rewrote it, so that git sees no old file there either."""
    for gone, moved in ((fork.ours, fork.theirs), (fork.theirs, fork.ours)):
        paths = [path for path in moved if path.endswith(f"/{name}.yaml") and path not in fork.base]
        if name in by_id(fork.base) and name not in by_id(gone) and any(moved[path] == text for path in paths):
            return True
    return False


def states_of(fork: Fork) -> list[dict[str, str]]:
    return [by_id(state) for state in fork[:3]]


class Told(NamedTuple):
    """Attributes:
    strays: The ids that are named.
    deleted: Of those, what is told to be deleted, and is brought back.
    unreadable: Of milestones whose lines were joined to what is none; that is an error too.
    """

    strays: set[str]
    deleted: set[str]
    unreadable: set[str]


def look_behind(project: Project, fork: Fork, way: str, faults: Sequence[str]) -> list[str]:
    """What nobody is told of, though it is wrong or not, and what is left of it when it has been put right."""
    with project.store() as store:
        if store.commit_at("HEAD") == store.commit_at("ours"):
            return [*faults]
        merge = get_merge(store, _NAMES[way])
        told = _read(tell_strays(store, [merge], store.files_at()))
        if way in ("merge", "revert"):
            told = _read(check_range(store, "ours..HEAD").problems)
        if not faults:
            # What has another title as well as another id is told: nobody can know that it is the same milestone.
            alarms = told.strays - {*chain(*fork.renames)}
            return [f"{name} is told of, and nothing is wrong with it" for name in sorted(alarms)]
        silent = {fault.split(":")[0].removesuffix(" twice") for fault in faults} - told.unreadable
        unseen = [f"nobody is told of {name}" for name in sorted(silent - told.strays)]
        if way == "merge":
            foreseen = {name for stray in review(store, "ours..theirs").strays for name in (stray.id, stray.landed_in)}
            unseen += [f"nobody is told of {name} before the merge" for name in sorted(silent - foreseen)]
        warnings = carry_out(store, put_right(store, merge.name), WriteOptions(detached=True)).outcome.warnings
    deleted = told.deleted | {warning.partition(" ")[0] for warning in warnings}
    left = [
        fault for fault in find_faults(fork, project.read()) if fault.split(":")[0] not in told.unreadable | deleted
    ]
    if unseen and way != "merge":
        return [f"{_UNTOLD} {fault}" for fault in (*unseen, *left)]
    return unseen + left


def _read(problems: Iterable[Problem]) -> Told:
    told = Told(set(), set(), set())
    for problem in problems:
        place = find_place(problem.path.removeprefix(f"{ROOT}/"))
        if problem.code in (CODE, DELETED):
            told.strays.update(re.findall(r"(?:gave|edited in|edits of|deleted) ([\w-]+)", problem.message))
            told.deleted.update(re.findall(r"deleted ([\w-]+)", problem.message))
        elif problem.severity == "error" and place:
            told.unreadable.add(place.id)
    return told


def _iter_lost_notes(fork: Fork, result: dict[str, str]) -> list[str]:
    """A comment of a milestone that is still there, and that nobody has renamed since."""
    sides = by_id(fork.ours), by_id(fork.theirs)
    return [
        f"{name}: a comment is lost: {note}"
        for name, note in fork.notes
        if name in result and any(note in side.get(name, "") for side in sides) and note not in result[name]
    ]


def _resolve_by_hand(project: Project, chance: random.Random) -> dict[str, str]:
    """Sometimes somebody takes the markers out of one file, and may stage it."""
    if chance.random() < 0.7:
        return {}
    with project.store() as store:
        disputed = [one for one in find_disputed(store).disputed if one.texts.ours and one.texts.theirs]
    marked = [one for one in disputed if "<<<<<<<" in (project.path / one.path).read_text()]
    if not marked:
        return {}
    one = chance.choice(marked)
    text = (one.texts.ours or b"").decode() + "# by hand\n"
    (project.path / one.path).write_text(text)
    if chance.random() < 0.5:
        project.git("add", one.path)
    return {one.id: text}


def _resolve(project: Project, side: str) -> list[str] | None:
    """What is still in conflict; None where it has to be finished by hand."""
    with project.store() as store:
        left = find_disputed(store)
        if left.others or any(one.obstacle for one in left.disputed):
            return None
        for one in left.disputed:
            decisions: dict[str, Decision] = {conflict.field: side for conflict in one.conflicts}  # type: ignore[misc]
            resolve(store, one, decisions)
        still = find_disputed(store)
    faults = [f"{one.id}: still in conflict" for one in still.disputed]
    return faults + [f"{path}: still in conflict" for path in still.others]


@pytest.mark.parametrize("is_driven", [True, False])
def test_some_rounds(project: Project, is_driven: bool) -> None:
    project.use_driver(is_on=is_driven)
    faults = [fault for seed in range(60) for fault in join(project, seed, is_driven=is_driven)]
    assert faults == []


@pytest.mark.parametrize("seed", [30163, 30403])
def test_a_stash_of_what_both_sides_moved(project: Project, seed: int) -> None:
    project.use_driver(is_on=False)
    assert join(project, seed, is_driven=False) == []


@pytest.mark.long
@pytest.mark.parametrize("is_driven", [True, False])
@pytest.mark.parametrize("part", range(50))
def test_ten_thousand_rounds(project: Project, part: int, is_driven: bool) -> None:
    project.use_driver(is_on=is_driven)
    seeds = range(1_000 + 100 * part, 1_100 + 100 * part)
    faults = [fault for seed in seeds for fault in join(project, seed, is_driven=is_driven)]
    assert [fault for fault in faults if _UNTOLD not in fault] == []
    assert len({fault.split(":")[0] for fault in faults}) <= _UNTOLD_AT_MOST
