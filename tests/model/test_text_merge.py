"""git's own text merge, no driver configured, joins what two branches did to different places of a milestone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitmilestone.model.document import read_document
from gitmilestone.model.merge import merge
from gitmilestone.model.milestone import Dependency, Milestone, Task
from tests.model.joining import FULL, Joined, Pair, join, pairs_of_fields
from tests.repositories import ROOT

_PAGE = ROOT / "docs" / "merging.md"
_MARK = "<!-- from tests/model/test_text_merge.py -->\n"


def says_both(joined: Joined) -> bool:
    """Whether the text has no conflict; then it must say what the merge of the values says."""
    if joined.content is None:
        return False
    merged = merge(*joined.pair)
    assert not merged.conflicts
    assert read_document("x.yaml", "x", joined.content).milestone == merged.milestone
    return True


@pytest.mark.parametrize("algorithm", ["histogram", pytest.param("myers", marks=pytest.mark.long)])
def test_edits_of_different_fields_join(tmp_path: Path, algorithm: str) -> None:
    pairs = {
        f"{first.field} {first.what}, {second.field} {second.what}": pair
        for (first, second), pair in pairs_of_fields()
    }
    joined = join(tmp_path, pairs, f"-Xdiff-algorithm={algorithm}")
    assert [name for name, result in joined.items() if not says_both(result)] == []


class ItemEdit(NamedTuple):
    """Something done to the item at a place; an addition is in front of it."""

    what: str
    at: int


_EDITS = {
    "labels": ("remove", "replace"),
    "depends_on": ("remove", "replace", "change the type"),
    "tasks": ("remove", "complete", "rename"),
}
_COUNT = len(FULL.tasks)


def iter_edits(field: str) -> Iterator[ItemEdit]:
    for at in range(_COUNT):
        for what in _EDITS[field]:
            yield ItemEdit(what, at)
    for at in range(_COUNT + 1):
        yield ItemEdit("add", at)


def edit(field: str, what: str, at: int, who: str) -> Milestone:
    items: list[Any] = list(getattr(FULL, field))
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
    changes: dict[str, Any] = {field: tuple(items)}
    return FULL._replace(**changes)


def _new(field: str, name: str) -> Any:
    return {"labels": name, "depends_on": Dependency(name), "tasks": Task(name, "New")}[field]


def place_of(first: ItemEdit, second: ItemEdit) -> str:
    """Where the second edit is, seen from the first."""
    if second.what == "add" and first.what == "add":
        return "the same gap" if first.at == second.at else "other gaps"
    if second.what == "add":
        return {first.at: "right in front", first.at + 1: "right behind"}.get(second.at, "elsewhere")
    if first.at == second.at:
        return "the same"
    return "neighbours" if abs(first.at - second.at) == 1 else "others"


def rows_of(place: Path, field: str) -> list[str]:
    """The table's rows: two edits, and what becomes of them by where they are to each other."""
    edits = list(iter_edits(field))
    cases = {
        f"{first} {second}": (first, second) for at, first in enumerate(edits) for second in edits[at:]
    }
    pairs = {
        name: Pair(FULL, edit(field, *first, "x"), edit(field, *second, "y"))
        for name, (first, second) in cases.items()
    }
    found: dict[tuple[str, str], dict[str, set[bool]]] = {}
    for name, joined in join(place, pairs).items():
        first, second = cases[name]
        whats = (first.what, second.what) if second.what == "add" else tuple(sorted((first.what, second.what)))
        places = found.setdefault((whats[0], whats[1]), {})
        places.setdefault(place_of(first, second), set()).add(says_both(joined))
    return [f"| {field} | {first} | {second} | {_split(places)} |" for (first, second), places in found.items()]


def _split(places: dict[str, set[bool]]) -> str:
    """The places in which a pair joins, and those in which it conflicts."""
    assert all(len(outcomes) == 1 for outcomes in places.values()), places
    lists = (sorted(place for place, outcomes in places.items() if outcome in outcomes) for outcome in (True, False))
    return " | ".join(", ".join(names) for names in lists)


def test_the_page_says_which_edits_of_items_join(tmp_path: Path) -> None:
    head = ["| in | one branch | the other | joins in | conflicts in |", "| --- | --- | --- | --- | --- |"]
    rows = [row for field in _EDITS for row in rows_of(tmp_path / field, field)]
    table = "\n".join([*head, *sorted(rows)]) + "\n"
    page = _PAGE.read_text()
    assert page.split(_MARK)[1] == table, f"docs/merging.md should have this table:\n{table}"
