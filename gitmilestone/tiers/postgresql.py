"""The mirror of a project: brought along, described, and removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gitmilestone.derived.database import IndexFile, Result, read_index
from gitmilestone.errors import MilestoneError, Refused
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.tiers.tier import get_tier

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine

LARGE = 5000
"""Files that are not read for one answer where a mirror has it: some seconds, and connecting is a tenth of one."""


def read_ready(store: Store, files: Files, read: Callable[[Engine], Result], watch: Watch = SILENT) -> Result:
    """What `read` makes of an index of `files`: the one on disk, or the mirror where that would have to be built.

    A new clone of a large project is answered at once so, in the time of a connection; the index on disk, which is
    faster, is built with the next write.

    Raises:
        As `read_index`.
    """
    if isinstance(files, TreeFiles) and not IndexFile(store.repository.state_dir).exists:
        mirror = _find_mirror(store, files, watch) if files.estimate_count() >= LARGE else None
        if mirror is not None:
            with mirror:
                return read(mirror)
    return read_index(store, files, read, watch)


def _find_mirror(store: Store, files: TreeFiles, watch: Watch) -> Engine | None:
    """The mirror as it is, if it is of this tree and its server can be had without starting one."""
    if get_tier(files) != "postgresql":
        return None
    from gitmilestone.derived.postgres.catch_up import repository_name
    from gitmilestone.derived.postgres.mirror import open_mirror
    from gitmilestone.derived.postgres.server.connect import get_server

    try:
        server = get_server(store)
        return open_mirror(server, repository_name(store), files.tree or "") if server.is_running else None
    except MilestoneError as error:
        watch.warn(f"warning: {error.message}; the index is built instead")
        return None


def open_fresh_mirror(store: Store, files: TreeFiles, watch: Watch = SILENT) -> Engine:
    """The mirror, brought to these files.

    Raises:
        MirrorUnavailable: There is none to be had.
    """
    from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
    from gitmilestone.derived.postgres.mirror import open_mirror
    from gitmilestone.derived.postgres.server.connect import get_server

    server = get_server(store)
    catch_up_mirror(server, store, watch=watch)
    mirror = open_mirror(server, repository_name(store), files.tree or "")
    if mirror is None:
        raise Refused("the branch moved while the mirror was brought up to date", "try again")
    return mirror


def try_server(store: Store) -> tuple[str, str]:
    """Where a mirror would be, and why it can't be there; an embedded server is not started for that."""
    from gitmilestone.derived.postgres.server.connect import get_server

    try:
        server = get_server(store)
    except MilestoneError as error:
        return "", error.message
    if server.embedded is None:
        try:
            server.connect().close()
        except MilestoneError as error:
            return server.where, error.message
    return server.where, ""


def refresh_mirror(store: Store, watch: Watch = SILENT) -> None:
    """Brings the mirror to HEAD after a write, where the project has one; a server that is away is told, and waits."""
    if get_tier(store.files_at()) != "postgresql":
        return
    from gitmilestone.derived.postgres.catch_up import catch_up_mirror
    from gitmilestone.derived.postgres.server.connect import get_server

    try:
        catch_up_mirror(get_server(store), store, watch=watch)
    except MilestoneError as error:
        watch.warn(f"warning: the mirror stays as it was: {error.message}; the next write brings it up to date")


def describe_mirror(store: Store) -> str:
    """One line about the mirror: where it is, and whether it is up to date; connects to its server."""
    from gitmilestone.derived.postgres.catch_up import repository_name
    from gitmilestone.derived.postgres.mirror import open_mirror
    from gitmilestone.derived.postgres.server.connect import get_server

    try:
        server = get_server(store)
        mirror = open_mirror(server, repository_name(store), store.files_at().tree or "")
    except MilestoneError as error:
        return f"away ({error.message}); the index answers"
    if mirror is None:
        return f"behind HEAD at {server.where}, until the next write"
    with mirror:
        return f"up to date at {server.where}, {mirror.milestones} milestones"


def remove_own_server(store: Store, unused_seconds: float = 0) -> bool:
    """Ends the embedded server and removes its files, unless somebody uses it or has used it lately.

    Rows on a server that others keep stay there: other clones may ask for them.
    """
    from gitmilestone.derived.postgres.server.connect import own_server

    own = own_server(store)
    return own.unused_seconds >= unused_seconds and own.remove()
