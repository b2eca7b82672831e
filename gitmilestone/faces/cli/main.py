"""From the words of a command line to an exit status."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn, TextIO

from gitmilestone.errors import (
    EnvironmentFault,
    InvalidContent,
    InvalidQuery,
    InvalidRequest,
    MilestoneError,
    MilestoneNotFound,
    Refused,
)
from gitmilestone.faces.cli import quick
from gitmilestone.faces.cli.spec import Parsed
from gitmilestone.faces.context import Context, ReaderLeftError
from gitmilestone.faces.terminal import measure, neutralise

EXIT_CODES: dict[type[MilestoneError], int] = {InvalidRequest: 2, Refused: 1, EnvironmentFault: 128}
"""By the nearest class above an error's own."""

INTERRUPTED = 130
READER_LEFT = 141
CRASHED = 70
_SHOWN_PROBLEMS = 20
_AROUND = 200
"""Characters of a query that are shown on each side of what is wrong with it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns 0, 1 (findings, refused), 2 (usage), 128 (environment), or one above."""
    words = sys.argv[1:] if argv is None else list(argv)
    context = Context(os.environ, _find_directory(), *_prepare_streams())
    try:
        return _run(words, context)
    except MilestoneError as error:
        _abandon(context.stdout)
        return report(error, context)
    except OSError as error:
        _abandon(context.stdout)
        place = f"{error.filename}: " if error.filename else ""
        fault = EnvironmentFault(f"{place}{error.strerror or error}", "check its permissions, and the disk")
        return report(fault, context)
    except ReaderLeftError:
        _abandon(context.stdout)
        return READER_LEFT
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("GIT_MILESTONE_TRACE"):
            from traceback import format_exc

            context.warn(format_exc())
            return CRASHED
        if type(error).__module__ == "sqlite3":  # whose import most commands are spared
            hint = "`git milestone index drop` removes it; it is made again when it is wanted"
            return report(EnvironmentFault(f"the index can't be used: {error}", hint), context)
        from gitmilestone.faces.cli.crash import report_crash

        report_crash(error, words, context)
        return CRASHED


def run() -> NoReturn:
    """Runs the process's own command line, and ends the process."""
    _begin_in_utf8()
    # A process that lives for milliseconds gains nothing from looking for cycles, nor from tidying up.
    gc.disable()
    status = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)


def _begin_in_utf8() -> None:
    """Starts the process again where the locale has another encoding: paths are bytes, whose names are UTF-8 to us.

    What its user has typed is still read as the locale has it.
    """
    if sys.flags.utf8_mode or sys.getfilesystemencoding() == "utf-8":
        return
    count = len(sys.orig_argv) - len(sys.argv) + 1
    command = [os.fsencode(word) for word in sys.orig_argv[1:count]]
    typed = [word.encode("utf-8", "surrogateescape") for word in sys.orig_argv[count:]]
    os.execv(sys.executable, [os.fsencode(sys.executable), b"-X", b"utf8", *command, *typed])


def find_exit_code(error: MilestoneError) -> int:
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def report(error: MilestoneError, context: Context) -> int:
    """Says on standard error what was wrong and what helps, in git's style; returns the exit status."""
    code = find_exit_code(error)
    lines = [f"{'fatal' if code == EXIT_CODES[EnvironmentFault] else 'error'}: {error.message}"]
    if isinstance(error, InvalidQuery):
        lines += _point_at(error.text, error.position)
    if isinstance(error, InvalidContent):
        lines += [f"  {problem}" for problem in error.problems[:_SHOWN_PROBLEMS]]
        hidden = len(error.problems) - _SHOWN_PROBLEMS
        lines += [f"  and {hidden} more"] if hidden > 0 else []
    hint = _find_uncommitted(error, context) or error.hint
    lines += [f"hint: {line}" for line in hint.splitlines()]
    context.warn("\n".join(lines))
    return code


def _find_uncommitted(error: MilestoneError, context: Context) -> str:
    """Who has written a file by hand looks for it before it is committed."""
    store = context.opened_store
    if not isinstance(error, MilestoneNotFound) or not error.name or store is None or store.repository.work_dir is None:
        return ""
    from gitmilestone.model.layout import ROOT
    from gitmilestone.snapshot.locate import locate_all

    found = locate_all(store, store.work_files(), error.name)
    if not found:
        return ""
    path = found[0].path
    if store.files_at().find(path):
        return f"{ROOT}/{path} is in HEAD, and not in what was asked for"
    return f"{ROOT}/{path} is not committed: commit it, or read it with --worktree"


def _run(words: Sequence[str], context: Context) -> int:
    try:
        parsed = quick.parse(words) or _parse_with_click(words, context)
        return parsed if isinstance(parsed, int) else _carry_out(parsed, context)
    finally:
        # What was found before a fault is shown before it, and nobody is left alone with a pager.
        context.close()


def _carry_out(parsed: Parsed, context: Context) -> int:
    module, _, function = parsed.command.run.partition(":")
    __import__(module)
    context.directory = os.path.join(context.directory, *parsed.directories)
    context.pages = parsed.command.section in ("read", "plan")
    return int(getattr(sys.modules[module], function)(context, parsed.values))


def _parse_with_click(words: Sequence[str], context: Context) -> Parsed | int:
    import click

    from gitmilestone.faces.cli import click_app

    try:
        return click_app.parse(words)
    except click.ClickException as error:
        said = error.format_message()
        lines = [f"error: {said[:1].lower()}{said[1:].removesuffix('.')}"]
        if isinstance(error, click.UsageError) and error.ctx is not None:
            lines += [error.ctx.get_usage().replace("Usage:", "usage:")]
            lines += [f"hint: `{error.ctx.command_path} -h` explains it"]
        context.warn("\n".join(lines))
        return EXIT_CODES[InvalidRequest]


def _point_at(text: str, position: int) -> list[str]:
    line = " ".join(text.splitlines())
    start, end = max(position - _AROUND, 0), position + _AROUND
    lead, rest = "…" if start else "", "…" if end < len(line) else ""
    before = " " * measure(neutralise(lead + line[start:position]))
    return [f"  {neutralise(lead + line[start:end] + rest)}", f"  {before}^"]


def _find_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "."


def _prepare_streams() -> tuple[TextIO, TextIO, TextIO]:
    """The standard streams: UTF-8 in files and pipes whatever the locale, and never an encoding error."""
    stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115  # open until the process ends
    stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # open until the process ends
    stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # open until the process ends
    if isinstance(stdin, TextIOWrapper):
        stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    if isinstance(stdout, TextIOWrapper):
        stdout.reconfigure(encoding=None if stdout.isatty() else "utf-8", errors="backslashreplace")
    return stdin, stdout, stderr


def _abandon(stdout: TextIO) -> None:
    """Lets the last flush succeed where nothing can be written any more."""
    try:
        stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
