"""Every error of git milestone.

An error carries facts: the message (what is so, with the value), and a hint (the way out).
Exit codes and HTTP statuses belong to the faces, which map the three branches below.

MilestoneError
├── InvalidRequest          what was asked for makes no sense: usage
│   ├── InvalidId
│   ├── InvalidValue
│   ├── InvalidQuery        carries the position in the text
│   ├── InvalidOperation    carries the line of the bulk file
│   ├── MilestoneNotFound
│   └── AmbiguousId
├── Refused                 it makes sense, but the repository's content says no
│   ├── InvalidContent      carries the Problems that `check` would report
│   ├── DependencyCycle     carries the path
│   ├── HasDependents
│   ├── UncommittedEdits
│   └── HookRejected
└── EnvironmentFault        git, the file system or the machine says no
    ├── NotARepository
    ├── NotInitialised
    ├── UnknownRevision
    ├── UnsafePath
    ├── DetachedHead
    ├── CheckedOutElsewhere
    ├── OperationInProgress
    ├── LockHeld
    ├── BranchMoved
    ├── MissingObject
    ├── StorageFull
    └── GitFailed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmilestone.model.problem import Problem


UNSEEN = "\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
"""Characters that a terminal obeys instead of prints, as a regular expression has them in brackets."""
LONGEST = 500
"""Characters of a message: who is told wants to know what it is about, not to read it all again."""


def spell(text: str) -> str:
    """`text` on one line and with nothing in it that a terminal obeys: `\\n`, `\\x1b`.

    A path or a value in a message is whatever somebody has called it.
    """
    if text.isprintable():
        return text
    import re

    return re.sub(f"[{UNSEEN}]", lambda found: repr(found[0])[1:-1], text)


def shorten(text: str, most: int = LONGEST) -> str:
    """The beginning and the end of what is longer than that, with an ellipsis between them."""
    if len(text) <= most:
        return text
    kept = most // 2
    return f"{text[:kept]}…{text[kept - most + 1 :]}"


def tell(text: str) -> str:
    """What may echo anything of any size, as a message has it."""
    return shorten(spell(shorten(text)))


class MilestoneError(Exception):
    """The base of every error that is raised on purpose.

    Attributes:
        message: The fact, with the value, on one line.
        hint: The way out, or "".
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = tell(message)
        self.hint = "\n".join(map(tell, hint.split("\n")))
        super().__init__(self.message)


class InvalidRequest(MilestoneError):
    pass


class InvalidId(InvalidRequest):
    pass


class InvalidValue(InvalidRequest):
    pass


class InvalidQuery(InvalidRequest):
    """A query text that can't be understood.

    Attributes:
        text: The whole query.
        position: Where in it the fault starts, in characters from 0.
    """

    def __init__(self, message: str, text: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.text = text
        self.position = position


class InvalidOperation(InvalidRequest):
    """A line of a bulk file that can't be carried out; `line` counts from 1."""

    def __init__(self, message: str, source: str, line: int, hint: str = "") -> None:
        super().__init__(f"{source}:{line}: {message}", hint)
        self.source = source
        self.line = line


class MilestoneNotFound(InvalidRequest):
    """No milestone is called `name` in the state that was asked about."""

    def __init__(self, message: str, hint: str = "", name: str = "") -> None:
        super().__init__(message, hint)
        self.name = name


class AmbiguousId(InvalidRequest):
    pass


class Refused(MilestoneError):
    pass


class InvalidContent(Refused):
    def __init__(self, message: str, problems: Sequence[Problem], hint: str = "") -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class DependencyCycle(Refused):
    """Args:
    told: The path in one line, however long it is.
    """

    def __init__(self, path: Sequence[str], told: str) -> None:
        super().__init__(
            f"dependency cycle: {told}",
            "remove one of these dependencies, or make it `relates`, which orders nothing",
        )
        self.path = tuple(path)


class HasDependents(Refused):
    """Others depend on milestones that would be deleted: `ids`."""

    def __init__(self, message: str, ids: Sequence[str], hint: str = "") -> None:
        super().__init__(message, hint)
        self.ids = tuple(ids)


class UncommittedEdits(Refused):
    pass


class HookRejected(Refused):
    pass


class EnvironmentFault(MilestoneError):
    pass


class NotARepository(EnvironmentFault):
    pass


class NotInitialised(EnvironmentFault):
    pass


class UnknownRevision(EnvironmentFault):
    pass


class UnsafePath(EnvironmentFault):
    pass


class DetachedHead(EnvironmentFault):
    pass


class CheckedOutElsewhere(EnvironmentFault):
    """Another work tree has the branch that was to move."""


class OperationInProgress(EnvironmentFault):
    pass


class LockHeld(EnvironmentFault):
    """Somebody else's lock was still there after a bounded wait; it is left alone."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(
            f"{path} is held by another process (waited {seconds:g} s)",
            "wait for the other git command to finish; if it crashed, remove that file by hand",
        )
        self.path = path


class BranchMoved(EnvironmentFault):
    pass


class MissingObject(EnvironmentFault):
    pass


class StorageFull(EnvironmentFault):
    def __init__(self, path: str) -> None:
        super().__init__(f"no space left on the device that holds {path}", "free some space and try again")


_SAID = 20


class GitFailed(EnvironmentFault):
    """A git command failed; its own words are in the message."""

    def __init__(self, command: Sequence[str], status: int, stderr: bytes) -> None:
        said = stderr.decode("utf-8", "replace").strip()
        super().__init__(f"git {' '.join(command)} failed ({status})")
        # What git says has lines.
        self.message += ": " + "\n".join(tell(line) for line in said.splitlines()[:_SAID])
        self.args = (self.message,)
        self.command = tuple(command)
        self.status = status
        self.said = said
