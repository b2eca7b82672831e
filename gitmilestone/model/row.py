"""One line of an answer: a milestone with what is computed about it."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Sequence
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


def make_row(milestone: Milestone, path: str, progress: float, waits_for: Sequence[str], repository: str = "") -> Row:
    """The one place that says what is blocked; `is:blocked` in SQL is tested to be the same.

    Args:
        waits_for: The milestones that block it and are open, sorted.
    """
    blocked_by = tuple(waits_for) if milestone.is_open else ()
    is_blocked = milestone.status == "blocked" or bool(blocked_by)
    return Row(milestone, path, progress, is_blocked, blocked_by, repository)
