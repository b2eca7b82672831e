"""`git milestone diff [A] [B]`"""

from __future__ import annotations

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.commands.sources import report_problems
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.differences import format_change, to_json_change
from gitmilestone.operations.asking.diff import diff
from gitmilestone.store.files import Files


def run(context: Context, values: Values) -> int:
    first, second = _split_range(values)
    if second and (values["staged"] or values["worktree"]):
        raise InvalidRequest("two commits leave no room for --staged or --worktree", "leave B out")
    store = context.store
    old: Files = store.files_at(first or "HEAD")
    new: Files
    if second:
        new = store.files_at(second)
    elif values["staged"]:
        new = store.staged_files()
    else:
        new = store.work_files()
    found = diff(store, old, new)
    if values.get("as_message"):
        from gitmilestone.operations.editing.message import compose_message

        context.write(compose_message(found.changes, found.others))
    elif values["json"] or values["format"] == "json":
        from gitmilestone.faces.envelope import dump_envelope

        context.write(dump_envelope("changes", map(to_json_change, found.changes), context.style))
    else:
        for change in found.changes:
            context.write(format_change(change, context.style))
    return report_problems(context, found.problems, len({problem.path for problem in found.problems}))


def _split_range(values: Values) -> tuple[str | None, str | None]:
    """`A..B` is A and B, as in git."""
    first, second = values["a"], values["b"]
    if first and not second and ".." in first and "..." not in first:
        start, _, end = first.partition("..")
        return start or "HEAD", end or "HEAD"
    return first, second
