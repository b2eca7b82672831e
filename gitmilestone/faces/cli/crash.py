"""An exception that nobody expected: a short message, and a log that is fit to be pasted into a report."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Sequence
from tempfile import mkstemp

from gitmilestone.faces.cli.click_app import find_version
from gitmilestone.faces.context import Context


def report_crash(error: Exception, words: Sequence[str], context: Context) -> None:
    kind = traceback.format_exception_only(error)[-1].strip()
    path = _write_log(_describe(error, words, context), context)
    told = f"please report it with the log in {path}" if path else "GIT_MILESTONE_TRACE=1 shows where"
    context.warn(f"fatal: an unexpected error, {kind}\nhint: this is a fault of git milestone; {told}")


def _describe(error: Exception, words: Sequence[str], context: Context) -> str:
    """Names of commands and options only: values may be nobody's business."""
    # A traceback names files in the user's home.
    home = os.path.expanduser("~")
    trace = "".join(traceback.format_exception(error)).replace(home, "~")
    return (
        f"git milestone {find_version()}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{_find_git_version(context)}\n"
        f"command: {' '.join(_mask(word, place) for place, word in enumerate(words))}\n\n"
        f"```\n{trace}```\n"
    )


def _mask(word: str, place: int) -> str:
    if word.startswith("--"):
        flag, joined, _ = word.partition("=")
        return f"{flag}=..." if joined else flag
    if word.startswith("-"):
        return word[:2]
    return word if place == 0 else "..."


def _find_git_version(context: Context) -> str:
    store = context.opened_store
    if store is None:
        return "no repository opened"
    return store.git.run("--version").stdout.decode("utf-8", "replace").strip()


def _write_log(text: str, context: Context) -> str:
    """The log's path: in the git directory, else among the temporary files; "" where neither is writable."""
    for open_log in (_open_in_git_directory, _open_temporary):
        try:
            descriptor, path = open_log(context)
        except OSError:
            continue
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    return ""


def _open_in_git_directory(context: Context) -> tuple[int, str]:
    if context.opened_store is None:
        raise FileNotFoundError
    folder = context.opened_store.repository.state_dir
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "crash.log")
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), path


def _open_temporary(_: Context) -> tuple[int, str]:
    return mkstemp(prefix="git-milestone-crash-", suffix=".log")
