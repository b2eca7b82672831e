"""`git milestone task`"""

from __future__ import annotations

from gitmilestone.changes.edit import Edited
from gitmilestone.faces.cli.commands.outcomes import (
    current_time,
    describe_commit,
    perform,
    report_rehearsal,
    warn_of,
)
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.editing.tasks import TaskVerb, add_task, move_tasks
from gitmilestone.store.writing.plan import Written


def add(context: Context, values: Values) -> int:
    milestone = find_id(context, values["id"])
    edit = add_task(milestone, values["title"], task_id=values["task_id"], weight=values["weight"])
    written = perform(context, values, edit)
    if not values["dry_run"]:
        # As with `new`: the id for scripts, the rest for people.
        context.write(written.outcome.tasks[0])
    return _report(context, values, written, "added")


def start(context: Context, values: Values) -> int:
    return _run(context, values, "start", "started")


def done(context: Context, values: Values) -> int:
    return _run(context, values, "done", "done:")


def reopen(context: Context, values: Values) -> int:
    return _run(context, values, "reopen", "reopened")


def remove(context: Context, values: Values) -> int:
    return _run(context, values, "remove", "removed")


def _run(context: Context, values: Values, verb: TaskVerb, said: str) -> int:
    milestone, now = find_id(context, values["id"]), current_time(context)
    written = perform(context, values, move_tasks(milestone, verb, values["task"], now=now))
    return _report(context, values, written, said)


def _report(context: Context, values: Values, written: Written[Edited], said: str) -> int:
    edited = written.outcome
    if values["dry_run"]:
        return report_rehearsal(context, edited)
    (milestone,) = edited.milestones
    warn_of(context, edited)
    if edited.changes:
        context.warn(f"{said} {', '.join(edited.tasks)}{describe_commit(written.commit)}")
    else:
        context.warn(f"{', '.join(edited.tasks)}: nothing to change")
    context.warn(f"{milestone.id} is {milestone.progress:.0%} done")
    return 0
