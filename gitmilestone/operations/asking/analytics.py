"""Opens the analytics of a commit, and answers SQL with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from sqlite3 import Connection
from typing import NamedTuple, TypeVar

from gitmilestone.derived.analytics.load import Milestones, Source
from gitmilestone.derived.analytics.open import (
    FILE_NAME,
    MEMORY_BYTES,
    Analytics,
    DamagedError,
    Stamp,
    discard,
    open_analytics,
)
from gitmilestone.derived.database import read_index
from gitmilestone.derived.history.read import stamp_of
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import EnvironmentFault
from gitmilestone.model.git_settings import find_git_setting
from gitmilestone.model.problem import Problem
from gitmilestone.operations.asking.history import open_history
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.store import Store

Result = TypeVar("Result")


class Unserved(NamedTuple):
    """What an answer does not count: `unreadable` files, for these reasons."""

    problems: tuple[Problem, ...]
    unreadable: int


def ask(
    store: Store, read: Callable[[Analytics], Result], revision: str | None = None, watch: Watch = SILENT
) -> tuple[Result, Unserved]:
    """What `read` makes of the analytics of a commit; HEAD's are kept in a file.

    Args:
        revision: None is HEAD.
        read: Runs again where the file turns out to be damaged.

    Raises:
        EnvironmentFault: DuckDB can't be used here.
    """
    path = os.path.join(store.repository.state_dir, FILE_NAME)
    memory_bytes = find_memory_bytes(store)
    commit = store.commit_at(revision or "HEAD")
    files = store.files_at(commit or "HEAD")
    history_stamp = stamp_of(store, commit)
    stamp = Stamp(files.tree or "", f"{history_stamp.commit}\n{history_stamp.boundary}".rstrip())

    def read_milestones(use: Callable[[Milestones], None]) -> None:
        def read(index: Index) -> None:
            unserved = index.unserved()
            use(Milestones(index.connection, unserved.problems, unserved.files))

        read_index(store, files, read, watch)

    def read_history(use: Callable[[Connection], None]) -> None:
        with open_history(store, commit or "HEAD", watch) as history:
            use(history.connection)

    source = Source(read_milestones, read_history)

    def attempt() -> tuple[Result, Unserved]:
        kept = revision is None
        with open_analytics(path, stamp, source, is_kept=kept, memory_bytes=memory_bytes, watch=watch) as analytics:
            return read(analytics), Unserved(analytics.problems, analytics.unreadable)

    try:
        try:
            return attempt()
        except DamagedError:
            watch.warn("warning: the analytics file is damaged; building it again")
            discard(path)
            return attempt()
    except DamagedError as error:
        raise EnvironmentFault(f"DuckDB can't read what it has just written: {error}", "check the disk") from error
    except ModuleNotFoundError as error:
        raise EnvironmentFault(f"{error.name} is not installed", "install it: `pip install duckdb`") from error


def find_memory_bytes(store: Store) -> int:
    """What a query may take: `milestone.analytics.memory` of git's configuration, like `512MB` or `4GB`."""
    told: int | None = find_git_setting(store.config, "milestone.analytics.memory")
    return MEMORY_BYTES if told is None else told
