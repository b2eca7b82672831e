"""What differs between two states of a milestone: the currency of diff, history and review."""

from __future__ import annotations

from typing import Any, NamedTuple

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Milestone, Task


class FieldChange(NamedTuple):
    """`field` is a key of the file; of a task `tasks.ID.KEY`; an item of a set is added (old None) or removed."""

    field: str
    old: Any
    new: Any


class Change(NamedTuple):
    """A milestone in two states; None where it does not exist in one of them."""

    id: str
    old: Milestone | None
    new: Milestone | None

    @property
    def kind(self) -> str:
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    def fields(self) -> list[FieldChange]:
        """What differs, in the order of the canonical form; all of it where one side is absent."""
        nothing = Milestone(self.id, "")
        old, new = self.old or nothing, self.new or nothing
        changes: list[FieldChange] = []
        for field in MILESTONE_FIELDS:
            before, after = getattr(old, field.name), getattr(new, field.name)
            if field.shape == "scalar" and field.name != "schema":
                # What is not there says nothing: neither the other side's value nor its default.
                said = self.old and before, self.new and after
                if said[0] != said[1] and ((self.old and self.new) or any(map(field.says, said))):
                    changes.append(FieldChange(field.name, *said))
            elif field.name == "schema" or before == after:
                continue
            elif field.shape == "tasks":
                changes += _task_changes(before, after)
            else:
                olds, news = frozenset(before), frozenset(after)
                changes += [FieldChange(field.name, item, None) for item in before if item not in news]
                changes += [FieldChange(field.name, None, item) for item in after if item not in olds]
        for key in sorted({*old.extra, *new.extra}):
            if old.extra.get(key) != new.extra.get(key):
                changes.append(FieldChange(f"x.{key}", old.extra.get(key), new.extra.get(key)))
        return changes


def _task_changes(before: tuple[Task, ...], after: tuple[Task, ...]) -> list[FieldChange]:
    olds, news = {task.id: task for task in before}, {task.id: task for task in after}
    changes: list[FieldChange] = []
    for task_id in {**olds, **news}:
        old, new = olds.get(task_id), news.get(task_id)
        if old is None or new is None:
            changes.append(FieldChange(f"tasks.{task_id}", old and old.title, new and new.title))
            continue
        for field in TASK_FIELDS:
            was, now = getattr(old, field.name), getattr(new, field.name)
            if was != now:
                changes.append(FieldChange(f"tasks.{task_id}.{field.name}", was, now))
    return changes
