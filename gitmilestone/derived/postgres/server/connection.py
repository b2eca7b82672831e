"""A connection that waits for no answer without end."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

from psycopg import Connection, OperationalError

from gitmilestone.derived.postgres.server.patience import SILENT_SECONDS

Value = TypeVar("Value")


class PatientConnection(Connection[tuple[Any, ...]]):
    """Ends itself where the server is silent for too long: then every further wait on it fails at once.

    Attributes:
        silent_seconds: How long that is.
    """

    silent_seconds: float = SILENT_SECONDS

    def wait(self, gen: Generator[Any, Any, Value], *args: Any, **kwargs: Any) -> Value:
        return super().wait(self._bound(gen), *args, **kwargs)

    def _bound(self, gen: Generator[Any, Any, Value]) -> Generator[Any, Any, Value]:
        """The same, looked at each time that the socket was not ready for a while."""
        heard = time.monotonic()
        try:
            state = next(gen)
            while True:
                is_ready = yield state
                if is_ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard > self.silent_seconds:
                    self.pgconn.finish()
                    raise OperationalError(f"the server has said nothing for {self.silent_seconds:g} s")
                state = gen.send(is_ready)
        except StopIteration as end:
            value: Value = end.value
            return value
