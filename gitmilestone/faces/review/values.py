"""A review as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

from gitmilestone.faces.differences import to_json_field
from gitmilestone.faces.envelope import SCHEMA_VERSION
from gitmilestone.faces.review.sections import summarise
from gitmilestone.model.milestone import Dependency, Task
from gitmilestone.model.record import to_json
from gitmilestone.operations.asking.diff import format_value
from gitmilestone.operations.checking.review import Changed, Clash, Review
from gitmilestone.operations.checking.strays import describe_strays


def to_json_review(review: Review) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "summary": summarise(review),
        "target": review.target,
        "head": review.head,
        "base": review.base,
        "added": [to_json(one) for one in review.added],
        "removed": [to_json(one) for one in review.removed],
        "statuses": [{**move._asdict(), "kind": move.kind, "waiting": list(move.waiting)} for move in review.statuses],
        "dates": [
            {**move._asdict(), "old": _day(move.old), "new": _day(move.new), "days": move.days} for move in review.dates
        ],
        "pushed": [
            {**one._asdict(), "title": review.titles.get(one.id), "due": _day(one.due), "chain": list(one.chain)}
            for one in review.pushed
        ],
        "scope": _list_changed(review.scope),
        "progress": _list_changed(review.progress),
        "owners": _list_changed(review.owners),
        "others": _list_changed(review.others),
        "made": [link._asdict() for link in review.made],
        "broken": [link._asdict() for link in review.broken],
        "cycles": [list(cycle) for cycle in review.cycles],
        "conflicts": [_to_json_clash(clash) for clash in review.conflicts],
        "text_conflicts": None if review.text_conflicts is None else list(review.text_conflicts),
        "strays": [
            {"id": name, "landed_in": landed_in or None, "edits": describe_strays(list(some))}
            for (name, landed_in), some in groupby(review.strays, lambda one: (one.id, one.landed_in))
        ],
        "problems": [problem.as_values() for problem in review.problems],
    }


def _list_changed(changed: Iterable[Changed]) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "title": one.title, "fields": [to_json_field(field) for field in one.fields]} for one in changed
    ]


def _to_json_clash(clash: Clash) -> dict[str, Any]:
    """Without values where one side removed the milestone."""
    if not clash.field:
        removed_by = "branch" if clash.theirs is None else "target"
        return {"id": clash.id, "title": clash.title, "field": None, "removed_by": removed_by}
    sides = {"base": clash.base, "target": clash.ours, "branch": clash.theirs}
    values = {name: _to_json_side(clash.field, value) for name, value in sides.items()}
    return {"id": clash.id, "title": clash.title, "field": clash.field, **values}


def _to_json_side(field: str, value: Any) -> Any:
    if value is None or isinstance(value, list | dict):
        return value
    if isinstance(value, Dependency):
        return value._asdict()
    if isinstance(value, Task):
        return value.title
    return list(value) if isinstance(value, tuple) else format_value(field, value)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
