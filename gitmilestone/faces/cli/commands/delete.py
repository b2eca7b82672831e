"""`git milestone delete ID...`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import report_edit, write_options
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.context import Context
from gitmilestone.operations.editing.milestones import delete


def run(context: Context, values: Values) -> int:
    ids = [find_id(context, text) for text in values["id"]]
    edited = delete(context.store, ids, force=values["force"], options=write_options(values))
    return report_edit(context, edited, "deleted")
