"""One milestone: an immutable value."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from gitmilestone.model import formats

Status = Literal["planned", "in_progress", "blocked", "completed", "cancelled"]
TaskStatus = Literal["planned", "in_progress", "completed"]
Priority = Literal["low", "medium", "high", "critical"]
DependencyType = Literal["blocks", "relates"]

OPEN_STATUSES: tuple[Status, ...] = ("planned", "in_progress", "blocked")
CLOSED_STATUSES: tuple[Status, ...] = ("completed", "cancelled")
STATUSES: tuple[Status, ...] = OPEN_STATUSES + CLOSED_STATUSES
TASK_STATUSES: tuple[TaskStatus, ...] = ("planned", "in_progress", "completed")
PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high", "critical")
DEPENDENCY_TYPES: tuple[DependencyType, ...] = ("blocks", "relates")


class Dependency(NamedTuple):
    """`id` must be closed first (`blocks`), or is only worth knowing of (`relates`).

    Attributes:
        id: Of a milestone of the same tree; `repository:id` names one of another repository.
    """

    id: str
    type: DependencyType = "blocks"

    @property
    def is_foreign(self) -> bool:
        return ":" in self.id


class Task(NamedTuple):
    id: str
    title: str
    status: TaskStatus = "planned"
    weight: float = 1.0
    completed: datetime | None = None
    extra: Mapping[str, Any] = {}


class Milestone(NamedTuple):
    """A milestone as its file says it; `gitmilestone.model.fields` describes each field.

    Attributes:
        estimate: Working days.
        created: UTC, whole seconds.
        labels: Sorted, each once.
        depends_on: Sorted by id, each once.
        tasks: In the file's order.
        extra: Keys that are no field: text, lists and mappings of text, as written.
    """

    id: str
    title: str
    status: Status = "planned"
    project: str | None = None
    owner: str | None = None
    priority: Priority | None = None
    start: date | None = None
    due: date | None = None
    estimate: float | None = None
    created: datetime | None = None
    labels: tuple[str, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    tasks: tuple[Task, ...] = ()
    description: str | None = None
    schema: int = formats.NEWEST
    extra: Mapping[str, Any] = {}

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def progress(self) -> float:
        """Share of the tasks' weight that is done, 0 to 1; without tasks, 1 once completed."""
        total = sum(task.weight for task in self.tasks)
        if not total:
            return 1.0 if self.status == "completed" else 0.0
        return sum(task.weight for task in self.tasks if task.status == "completed") / total

    @property
    def blockers(self) -> tuple[str, ...]:
        """The ids in the same tree that must be closed before this one, whatever their status is now."""
        return tuple(on.id for on in self.depends_on if on.type == "blocks" and not on.is_foreign)
