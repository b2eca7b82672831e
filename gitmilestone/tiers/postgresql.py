"""The mirror on a Postgres server, which each write brings along; the index answers here, and the mirror elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from gitmilestone.errors import MilestoneError, Refused
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.tiers import absence
from gitmilestone.tiers.tier import Site, Tier

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine
    from gitmilestone.derived.postgres.mirror import Mirror
    from gitmilestone.derived.postgres.server.connect import Server
    from gitmilestone.tiers.compare import Comparison

Result = TypeVar("Result")


class PostgresqlTier:
    name = "postgresql"
    is_shared = True

    def find_obstacle(self, store: Store, *, is_asked: bool) -> str:
        from gitmilestone.derived.postgres.server.connect import find_obstacle

        return find_obstacle(store, is_asked=is_asked)

    def would_start(self, store: Store) -> bool:
        return not _get_server(store).is_running

    def try_site(self, store: Store) -> Site:
        try:
            server = _get_server(store)
        except MilestoneError as error:
            return Site("", error.message)
        if server.embedded is None:
            try:
                absence.ask_at_once(store, lambda: server.connect().close())
            except MilestoneError as error:
                return Site(server.where, error.message)
        return Site(server.where)

    def prepare(self, store: Store) -> None:
        _get_server(store).connect().close()

    def build(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> Comparison | None:
        from gitmilestone.tiers import sqlite
        from gitmilestone.tiers.compare import compare

        sqlite.TIER.build(store, files, watch)  # from which the mirror is filled: nothing is parsed twice
        return self.ask(store, files, lambda engine: compare(files, engine, watch), watch)

    def ask(self, store: Store, files: TreeFiles, read: Callable[[Engine], Result], watch: Watch = SILENT) -> Result:
        from gitmilestone.derived.postgres.catch_up import catch_up_mirror

        server = _get_server(store)
        absence.ask_at_once(store, lambda: catch_up_mirror(server, store, watch=watch))
        mirror = _open(server, store, files)
        if mirror is None:
            raise Refused("the branch moved while the mirror was brought up to date", "try again")
        with mirror:
            return read(mirror)

    def open(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> Engine | None:
        if absence.find_pause(store):
            return None
        try:
            server = _get_server(store)
            return absence.ask_at_once(store, lambda: _open(server, store, files)) if server.is_running else None
        except MilestoneError as error:
            watch.warn(f"warning: {error.message}; the index is built instead")
            return None

    def follow(self, store: Store, watch: Watch = SILENT) -> None:
        """Not while it is known to be away, which was told when it was found out."""
        if absence.find_pause(store):
            return
        from gitmilestone.derived.postgres.catch_up import catch_up_mirror
        from gitmilestone.derived.postgres.server.patience import LOCK_SECONDS

        try:
            server = _get_server(store)
            absence.ask_at_once(store, lambda: catch_up_mirror(server, store, watch=watch, lock_seconds=LOCK_SECONDS))
        except MilestoneError as error:
            away = absence.find_pause(store)
            when = f"a write in {_format_pause(away.pause)} or later" if away else "the next write"
            watch.warn(f"warning: the mirror stays as it was: {error.message}; {when} brings it up to date")

    def drop(self, store: Store, unused_seconds: float = 0) -> None:
        """The embedded server and its files. Rows on a server that others keep stay there: other clones may ask."""
        from gitmilestone.derived.postgres.server.connect import own_server

        own = own_server(store)
        if own.unused_seconds >= unused_seconds:
            own.remove()

    def describe(self, store: Store) -> str:
        away = absence.find_pause(store)
        if away:
            return _describe_absence(away)
        try:
            server = _get_server(store)
            mirror = absence.ask_at_once(store, lambda: _open(server, store, store.files_at()))
        except MilestoneError as error:
            away = absence.find_pause(store)
            return _describe_absence(away) if away else f"Mirror: away ({error.message}); the index answers"
        if mirror is None:
            return f"Mirror: behind HEAD at {server.where}, until the next write"
        with mirror:
            return f"Mirror: up to date at {server.where}, {mirror.milestones} milestones"


def _describe_absence(away: absence.Absence) -> str:
    since, until = (datetime.fromtimestamp(seconds, UTC) for seconds in (away.since, away.until))
    asked = f"asked again from {until:%H:%M:%S} UTC on"
    return f"Mirror: away since {since:%Y-%m-%d %H:%M:%S} UTC ({away.said}), {asked}; the index answers"


def _format_pause(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{round(seconds / 60)} min"


def _get_server(store: Store) -> Server:
    from gitmilestone.derived.postgres.server.connect import get_server

    return get_server(store)


def _open(server: Server, store: Store, files: TreeFiles) -> Mirror | None:
    """The mirror as it is, if it is of this tree."""
    from gitmilestone.derived.postgres.catch_up import repository_name
    from gitmilestone.derived.postgres.mirror import open_mirror

    return open_mirror(server, repository_name(store), files.tree or "")


TIER: Tier = PostgresqlTier()
