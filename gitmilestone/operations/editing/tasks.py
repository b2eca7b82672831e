"""Adds, moves and removes tasks of one milestone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from gitmilestone.errors import AmbiguousId, InvalidRequest, MilestoneNotFound
from gitmilestone.model.ids import make_id
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.record import parse_tasks
from gitmilestone.operations.editing.milestones import DEFAULT, Edited, edit_fields
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions

TaskVerb = Literal["start", "done", "reopen", "remove"]


class TasksEdited(NamedTuple):
    """What a write did, and the ids of the tasks it was about."""

    edited: Edited
    tasks: tuple[str, ...]


def add_task(
    store: Store,
    milestone: str,
    title: str,
    *,
    task_id: str | None = None,
    weight: str | None = None,
    options: WriteOptions = DEFAULT,
) -> TasksEdited:
    """Adds a task behind the others."""
    (task,) = parse_tasks([{"id": task_id or make_id(title), "title": title, "weight": weight}])

    def revise(before: Milestone) -> Milestone:
        if any(other.id == task.id for other in before.tasks):
            raise InvalidRequest(f"{before.id} has a task {task.id} already", "choose another id")
        return before._replace(tasks=(*before.tasks, task))

    edited = edit_fields(store, milestone, revise, options, lambda name: f"add task {task.id} to {name}")
    return TasksEdited(edited, (task.id,))


def move_tasks(
    store: Store,
    milestone: str,
    verb: TaskVerb,
    tasks: Sequence[str],
    *,
    now: datetime,
    options: WriteOptions = DEFAULT,
) -> TasksEdited:
    """Starts, finishes, reopens or removes tasks, named by their ids or unique beginnings of them."""
    change: dict[str, Callable[[Task], Task]] = {
        "start": lambda task: task._replace(status="in_progress", completed=None),
        "done": lambda task: task if task.status == "completed" else task._replace(status="completed", completed=now),
        "reopen": lambda task: task._replace(status="planned", completed=None),
    }

    chosen: dict[str, None] = {}

    def revise(before: Milestone) -> Milestone:
        chosen.clear()
        chosen.update(dict.fromkeys(find_task(before, text).id for text in tasks))
        if verb == "remove":
            return before._replace(tasks=tuple(task for task in before.tasks if task.id not in chosen))
        return before._replace(tasks=tuple(change[verb](task) if task.id in chosen else task for task in before.tasks))

    edited = edit_fields(store, milestone, revise, options, lambda name: f"{verb} task {', '.join(chosen)} of {name}")
    return TasksEdited(edited, tuple(chosen))


def find_task(milestone: Milestone, text: str) -> Task:
    """The task that `text`, its id or a unique beginning of it, names.

    Raises:
        MilestoneNotFound, AmbiguousId.
    """
    exact = [task for task in milestone.tasks if task.id == text]
    matches = exact or [task for task in milestone.tasks if task.id.startswith(text)]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(task.id for task in milestone.tasks) or "none"
    if matches:
        raise AmbiguousId(f"{text!r} begins several tasks: {', '.join(task.id for task in matches)}", "give more of it")
    raise MilestoneNotFound(f"{milestone.id} has no task {text!r}", f"its tasks: {known}")
