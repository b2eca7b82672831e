"""`git milestone task`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import current_time, describe_commit, write_options
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.context import Context
from gitmilestone.operations.editing.tasks import TasksEdited, TaskVerb, add_task, move_tasks


def add(context: Context, values: Values) -> int:
    done = add_task(
        context.store,
        find_id(context, values["id"]),
        values["title"],
        task_id=values["task_id"],
        weight=values["weight"],
        options=write_options(values),
    )
    # As with `new`: the id for scripts, the rest for people.
    context.write(done.tasks[0])
    return _report(context, done, "added")


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
    moved = move_tasks(context.store, milestone, verb, values["task"], now=now, options=write_options(values))
    return _report(context, moved, said)


def _report(context: Context, done: TasksEdited, said: str) -> int:
    (milestone,) = done.edited.milestones
    if milestone.id in done.edited.changed:
        context.warn(f"{said} {', '.join(done.tasks)}{describe_commit(done.edited.commit)}")
    else:
        context.warn(f"{', '.join(done.tasks)}: nothing to change")
    context.warn(f"{milestone.id} is {milestone.progress:.0%} done")
    return 0
