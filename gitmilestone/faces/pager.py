"""Git's pager, started only when the text is longer than the screen: what `less -F` would decide, sooner."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TextIO

from gitmilestone.faces.terminal import count_columns, count_lines, measure


class Pager:
    """Takes a terminal's text; hands it to the pager once it fills the screen, else to the terminal."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str], find_command: Callable[[], str]) -> None:
        self._stream = stream
        self._environ = environ
        self._find_command = find_command
        self._columns = count_columns(stream, environ)
        self._room = count_lines(stream) - 1
        self._waiting: list[str] = []
        self._decided = False
        self._pid = 0
        self._pipe: TextIO | None = None

    def write(self, text: str) -> None:
        if self._decided:
            (self._pipe or self._stream).write(text)
            return
        self._waiting.append(text)
        self._room -= sum(1 + max(measure(line) - 1, 0) // self._columns for line in text.split("\n")[:-1])
        if self._room < 0:
            self._start()

    def close(self) -> None:
        """Shows what is left, and waits until the reader has left the pager."""
        if not self._decided:
            self._pass_on(self._stream)
        self._stream.flush()
        if self._pipe is None:
            return
        try:
            self._pipe.close()
        except BrokenPipeError:
            pass
        finally:
            self._wait()

    def _pass_on(self, target: TextIO) -> None:
        self._decided = True
        target.write("".join(self._waiting))
        self._waiting.clear()

    def _start(self) -> None:
        command = self._find_command()
        if command in ("", "cat"):
            self._pass_on(self._stream)
            return
        self._stream.flush()
        theirs, ours = os.pipe()
        environ = {"LESS": "FRX", "LV": "-c", **self._environ}
        actions = [(os.POSIX_SPAWN_DUP2, theirs, 0), (os.POSIX_SPAWN_CLOSE, ours)]
        self._pid = os.posix_spawnp("sh", ["sh", "-c", command], environ, file_actions=actions)
        os.close(theirs)
        self._pipe = os.fdopen(ours, "w", encoding=self._stream.encoding, errors=self._stream.errors)
        self._pass_on(self._pipe)

    def _wait(self) -> None:
        """Ctrl-C belongs to the pager while it runs."""
        while True:
            try:
                os.waitpid(self._pid, 0)
            except KeyboardInterrupt:
                continue
            return
