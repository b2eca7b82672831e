"""What answers: the milestones of one tree, whichever program keeps their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol, Self

from gitmilestone.model.link import Link, Outline
from gitmilestone.model.row import Row
from gitmilestone.query.query import Query

if TYPE_CHECKING:
    from gitmilestone.derived.answers import Unserved, Values
    from gitmilestone.derived.statistics import Statistics


class Engine(Protocol):
    """The milestones of one tree, as they were at one moment. A context manager, which ends it.

    The same question gets the same answer, in the same order, from every engine that holds the same tree.
    """

    @property
    def tier(self) -> str:
        """The name of the tier that it answers for."""

    @property
    def is_kept(self) -> bool:
        """Whether it is there again for the next question, without being built anew."""

    @property
    def milestones(self) -> int:
        """How many there are; O(1)."""

    @property
    def data_volume(self) -> int:
        """Bytes of all files that serve a milestone; O(1)."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def rows(self, query: Query) -> list[Row]:
        """The milestones that a query finds, whole, in its order."""

    def iter_rows(self, query: Query) -> Iterator[Row]:
        """The same, some at a time: memory follows neither the answer nor the number of milestones."""

    def iter_ids(self, query: Query) -> Iterator[str]:
        """Their ids alone."""

    def count(self, query: Query, at_most: int | None = None) -> int:
        """How many milestones a query finds, whatever its limit and offset; counting ends at `at_most`."""

    def keys_of(self, query: Query, milestone_id: str) -> Values | None:
        """Where a milestone stands in a query's order, for `Query.after`; None where there is no such milestone."""

    def find_ids(self, prefix: str, limit: int) -> list[str]:
        """The first ids that begin with some text."""

    def find_paths(self, prefix: str) -> dict[str, list[str]]:
        """Id -> the paths of its files, readable or not, of the first 1,000 ids that begin with some text."""

    def blockers_of(self, milestone_id: str) -> list[str]:
        """The ids that must be closed before it, whatever their status is now."""

    def dependents_of(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Milestone -> those that depend on it, sorted."""

    def foreign_links(self) -> list[Link]:
        """The dependencies on other repositories, in the order of their milestones; O(those)."""

    def iter_links(self) -> Iterator[Link]:
        """All dependencies, in no order."""

    def links_of(self, ids: Sequence[str]) -> list[Link]:
        """What some milestones depend on."""

    def links_on(self, ids: Sequence[str]) -> list[Link]:
        """What depends on some milestones."""

    def iter_outlines(self, ids: Sequence[str] | None = None) -> Iterator[Outline]:
        """What a graph says of some milestones, in no order; None is all that are open."""

    def statistics(self, today: date) -> Statistics:
        """Figures over every milestone: one pass."""

    def unserved(self) -> Unserved:
        """The files that can't be read, and all but one of those that have the same id."""
