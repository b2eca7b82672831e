"""Parses documents on the other cores: processes that are told files and answer with rows."""

from __future__ import annotations

import marshal
import os
import select
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from gitmilestone.derived.listing import Contents, Parsed
from gitmilestone.errors import MilestoneError
from gitmilestone.store.files import FileEntry
from gitmilestone.store.git import spawn
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.derived.steps import Batch

Read = Callable[[Sequence[FileEntry]], Iterable[Parsed]]

_MOST = 8
"""One process writes the tables, and is busy with what a few others read."""

_START = "import sys; sys.path[:] = {path!r}; from gitmilestone.derived.workers import serve; serve({directory!r})"


class Workers:
    """Some processes that parse, or none. A context manager, which ends them.

    Args:
        read: Parses here, where there are no others, or one has died.
    """

    def __init__(self, store: Store, read: Read, may_share: bool) -> None:
        self._read = read
        self._others: deque[_Worker] = deque()
        for _ in range(min((os.cpu_count() or 1) - 1, _MOST) if may_share and sys.executable else 0):
            self._others.append(_Worker(store))

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._others:
            worker.close()

    def map(
        self, batches: Iterable[Batch], find: Callable[[Sequence[FileEntry]], list[Parsed]]
    ) -> Iterator[tuple[Batch, list[Parsed]]]:
        """Yields each batch with what was parsed of it, in whatever order they get done.

        A worker that has answered is given its next batch before the answer is used; while all of them are busy, the
        next batch is parsed here: nobody waits.

        Args:
            find: What need not be parsed; asked as late as can be.
        """
        idle = deque(self._others)
        asked: deque[_Asked] = deque()
        for batch in batches:
            found = find(batch.unread)
            known = {file.path for file in found}
            unread = [entry for entry in batch.unread if entry.path not in known] if known else batch.unread
            if idle:
                asked.append(_Asked(idle.popleft(), batch, found, unread))
                asked[-1].worker.send(unread)
            elif asked and asked[0].worker.has_answered():
                done = asked.popleft()
                answer = done.worker.receive()
                asked.append(_Asked(done.worker, batch, found, unread))
                done.worker.send(unread)
                yield done.batch, self._complete(done, answer)
            else:
                yield batch, [*found, *self._read(unread)]
        for done in asked:
            yield done.batch, self._complete(done, done.worker.receive())

    def _complete(self, done: _Asked, answer: list[Parsed] | None) -> list[Parsed]:
        """What a worker that died was asked is parsed here."""
        return [*done.found, *(self._read(done.unread) if answer is None else answer)]


class _Asked(NamedTuple):
    worker: _Worker
    batch: Batch
    found: list[Parsed]
    unread: list[FileEntry]


class _Worker:
    """A process at the other end of two pipes; at most one question is open, so that neither waits for ever."""

    def __init__(self, store: Store) -> None:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        repository = store.repository
        directory = repository.work_dir or repository.git_dir
        program = _START.format(path=sys.path, directory=directory)
        try:
            self._pid = spawn([sys.executable, "-c", program], repository.environ, {0: in_read, 1: out_write})
        finally:
            os.close(in_read)
            os.close(out_write)
        self._requests = os.fdopen(in_write, "wb")
        self._answers = os.fdopen(out_read, "rb")

    def send(self, entries: Sequence[FileEntry]) -> None:
        try:
            _write(self._requests, [tuple(entry) for entry in entries])
        except OSError:
            pass  # a dead one shows when its answer is due

    def has_answered(self) -> bool:
        """Whether an answer, or the end of the process, is there to be read."""
        return bool(select.select([self._answers], [], [], 0)[0])

    def receive(self) -> list[Parsed] | None:
        """The answer; None where the process died."""
        answer = _read(self._answers)
        return None if answer is None else [Parsed(*values) for values in answer]

    def close(self) -> None:
        for stream in (self._requests, self._answers):
            try:
                stream.close()
            except OSError:
                pass
        os.waitpid(self._pid, 0)


def serve(directory: str) -> None:
    """Answers questions on standard input until it ends. What a question can't be answered ends it too."""
    import gc
    import signal

    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is the one to stop
    store = Store.open(directory, os.environ)
    contents = Contents(store.objects, store.repository.work_dir)
    while (entries := _read(sys.stdin.buffer)) is not None:
        parsed = contents.iter_parsed([FileEntry(*entry) for entry in entries])
        try:
            _write(sys.stdout.buffer, [tuple(file) for file in parsed])
        except (BrokenPipeError, MilestoneError):
            break  # who asked reads again what can't be read here, and says it
    store.close()
    os._exit(0)


def _write(stream: BinaryIO, value: list[tuple[Any, ...]]) -> None:
    content = marshal.dumps(value)
    stream.write(len(content).to_bytes(8, "big") + content)
    stream.flush()


def _read(stream: BinaryIO) -> list[tuple[Any, ...]] | None:
    header = stream.read(8)
    content = stream.read(int.from_bytes(header, "big")) if len(header) == 8 else b""
    answer: list[tuple[Any, ...]] | None = marshal.loads(content) if content else None
    return answer
