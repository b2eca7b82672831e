"""`git milestone start`, `block`, `complete`, `cancel`, `reopen`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.outcomes import edit_and_report
from gitmilestone.faces.cli.commands.sources import find_id
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.editing.milestones import Verb, transition


def start(context: Context, values: Values) -> int:
    return _run(context, values, "start", "started")


def block(context: Context, values: Values) -> int:
    return _run(context, values, "block", "blocked")


def complete(context: Context, values: Values) -> int:
    return _run(context, values, "complete", "completed")


def cancel(context: Context, values: Values) -> int:
    return _run(context, values, "cancel", "cancelled")


def reopen(context: Context, values: Values) -> int:
    return _run(context, values, "reopen", "reopened")


def _run(context: Context, values: Values, verb: Verb, done: str) -> int:
    ids = [find_id(context, text) for text in values["id"]]
    return edit_and_report(context, values, transition(verb, ids), done)
