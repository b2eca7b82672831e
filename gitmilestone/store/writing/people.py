"""Who commits: learned from the first commit of a process, which git itself has written."""

from __future__ import annotations

import time
from typing import NamedTuple

_AUTHOR, _COMMITTER = b"author ", b"committer "


class People(NamedTuple):
    """`Name <email>` of both, and their dates where the environment fixes them."""

    author: bytes
    committer: bytes
    author_date: bytes | None
    committer_date: bytes | None


def read_people(commit: bytes, is_author_dated: bool, is_committer_dated: bool) -> People:
    """The people of a commit's raw content.

    Args:
        is_author_dated: GIT_AUTHOR_DATE is set, so that every commit has this one's date; likewise the other.
    """
    author, author_date = _read(commit, _AUTHOR)
    committer, committer_date = _read(commit, _COMMITTER)
    return People(
        author, committer, author_date if is_author_dated else None, committer_date if is_committer_dated else None
    )


def _read(commit: bytes, header: bytes) -> tuple[bytes, bytes]:
    line = next(line for line in commit.split(b"\n") if line.startswith(header))
    person, _, date = line.removeprefix(header).rpartition(b"> ")
    return person + b">", date


def format_commit(tree: str, parent: str | None, people: People, date: str | None, message: str) -> bytes:
    """A commit as `git commit-tree` writes it.

    Args:
        date: `SECONDS ZONE` of both; None is what the environment or the clock says.
    """
    given = date.encode() if date else None
    now = _format_now()
    lines = [b"tree " + tree.encode()]
    if parent:
        lines.append(b"parent " + parent.encode())
    lines.append(_AUTHOR + people.author + b" " + (given or people.author_date or now))
    lines.append(_COMMITTER + people.committer + b" " + (given or people.committer_date or now))
    return b"\n".join(lines) + b"\n\n" + message.encode("utf-8", "surrogateescape")


def _format_now() -> bytes:
    seconds = int(time.time())
    minutes = time.localtime(seconds).tm_gmtoff // 60
    sign = "-" if minutes < 0 else "+"
    return f"{seconds} {sign}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}".encode()
