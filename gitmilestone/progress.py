"""Who is told what an index does: the faces show it, everybody else is silent."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol


class Progress(Protocol):
    """How far something has come. A context manager."""

    def advance(self, count: int = 1) -> None: ...

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Watch(Protocol):
    def track(self, label: str, total: int) -> Progress:
        """Args:
        total: 0 where it is not known.
        """

    def warn(self, text: str) -> None: ...


class _Silent:
    def track(self, label: str, total: int) -> Progress:  # noqa: ARG002  # told, and kept
        return self

    def warn(self, text: str) -> None: ...

    def advance(self, count: int = 1) -> None: ...

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None: ...


SILENT: Watch = _Silent()
