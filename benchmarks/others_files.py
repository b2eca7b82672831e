"""Milestones in the formats of other tools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from gitmilestone.model.milestone import Milestone

_BACKLOG_STATUSES = {"planned": "To Do", "in_progress": "In Progress", "blocked": "In Progress"}
_PRIORITIES = {"low": "low", "medium": "medium", "high": "high", "critical": "high"}


def name_backlog_file(milestone: Milestone, number: int) -> str:
    return f"task-{number} - {milestone.title.replace(' ', '-')}.md"


def encode_backlog_task(milestone: Milestone, number: int, numbers: Mapping[str, int]) -> str:
    """A task of Backlog.md, as its own `task create` writes it.

    Args:
        numbers: Of the milestones that have one already; a dependency on another is left out.
    """
    lines = [
        "---",
        f"id: TASK-{number}",
        f"title: {milestone.title}",
        f"status: {_BACKLOG_STATUSES.get(milestone.status, 'Done')}",
        f"assignee:\n  - '{milestone.owner}'",
        f"created_date: '{milestone.created:%Y-%m-%d %H:%M}'",
        _format_list("labels", milestone.labels),
        _format_list("dependencies", (f"TASK-{numbers[on.id]}" for on in milestone.depends_on if on.id in numbers)),
        f"priority: {_PRIORITIES[milestone.priority or 'medium']}",
        f"ordinal: {number * 1000}",
        "---",
        "",
        "## Description",
        "",
        "<!-- SECTION:DESCRIPTION:BEGIN -->",
        (milestone.description or "").rstrip(),
        "<!-- SECTION:DESCRIPTION:END -->",
        "",
        "## Acceptance Criteria",
        "<!-- AC:BEGIN -->",
        *(
            f"- [{'x' if task.status == 'completed' else ' '}] #{place} {task.title}"
            for place, task in enumerate(milestone.tasks, 1)
        ),
        "<!-- AC:END -->",
    ]
    return "\n".join(lines) + "\n"


def _format_list(name: str, items: Iterable[str]) -> str:
    lines = [f"  - {item}" for item in items]
    return "\n".join([f"{name}:", *lines]) if lines else f"{name}: []"


def find_uuid(milestone_id: str) -> str:
    """The same for the same id."""
    return str(uuid5(NAMESPACE_URL, milestone_id))


def encode_taskwarrior(milestones: Iterable[Milestone]) -> bytes:
    """What `task import` reads. Its own tasks have no tasks inside them: those are annotations."""
    return json.dumps([_to_task(milestone) for milestone in milestones]).encode()


def _to_task(milestone: Milestone) -> dict[str, Any]:
    assert milestone.created is not None  # it is of every one that is made
    entry = f"{milestone.created:%Y%m%dT%H%M%SZ}"
    notes = [milestone.description or "", *(task.title for task in milestone.tasks)]
    task: dict[str, Any] = {
        "uuid": find_uuid(milestone.id),
        "description": milestone.title,
        "status": "pending" if milestone.is_open else "completed",
        "project": milestone.project,
        "entry": entry,
        "priority": _PRIORITIES[milestone.priority or "medium"][0].upper(),
        "tags": [label.replace("-", "_") for label in milestone.labels],
        "annotations": [{"entry": entry, "description": " ".join(note.split())} for note in notes if note],
    }
    if not milestone.is_open:
        task["end"] = entry
    if milestone.due:
        task["due"] = _format_day(milestone.due)
    if milestone.depends_on:
        task["depends"] = [find_uuid(on.id) for on in milestone.depends_on]
    return task


def _format_day(day: date) -> str:
    return f"{day:%Y%m%d}T000000Z"
