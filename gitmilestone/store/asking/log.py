"""The history of commits, read from git as it streams: memory does not grow with what the commits hold."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from gitmilestone.errors import GitFailed
from gitmilestone.model.layout import ROOT
from gitmilestone.store.files import EXECUTABLE_MODE
from gitmilestone.store.git import OWN_PARENTS, Git, spawn
from gitmilestone.store.trees import FILE_MODE

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

NOT_PLAIN = "not plain"
"""Stands for the oid of a symbolic link or a submodule: something is there, but no file to read."""

_TRAILER = "Milestone"
_LAST_SECOND = 253402300799  # of the year 9999; a commit may claim any date, or none that can be read
_SIGTERM = 15
_CHUNK = 1 << 16
_FIELDS = 6
_SEPARATOR = b"\x01"
_FORMAT = (
    f"--format=tformat:%m%H %ct %P%x00%at%x00%an%x00%ae%x00%s%x00%(trailers:key={_TRAILER},valueonly,separator=%x01)"
)
_PLAIN_MODES = (b"%o" % FILE_MODE, b"%o" % EXECUTABLE_MODE)
_ABSENT_MODE = b"000000"

Side = Literal[">", "<", "-"]


class PathChange(NamedTuple):
    """A file that a commit left otherwise than every parent had it.

    Attributes:
        path: Below `.milestones/`.
        olds: Blob oid in each parent, one "" for a commit without any; "" where there is no file.
        new: Blob oid, "" or NOT_PLAIN, as in `olds`.
    """

    path: str
    olds: tuple[str, ...]
    new: str


class LoggedCommit(NamedTuple):
    """A commit.

    Attributes:
        side: Whether only the newer (`>`) or only the older (`<`) commit has it in its history; `-` both, and it
            is a parent of such a one.
        committed, authored: Unix seconds, as it claims; 0 where it claims nothing that can be read.
        trailers: The values of its `Milestone:` trailers.
        changes: Below `.milestones/`, in path order; only where they were asked for.
    """

    side: Side
    oid: str
    parents: tuple[str, ...]
    committed: int
    authored: int
    author: str
    email: str
    subject: str
    trailers: tuple[str, ...]
    changes: tuple[PathChange, ...]


class Log:
    """What one `git log` prints, parents first; to be closed by a `with`.

    git begins at once, so that two logs are made at the same time.
    """

    def __init__(self, git: Git, *args: str) -> None:
        self._args = (
            "-c", "log.showSignature=false", "-c", "trailer.separators=:",
            "log", "-z", "--reverse", "--topo-order", "--no-color", "--encoding=UTF-8", _FORMAT, *args,
        )  # fmt: skip
        environ = {**git.environ, **OWN_PARENTS}
        self._out, out_write = os.pipe()
        self._err, err_write = os.pipe()
        try:
            self._pid = spawn(git.command(*self._args), environ, {1: out_write, 2: err_write})
        except BaseException:
            os.close(self._out)
            os.close(self._err)
            raise
        finally:
            os.close(out_write)
            os.close(err_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[LoggedCommit]:
        """Raises GitFailed where git does not come to its end, e.g. because a commit is missing."""
        return _iter_commits(_iter_parts(self._iter_chunks()))

    def close(self) -> None:
        if self._pid:
            os.kill(self._pid, _SIGTERM)
            self._end()

    def _iter_chunks(self) -> Iterator[bytes]:
        said = b""
        poll = select.poll()
        waiting = {self._out, self._err}
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        while waiting:
            for descriptor, _ in poll.poll():
                piece = os.read(descriptor, _CHUNK)
                if not piece:
                    poll.unregister(descriptor)
                    waiting.remove(descriptor)
                elif descriptor == self._out:
                    yield piece
                else:
                    said += piece
        status = self._end()
        if status:
            raise GitFailed(self._args, status, said)

    def _end(self) -> int:
        os.close(self._out)
        os.close(self._err)
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


def log_all(git: Git, new: str, old: str = "") -> Log:
    """Every commit that only one of two commits has in its history, and the parents that both have.

    Where clocks are wrong by more than git reckons with, some that both have may be among them, on either side.

    Args:
        old: "" for none: all of the history of `new`.
    """
    return Log(git, "--left-right", "--boundary", f"{old}...{new}") if old else Log(git, "--left-right", new)


def log_touching(store: Store, new: str, old: str = "") -> Log:
    """The commits in the history of `new`, but not of `old`, that touch `.milestones/`, with what they change there.

    A merge changes what it has otherwise than each of its parents.

    Raises:
        UnsafePath: One of them has more files than there may be.
    """
    from gitmilestone.store.asking.vast import refuse_vast

    git = store.git
    refuse_vast(store, new, old)
    return Log(
        git, "--full-history", "-c", "--raw", "-r", "--root", "--no-renames", "--no-follow", "--no-relative",
        "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none",
        new, *([f"^{old}"] if old else []), "--", f":(top,literal){ROOT}",
    )  # fmt: skip


def read_date(git: Git, text: str) -> int:
    """A date as git understands it ("2 weeks ago"), in Unix seconds."""
    return int(git.check("rev-parse", f"--since={text}").decode().strip().removeprefix("--max-age="))


def _iter_parts(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *parts, rest = (rest + chunk).split(b"\0")
        yield from parts
    if rest:
        yield rest


def _iter_commits(parts: Iterator[bytes]) -> Iterator[LoggedCommit]:
    """Reads `_FORMAT`, and behind it `:mode mode oid oid status` and a path, in turn, as `--raw -z` prints them.

    Between the two git puts a newline, or nothing, or an empty part, by the kind of commit.
    """
    head: list[bytes] = []
    changes: list[PathChange] = []
    for part in parts:
        text = part.removeprefix(b"\n")
        if text.startswith(b":"):
            if change := _read_change(text, next(parts)):
                changes.append(change)
        elif text:
            if head:
                yield _read_commit(head, changes)
            head = [text, *(next(parts) for _ in range(_FIELDS - 1))]
            changes = []
    if head:
        yield _read_commit(head, changes)


def _read_commit(head: list[bytes], changes: list[PathChange]) -> LoggedCommit:
    facts, authored, author, email, subject, trailers = head
    name, committed, *parents = facts.decode().split(" ")
    return LoggedCommit(
        name[0],  # type: ignore[arg-type]  # git's mark
        name[1:],
        tuple(parent for parent in parents if parent),
        _read_seconds(committed),
        _read_seconds(authored.decode()),
        author.decode("utf-8", "replace"),
        email.decode("utf-8", "replace"),
        subject.decode("utf-8", "replace"),
        tuple(value.decode("utf-8", "replace").strip() for value in trailers.split(_SEPARATOR) if value),
        tuple(changes),
    )


def _read_seconds(text: str) -> int:
    return min(int(text), _LAST_SECOND) if text.isdecimal() else 0


def _read_change(raw: bytes, path: bytes) -> PathChange | None:
    parents = len(raw) - len(raw.lstrip(b":"))
    parts = raw[parents:].split(b" ")
    modes, oids = parts[: parents + 1], parts[parents + 1 : 2 * parents + 2]
    if not path.startswith(ROOT.encode() + b"/"):  # `.milestones` itself is no folder
        return None
    blobs = [_blob(mode, oid) for mode, oid in zip(modes, oids, strict=True)]
    below = path[len(ROOT) + 1 :].decode("utf-8", "surrogateescape")
    return PathChange(below, tuple(blobs[:-1]), blobs[-1])


def _blob(mode: bytes, oid: bytes) -> str:
    if mode == _ABSENT_MODE:
        return ""
    return oid.decode() if mode in _PLAIN_MODES else NOT_PLAIN
