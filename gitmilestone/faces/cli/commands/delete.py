"""`git milestone delete ID...`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import report_edit, write_options
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.operations.milestones import delete


def run(context: Context, values: Values) -> int:
    edited = delete(context.store, values["id"], force=values["force"], options=write_options(values))
    return report_edit(context, edited, "deleted")
