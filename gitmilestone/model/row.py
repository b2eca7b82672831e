"""One line of an answer: a milestone with what is computed about it."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import NamedTuple

from gitmilestone.model.milestone import Milestone


class Row(NamedTuple):
    """A milestone as queries answer it.

    Attributes:
        path: As it was given to the index.
        progress: 0 to 1.
        is_blocked: Open, and blocked by hand or by a milestone that is still open.
        blocked_by: The open milestones it waits for, sorted; empty once it is closed.
        repository: The name of its repository, where several were asked together.
    """

    milestone: Milestone
    path: str
    progress: float
    is_blocked: bool
    blocked_by: tuple[str, ...] = ()
    repository: str = ""
