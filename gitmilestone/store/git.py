"""Runs git, without the cost of importing subprocess (as much as the whole interpreter's start)."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import select
from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.errors import EnvironmentFault, GitFailed

DURABLY = ("-c", "core.fsync=loose-object,reference")
"""Options that make git sync the objects and refs it writes; by default it syncs neither."""

OWN_PARENTS = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}
"""A commit's own parents count, whatever grafts and replacements this clone has: variables for git."""

_SIGPIPE = 13
_CHUNK = 1 << 16


class GitResult(NamedTuple):
    status: int
    stdout: bytes
    stderr: bytes


def spawn(command: list[str], environ: Mapping[str, str], streams: Mapping[int, int]) -> int:
    """Starts a process whose descriptors are `streams` (its number -> ours); returns its pid."""
    actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in streams.items()]
    try:
        # Python ignores SIGPIPE, and an ignored signal stays ignored in a child; so does a blocked one.
        return os.posix_spawnp(command[0], command, environ, file_actions=actions, setsigdef=[_SIGPIPE], setsigmask=[])
    except FileNotFoundError:
        raise EnvironmentFault(
            f"{command[0]} is not on PATH", "install git 2.36 or later (https://git-scm.com/downloads)"
        ) from None


class Git:
    """Runs git for one directory, in one environment."""

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        self.directory = directory
        self.environ = environ

    def command(self, *args: str) -> list[str]:
        return ["git", "-C", self.directory, *args]

    def run(
        self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, holding: int | None = None
    ) -> GitResult:
        """Runs `git ARGS` to its end; `env` adds variables.

        Args:
            holding: A descriptor whose flock git shall share: if we are killed, it lasts until git ends too.
        """
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        try:
            environ = {**self.environ, **env} if env else self.environ
            streams = {0: in_read, 1: out_write, 2: err_write}
            pid = spawn(self.command(*args), environ, streams if holding is None else {**streams, 3: holding})
        except BaseException:
            for descriptor in (in_write, out_read, err_read):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (in_read, out_write, err_write):
                os.close(descriptor)
        stdout, stderr = _exchange(stdin, in_write, out_read, err_read)
        _, status = os.waitpid(pid, 0)
        return GitResult(os.waitstatus_to_exitcode(status), stdout, stderr)

    def check(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """The standard output of `git ARGS`; raises GitFailed where its status is not 0."""
        result = self.run(*args, stdin=stdin, env=env)
        if result.status != 0:
            raise GitFailed(args, result.status, result.stderr)
        return result.stdout


def _exchange(stdin: bytes, in_write: int, out_read: int, err_read: int) -> tuple[bytes, bytes]:
    """Feeds one stream while draining the other two, so that no side waits for ever on a full pipe."""
    received: dict[int, list[bytes]] = {out_read: [], err_read: []}
    poll = select.poll()
    poll.register(out_read, select.POLLIN)
    poll.register(err_read, select.POLLIN)
    pending = memoryview(stdin)
    if pending:
        os.set_blocking(in_write, False)
        poll.register(in_write, select.POLLOUT)
    else:
        os.close(in_write)
    waiting = 3 if pending else 2
    while waiting:
        for descriptor, _ in poll.poll():
            if descriptor == in_write:
                try:
                    pending = pending[os.write(in_write, pending[:_CHUNK]) :]
                except BrokenPipeError:
                    pending = pending[:0]
                done = not pending
            else:
                piece = os.read(descriptor, _CHUNK)
                received[descriptor].append(piece)
                done = not piece
            if done:
                poll.unregister(descriptor)
                os.close(descriptor)
                waiting -= 1
    return b"".join(received[out_read]), b"".join(received[err_read])
