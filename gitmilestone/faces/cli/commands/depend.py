"""`git milestone depend`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import report_edit, write_options
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.operations.depend import add_dependencies, remove_dependencies


def add(context: Context, values: Values) -> int:
    edited = add_dependencies(
        context.store, values["id"], values["on"], values["type"] or "blocks", write_options(values)
    )
    return report_edit(context, edited, "edited")


def remove(context: Context, values: Values) -> int:
    return report_edit(
        context, remove_dependencies(context.store, values["id"], values["on"], write_options(values)), "edited"
    )
