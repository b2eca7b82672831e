"""What a merge has left undone, found by ids: what each side has under one counts, and not what git has paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.text.document import read_document
from gitmilestone.snapshot.merged import Heads, State, find_changed, merge_one, read_heads
from gitmilestone.store.files import FileEntry, TreeFiles
from gitmilestone.store.joining.joined import Joined, iter_joined
from gitmilestone.store.joining.pairing import find_ids
from gitmilestone.store.joining.unmerged import (
    Staged,
    Unmerged,
    find_marked,
    join_lines,
    read_marker_sizes,
    read_staged,
)
from gitmilestone.store.store import Store

Sides = tuple[FileEntry | None, FileEntry | None, FileEntry | None]


class Undone(NamedTuple):
    """Attributes:
    unmerged: The milestones that are not merged, by id.
    others: Paths from the top of everything else that is in conflict.
    heads: What is being merged; None where git does not tell.
    """

    unmerged: list[Unmerged]
    others: list[str]
    heads: Heads | None
    joined: Joined | None


def find_undone(store: Store) -> Undone:
    """Also what git has merged into another milestone without a word. Changes nothing."""
    staged = read_staged(store)
    marked = {place.id: path for path in find_marked(store) if (place := find_place(path))}
    joined, heads = _find_heads(store, staged)
    others = [*staged.others]
    found: list[Unmerged] = []
    if heads is None:
        for milestone_id, stages in staged.stages.items():
            if _is_one(store, milestone_id, stages):
                by_stage = dict(stages)
                found.append(_name(staged, milestone_id, (by_stage.get(1), by_stage.get(2), by_stage.get(3))))
            else:
                others += [f"{ROOT}/{entry.path}" for _, entry in stages]
        found += [
            _name(staged, key, (None, None, None), path) for key, path in marked.items() if key not in staged.stages
        ]
    else:
        found = _find_by_id(store, heads, staged, marked)
    sizes = read_marker_sizes(store, [one.path for one in found])
    found = [one._replace(marker_size=sizes[one.path]) for one in sorted(found, key=lambda one: one.id)]
    return Undone(found, sorted({*others}), heads, joined)


def _find_heads(store: Store, staged: Staged) -> tuple[Joined | None, Heads | None]:
    """Of what may be joined, that which the stages are from."""
    for joined in iter_joined(store):
        if joined.cause == "MERGE_HEAD":
            return joined, read_heads(store, "HEAD", joined.theirs)
        base = State(store.files_at(joined.base)) if joined.base else State(TreeFiles(store.objects, None))
        heads = Heads(State(store.files_at()), State(store.files_at(joined.theirs)), (base,))
        if joined.is_sure or _is_from(staged, heads):
            return joined, heads
    return None, None


def _is_from(staged: Staged, heads: Heads) -> bool:
    """Whether each file in conflict is theirs, and one of the base, as far as it is of either.

    Where both sides moved a file, git gives both what it has joined.
    """
    states = {1: heads.bases[0], 2: heads.ours, 3: heads.theirs}
    known = {stage: {entry.oid for entry in state.entries.values()} for stage, state in states.items()}
    stages = [pair for pairs in staged.stages.values() for pair in pairs]
    ours, theirs = ({entry.oid for stage, entry in stages if stage == side} for side in (2, 3))
    joined = ours & theirs
    return any(entry.oid in known[stage] for stage, entry in stages) and all(
        entry.oid in known[stage] or entry.oid in joined for stage, entry in stages
    )


def _is_one(store: Store, milestone_id: str, stages: Sequence[tuple[int, FileEntry]]) -> bool:
    """Whether all of it is known to be of that milestone: git may have taken another one for it."""
    base = dict(stages).get(1)
    if base is None or base.oid is None:
        return len({stage for stage, _ in stages}) == len(stages)
    return len(dict(stages)) == len(stages) and find_ids(store.git, [base.oid])[base.oid] == {milestone_id}


def _name(staged: Staged, milestone_id: str, sides: Sides, path: str = "") -> Unmerged:
    """Where it lies: what git has written is at the path of one of the stages."""
    stages = [entry.path for _, entry in sorted(staged.stages.get(milestone_id, ()), key=lambda pair: pair[0] % 3 or 3)]
    plain = staged.plain.get(milestone_id)
    likely = [*([path] if path else []), *_order(staged, milestone_id), *([plain.path] if plain else [])]
    paths = [*likely, *stages, *(side.path for side in (sides[1], sides[2], sides[0]) if side)]
    return Unmerged(milestone_id, paths[0], frozenset(paths), *sides)


def _order(staged: Staged, milestone_id: str) -> list[str]:
    """Ours first, then theirs: where a side has none, git leaves the other's file."""
    stages = dict(staged.stages.get(milestone_id, ()))
    return [stages[stage].path for stage in (2, 3, 1) if stage in stages]


def _find_by_id(store: Store, heads: Heads, staged: Staged, marked: Mapping[str, str]) -> list[Unmerged]:
    written = _read_written(store)
    found: list[Unmerged] = []
    for milestone_id in sorted({*find_changed(store, heads), *staged.stages, *marked}):
        sides = _find_sides(heads, milestone_id)
        if milestone_id in staged.stages:
            is_mixed = any(
                entry.oid != (side.oid if (side := sides[stage - 1]) else None)
                for stage, entry in staged.stages[milestone_id]
            )
            found.append(_name(staged, milestone_id, sides)._replace(is_mixed=is_mixed))
        elif milestone_id in marked:
            is_merged = len({side and side.oid for side in sides}) < 3 or None in sides[1:]
            known: Sides = (None, None, None) if is_merged else sides
            found.append(_name(staged, milestone_id, known, marked[milestone_id]))
        elif milestone_id not in staged.settled and written is not None:
            plain, was = staged.plain.get(milestone_id), written.entries.get(milestone_id)
            # What is not as git wrote it is as somebody wants it.
            if (plain and plain.oid) == (was and was.oid) and _is_wrong(store, heads, milestone_id, sides, plain):
                found.append(_name(staged, milestone_id, sides)._replace(is_mixed=True, is_known=False))
    return found


def _find_sides(heads: Heads, milestone_id: str) -> Sides:
    ours, theirs = heads.ours.find(milestone_id), heads.theirs.find(milestone_id)
    bases = (base.find(milestone_id) for base in heads.bases)
    return next((base for base in bases if base), None), ours, theirs


def _read_written(store: Store) -> State | None:
    """What git itself has made of the merge, where it remembers."""
    found = store.objects.find("AUTO_MERGE^{tree}")
    return State(TreeFiles.of_project(store.objects, found.oid)) if found else None


def _is_wrong(store: Store, heads: Heads, milestone_id: str, sides: Sides, plain: FileEntry | None) -> bool:
    """Whether git has merged it, and not with itself."""
    base, ours, theirs = (side and side.oid for side in sides)
    merged = plain and plain.oid
    if theirs in (base, ours) and len(heads.bases) < 2:
        return merged != ours
    if ours == base and len(heads.bases) < 2:
        return merged != theirs
    one = merge_one(store, heads, milestone_id)
    if one.expected is None:  # lines were joined, of what can't be read
        return False
    content = store.objects.get_blob(merged) if merged else None
    if content is None or one.expected.content is None or ours is None or theirs is None:
        return content != one.expected.content or bool(one.expected.conflicts)
    if content == one.expected.content:
        return False
    expected, found = (read_document("", milestone_id, text).milestone for text in (one.expected.content, content))
    texts = [oid and store.objects.get_blob(oid) for oid in (base, ours, theirs)]
    return expected != found and content != join_lines(store, texts[0] or None, texts[1] or b"", texts[2] or b"", 7)
