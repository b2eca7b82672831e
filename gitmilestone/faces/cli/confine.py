"""Keeps the machine alive while a query runs that a stranger may have written."""

from __future__ import annotations

import resource
import signal
from types import TracebackType


class DyingAtOnce:
    """Lets Ctrl-C end the process until the end of a `with`: a database in the middle of a step asks nobody.

    For what only reads, and for what a kill leaves whole.
    """

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, signal.SIG_DFL)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)


class MemoryLimit:
    """Allows the process so many bytes more than it has, until the end of a `with`.

    DuckDB's own limit does not count every string. Where the system can't say what the process has, there is no limit.
    """

    def __init__(self, more_bytes: int) -> None:
        self._more_bytes = more_bytes

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_AS)
        wanted = _count_bytes() + self._more_bytes
        soft, hard = self._before
        if wanted > self._more_bytes and (soft == resource.RLIM_INFINITY or wanted < soft):
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        resource.setrlimit(resource.RLIMIT_AS, self._before)


def _count_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
