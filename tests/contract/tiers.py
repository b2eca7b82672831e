"""The derived states that must answer alike: each brings itself to HEAD of a repository, and is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.database import IndexFile, read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.mirror import open_mirror
from gitmilestone.derived.postgres.server.connect import Server
from gitmilestone.derived.sqlite import Index
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.store.store import Store
from tests.postgres_server import make_database
from tests.repositories import Clone

Result = TypeVar("Result")


class FileTier:
    """No database: the files of the tree are read, and asked in memory."""

    def prepare(self, store: Store) -> None: ...

    def ask(self, store: Store, read: Callable[[Engine], Result]) -> Result:
        assert not IndexFile(store.repository.state_dir).exists
        with Index.memory() as index:
            catch_up(index, store, store.files_at())
            return read(index)


class SqliteTier:
    """The index in the git directory, brought from the state of the last question to this one."""

    def prepare(self, store: Store) -> None:
        rebuild_index(store)

    def ask(self, store: Store, read: Callable[[Engine], Result]) -> Result:
        def read_on_disk(index: Index) -> Result:
            assert index.is_on_disk
            return read(index)

        return read_index(store, store.files_at(), read_on_disk)


class PostgresqlTier:
    """The mirror on a server, brought from the state of the last question to this one."""

    server: Server

    def prepare(self, store: Store) -> None:
        self.server = make_database()

    def ask(self, store: Store, read: Callable[[Engine], Result]) -> Result:
        stamp = catch_up_mirror(self.server, store)
        assert stamp.tree == (store.files_at().tree or "")
        mirror = open_mirror(self.server, repository_name(store), stamp.tree)
        assert mirror is not None
        with mirror:
            return read(mirror)


Tier = FileTier | SqliteTier | PostgresqlTier
TIERS: dict[str, Callable[[], Tier]] = {"file": FileTier, "sqlite": SqliteTier, "postgresql": PostgresqlTier}


class Project:
    """A repository whose HEAD is set to any files, and a tier that answers for it."""

    def __init__(self, clone: Clone, tier: Tier) -> None:
        self.clone = clone
        self.tier = tier
        with clone.store() as store:
            tier.prepare(store)

    def set_files(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Args:
        files: (path below `.milestones/`, content); all that there are from now on.
        """
        stream = [b"commit refs/heads/main\ncommitter A <a@example.com> 1795000000 +0000\ndata 0\ndeleteall\n"]
        for path, content in files:
            stream.append(b"M 100644 inline .milestones/%s\ndata %d\n%s\n" % (path.encode(), len(content), content))
        self.clone.git("fast-import", "--quiet", "--force", stdin=b"".join(stream))

    def ask(self, read: Callable[[Engine], Result]) -> Result:
        with self.clone.store() as store:
            return self.tier.ask(store, read)
