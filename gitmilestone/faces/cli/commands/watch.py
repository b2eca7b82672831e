"""`git milestone watch [QUERY]`"""

from __future__ import annotations

import os
import select
import signal
from io import TextIOWrapper

from gitmilestone.faces.cli.commands.list import read_query
from gitmilestone.faces.cli.commands.log import iter_text, to_json_event
from gitmilestone.faces.context import Context, ReaderLeftError, Values
from gitmilestone.faces.envelope import SCHEMA_VERSION, dump
from gitmilestone.faces.terminal import Style
from gitmilestone.operations.asking.watch import Moved, Told, watch_changes
from gitmilestone.store.git import spawn

_IN_DIRECTORY = 'cd -- "$0" && exec sh -c "$1"'
_PLAIN = Style()
_OF_SIGNALS = 128


class _EndedError(BaseException):
    """A signal came that ends it; no `except Exception` on the way may keep it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Ending:
    """Ctrl-C and SIGTERM end it where it waits; anywhere else they would leave things half done.

    Who does not want to wait for that sends another one. A context manager, around whatever waits.
    """

    def __init__(self) -> None:
        self._is_waiting = False
        self._got = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._end)

    def __enter__(self) -> None:
        self._is_waiting = True
        if self._got:
            raise _EndedError(self._got)

    def __exit__(self, *_: object) -> None:
        self._is_waiting = False

    def _end(self, number: int, _: object) -> None:
        if self._is_waiting or self._got:
            raise _EndedError(number)
        self._got = number


def run(context: Context, values: Values) -> int:
    import gc

    gc.enable()  # which a process that lives for milliseconds does without
    context.pages = False
    if isinstance(context.stdout, TextIOWrapper):
        context.stdout.reconfigure(line_buffering=True)
    try:
        return _watch(context, values)
    except _EndedError as ended:
        # What a reader has not taken up to now he does not get, or this would wait for him again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), context.stdout.fileno())
        return _OF_SIGNALS + ended.number


def _watch(context: Context, values: Values) -> int:
    left = values["count"]
    if left == 0:
        return 0
    ending = _Ending()
    changes = watch_changes(
        context.store,
        _Waiting(context, ending).wait,
        ref=values["ref"] or "",
        since=values["since"] or "",
        make_query=(lambda: read_query(values, "")) if values["query"] else None,
        watch=context,
    )
    if context.stderr_is_terminal:
        context.warn("watching; Ctrl-C ends it")
    for told in changes:
        with ending:
            context.write(_format(told, context.style, is_json=values["json"]))
        if isinstance(told, Moved):
            continue
        if values["exec"]:
            with ending:
                _execute(context, values["exec"], told)
        if left is not None:
            left -= 1
            if not left:
                break
    return 0


def _format(told: Told | Moved, style: Style, *, is_json: bool) -> str:
    if is_json:
        return _dump_move(told, style) if isinstance(told, Moved) else _dump_events(told, style)
    if isinstance(told, Told):
        return "".join(iter_text(iter(told.events), style, names_ids=True))
    name = style.cell(told.ref.removeprefix("refs/heads/"))
    head = style.paint(f"{told.kind}{' to' if told.kind == 'switched' else ''} {name}", "yellow")
    return f"{head}: {told.old[:10] or 'nothing'} -> {told.new[:10] or 'nothing'}\n"


def _dump_move(told: Moved, style: Style) -> str:
    facts = {"kind": told.kind, "ref": told.ref, "old": told.old or None, "new": told.new or None}
    return dump({"schema_version": SCHEMA_VERSION, **facts}, style) + "\n"


def _dump_events(told: Told, style: Style) -> str:
    return "".join(
        dump({"schema_version": SCHEMA_VERSION, **to_json_event(event)}, style) + "\n" for event in told.events
    )


class _Waiting:
    """Waits for time to pass, and ends with the reader: one that has left would else be noticed by the next event."""

    def __init__(self, context: Context, ending: _Ending) -> None:
        self._stdout = context.stdout.fileno()
        self._ending = ending

    def wait(self, seconds: float, descriptor: int) -> None:
        poll = select.poll()
        poll.register(self._stdout, 0)
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
        with self._ending:
            found = poll.poll(seconds * 1000)
        for ready, what in found:
            if ready == self._stdout and what & (select.POLLERR | select.POLLHUP):
                raise ReaderLeftError


def _execute(context: Context, command: str, told: Told) -> None:
    """Runs a shell command to its end, the events on its standard input; nothing of them is on its command line."""
    environ = {**context.environ, "GIT_MILESTONE_COMMIT": told.commit, "GIT_MILESTONE_REF": told.ref}
    context.stdout.flush()
    theirs, ours = os.pipe()
    try:
        pid = spawn(["sh", "-c", _IN_DIRECTORY, context.directory, command], environ, {0: theirs})
    finally:
        os.close(theirs)
    try:
        status = _feed(ours, _dump_events(told, _PLAIN).encode("utf-8", "surrogateescape"), pid)
    except BaseException:
        os.kill(pid, signal.SIGTERM)
        raise
    if status:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        context.warn(f"warning: the command ended with {how} for {told.commit[:10]}")


def _feed(pipe: int, content: bytes, pid: int) -> int:
    try:
        with os.fdopen(pipe, "wb") as file:
            file.write(content)
    except BrokenPipeError:
        pass  # it does not want to read them
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
