"""What git joins of two branches' edits of one milestone: its lines, where no driver is configured, and with ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitmilestone.model.merging.merge import merge
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.document import read_document
from tests.merging import make_program
from tests.model.joining import (
    FULL,
    Joined,
    Pair,
    Transition,
    join,
    pairs_in_a_field,
    pairs_of_fields,
    pairs_of_statuses,
    put,
)
from tests.repositories import ROOT

_PAGE = ROOT / "docs" / "merging.md"
_MARK = "<!-- {} from tests/model/merging/test_text_merge.py -->\n"
_SAMPLE = 7


def says_both(joined: Joined) -> bool:
    """Whether the text has no conflict; then it must say what the merge of the values says."""
    if joined.content is None:
        return False
    merged = merge(*joined.pair)
    assert not merged.conflicts
    assert read_document("x.yaml", "x", joined.content).milestone == merged.milestone
    return True


def assert_the_same(joined: Joined) -> None:
    """Whoever merges, with the driver or on a web forge, comes to the same bytes where lines join."""
    assert joined.content is None or joined.pair.merge() == (joined.content, ())


def name_fields(first: Transition, second: Transition) -> str:
    return f"{first.field} {first.what}, {second.field} {second.what}"


@pytest.mark.parametrize("algorithm", ["histogram", pytest.param("myers", marks=pytest.mark.long)])
def test_edits_of_different_fields_join(tmp_path: Path, algorithm: str) -> None:
    pairs = {name_fields(first, second): pair for (first, second), pair in pairs_of_fields()}
    joined = join(tmp_path, pairs, f"-Xdiff-algorithm={algorithm}")
    assert [name for name, result in joined.items() if not says_both(result)] == []
    for result in list(joined.values())[:: 1 if algorithm == "myers" else _SAMPLE]:
        assert_the_same(result)


def test_a_list_of_ones_own_joins_wherever_its_lines_do(tmp_path: Path) -> None:
    edits = list(iter_edits(_OWN))
    cases = {f"{one} {other}": (one, other) for at, one in enumerate(edits) for other in edits[at:]}
    joined = join(tmp_path, {name: pair_of(_OWN, *case) for name, case in cases.items()})
    assert sum(says_both(result) for result in joined.values()) > len(joined) // 2
    for name, result in joined.items():
        assert_the_same(result)
        one, other = cases[name]
        if place_of(one, other) in ("elsewhere", "neighbours", "others", "other gaps", "right behind"):
            assert not result.pair.merge().conflicts, name


@pytest.mark.parametrize("step", [_SAMPLE * 5, pytest.param(1, marks=pytest.mark.long)])
def test_git_with_the_driver_does_what_the_model_says(tmp_path: Path, step: int) -> None:
    pairs = [pair for _, pair in pairs_of_fields()]
    pairs += [pair for _, _, pair in (*pairs_in_a_field(), *pairs_of_statuses())]
    for field in _EDITS:
        edits = list(iter_edits(field))
        pairs += [pair_of(field, first, second) for at, first in enumerate(edits) for second in edits[at:]]
    sample = {str(number): pair for number, pair in enumerate(pairs) if number % step == 0}
    program = make_program(tmp_path / "bin" / "git-milestone")
    for joined in join(tmp_path / "clone", sample, program=program).values():
        merged = joined.pair.merge()
        assert joined.content == (None if merged.conflicts else merged.content)


class ItemEdit(NamedTuple):
    """Something done to the item at a place; an addition is in front of it."""

    what: str
    at: int


_OWN = "x.team"
_EDITS = {
    "labels": ("remove", "replace"),
    "depends_on": ("remove", "replace", "change the type"),
    "tasks": ("remove", "complete", "rename"),
    _OWN: ("remove", "replace"),
}
_COUNT = len(FULL.tasks)


def iter_edits(field: str) -> Iterator[ItemEdit]:
    for at in range(_COUNT):
        for what in _EDITS[field]:
            yield ItemEdit(what, at)
    for at in range(_COUNT + 1):
        yield ItemEdit("add", at)


def start_of(field: str) -> Milestone:
    return put(FULL, field, ["b", "d", "f", "h"]) if field == _OWN else FULL


def edit(field: str, what: str, at: int, who: str) -> Milestone:
    start = start_of(field)
    items: list[Any] = list(start.extra["team"] if field == _OWN else getattr(start, field))
    if what == "add":
        items.insert(at, _new(field, f"{'acegi'[at]}{who}"))
    elif what == "remove":
        del items[at]
    elif what == "replace":
        items[at] = _new(field, f"{'bdfh'[at]}{who}")
    elif what == "change the type":
        items[at] = items[at]._replace(type="relates")
    elif what == "complete":
        items[at] = items[at]._replace(status="completed", completed=datetime(2027, 1, 1, tzinfo=UTC))
    else:
        items[at] = items[at]._replace(title=f"Another of {who}")
    return put(start, field, items if field == _OWN else tuple(items))


def _new(field: str, name: str) -> Any:
    return {"depends_on": Dependency(name), "tasks": Task(name, "New")}.get(field, name)


def place_of(first: ItemEdit, second: ItemEdit) -> str:
    """Where the second edit is, seen from the first."""
    if second.what == "add" and first.what == "add":
        return "the same gap" if first.at == second.at else "other gaps"
    if second.what == "add":
        return {first.at: "right in front", first.at + 1: "right behind"}.get(second.at, "elsewhere")
    if first.at == second.at:
        return "the same"
    return "neighbours" if abs(first.at - second.at) == 1 else "others"


def pair_of(field: str, first: ItemEdit, second: ItemEdit) -> Pair:
    return Pair(start_of(field), edit(field, *first, "x"), edit(field, *second, "y"))


def rows_of_items(place: Path, field: str) -> list[str]:
    """The table's rows: two edits, and what becomes of them by where they are to each other."""
    edits = list(iter_edits(field))
    cases = {f"{first} {second}": (first, second) for at, first in enumerate(edits) for second in edits[at:]}
    pairs = {name: pair_of(field, *case) for name, case in cases.items()}
    found: dict[tuple[str, str], dict[str, set[tuple[bool, bool]]]] = {}
    for name, joined in join(place, pairs).items():
        assert_the_same(joined)
        first, second = cases[name]
        whats = (first.what, second.what) if second.what == "add" else tuple(sorted((first.what, second.what)))
        outcome = says_both(joined), not joined.pair.merge().conflicts
        found.setdefault((whats[0], whats[1]), {}).setdefault(place_of(first, second), set()).add(outcome)
    return [f"| {field} | {first} | {second} | {_split(places)} |" for (first, second), places in found.items()]


def _split(places: dict[str, set[tuple[bool, bool]]]) -> str:
    """The places in which a pair joins, those in which its lines conflict, and those in which its values do."""
    assert all(len(outcomes) == 1 for outcomes in places.values()), places
    outcomes = {place: next(iter(found)) for place, found in places.items()}
    assert (False, True) not in outcomes.values() or (True, False) not in outcomes.values()
    lists = (
        sorted(place for place, (joins, _) in outcomes.items() if joins),
        sorted(place for place, (joins, _) in outcomes.items() if not joins),
        sorted(place for place, (_, has_joined) in outcomes.items() if not has_joined),
    )
    return " | ".join(", ".join(names) for names in lists)


def rows_of_fields(place: Path) -> list[str]:
    """Two edits of one field, or of one task: fields of which the same is true share a row."""
    pairs = {f"{number}": case for number, case in enumerate(pairs_in_a_field())}
    fields: dict[tuple[str, str, bool, bool], list[str]] = {}
    for name, joined in join(place, {name: pair for name, (_, _, pair) in pairs.items()}).items():
        field, whats, pair = pairs[name]
        joins = joined.content is not None
        merged = pair.merge()
        assert_the_same(joined)
        found = fields.setdefault((*whats, joins, not merged.conflicts), [])
        found += [field] if field not in found else []
    words = {True: "joins", False: "conflict"}
    return [
        f"| {', '.join(names)} | {first} | {second} | {words[joins]} | {words[has_joined]} |"
        for (first, second, joins, has_joined), names in fields.items()
    ]


def rows_of_statuses() -> list[str]:
    return [
        f"| {pair.base.status} | {ours} | {theirs} | {'conflict' if merged.conflicts else merged.milestone.status} |"
        for _, (ours, theirs), pair in pairs_of_statuses()
        for merged in [merge(*pair)]
    ]


_HEADS = {
    "items": ("in", "one branch", "the other", "joins in", "conflicts in", "with the driver conflicts in"),
    "fields": ("in", "one branch", "the other", "by lines", "with the driver"),
    "statuses": ("before", "one branch", "the other", "with the driver"),
}


@pytest.mark.parametrize("name", _HEADS)
def test_the_page_says_which_edits_join(tmp_path: Path, name: str) -> None:
    heads = _HEADS[name]
    if name == "items":
        rows = sorted(row for field in _EDITS if field != _OWN for row in rows_of_items(tmp_path / field, field))
    else:
        rows = rows_of_fields(tmp_path / "fields") if name == "fields" else rows_of_statuses()
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows]
    table = "\n".join(lines) + "\n"
    found = _PAGE.read_text().partition(_MARK.format(name))[2].partition("\n\n")[0].rstrip("\n") + "\n"
    assert found == table, f"docs/merging.md should have this table:\n{table}"
