"""`git milestone task`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import current_time, report_edit, write_options
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.operations.milestones import Edited
from gitmilestone.operations.tasks import TaskVerb, add_task, move_tasks


def add(context: Context, values: Values) -> int:
    edited = add_task(
        context.store,
        values["id"],
        values["title"],
        task_id=values["task_id"],
        weight=values["weight"],
        options=write_options(values),
    )
    return _report(context, edited, "added a task to")


def start(context: Context, values: Values) -> int:
    return _run(context, values, "start", "started a task of")


def done(context: Context, values: Values) -> int:
    return _run(context, values, "done", "done with a task of")


def reopen(context: Context, values: Values) -> int:
    return _run(context, values, "reopen", "reopened a task of")


def remove(context: Context, values: Values) -> int:
    return _run(context, values, "remove", "removed a task from")


def _run(context: Context, values: Values, verb: TaskVerb, said: str) -> int:
    edited = move_tasks(
        context.store, values["id"], verb, values["task"], now=current_time(context), options=write_options(values)
    )
    return _report(context, edited, said)


def _report(context: Context, edited: Edited, said: str) -> int:
    status = report_edit(context, edited, said)
    for milestone in edited.milestones:
        context.warn(f"{milestone.id} is {milestone.progress:.0%} done")
    return status
