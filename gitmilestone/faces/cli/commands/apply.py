"""`git milestone apply FILE`"""

from __future__ import annotations

from collections.abc import Sequence
from io import TextIOWrapper

from gitmilestone.errors import EnvironmentFault
from gitmilestone.faces.cli.commands.outcomes import (
    current_time,
    describe_commit,
    perform,
    report_rehearsal,
    warn_of,
)
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.operations.editing.bulk import Operation, apply_operations, read_json_lines


def run(context: Context, values: Values) -> int:
    text, source = read_text(context, values["file"])
    return carry_out(context, values, read_json_lines(text.split("\n"), source), source)


def read_text(context: Context, path: str) -> tuple[str, str]:
    """A file's text, or standard input's for `-`, and what to call it in errors."""
    if path == "-":
        if isinstance(context.stdin, TextIOWrapper):
            context.stdin.reconfigure(newline="")  # the line ends in a cell are the cell's
        return context.stdin.read().removeprefix("\ufeff"), "<stdin>"
    try:
        with open(context.resolve_path(path), encoding="utf-8-sig", newline="") as file:
            return file.read(), path
    except OSError as error:
        raise EnvironmentFault(f"can't read {path}: {error.strerror}", "") from None
    except UnicodeDecodeError as error:
        raise EnvironmentFault(f"{path} is not UTF-8 (byte {error.start})", "save it as UTF-8") from None


def carry_out(context: Context, values: Values, operations: Sequence[Operation], source: str) -> int:
    with context.track("Applying", len(operations)) as progress:
        edit = apply_operations(operations, source=source, now=current_time(context), advance=progress.advance)
        written = perform(context, values, edit)
    edited = written.outcome
    if values["dry_run"]:
        return report_rehearsal(context, edited)
    warn_of(context, edited)
    count, created = len(edited.changes), len(edited.created)
    if count:
        what = f", {created} of them new" if 0 < created < count else " (new)" if created else ""
        context.write(f"changed {count_nouns(count, 'milestone')}{what}{describe_commit(written.commit)}")
    else:
        context.write("nothing to change")
    return 0
