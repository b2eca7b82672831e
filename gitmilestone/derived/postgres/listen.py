"""A connection that hears of every refresh of a mirror, and reads what came since."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from threading import Thread
from typing import Any, NamedTuple, cast

from gitmilestone.derived.history.events import decode_field
from gitmilestone.derived.history.read import ChangeRow, CommitRow
from gitmilestone.derived.postgres.catch_up import CHANNEL
from gitmilestone.derived.postgres.events import Place, find_mirrored
from gitmilestone.derived.postgres.migrate import migrate
from gitmilestone.derived.postgres.server.connect import Link, Server

Change = tuple[CommitRow, ChangeRow]

_STAMP = (
    "SELECT repository_id, history_commit, tree, rewinds FROM milestone.stamp"
    " JOIN milestone.repository USING (repository_id) WHERE name = %s AND ref = %s"
)
_EVENTS = (
    "SELECT commit_oid, extract(epoch FROM authored)::bigint, author, email, subject, milestone_id, kind, is_readable,"
    " field, old, new, is_json FROM milestone.event WHERE repository_id = %s AND ref = %s AND {}"
    " ORDER BY happened, commit_oid, kind = 'named', milestone_id, position"
)
_LAST = "SELECT COALESCE(MAX(arrival), 0) FROM milestone.event WHERE repository_id = %s AND ref = %s"


class Mark(NamedTuple):
    """How far a branch of a mirror was read.

    Attributes:
        commit: Whose history the events are of; "" for none.
        tree: Whose milestones there are.
        rewinds: How often the branch was moved back or forced.
        arrival: The number of the event that came last.
    """

    commit: str = ""
    tree: str = ""
    rewinds: int = 0
    arrival: int = 0


class Listener:
    """Listens on one connection, in autocommit mode.

    Attributes:
        founded: When this mirror was made: in one that was made anew, the numbers begin anew.
    """

    def __init__(self, link: Link, repository: str) -> None:
        self._link = link
        self._repository = repository
        (self.founded,) = self._get("SELECT MIN(applied) FROM milestone.migration")
        link.connection.execute(f"LISTEN {CHANNEL}".encode())

    @classmethod
    def open(cls, server: Server, repository: str) -> "Listener":
        """Raises:
        MirrorUnavailable: There is no connection to be had.
        """
        link = server.connect()
        try:
            with server.faults():
                migrate(link.connection)
                return cls(link, repository)
        except BaseException:
            link.close()
            raise

    @property
    def descriptor(self) -> int:
        """Of the socket on which it will hear."""
        return self._link.connection.fileno()

    def close(self) -> None:
        self._link.close()

    def has_heard(self) -> bool:
        """Whether some mirror on the server was refreshed since it was last asked; does not wait."""
        with self._link.server.faults():
            return len(list(self._link.connection.notifies(timeout=0))) > 0

    def find_mark(self, ref: str) -> Mark | None:
        """Where a branch stands there, all of it read; None where it is not mirrored."""
        with self._link.server.faults(), self._link.connection.transaction():
            self._link.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = self._find_place(ref)
            if found is None:
                return None
            place, mark = found
            return mark._replace(arrival=self._get(_LAST, place)[0])

    def has_moved(self, ref: str, mark: Mark) -> bool:
        """Whether a branch is elsewhere than where it was read up to; one look at its stamp."""
        with self._link.server.faults():
            found = self._find_place(ref)
        return found is not None and found[1]._replace(arrival=mark.arrival) != mark

    def read_news(self, ref: str, mark: Mark) -> tuple[Mark, list[Change]]:
        """Where a branch stands now, and what came since, in the order of the history; all of one moment."""
        with self._link.server.faults(), self._link.connection.transaction():
            self._link.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = self._find_place(ref)
            if found is None:
                return mark, []
            place, now = found
            changes = self._read_changes("arrival > %s", (*place, mark.arrival))
            return now._replace(arrival=max(mark.arrival, *self._get(_LAST, place))), changes

    def read_of(self, ref: str, oids: set[bytes]) -> list[Change]:
        """What some commits did."""
        with self._link.server.faults():
            found = self._find_place(ref)
            return self._read_changes("commit_oid = ANY(%s)", (*found[0], list(oids))) if found else []

    def find_commits(self, ref: str, oids: set[bytes] | None = None) -> set[bytes]:
        """Which commits of a branch, or of some, are there because they did something."""
        with self._link.server.faults():
            found = self._find_place(ref)
            return find_mirrored(self._link.connection, found[0], oids) if found else set()

    def find_arrival(self, ref: str, oid: bytes) -> int | None:
        """The number of the last event of a commit; None where there is none."""
        with self._link.server.faults():
            found = self._find_place(ref)
            return self._get(f"{_LAST} AND commit_oid = %s", (*found[0], oid))[0] or None if found else None

    def _find_place(self, ref: str) -> tuple[Place, Mark] | None:
        found = self._link.connection.execute(_STAMP, (self._repository, ref)).fetchone()
        if found is None:
            return None
        repository_id, *facts = found
        return Place(repository_id, ref), Mark(*facts)

    def _read_changes(self, condition: str, parameters: tuple[Any, ...]) -> list[Change]:
        statement = _EVENTS.format(condition).encode()
        return list(_iter_changes(self._link.connection.execute(statement, parameters)))

    def _get(self, statement: str, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        found = self._link.connection.execute(statement.encode(), parameters).fetchone()
        assert found is not None
        return found


class Attempt:
    """A connection that is being made while other things go on: a server that is away can take long to say so.

    Attributes:
        listener: What came of it; None until then, and where nothing did.
        fault: Why nothing did.
    """

    def __init__(self, connect: Callable[[], Listener]) -> None:
        self.listener: Listener | None = None
        self.fault: Exception | None = None
        self._connect = connect
        self._is_wanted = True
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """Whatever comes of it is not wanted any more."""
        self._is_wanted = False
        if self.listener is not None:
            self.listener.close()

    def _run(self) -> None:
        try:
            listener = self._connect()
        except Exception as fault:
            self.fault = fault
            return
        self.listener = listener
        if not self._is_wanted:
            listener.close()


def _iter_changes(records: Iterable[tuple[Any, ...]]) -> Iterator[Change]:
    for facts, group in groupby(records, lambda record: record[:8]):
        oid, authored, author, email, subject, milestone_id, kind, is_readable = facts
        fields = tuple(decode_field(*cast("Any", record[8:])) for record in group if record[8] is not None)
        yield (
            CommitRow(0, oid.hex(), authored, author, email, subject),
            ChangeRow(milestone_id, kind, is_readable, fields),
        )
