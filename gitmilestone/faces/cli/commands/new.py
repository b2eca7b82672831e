"""`git milestone new TITLE`"""

from __future__ import annotations

from typing import Any

from gitmilestone.errors import InvalidValue
from gitmilestone.faces.cli.commands.outcomes import (
    current_time,
    describe_commit,
    perform,
    report_rehearsal,
    warn_of,
)
from gitmilestone.faces.cli.commands.sources import today
from gitmilestone.faces.cli.tables.fields import OPTION_FIELDS
from gitmilestone.faces.context import Context, Values
from gitmilestone.model.field import Field
from gitmilestone.model.kinds import BLOCK, DATE, BadValue
from gitmilestone.operations.editing.milestones import create
from gitmilestone.query.values import read_day


def run(context: Context, values: Values) -> int:
    fields = {**read_fields(context, values), **_read_lists(values)}
    edit = create(values["title"], fields, now=current_time(context), milestone_id=values["id"])
    written = perform(context, values, edit)
    if values["dry_run"]:
        return report_rehearsal(context, written.outcome)
    (milestone,) = written.outcome.milestones
    warn_of(context, written.outcome)
    # The id alone, so that a script can keep it; what else there is to say goes to people.
    context.write(milestone.id)
    context.warn(f"created {milestone.id}{describe_commit(written.commit)}")
    return 0


def read_fields(context: Context, values: Values) -> dict[str, Any]:
    """The scalar fields that options have set; "" unsets."""
    given = [(field, values[field.name]) for field in OPTION_FIELDS if values[field.name] is not None]
    return {field.name: _read_value(context, field, text) for field, text in given}


def _read_value(context: Context, field: Field, text: str) -> str | None:
    if field.kind is DATE:
        return _read_day(field.name, text)
    if field.kind is BLOCK:
        read = context.stdin.read() if text == "-" else text
        return f"{read.rstrip()}\n" if read.strip() else None
    return text


def _read_day(name: str, text: str) -> str:
    """`tomorrow` and `+2w` are days to people; a file holds dates."""
    if not text:
        return text
    try:
        return read_day(text, today()).isoformat()
    except BadValue as fault:
        raise InvalidValue(f"`{name}` {fault.message}", fault.hint or "or `tomorrow`, `+10d`, `+2w`") from None


def _read_lists(values: Values) -> dict[str, Any]:
    lists = {"labels": values["label"], "depends_on": values["depends_on"], "tasks": values["task"]}
    return {name: list(given) for name, given in lists.items() if given}
