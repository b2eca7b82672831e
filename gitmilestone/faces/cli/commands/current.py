"""`git milestone current [ID]`"""

from __future__ import annotations

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.editing.current import clear_current, find_current, set_current


def run(context: Context, values: Values) -> int:
    if values["clear"]:
        if values["id"]:
            raise InvalidRequest("--clear takes no ID", "leave one of them out")
        clear_current(context.store)
        return 0
    milestone = set_current(context.store, values["id"]) if values["id"] else find_current(context.store)
    if values["json"]:
        from gitmilestone.faces.envelope import dump_envelope
        from gitmilestone.model.record import to_json

        found = [to_json(milestone)] if milestone else []
        context.write(dump_envelope("milestones", found, context.style))
    elif milestone:
        context.write(f"{milestone.id}  {context.style.cell(milestone.title)}")
    else:
        context.warn("no current milestone; `git milestone current ID` sets one")
    return 0 if milestone else 1
