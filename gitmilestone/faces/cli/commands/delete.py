"""`git milestone delete ID...`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import edit_and_report
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.editing.milestones import delete


def run(context: Context, values: Values) -> int:
    ids = [find_id(context, text) for text in values["id"]]
    return edit_and_report(context, values, delete(ids, force=values["force"]), "deleted")
