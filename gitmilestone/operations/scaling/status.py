"""What the project is: its tier, its size, its health."""

from __future__ import annotations

import os
import sqlite3
from datetime import date
from typing import NamedTuple

from gitmilestone.derived.database import IndexFile, read_index
from gitmilestone.derived.history.activity import closed_since
from gitmilestone.derived.history.read import read_stamp, stamp_of
from gitmilestone.derived.schema import SCHEMA_VERSION
from gitmilestone.derived.sizes import count_created, find_unarchived
from gitmilestone.derived.sqlite import Index
from gitmilestone.derived.statistics import Statistics
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.operations.scaling.index import IndexStatus, get_index_status
from gitmilestone.operations.scaling.measure import Sizes, find_switches, take_sizes, weigh
from gitmilestone.progress import SILENT, Watch
from gitmilestone.scale.decision import ScaleDecision, Switch
from gitmilestone.scale.metrics import ScaleMetrics
from gitmilestone.scale.prediction import WEEKS, Prediction, predict
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.store import Store
from gitmilestone.tiers.table import get_tier

_DAY = 86400
_MOST_UNARCHIVED = 1000


class HistoryStatus(NamedTuple):
    """The history on disk, as it was found; `commit` is None where there is none."""

    commit: str | None
    is_fresh: bool


class AnalyticsStatus(NamedTuple):
    """The file of the analytics. Whether it is of this commit is known to who opens it, which costs more than a look.

    Attributes:
        bytes: 0 where there is none.
    """

    path: str
    bytes: int


class Unarchived(NamedTuple):
    """Attributes:
    closed: How many are closed and lie in `active/`; counting ends at `_MOST_UNARCHIVED`.
    due: How many of them `archive` would move; None where the history as it lies does not say.
    """

    closed: int
    due: int | None


class ProjectStatus(NamedTuple):
    """Attributes:
    tree: Oid of the `.milestones` tree; None where there is none.
    data_volume: Bytes of all milestone files.
    switches: Of the tier, the newest first.
    is_noted: Whether a write has begun the delay of what is pending.
    prediction: Of the next switch; None where none is in sight.
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
    history: HistoryStatus
    analytics: AnalyticsStatus
    settings: ScaleSettings
    metrics: ScaleMetrics
    decision: ScaleDecision
    is_noted: bool
    switches: tuple[Switch, ...]
    prediction: Prediction | None
    unarchived: Unarchived


def get_status(store: Store, today: date, watch: Watch = SILENT, now: int | None = None) -> ProjectStatus:
    """Looks at everything, and changes nothing but what this clone remembers. O(history), and once a tree O(edges).

    Args:
        now: Unix seconds.
    """
    import time

    moment = int(time.time()) if now is None else now
    head = store.head()
    files = store.files_at()
    index_status, history_status = get_index_status(store), get_history_status(store, head.commit)

    def read(index: Index) -> tuple[Statistics, int, Sizes, tuple[int, ...], list[str]]:
        created = count_created(index.connection, moment, WEEKS)
        closed = find_unarchived(index.connection, _MOST_UNARCHIVED)
        return index.statistics(today), index.unserved().files, take_sizes(store, files, index), created, closed

    figures, unreadable, sizes, created, closed = read_index(store, files, read, watch)
    switches, project = find_switches(store), get_project(files)
    settings, metrics, decision = weigh(store, files, sizes, moment, switches=switches)
    return ProjectStatus(
        is_initialised=files.find(PROJECT_FILE) is not None,
        branch=head.branch,
        commit=head.commit,
        tree=files.tree,
        tier=get_tier(files).name,
        layout=project.layout,
        data_volume=sizes.bytes,
        unreadable=unreadable,
        statistics=figures,
        local_index=index_status,
        history=history_status,
        analytics=get_analytics_status(store),
        settings=settings,
        metrics=metrics,
        decision=decision,
        is_noted=decision.since is not None and decision.since < moment,
        switches=switches,
        unarchived=_find_unarchived(store, closed, history_status, moment - int(project.archive_after * _DAY)),
        prediction=predict(metrics, settings, created, decision.current),
    )


def _find_unarchived(store: Store, closed: list[str], history: HistoryStatus, until: int) -> Unarchived:
    """Asks the history where it lies ready, and never brings it along.

    Args:
        until: Unix seconds; what was closed by then is due.
    """
    if not closed or len(closed) == _MOST_UNARCHIVED or not history.is_fresh:
        return Unarchived(len(closed), None if closed else 0)
    with Index(IndexFile(store.repository.state_dir).connect()) as index:
        since = closed_since(index.connection, closed)
    return Unarchived(len(closed), sum(moment <= until for moment in since.values()))


def get_history_status(store: Store, commit: str | None) -> HistoryStatus:
    """The history as it lies, without bringing it up to date.

    Args:
        commit: HEAD's.
    """
    place = IndexFile(store.repository.state_dir)
    if not place.exists:
        return HistoryStatus(None, False)
    try:
        with Index(place.connect()) as index:
            stamp = read_stamp(index.connection) if index.version == SCHEMA_VERSION else None
    except sqlite3.Error:
        stamp = None
    return HistoryStatus(stamp.commit if stamp else None, stamp == stamp_of(store, commit))


def get_analytics_status(store: Store) -> AnalyticsStatus:
    from gitmilestone.derived.analytics.open import FILE_NAME

    path = os.path.join(store.repository.state_dir, FILE_NAME)
    try:
        return AnalyticsStatus(path, os.path.getsize(path))
    except OSError:
        return AnalyticsStatus(path, 0)
