"""What commands that write share: the options of a write, and how to say what it did."""

from __future__ import annotations

from datetime import UTC, datetime

from gitmilestone.changes.commit import Planned, rehearse
from gitmilestone.changes.edit import Edit, Edited
from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.store.writing.plan import Outcome, WriteOptions, Written

_SHORT = 10
_SHOWN = 20


def write_options(values: Values) -> WriteOptions:
    if values["message"] is not None and not values["message"].strip():
        raise InvalidRequest("the commit message is blank", "leave -m out, and it says what changed")
    return WriteOptions(
        message=values["message"],
        stage_only=values["no_commit"],
        verify=not values["no_verify"],
        detached=values["detached"],
    )


def current_time(context: Context) -> datetime:
    """Now, or the date that git would put into a commit: what makes a write repeatable."""
    if context.environ.get("GIT_AUTHOR_DATE"):
        ident = context.store.git.check("var", "GIT_AUTHOR_IDENT").decode("utf-8", "surrogateescape")
        return datetime.fromtimestamp(int(ident.split()[-2]), UTC)
    return datetime.now(UTC).replace(microsecond=0)


def perform(context: Context, values: Values, edit: Planned[Outcome]) -> Written[Outcome]:
    """Commits an edit, or rehearses it, as the options of a write say."""
    options = write_options(values)
    if values["dry_run"]:
        return rehearse(context.store, edit, options)
    return carry_out(context.store, edit, options, context)


def edit_and_report(context: Context, values: Values, edit: Edit, done: str) -> int:
    """Performs an edit and says what it did: `done` is a past participle."""
    written = perform(context, values, edit)
    edited = written.outcome
    if values["dry_run"]:
        return report_rehearsal(context, edited)
    warn_of(context, edited)
    for milestone in edited.milestones:
        if milestone.id in edited.changed:
            context.write(f"{done} {milestone.id}{describe_commit(written.commit)}")
        else:
            context.write(f"{milestone.id}: nothing to change")
    return 0


def report_rehearsal(context: Context, edited: Edited) -> int:
    """A line for each milestone that would change; nothing has been written."""
    from gitmilestone.operations.editing.message import describe_change

    warn_of(context, edited)
    for change in edited.changes:
        context.write(f"{change.id}: {describe_change(change)}")
    count = count_nouns(len(edited.changes), "milestone")
    context.warn(f"would change {count}; nothing was written" if edited.changes else "nothing to change")
    return 0


def warn_of(context: Context, edited: Edited) -> None:
    for warning in edited.warnings[:_SHOWN]:
        context.warn(f"warning: {warning}")
    if len(edited.warnings) > _SHOWN:
        context.warn(f"and {count_nouns(len(edited.warnings) - _SHOWN, 'more warning')}")


def describe_commit(commit: str | None) -> str:
    return f" [{commit[:_SHORT]}]" if commit else " (staged)"
