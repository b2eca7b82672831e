"""One milestone: an immutable value."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from gitmilestone.model import formats, kinds
from gitmilestone.model.field import Field
from gitmilestone.model.vocabulary import CLOSED_STATUSES as CLOSED_STATUSES
from gitmilestone.model.vocabulary import DEPENDENCY_TYPES as DEPENDENCY_TYPES
from gitmilestone.model.vocabulary import OPEN_STATUSES as OPEN_STATUSES
from gitmilestone.model.vocabulary import PRIORITIES as PRIORITIES
from gitmilestone.model.vocabulary import STATUSES as STATUSES
from gitmilestone.model.vocabulary import TASK_STATUSES as TASK_STATUSES
from gitmilestone.model.vocabulary import DependencyType as DependencyType
from gitmilestone.model.vocabulary import Priority as Priority
from gitmilestone.model.vocabulary import Status as Status
from gitmilestone.model.vocabulary import TaskStatus as TaskStatus


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
    """A task as its milestone's file says it.

    Attributes:
        extra: Keys that are no field: text, lists and mappings of text, as written.
    """

    id: str
    title: Annotated[str, Field(kinds.LINE, "What is to be done.", required=True)]
    status: Annotated[
        TaskStatus, Field(kinds.TASK_STATUS, "Where it stands; `planned` where unset.", merge="status")
    ] = "planned"
    weight: Annotated[float, Field(kinds.NUMBER, "Its share in the milestone's progress; 1 where unset.")] = 1.0
    completed: Annotated[datetime | None, Field(kinds.TIME, "When it was done.", merge="earliest", editable=False)] = (
        None
    )
    extra: Mapping[str, Any] = {}


class Milestone(NamedTuple):
    """A milestone as its file says it.

    What has a Field beside its type is a key of the file, and whatever else is known of it derives from that line;
    `gitmilestone.model.fields` has them as tables.

    Attributes:
        estimate: Working days.
        created: UTC, whole seconds.
        labels: Sorted, each once.
        depends_on: Sorted by id, each once.
        tasks: In the file's order.
        extra: Keys that are no field: text, lists and mappings of text, as written.
    """

    id: str
    title: Annotated[str, Field(kinds.LINE, "What will be reached.", required=True)]
    status: Annotated[
        Status,
        Field(kinds.STATUS, "Where it stands.", merge="status", required=True),
    ] = "planned"
    project: Annotated[str | None, Field(kinds.LINE, "The project it belongs to.")] = None
    owner: Annotated[str | None, Field(kinds.LINE, "Who answers for it.")] = None
    priority: Annotated[Priority | None, Field(kinds.PRIORITY, "How much it matters.")] = None
    start: Annotated[date | None, Field(kinds.DATE, "The first day of work.")] = None
    due: Annotated[date | None, Field(kinds.DATE, "The day it is due.")] = None
    estimate: Annotated[float | None, Field(kinds.ESTIMATE, "Work to be done, in working days.")] = None
    created: Annotated[datetime | None, Field(kinds.TIME, "When it was created.", merge="earliest", editable=False)] = (
        None
    )
    labels: Annotated[
        tuple[str, ...], Field(kinds.LABEL, "Free words to find it by.", shape="labels", merge="set")
    ] = ()
    depends_on: Annotated[
        tuple[Dependency, ...], Field(kinds.TARGET, "The milestones it waits for.", shape="dependencies", merge="set")
    ] = ()
    tasks: Annotated[tuple[Task, ...], Field(kinds.ID, "Its tasks, by id.", shape="tasks", merge="tasks")] = ()
    description: Annotated[str | None, Field(kinds.BLOCK, "Anything else there is to say.", merge="lines")] = None
    schema: Annotated[int, Field(kinds.SCHEMA, "The file's format version.", required=True, editable=False)] = (
        formats.NEWEST
    )
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
