"""What the project is: its tier, its size, its health."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from gitmilestone.derived.sqlite import Statistics
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.operations.query import open_index
from gitmilestone.operations.reading import get_project, get_tier
from gitmilestone.store.store import Store


class ProjectStatus(NamedTuple):
    """Attributes:
    tree: Oid of the `.milestones` tree; None where there is none.
    data_volume: Bytes of all milestone files.
    """

    is_initialised: bool
    branch: str | None
    commit: str | None
    tree: str | None
    tier: str
    layout: str
    data_volume: int
    unreadable: int
    problems: int
    statistics: Statistics


def get_status(store: Store, today: date) -> ProjectStatus:
    head = store.head()
    files = store.files_at()
    index, reading = open_index(files)
    with index:
        figures = index.statistics(today)
    return ProjectStatus(
        is_initialised=files.find(PROJECT_FILE) is not None,
        branch=head.branch,
        commit=head.commit,
        tree=files.tree,
        tier=get_tier(files),
        layout=get_project(files).layout,
        data_volume=reading.total_bytes,
        unreadable=reading.unreadable,
        problems=len(reading.problems),
        statistics=figures,
    )
