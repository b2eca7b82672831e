"""Our own lock: a flock in the common git directory, which the kernel clears when its owner dies."""

from __future__ import annotations

import errno
import os
import time
from types import TracebackType

from gitmilestone.errors import EnvironmentFault, LockHeld, StorageFull

CLAIM_SUFFIX = ".milestone-lock"
"""What a writer of ours that holds `index.lock` lays beside it; left behind only if it was killed."""

_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.003


def refuse_unwritable(error: OSError, path: str) -> EnvironmentFault:
    """What a failed write under `path` means to the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(path)
    if error.errno == errno.EROFS:
        return EnvironmentFault(f"{path} is on a read-only file system", "reading works; writing needs it mounted rw")
    return EnvironmentFault(f"can't write {error.filename or path}: {error.strerror}", "check its permissions")


class WriteLock:
    """Held by one writer of a repository at a time, over all its worktrees."""

    def __init__(self, common_dir: str, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.path = os.path.join(common_dir, "milestone", "lock")
        self.wait_seconds = wait_seconds
        self._descriptor = -1

    def fileno(self) -> int:
        return self._descriptor

    def __enter__(self) -> WriteLock:
        import fcntl

        try:
            if not os.path.isdir(os.path.dirname(self.path)):
                os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise refuse_unwritable(error, self.path) from error
        deadline = time.monotonic() + self.wait_seconds
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > deadline:
                    os.close(self._descriptor)
                    raise LockHeld(self.path, self.wait_seconds) from None
                time.sleep(_POLL_SECONDS)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


class SignalsHeld:
    """Holds back Ctrl-C, a hang-up and a polite kill until the end of a `with`."""

    def __enter__(self) -> None:
        from signal import SIG_BLOCK, SIGHUP, SIGINT, SIGTERM, pthread_sigmask

        self._before = pthread_sigmask(SIG_BLOCK, {SIGINT, SIGTERM, SIGHUP})

    def __exit__(self, *_: object) -> None:
        from signal import SIG_SETMASK, pthread_sigmask

        pthread_sigmask(SIG_SETMASK, self._before)
