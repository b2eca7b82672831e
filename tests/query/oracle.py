"""What a Query means, in plain Python: slow, obvious, and without any database."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC
from functools import partial
from typing import Any

from gitmilestone.model.milestone import OPEN_STATUSES, PRIORITIES, STATUSES, Milestone
from gitmilestone.model.row import Row
from gitmilestone.query.query import Condition, Group, Not, Query, Term, Text


def answer(query: Query, entries: Sequence[tuple[Milestone, str]]) -> list[Row]:
    """The rows that every index must give, in this order."""
    rows = [row for row in make_rows(entries) if holds(query.where, row)]
    rows.sort(key=lambda row: row.milestone.id)
    for field, descending in reversed(query.order):
        unset = [row for row in rows if sort_value(field, row) is None]
        rows = [row for row in rows if sort_value(field, row) is not None]
        rows.sort(key=partial(sort_value, field), reverse=descending)
        rows += unset
    end = None if query.limit is None else query.offset + query.limit
    return rows[query.offset : end]


def make_rows(entries: Iterable[tuple[Milestone, str]]) -> list[Row]:
    entries = list(entries)
    open_ids = {milestone.id for milestone, _ in entries if milestone.status in OPEN_STATUSES}
    rows = []
    for milestone, path in entries:
        is_open = milestone.status in OPEN_STATUSES
        blockers = {target for target, kind in milestone.depends_on if kind == "blocks" and target in open_ids}
        blocked_by = tuple(sorted(blockers)) if is_open else ()
        is_blocked = milestone.status == "blocked" or bool(blocked_by)
        rows.append(Row(milestone, path, milestone.progress, is_blocked, blocked_by))
    return rows


def holds(condition: Condition, row: Row) -> bool:
    if isinstance(condition, Group):
        results = [holds(part, row) for part in condition.parts]
        return all(results) if condition.operator == "and" else any(results)
    if isinstance(condition, Not):
        return not holds(condition.part, row)
    if isinstance(condition, Text):
        return any(has_words(condition.words, text) for text in texts_of(condition.field, row.milestone))
    if condition.field == "is_blocked":
        return row.is_blocked
    values = values_of(condition.field, row)
    if condition.operator == "set":
        return bool(values)
    return any(compare(condition, value) for value in values if value is not None)


def compare(term: Term, value: Any) -> bool:
    wanted: Any = term.value
    if term.field == "priority":
        value, wanted = PRIORITIES.index(value), PRIORITIES.index(wanted)
    elif isinstance(value, str) and term.field != "path":
        value, wanted = fold(value), fold(wanted)
    results = {
        "=": lambda: value == wanted,
        "prefix": lambda: value.startswith(wanted),
        "<": lambda: value < wanted,
        "<=": lambda: value <= wanted,
        ">": lambda: value > wanted,
        ">=": lambda: value >= wanted,
    }
    return bool(results[term.operator]())


def values_of(field: str, row: Row) -> list[Any]:
    """Every value that a field has, none where it is unset; None is one that is nothing to compare with."""
    milestone = row.milestone
    if field.startswith("x."):
        value = milestone.extra.get(field[2:])
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [None] if value else []
        return [item if isinstance(item, str) else None for item in value or []]
    if field in ("path", "progress"):
        return [getattr(row, field)]
    if field == "depends_on":
        return [dependency.id for dependency in milestone.depends_on]
    if field == "created":
        return [milestone.created.astimezone(UTC).date()] if milestone.created else []
    value = getattr(milestone, field)
    if field in ("labels", "tasks"):
        return list(value)
    return [] if value is None else [value]


def texts_of(field: str, milestone: Milestone) -> list[str]:
    if field in ("title", "description"):
        return [getattr(milestone, field) or ""]
    titles = [task.title for task in milestone.tasks]
    if field == "tasks":
        return titles
    texts = (milestone.id, milestone.title, milestone.project, milestone.owner, milestone.description)
    return [*filter(None, texts), *milestone.labels, *titles]


def sort_value(field: str, row: Row) -> Any:
    if field in ("path", "progress"):
        return getattr(row, field)
    value = getattr(row.milestone, field)
    if value is None:
        return None
    if field == "title":
        return " ".join(split_words(value))
    if field in ("priority", "status"):
        return (PRIORITIES if field == "priority" else STATUSES).index(value)
    return fold(value) if isinstance(value, str) else value


def fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Turkish's letters, whichever language the text is in.
    return unicodedata.normalize(
        "NFC", "".join({"\u0131": "i"}.get(letter, letter) for letter in folded).replace("i\u0307", "i")
    )


def split_words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in fold(text)).split()


def has_words(words: Sequence[str], text: str) -> bool:
    """Whether the words follow each other in the text, the last one at least begun."""
    found = split_words(text)
    return any(
        found[start : start + len(words) - 1] == list(words[:-1])
        and found[start + len(words) - 1].startswith(words[-1])
        for start in range(len(found) - len(words) + 1)
    )
