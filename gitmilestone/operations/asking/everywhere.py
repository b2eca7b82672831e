"""The milestones of all repositories of a mirror together."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from gitmilestone.model.ids import shorten_repositories
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.across import get_mirror_server
from gitmilestone.operations.asking.query import COUNTED
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import Order, Query
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.tiers.absence import ask_at_once

if TYPE_CHECKING:
    from gitmilestone.derived.postgres.mirror import Mirror

_PAGE = 5000
"""Rows that are completed together: each repository is asked twice for its part of them."""

_Key = tuple[tuple[bool, Any], ...]
_Keyed = tuple[_Key, str, Any]


class Everywhere:
    """The default branch of each repository, all as they are at one moment. A context manager.

    Each answers for itself, in an order that all share, and the answers are merged: what an id means, and what blocks
    what, stays a matter of each repository alone.
    """

    def __init__(self, store: Store, files: Files, watch: Watch = SILENT) -> None:
        """Tells of repositories whose rows can't be read.

        Raises:
            MirrorUnavailable: This project has no mirror, or it is away.
        """
        from gitmilestone.derived.postgres.repositories import Repositories

        self._stack = ExitStack()
        self._mirrors: dict[str, Mirror] = {}
        server = get_mirror_server(store, files)
        repositories = self._stack.enter_context(ask_at_once(store, lambda: Repositories(server)))
        listed = repositories.list_all()
        self.short_names: Mapping[str, str] = shorten_repositories(one.name for one in listed)
        for one in listed:
            mirror = repositories.open(one)
            if mirror and mirror.fits_here:
                self._mirrors[one.name] = mirror
            elif mirror:
                watch.warn(f"warning: {one.name} is left out: another version of git milestone keeps its rows")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def iter_pages(self, query: Query) -> Iterator[list[Row]]:
        """The rows of a query in its order, then by the names of their repositories; at least one page."""
        end = None if query.limit is None else query.offset + query.limit
        asked = query._replace(limit=end, offset=0)
        streams = [self._iter_keyed(name, mirror, asked) for name, mirror in self._mirrors.items()]
        merged = islice(heapq.merge(*streams), query.offset, end)
        some = list(islice(merged, _PAGE))
        yield self._complete(some)
        while some := list(islice(merged, _PAGE)):
            yield self._complete(some)

    def count_behind(self, query: Query, shown: int) -> int:
        """How many rows follow those that a query with a limit has shown; counting ends at COUNTED."""
        end = query.offset + shown
        counts = (mirror.count(query, end + COUNTED) for mirror in self._mirrors.values())
        return min(max(sum(counts) - end, 0), COUNTED)

    def count_unserved(self) -> dict[str, int]:
        """Repository -> how many of its files no milestone stands for; those without any are left out."""
        counts = {name: mirror.unserved().files for name, mirror in self._mirrors.items()}
        return {name: count for name, count in counts.items() if count}

    def _iter_keyed(self, name: str, mirror: "Mirror", query: Query) -> Iterator[_Keyed]:
        directions = _directions(query.order)
        return ((_make_key(keys, directions), name, record) for keys, record in mirror.iter_keyed(query))

    def _complete(self, found: Sequence[_Keyed]) -> list[Row]:
        records: dict[str, list[Any]] = {}
        for _, name, record in found:
            records.setdefault(name, []).append(record)
        rows = {name: iter(self._mirrors[name].complete(some)) for name, some in records.items()}
        return [next(rows[name])._replace(repository=name) for _, name, _ in found]


def _make_key(values: Sequence[Any], directions: Sequence[bool]) -> _Key:
    """What sorts as the query does: unset values come last, in both directions."""
    return tuple(
        (value is None, _Descending(value) if descending and value is not None else value)
        for value, descending in zip(values, directions, strict=True)
    )


class _Descending:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]  # nobody looks one up


def _directions(order: Sequence[Order]) -> list[bool]:
    """As the keys of a query are: up to the id, which breaks every tie."""
    names = [name for name, _ in order]
    kept = order[: names.index("id") + 1] if "id" in names else order
    return [*(descending for _, descending in kept), *(() if "id" in names else (False,))]
