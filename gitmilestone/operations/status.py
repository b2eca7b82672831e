"""What the project is: its tier, its size, its health."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from gitmilestone.derived.database import read_index
from gitmilestone.derived.sqlite import Index
from gitmilestone.derived.statistics import Statistics
from gitmilestone.derived.watch import SILENT, Watch
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.operations.index import IndexStatus, get_index_status
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
    statistics: Statistics
    local_index: IndexStatus


def get_status(store: Store, today: date, watch: Watch = SILENT) -> ProjectStatus:
    head = store.head()
    files = store.files_at()
    index_status = get_index_status(store)

    def read(index: Index) -> tuple[Statistics, int, int]:
        return index.statistics(today), index.data_volume, index.unserved().files

    figures, data_volume, unreadable = read_index(store, files, read, watch)
    return ProjectStatus(
        is_initialised=files.find(PROJECT_FILE) is not None,
        branch=head.branch,
        commit=head.commit,
        tree=files.tree,
        tier=get_tier(files),
        layout=get_project(files).layout,
        data_volume=data_volume,
        unreadable=unreadable,
        statistics=figures,
        local_index=index_status,
    )
