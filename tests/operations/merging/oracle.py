"""What a merge may come to, told by ids from the texts of four states: with PyYAML, and none of our own code."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

Value = dict[str, Any]
Texts = Mapping[str, str]
"""The file of each milestone, by id."""

_DEFAULTS = {"status": "planned", "weight": "1"}


def parse(text: str | None) -> Value | None:
    """Keys with a value, texts as they are written; None where there is no file."""
    if text is None:
        return None
    loaded = yaml.load(text, yaml.BaseLoader) or {}
    value = {key: item for key, item in loaded.items() if item not in ("", [], {}, None)}
    value["labels"] = frozenset(value.get("labels", ()))
    value["tasks"] = {key: {**_DEFAULTS, **_set(task)} for key, task in value.get("tasks", {}).items()}
    return value


def _set(task: Value) -> Value:
    return {key: item for key, item in task.items() if item not in ("", None)}


def iter_faults(
    base: Texts,
    ours: Texts,
    theirs: Texts,
    result: Texts,
    taken: str | None,
    renames: Collection[tuple[str, str]] = (),
) -> Iterator[str]:
    """What was lost or misplaced.

    Args:
        renames: (from, to), by either side: an edit may be where its milestone went.
        taken: The side that every conflict was resolved for; None where there was none.
    """
    for name in sorted({*base, *ours, *theirs, *result}):
        texts = [state.get(name) for state in (base, ours, theirs, result)]
        if texts[3] is not None and re.search(r"^[<>=|]{7}", texts[3], re.MULTILINE):
            yield f"{name}: markers are left"
            continue
        was, here, there, found = map(parse, texts)
        if _is_carried(name, base, ours, theirs, result) or _is_carried(name, base, theirs, ours, result):
            continue
        if any(name in pair and _has_moved(pair, base, ours, theirs, result, taken) for pair in renames):
            continue
        if taken and None in texts[1:3] and texts[0] not in texts[1:3] and found in (here, there):
            continue  # deleted here, and but for a comment as it was there
        yield from (f"{name}: {fault}" for fault in _compare(was, here, there, found, taken))


def _is_carried(name: str, base: Texts, mover: Texts, editor: Texts, result: Texts) -> bool:
    """Whether a file was renamed, as it is or as the other side has it too, and what that edited was carried along."""
    for old, text in base.items():
        if old in mover or name not in (old, *mover) or editor.get(old) is None:
            continue
        heirs = [new for new in mover if new not in base and mover[new] in (text, editor[old])]
        if name in (old, *heirs) and any(result.get(new) == editor[old] for new in heirs):
            return True
    return False


def _has_moved(
    pair: tuple[str, str], base: Texts, ours: Texts, theirs: Texts, result: Texts, taken: str | None
) -> bool:
    """Whether the new name has what both sides made of it under either."""
    old, new = pair
    sides = [side.get(new) if old not in side else side[old] for side in (base, ours, theirs)]
    if None in sides or old in result or (old not in ours) == (old not in theirs):
        return False
    return not any(_compare(*map(parse, (*sides, result.get(new))), taken))


def _compare(was: Any, here: Any, there: Any, found: Any, taken: str | None) -> Iterator[str]:
    if here == there or there == was:
        if found != here:
            yield f"is {found}, where {here} is said"
    elif here == was:
        if found != there:
            yield f"is {found}, where {there} is said"
    elif here is None or there is None:
        wanted = here if taken == "ours" else there
        if taken is None or found != wanted:
            yield f"deleted here, edited there: {here}, {there}, and it is {found} ({taken})"
    elif found is None:
        yield f"is gone, and was {here}, {there}"
    else:
        yield from _compare_fields(was or {}, here, there, found, taken)


def _compare_fields(was: Value, here: Value, there: Value, found: Value, taken: str | None) -> Iterator[str]:
    for key in {*was, *here, *there, *found}:
        sides = was.get(key), here.get(key), there.get(key), found.get(key)
        if key == "labels":
            yield from _compare_labels(*(side or frozenset() for side in sides))
        elif key == "tasks":
            yield from _compare_tasks(*(side or {} for side in sides), taken)
        else:
            yield from _compare_leaf(key, *sides, taken)


def _compare_labels(
    was: frozenset[str], here: frozenset[str], there: frozenset[str], found: frozenset[str]
) -> Iterator[str]:
    wanted = (was & here & there) | (here - was) | (there - was)
    if found != wanted:
        yield f"labels are {sorted(found)}, where {sorted(wanted)} are said"


def _compare_tasks(was: Value, here: Value, there: Value, found: Value, taken: str | None) -> Iterator[str]:
    for key in {*was, *here, *there, *found}:
        b, o, t, r = (side.get(key) for side in (was, here, there, found))
        if None in (o, t, r) or b is None:
            if o == t or t == b:
                wanted = [o]
            elif o == b:
                wanted = [t]
            else:
                wanted = [o, t] if taken else []
            if r not in wanted and not (o and t and r and b is None):
                yield f"task {key} is {r}: {b}, {o}, {t}"
            continue
        for leaf in {*b, *o, *t, *r}:
            yield from _compare_leaf(f"{key}.{leaf}", b.get(leaf), o.get(leaf), t.get(leaf), r.get(leaf), taken)


def _compare_leaf(key: str, was: Any, here: Any, there: Any, found: Any, taken: str | None) -> Iterator[str]:
    name = key.rpartition(".")[2]
    if here == there or there == was:
        wanted = [here]
    elif here == was:
        wanted = [there]
    elif name in ("status", "created", "completed"):
        wanted = [here, there]
    elif name == "description":
        lines = {line for side in (was, here, there) for line in (side or "").split("\n")}
        new = {line for side in (here, there) for line in (side or "").split("\n")} - {*(was or "").split("\n")}
        said = {*(found or "").split("\n")}
        if not said <= lines or (taken is None and not new <= said):
            yield f"description is {found!r}: {was!r}, {here!r}, {there!r}"
        return
    else:
        wanted = [here if taken == "ours" else there] if taken else []
    if found not in wanted:
        yield f"{key} is {found!r}: {was!r}, {here!r}, {there!r}"
