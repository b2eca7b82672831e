"""`git milestone depend`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import report_edit, write_options
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.context import Context
from gitmilestone.model.milestone import DependencyType
from gitmilestone.operations.editing.depend import add_dependencies, remove_dependencies


def add(context: Context, values: Values) -> int:
    kind: DependencyType = values["type"] or "blocks"
    milestone = find_id(context, values["id"])
    edited = add_dependencies(context.store, milestone, values["on"], kind, write_options(values))
    return report_edit(context, edited, "edited")


def remove(context: Context, values: Values) -> int:
    milestone = find_id(context, values["id"])
    edited = remove_dependencies(context.store, milestone, values["on"], write_options(values))
    return report_edit(context, edited, "edited")
