"""git milestone: milestones that live in git.

    import gitmilestone

    repo = gitmilestone.open(".")
    repo.create("Ship two-factor login", project="auth", due="2027-01-15")

Names are imported when they are first used, so that the command line pays only for what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmilestone.api import Repository, open
    from gitmilestone.derived.statistics import Statistics
    from gitmilestone.errors import (
        AmbiguousId,
        EnvironmentFault,
        InvalidContent,
        InvalidRequest,
        MilestoneError,
        MilestoneNotFound,
        Refused,
    )
    from gitmilestone.model.change import Change, FieldChange
    from gitmilestone.model.milestone import Dependency, Milestone, Task
    from gitmilestone.model.problem import Problem
    from gitmilestone.model.row import Row
    from gitmilestone.operations.asking.history import Event
    from gitmilestone.operations.checking.review import Review

__all__ = [
    "AmbiguousId",
    "Change",
    "Dependency",
    "EnvironmentFault",
    "Event",
    "FieldChange",
    "InvalidContent",
    "InvalidRequest",
    "Milestone",
    "MilestoneError",
    "MilestoneNotFound",
    "Problem",
    "Refused",
    "Repository",
    "Review",
    "Row",
    "Statistics",
    "Task",
    "open",
]

_HOMES = {
    "gitmilestone.api": ("Repository", "open"),
    "gitmilestone.derived.statistics": ("Statistics",),
    "gitmilestone.errors": (
        "AmbiguousId",
        "EnvironmentFault",
        "InvalidContent",
        "InvalidRequest",
        "MilestoneError",
        "MilestoneNotFound",
        "Refused",
    ),
    "gitmilestone.model.change": ("Change", "FieldChange"),
    "gitmilestone.model.milestone": ("Dependency", "Milestone", "Task"),
    "gitmilestone.model.problem": ("Problem",),
    "gitmilestone.model.row": ("Row",),
    "gitmilestone.operations.asking.history": ("Event",),
    "gitmilestone.operations.checking.review": ("Review",),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
