"""`git milestone init`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import report_written, write_options
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.context import Context
from gitmilestone.operations.editing.init import init


def run(context: Context, values: Values) -> int:
    written = init(context.store, values["layout"] or "flat", write_options(values))
    status = report_written(context, written, "created .milestones/", ".milestones/ is here already: nothing to change")
    if written.paths:
        context.warn('hint: `git milestone new "TITLE"` makes the first milestone')
        context.warn("hint: `git milestone hooks install` lets git check milestones, and merge them field by field")
    return status
