"""No merge gives one milestone's edits to another, or drops them, in silence: real git, in every way that it joins."""

from __future__ import annotations

import random

import pytest

from gitmilestone.model.merging.merge import Decision
from gitmilestone.operations.merging.disputed import find_disputed
from gitmilestone.operations.merging.resolve import resolve
from gitmilestone.snapshot.merged import iter_merged, read_heads
from tests.operations.merging.oracle import iter_faults
from tests.operations.merging.rounds import WAYS, Fork, Project, by_id, draw_fork


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
    states = [by_id(state) for state in fork[:3]]
    if not project.is_unmerged:
        faults = [*iter_faults(*states, project.read(), None)]
        faults += _iter_lost_notes(fork, project.read())
        if faults and not is_driven:
            # git has asked nobody. What comes behind it compares with what the ids say.
            if way == "merge" and not _is_noticed(project):
                return [f"{way} {seed}: nobody could notice that {fault}" for fault in faults]
            return [f"unnoticed {way} {seed}: {fault}" for fault in faults]
    else:
        side = chance.choice(["ours", "theirs"])
        by_hand = _resolve_by_hand(project, chance)
        problems = _resolve(project, side)
        if problems is None:
            return []
        result = project.read()
        faults = [*problems, *iter_faults(*states, result, side)]
        for name, text in by_hand.items():
            faults = [fault for fault in faults if not fault.startswith(f"{name}: ")]
            if result.get(name) != text:
                faults.append(f"{name}: what was resolved by hand is {result.get(name)}")
    return [f"{way} {seed} ({status}): {fault}" for fault in faults] + project.crashes


def _is_noticed(project: Project) -> bool:
    result = project.read()
    with project.store() as store:
        for one in iter_merged(store, read_heads(store, "HEAD^1", "HEAD^2")):
            expected, found = one.expected, result.get(one.id)
            if expected and (expected.conflicts or expected.content != (None if found is None else found.encode())):
                return True
    return False


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
    assert [fault for fault in faults if not fault.startswith("unnoticed")] == []


@pytest.mark.long
@pytest.mark.parametrize("is_driven", [True, False])
@pytest.mark.parametrize("part", range(50))
def test_ten_thousand_rounds(project: Project, part: int, is_driven: bool) -> None:
    project.use_driver(is_on=is_driven)
    seeds = range(1_000 + 100 * part, 1_100 + 100 * part)
    faults = [fault for seed in seeds for fault in join(project, seed, is_driven=is_driven)]
    assert [fault for fault in faults if not fault.startswith("unnoticed")] == []
