"""`git milestone init`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import describe_commit, perform
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.editing.init import init


def run(context: Context, values: Values) -> int:
    written = perform(context, values, init(values["layout"] or "flat"))
    if not written.paths:
        context.write(".milestones/ is here already: nothing to change")
    elif values["dry_run"]:
        context.write("would create .milestones/")
    else:
        context.write(f"created .milestones/{describe_commit(written.commit)}")
        context.warn('hint: `git milestone new "TITLE"` makes the first milestone')
        context.warn("hint: `git milestone hooks install` lets git check milestones, and merge them field by field")
    return 0
