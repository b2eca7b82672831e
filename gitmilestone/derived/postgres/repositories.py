"""The repositories of a mirror, side by side: what the default branch of each says."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, Self

from gitmilestone.derived.postgres.migrate import migrate
from gitmilestone.derived.postgres.mirror import Mirror, begin_reading, read_stamps
from gitmilestone.derived.postgres.server.connect import Link, Server
from gitmilestone.derived.schema import FOREIGN
from gitmilestone.model.link import Link as Dependency
from gitmilestone.model.link import Outline

_SELECT = (
    "SELECT repository.repository_id, name, default_ref, state_id FROM milestone.repository LEFT JOIN milestone.stamp"
    " ON stamp.repository_id = repository.repository_id AND stamp.ref = default_ref"
)
_NAMED = (
    " WHERE name = ANY(%s) OR EXISTS (SELECT FROM unnest(CAST(%s AS text[])) AS tail"
    " WHERE right(name, length(tail) + 1) = '/' || tail)"
)
_BY_NAME = " ORDER BY name"
_REACHED = (
    "WITH RECURSIVE reached (id) AS ("
    'SELECT CAST(unnest(CAST(%s AS text[])) AS text) COLLATE "C" UNION'
    " SELECT target FROM reached JOIN milestone.dependency ON milestone_id = reached.id"
    f" WHERE {{state}} AND type = 'blocks' AND NOT {FOREIGN})"
    " SELECT milestone_id, target, type FROM reached JOIN milestone.dependency ON milestone_id = reached.id"
    " WHERE {state} AND type = 'blocks'"
)


class Mirrored(NamedTuple):
    """A repository in a mirror.

    Attributes:
        ref: Its default branch; "" where none is known.
        state_id: Of the rows of that branch; None where it is not mirrored, or not to be seen by who asks.
    """

    repository_id: int
    name: str
    ref: str
    state_id: int | None


class Repositories:
    """All repositories of a server that this account may see, at one moment. A context manager."""

    def __init__(self, server: Server) -> None:
        """Raises:
        MirrorUnavailable.
        """
        self._server = server
        self._link: Link = server.connect()
        try:
            with server.faults():
                migrate(self._link.connection)
                begin_reading(self._link.connection)
        except BaseException:
            self._link.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def list_all(self) -> list[Mirrored]:
        """By name."""
        return self._select(_SELECT + _BY_NAME)

    def find(self, names: Collection[str]) -> dict[str, list[Mirrored]]:
        """Name -> the one repository that is called so, else those whose names end in `/` and it, by name."""
        listed = sorted(names)
        found = self._select(_SELECT + _NAMED + _BY_NAME, (listed, listed))
        matches: dict[str, list[Mirrored]] = {}
        for name in listed:
            exact = [one for one in found if one.name == name]
            matches[name] = exact or [one for one in found if one.name.endswith(f"/{name}")]
        return matches

    def iter_outlines(self, repository: Mirrored, ids: Collection[str]) -> Iterator[Outline]:
        """What it says of some of its milestones; their ids are without its name."""
        statement = f"SELECT id, title, status, due, priority FROM milestone.milestone WHERE {_where(repository)}"
        for name, title, status, due, priority in self._execute(f"{statement} AND id = ANY(%s)", (sorted(ids),)):
            day = date.fromisoformat(due) if due else None
            yield Outline(name, title, status, day, priority, repository.name)

    def iter_links(self, repository: Mirrored, ids: Collection[str]) -> Iterator[Dependency]:
        """Whom some of its milestones wait for, and whom those wait for, as far as it goes within the repository."""
        for record in self._execute(_REACHED.format(state=_where(repository)), (sorted(ids),)):
            yield Dependency(*record)

    def open(self, repository: Mirrored) -> Mirror | None:
        """Its rows as an index, which ends with this; None where there are none."""
        with self._server.faults():
            found = read_stamps(self._link.connection, repository.name, "ref = %s", repository.ref)
        return Mirror(self._link, found[0]) if found else None

    def _select(self, statement: str, parameters: Sequence[Any] = ()) -> list[Mirrored]:
        records = self._execute(statement, parameters)
        return [Mirrored(number, name, ref or "", state) for number, name, ref, state in records]

    def _execute(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._server.faults():
            return self._link.connection.execute(statement.encode(), parameters).fetchall()


def _where(repository: Mirrored) -> str:
    state_id = -1 if repository.state_id is None else repository.state_id
    return f"repository_id = {repository.repository_id} AND state_id = {state_id}"
