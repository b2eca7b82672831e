"""Adds, moves and removes tasks of one milestone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from gitmilestone.changes.draft import Draft
from gitmilestone.changes.edit import Edit, Revision
from gitmilestone.errors import AmbiguousId, InvalidRequest, MilestoneNotFound
from gitmilestone.model.ids import make_id
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.record import parse_tasks

TaskVerb = Literal["start", "done", "reopen", "remove"]


def add_task(milestone: str, title: str, *, task_id: str | None = None, weight: str | None = None) -> Edit:
    """Adds a task behind the others."""
    (task,) = parse_tasks([{"id": task_id or make_id(title), "title": title, "weight": weight}])

    def revise(draft: Draft) -> Revision:
        before = draft.get(milestone)
        if any(other.id == task.id for other in before.tasks):
            raise InvalidRequest(f"{before.id} has a task {task.id} already", "choose another id")
        return _replace_tasks(draft, before, (*before.tasks, task), f"add task {task.id} to", [task.id])

    return Edit(revise)


def move_tasks(milestone: str, verb: TaskVerb, tasks: Sequence[str], *, now: datetime) -> Edit:
    """Starts, finishes, reopens or removes tasks, named by their ids or unique beginnings of them."""
    change: dict[str, Callable[[Task], Task]] = {
        "start": lambda task: task._replace(status="in_progress", completed=None),
        "done": lambda task: task if task.status == "completed" else task._replace(status="completed", completed=now),
        "reopen": lambda task: task._replace(status="planned", completed=None),
    }

    def revise(draft: Draft) -> Revision:
        before = draft.get(milestone)
        chosen = list(dict.fromkeys(find_task(before, text).id for text in tasks))
        if verb == "remove":
            after = tuple(task for task in before.tasks if task.id not in chosen)
        else:
            after = tuple(change[verb](task) if task.id in chosen else task for task in before.tasks)
        return _replace_tasks(draft, before, after, f"{verb} task {', '.join(chosen)} of", chosen)

    return Edit(revise)


def _replace_tasks(
    draft: Draft, before: Milestone, tasks: tuple[Task, ...], deed: str, about: Sequence[str]
) -> Revision:
    after = before._replace(tasks=tasks)
    draft.update(after)
    return Revision(f"milestone: {deed} {after.id}", [after], tasks=about)


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
