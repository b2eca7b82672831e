"""What a command may use of the world: its streams, its environment, the store."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from gitmilestone.errors import EnvironmentFault, shorten
from gitmilestone.faces.terminal import (
    Progress,
    Style,
    count_columns,
    neutralise,
    neutralise_all_but_colours,
    wants_colour,
)

if TYPE_CHECKING:
    from gitmilestone.faces.pager import Pager
    from gitmilestone.store.store import Store

Values = Mapping[str, Any]
"""Every argument and option of a command by its name: None, () or False where it was not given."""


LONGEST = 2000
"""Characters of a line on standard error."""

RUNNERS = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "TEAMCITY_VERSION")
"""Variables by which continuous integration is known: it is there where one of them is set, and not to false."""


class ReaderLeftError(Exception):
    """Nobody reads standard output any more: `git milestone list | head -1`."""


class Context:
    """One run of one command.

    Attributes:
        environ: The environment; commands read no other.
        directory: Where the command runs: the working directory, or the one of `-C`.
        is_watched: Whether a runner of continuous integration reads what is written, and obeys some lines.
        pages: Whether what is written goes through git's pager where a terminal reads it.
    """

    def __init__(
        self, environ: Mapping[str, str], directory: str, stdin: TextIO, stdout: TextIO, stderr: TextIO
    ) -> None:
        self.environ = environ
        self.directory = directory
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.is_watched = any(environ.get(name, "").lower() not in ("", "0", "false") for name in RUNNERS)
        self.pages = False
        self._store: Store | None = None
        self._pager: Pager | None = None
        self._style: Style | None = None

    @property
    def store(self) -> Store:
        """The repository's store, opened at the first use; raises NotARepository."""
        if self._store is None:
            from gitmilestone.store.store import Store

            self._store = Store.open(self.directory, self.environ)
        return self._store

    @property
    def opened_store(self) -> Store | None:
        """The store, if something has opened it."""
        return self._store

    @property
    def stdout_is_terminal(self) -> bool:
        """Whether a terminal reads standard output, be it through the pager that git started."""
        return self.stdout.isatty() or self.environ.get("GIT_PAGER_IN_USE") == "true"

    @property
    def stderr_is_terminal(self) -> bool:
        return self.stderr.isatty()

    @property
    def style(self) -> Style:
        """How text for standard output is to be written; reads git's configuration on a terminal only."""
        if self._style is None:
            is_terminal = self.stdout_is_terminal
            # A pipe gets no colours but on demand: reading the configuration for it would cost every script.
            asked = is_terminal or "GIT_CONFIG_PARAMETERS" in self.environ
            colour = asked and wants_colour(self._read_config(), self.environ, is_terminal)
            columns = count_columns(self.stdout, self.environ) if is_terminal else None
            self._style = Style(is_terminal, colour, columns, self.is_watched)
        return self._style

    def write(self, text: str, *, is_data: bool = False, has_commands: bool = False) -> None:
        """Writes to standard output: exact in a pipe, harmless on a terminal and to a runner.

        Args:
            text: A missing line end is added.
            is_data: A program reads it, in a form that can't say the same without what a runner obeys: in a file,
                which no runner reads, it is exact.
            has_commands: What begins a line is a workflow command of ours.
        """
        if text and not text.endswith("\n"):
            text += "\n"
        if self.stdout_is_terminal or self.is_watched:
            text = text if is_data and self._is_file(self.stdout) else self._make_harmless(text, has_commands)
        if self.pages and self._pager is None and self.stdout.isatty():
            self._open_pager()
        self._emit((self._pager or self.stdout).write, text)

    def warn(self, text: str) -> None:
        """Writes lines for people to standard error, behind what was written; harmless on a terminal.

        Of a line that is longer than anybody reads, as what is echoed may be, the beginning and the end.
        """
        if self._pager is None:
            self._emit(self.stdout.flush)
        text = "\n".join(shorten(line, LONGEST) for line in text.split("\n"))
        if self.is_watched:
            text = self._make_harmless(text)
        self.stderr.write(f"{neutralise(text) if self.stderr_is_terminal else text}\n")

    def track(self, label: str, total: int) -> Progress:
        """Shows how far something has come, on a terminal and only where it takes a while."""
        return Progress(self.stderr, label, total)

    def resolve_path(self, path: str) -> str:
        """A path that the user gave, as seen from `directory`."""
        return os.path.join(self.directory, path)

    def close(self) -> None:
        """Shows what is still waiting; a full disk or a reader that left shows here."""
        if self._pager is not None:
            self._emit(self._pager.close)
        self._emit(self.stdout.flush)
        if self._store is not None:
            self._store.close()

    @staticmethod
    def _is_file(stream: TextIO) -> bool:
        try:
            return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
        except OSError:
            return False

    def _make_harmless(self, text: str, has_commands: bool = False) -> str:
        text = neutralise_all_but_colours(text)
        if not self.is_watched:
            return text
        from gitmilestone.faces.runner import keep_commands, make_inert

        return keep_commands(text) if has_commands else make_inert(text)

    @staticmethod
    def _emit(write: Callable[..., object], *args: str) -> None:
        try:
            write(*args)
        except BrokenPipeError:
            raise ReaderLeftError from None
        except OSError as error:
            raise EnvironmentFault(f"can't write to standard output: {error.strerror}") from None

    def _open_pager(self) -> None:
        from gitmilestone.faces.pager import Pager
        from gitmilestone.model.git_settings import find_boolean

        wanted = self._read_config().get("pager.milestone", "true")
        is_on = find_boolean(wanted)
        self.pages = is_on is not False
        if self.pages:
            # As git does, what is no boolean names the pager.
            self._pager = Pager(self.stdout, self.environ, self._find_pager if is_on else lambda: wanted)

    def _find_pager(self) -> str:
        return self.store.git.check("var", "GIT_PAGER").decode("utf-8", "surrogateescape").strip()

    def _read_config(self) -> Mapping[str, str]:
        try:
            return self.store.config
        except EnvironmentFault:
            return {}
