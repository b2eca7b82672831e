"""The three-way merge of milestones, field by field as `fields` says.

Laws: merge(b, x, b) = x, merge(b, b, x) = x, merge(b, x, x) = x, and merge(b, x, y) differs from
merge(b, y, x) only in whose side the conflicts are decided for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.merging.merge_own import ABSENT, join_own
from gitmilestone.model.milestone import Milestone, Task

Value = TypeVar("Value", Milestone, Task)
Side = Literal["base", "ours", "theirs"]
SIDES: tuple[Side, ...] = ("base", "ours", "theirs")


class Given(NamedTuple):
    """A value that somebody has put in the place of every side's."""

    value: Any


Decision = Side | Given


class Place(NamedTuple):
    """Where in a milestone something is.

    Attributes:
        field: Of the milestone, or of its `task`; None where `key` is one of the user's own.
        key: As the file has it.
        task: The id of the task that the key is in; None outside of tasks.
        item: The id of the dependency, or of the whole task, that is meant; None where it is all of the field.
    """

    field: Field | None
    key: str
    task: str | None = None
    item: str | None = None


class Conflict(NamedTuple):
    """A place that both sides changed, each in its own way.

    Attributes:
        field: A key of the file; `depends_on.ID`; `tasks.ID` (one side removed it), `tasks.ID.KEY`, or
            `tasks` for their order; `x.KEY` for a custom key, behind `tasks.ID.` for a task's. A task's id that has
            dots is in double quotes, so that each place has a name of its own.
        base, ours, theirs: The value there; None where it is unset or absent.
    """

    field: str
    base: Any
    ours: Any
    theirs: Any

    @property
    def place(self) -> Place:
        found = re.fullmatch(_IN_TASKS, self.field, re.DOTALL)
        if found is None:
            key, _, rest = self.field.partition(".")
            return Place(None, rest) if key == "x" else Place(FIELDS.get(key), key, item=rest or None)
        task, key = found["quoted"] or found["id"], found["key"]
        if key is None:
            return Place(FIELDS["tasks"], "tasks", item=task)
        return Place(None, key[2:], task) if key.startswith("x.") else Place(_TASK_FIELDS[key], key, task)


_IN_TASKS = r'tasks\.(?:"(?P<quoted>[^"]*)"|(?P<id>[^.]*))(?:\.(?P<key>.*))?'
_TASK_FIELDS = {field.name: field for field in TASK_FIELDS}


def _name_task(task_id: str) -> str:
    return f'tasks."{task_id}"' if "." in task_id else f"tasks.{task_id}"


class Merged(NamedTuple):
    """`conflicts` are those that nobody has decided."""

    milestone: Milestone
    conflicts: tuple[Conflict, ...]


_FORWARD = ("planned", "in_progress", "blocked", "completed")


def merge(
    base: Milestone | None,
    ours: Milestone,
    theirs: Milestone,
    decisions: Mapping[str, Decision] = {},
    otherwise: Side = "ours",
) -> Merged:
    """Args:
    base: None where both sides added it.
    decisions: What to take where there is a conflict, by its `field`.
    otherwise: The side to take where there is another one; of lines, in the conflicting stretches only.
    """
    merger = _Merger(decisions, otherwise)
    milestone = merger.merge_fields(MILESTONE_FIELDS, "", base, ours, theirs)
    return Merged(milestone, tuple(merger.conflicts))


class _Merger:
    def __init__(self, decisions: Mapping[str, Decision], otherwise: Side) -> None:
        self.decisions = decisions
        self.otherwise = otherwise
        self.conflicts: list[Conflict] = []

    def merge_fields(
        self, fields: tuple[Field, ...], where: str, base: Value | None, ours: Value, theirs: Value
    ) -> Value:
        """Both sides have it; without a base, both added it."""
        merged: dict[str, Any] = {}
        for field in fields:
            sides = [getattr(side, field.name, None) for side in (base, ours, theirs)]
            merged[field.name] = self._merge_field(field, where + field.name, *sides)
        own = [side.extra if side else {} for side in (base, ours, theirs)]
        extra = self._merge_entries(self._merge_own, f"{where}x.", *own)
        return ours._replace(**merged, extra=extra)

    def _merge_field(self, field: Field, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        match field.merge:
            case "tasks":
                return self._merge_tasks(_by_id(base), _by_id(ours), _by_id(theirs))
            case "set":
                items = self._merge_entries(self._merge_value, f"{name}.", *map(_by_id, (base, ours, theirs)))
                return tuple(items[key] for key in sorted(items))
            case "lines":
                return self._merge_own(name, base, ours, theirs)
        return self._merge_value(name, base, ours, theirs, _JOINS.get(field.merge))

    def _merge_value(
        self, name: str, base: Any, ours: Any, theirs: Any, join: Callable[[Any, Any, Any], Any] | None = None
    ) -> Any:
        """Args:
        join: Gives what two different changes come to, None where they contradict each other.
        """
        if ours == base:
            return theirs
        if theirs in (base, ours):
            return ours
        joined = join(base, ours, theirs) if join else None
        if joined is not None:
            return joined
        decision = self._decide(name, base, ours, theirs)
        return decision.value if isinstance(decision, Given) else (base, ours, theirs)[SIDES.index(decision)]

    def _decide(self, name: str, *sides: Any) -> Decision:
        if name not in self.decisions:
            self.conflicts.append(Conflict(name, *(None if side is ABSENT else side for side in sides)))
        return self.decisions.get(name, self.otherwise)

    def _merge_own(self, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        """Part by part; where one of them is disputed, all of it is one conflict."""
        sides = base, ours, theirs
        joined = join_own(*sides, SIDES.index(self.otherwise))
        decision = self._decide(name, *sides) if joined.is_disputed else self.otherwise
        if isinstance(decision, Given):
            return decision.value
        return joined.value if decision == self.otherwise else join_own(*sides, SIDES.index(decision)).value

    def _merge_entries(
        self,
        merge_value: Callable[[str, Any, Any, Any], Any],
        where: str,
        base: Mapping[str, Any],
        ours: Mapping[str, Any],
        theirs: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Key by key. One that is absent is not the same as one that is empty."""
        merged: dict[str, Any] = {}
        for key in {**ours, **theirs}:
            value = merge_value(where + key, *(side.get(key, ABSENT) for side in (base, ours, theirs)))
            if value is not ABSENT:
                merged[key] = value
        return merged

    def _merge_tasks(self, base: dict[str, Task], ours: dict[str, Task], theirs: dict[str, Task]) -> tuple[Task, ...]:
        merged: dict[str, Task] = {}
        for key in {**ours, **theirs}:
            name = _name_task(key)
            if key in ours and key in theirs:
                merged[key] = self.merge_fields(TASK_FIELDS, f"{name}.", base.get(key), ours[key], theirs[key])
            elif task := self._merge_value(name, base.get(key), ours.get(key), theirs.get(key)):
                merged[key] = task
        return tuple(merged[key] for key in self._merge_order(merged, base, ours, theirs))

    def _merge_order(
        self, merged: Collection[str], base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> list[str]:
        """What both sides have is in the order of the side that changed it; the rest behind what it followed."""
        shared = ours.keys() & theirs.keys()
        was, here, there = (tuple(key for key in side if key in shared) for side in (base, ours, theirs))
        known = self._merge_value("tasks", was, here, there)
        order: list[str] = []
        runs = _runs(ours, theirs), _runs(theirs, ours)
        # The base knows nothing of what both added.
        for key in ("", *known, *(key for key in here if key not in known)):
            order += [key] if key else []
            for run in sorted(side.get(key, []) for side in runs):
                order += (one for one in run if one in merged)
        return order


def _join_status(base: str | None, ours: str, theirs: str) -> str | None:
    """The further one of two steps forward. Giving up or taking up again says something else, so it joins with none."""
    if "cancelled" in (base, ours, theirs) or base == "completed":
        return None
    if base is not None and "planned" in (ours, theirs):
        return None
    return max(ours, theirs, key=_FORWARD.index)


def _join_earliest(base: Any, ours: Any, theirs: Any) -> Any:
    del base
    return None if ours is None or theirs is None else min(ours, theirs)


_JOINS: dict[str, Callable[[Any, Any, Any], Any]] = {"status": _join_status, "earliest": _join_earliest}


def _by_id(items: Collection[Any] | None) -> dict[str, Any]:
    """Labels, dependencies or tasks by what tells them apart."""
    return {getattr(item, "id", item): item for item in items or ()}


def _runs(side: Collection[str], other: Collection[str]) -> dict[str, list[str]]:
    """The tasks that one side alone has, by the shared one in front of them, or ""."""
    runs: dict[str, list[str]] = {}
    anchor = ""
    for key in side:
        if key in other:
            anchor = key
        else:
            runs.setdefault(anchor, []).append(key)
    return runs
