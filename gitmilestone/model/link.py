"""What a graph of dependencies is made of."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from datetime import date
from typing import NamedTuple

from gitmilestone.model.milestone import OPEN_STATUSES, PRIORITIES


class Link(NamedTuple):
    """One dependency.

    Attributes:
        on: An id of the same tree, be there one or not, or `repository:id`.
        type: One of DEPENDENCY_TYPES.
    """

    id: str
    on: str
    type: str


class Outline(NamedTuple):
    """What is to be said of a milestone in a graph.

    Attributes:
        id: `repository:id` where another repository has it.
        status: "" where nothing is known of it: it is not there, or can't be looked up here.
        repository: Its whole name; "" is this one, or one that is not known.
        obstacle: Why nothing is known of it.
    """

    id: str
    title: str = ""
    status: str = ""
    due: date | None = None
    priority: str | None = None
    repository: str = ""
    obstacle: str = ""

    @property
    def is_known(self) -> bool:
        return bool(self.status)

    @property
    def is_open(self) -> bool:
        """False where nothing is known of it."""
        return self.status in OPEN_STATUSES

    @property
    def place(self) -> tuple[bool, date, int, str]:
        """Where it stands in the order of `list`."""
        rank = PRIORITIES.index(self.priority) if self.priority in PRIORITIES else -1
        return self.due is None, self.due or date.max, -rank, self.id
