"""What commands that write share: the options of a write, and how to say what it did."""

from __future__ import annotations

from datetime import UTC, datetime

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.context import Context
from gitmilestone.operations.editing.milestones import Edited
from gitmilestone.store.writing.plan import WriteOptions, Written

_SHORT = 10


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


def report_edit(context: Context, edited: Edited, done: str) -> int:
    """Says what a write did: `done` is a past participle."""
    for warning in edited.warnings:
        context.warn(f"warning: {warning}")
    for milestone in edited.milestones:
        if milestone.id in edited.changed:
            context.write(f"{done} {milestone.id}{describe_commit(edited.commit)}")
        else:
            context.write(f"{milestone.id}: nothing to change")
    return 0


def describe_commit(commit: str | None) -> str:
    return f" [{commit[:_SHORT]}]" if commit else " (staged)"


def report_written(context: Context, written: Written, done: str, nothing: str) -> int:
    if written.paths:
        context.write(f"{done}{describe_commit(written.commit)}")
    else:
        context.write(nothing)
    return 0
