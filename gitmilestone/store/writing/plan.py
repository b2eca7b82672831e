"""What a write is asked for and what it did: light values, so that commands that only read don't load the protocol."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from gitmilestone.store.files import FileEntry, Files


class WriteOptions(NamedTuple):
    """How a write is to be made.

    Attributes:
        message: Replaces the operation's own commit message.
        stage_only: Stage, don't commit (`--no-commit`); what is staged already is built upon.
        verify: Run the pre-commit and commit-msg hooks, and refuse what the project makes an error.
        detached: Allow a commit on a detached HEAD.
        when: Author and committer date, for imports that replay a history.
        allow_empty: Commit where nothing changes too, for such imports.
        author: `Name <email>` of whose work it is; "" is who git says.
    """

    message: str | None = None
    stage_only: bool = False
    verify: bool = True
    detached: bool = False
    when: datetime | None = None
    allow_empty: bool = False
    author: str = ""


Content: TypeAlias = "bytes | FileEntry | None"
"""What a path is to hold: bytes; the file that an entry of the same state stands for, as it is; None for nothing."""


Outcome = TypeVar("Outcome")


class Plan(NamedTuple, Generic[Outcome]):
    """What a write wants.

    Attributes:
        files: Path below `.milestones/` -> content. A move is two of them: the entry at the new path, None at its own.
        message: The commit's; its first line is the subject.
        outcome: What there is to say about it, for whoever asked for the write.
    """

    files: Mapping[str, Content]
    message: str
    outcome: Outcome = None  # type: ignore[assignment]  # who has nothing to say leaves it out


class Written(NamedTuple, Generic[Outcome]):
    """What a write did, or would do.

    Attributes:
        commit: None where it was only staged or rehearsed, or nothing changed.
        paths: Those below `.milestones/` that differ.
        outcome: The plan's.
    """

    commit: str | None
    paths: tuple[str, ...]
    outcome: Outcome


Build: TypeAlias = "Callable[[Files], Plan[Outcome]]"
