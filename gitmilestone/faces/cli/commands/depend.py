"""`git milestone depend`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import edit_and_report
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.context import Context, Values
from gitmilestone.model.milestone import DependencyType
from gitmilestone.operations.editing.depend import add_dependencies, remove_dependencies


def add(context: Context, values: Values) -> int:
    kind: DependencyType = values["type"] or "blocks"
    milestone = find_id(context, values["id"])
    return edit_and_report(context, values, add_dependencies(milestone, values["on"], kind), "edited")


def remove(context: Context, values: Values) -> int:
    milestone = find_id(context, values["id"])
    return edit_and_report(context, values, remove_dependencies(milestone, values["on"]), "edited")
