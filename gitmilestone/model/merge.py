"""The three-way merge of milestones, field by field as `fields` says.

Laws: merge(b, x, b) = x, merge(b, b, x) = x, merge(b, x, x) = x, and merge(b, x, y) differs from
merge(b, y, x) only in whose side the conflicts are decided for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.milestone import Milestone, Task

Value = TypeVar("Value", Milestone, Task)


class Conflict(NamedTuple):
    """A place that both sides changed, each in its own way.

    Attributes:
        field: A key of the file; `depends_on.ID`; `tasks.ID` (one side removed it), `tasks.ID.KEY`, or
            `tasks` for their order; `x.KEY` for a custom key, behind `tasks.ID.` for a task's.
        base, ours, theirs: The value there; None where it is unset or absent.
    """

    field: str
    base: Any
    ours: Any
    theirs: Any


class Merged(NamedTuple):
    """`milestone` has ours wherever there is a conflict."""

    milestone: Milestone
    conflicts: tuple[Conflict, ...]


_ABSENT = object()


def merge(base: Milestone, ours: Milestone, theirs: Milestone) -> Merged:
    merger = _Merger()
    milestone = merger.merge_fields(MILESTONE_FIELDS, "", base, ours, theirs)
    return Merged(milestone, tuple(merger.conflicts))


class _Merger:
    def __init__(self) -> None:
        self.conflicts: list[Conflict] = []

    def merge_fields(
        self, fields: tuple[Field, ...], where: str, base: Value | None, ours: Value, theirs: Value
    ) -> Value:
        """Both sides have it; without a base, both added it."""
        merged: dict[str, Any] = {}
        for field in fields:
            sides = [getattr(side, field.name, None) for side in (base, ours, theirs)]
            merged[field.name] = self._merge_field(field, where + field.name, *sides)
        extra = self._merge_entries(f"{where}x.", base.extra if base else {}, ours.extra, theirs.extra)
        return ours._replace(**merged, extra=extra)

    def _merge_field(self, field: Field, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        if field.merge == "value":
            return self._merge_value(name, base, ours, theirs)
        if field.merge == "tasks":
            return self._merge_tasks(_by_id(base), _by_id(ours), _by_id(theirs))
        items = self._merge_entries(f"{name}.", _by_id(base), _by_id(ours), _by_id(theirs))
        return tuple(items[key] for key in sorted(items))

    def _merge_value(self, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        if base != ours != theirs != base:
            sides = (None if side is _ABSENT else side for side in (base, ours, theirs))
            self.conflicts.append(Conflict(name, *sides))
        return theirs if ours == base else ours

    def _merge_entries(
        self, where: str, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Key by key. One that is absent is not the same as one that is empty."""
        merged: dict[str, Any] = {}
        for key in {**ours, **theirs}:
            sides = [side.get(key, _ABSENT) for side in (base, ours, theirs)]
            value = self._merge_value(where + key, *sides)
            if value is not _ABSENT:
                merged[key] = value
        return merged

    def _merge_tasks(self, base: dict[str, Task], ours: dict[str, Task], theirs: dict[str, Task]) -> tuple[Task, ...]:
        merged: dict[str, Task] = {}
        for key in {**ours, **theirs}:
            name = f"tasks.{key}"
            if key in ours and key in theirs:
                merged[key] = self.merge_fields(TASK_FIELDS, f"{name}.", base.get(key), ours[key], theirs[key])
            elif task := self._merge_value(name, base.get(key), ours.get(key), theirs.get(key)):
                merged[key] = task
        return tuple(merged[key] for key in self._merge_order(merged, base, ours, theirs))

    def _merge_order(
        self, merged: Collection[str], base: Collection[str], ours: Collection[str], theirs: Collection[str]
    ) -> list[str]:
        """What both sides have is in the order of the side that changed it; the rest behind what it followed."""
        shared = [tuple(key for key in side if key in ours and key in theirs) for side in (base, ours, theirs)]
        order: list[str] = []
        runs = _runs(ours, theirs, merged), _runs(theirs, ours, merged)
        for key in ("", *self._merge_value("tasks", *shared)):
            order += [key] if key else []
            for run in sorted(side.get(key, []) for side in runs):
                order += run
        return order


def _by_id(items: Collection[Any] | None) -> dict[str, Any]:
    """Labels, dependencies or tasks by what tells them apart."""
    return {getattr(item, "id", item): item for item in items or ()}


def _runs(side: Collection[str], other: Collection[str], merged: Collection[str]) -> dict[str, list[str]]:
    """The tasks that one side alone has, by the shared one in front of them, or ""."""
    runs: dict[str, list[str]] = {}
    anchor = ""
    for key in side:
        if key in other:
            anchor = key
        elif key in merged:
            runs.setdefault(anchor, []).append(key)
    return runs
