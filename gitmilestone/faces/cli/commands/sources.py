"""What commands that read share: where from, and how to say what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.context import Context, Values
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.store.files import Files

FINDINGS = 1


def files_of(context: Context, values: Values) -> Files:
    """The state that `--at`, `--staged` or `--worktree` names; what is committed at HEAD by default."""
    if values.get("staged"):
        return context.store.staged_files()
    if values.get("worktree"):
        return context.store.work_files()
    if values.get("at") in (None, "HEAD"):
        return context.store.files_when_opened()
    return context.store.files_at(values["at"])


def find_id(context: Context, text: str | None) -> str:
    """The id that a command means: `@`, or none where it may be left out, is the current milestone."""
    if text not in (None, "@"):
        return str(text)
    from gitmilestone.operations.editing.current import CURRENT

    current = context.store.read_state(CURRENT)
    if current is None:
        raise InvalidRequest("no milestone is named, and none is current", "`git milestone current ID` sets one")
    return current


def hint_if_empty(context: Context, files: Files) -> None:
    """Tells a newcomer why there is nothing."""
    if files.find(PROJECT_FILE) is None and next(files.iter_entries(), None) is None:
        context.warn("hint: there are no milestones here yet; `git milestone init` begins")


def today() -> date:
    return date.today()


def report_problems(context: Context, problems: Sequence[Problem], unreadable: int) -> int:
    """Names files that could not be served; returns the exit status."""
    if not unreadable:
        return 0
    for problem in errors_among(list(problems)):
        context.warn(str(problem))
    noun = "file" if unreadable == 1 else "files"
    context.warn(f"warning: {unreadable} {noun} unreadable; `git milestone check` says why")
    return FINDINGS
