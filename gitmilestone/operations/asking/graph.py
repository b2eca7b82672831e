"""The graph of dependencies, whole or around some milestones."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from gitmilestone.derived.engine import Engine
from gitmilestone.model.link import Link, Outline
from gitmilestone.operations.asking.across import look_up
from gitmilestone.planning.knots import find_cycles
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.answer import read_ready
from gitmilestone.snapshot.locate import get_file, id_of
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store

Direction = Literal["up", "down", "both"]


class Graph(NamedTuple):
    """Attributes:
    outlines: By id, in the order of `list`: every milestone that has a link, and those that were asked for.
    links: Sorted, each between two of those.
    given: The ids that were asked for; () is the whole graph.
    cycles: One of each knot of milestones that wait for each other.
    """

    outlines: dict[str, Outline]
    links: list[Link]
    given: tuple[str, ...]
    cycles: list[list[str]]


class Around(NamedTuple):
    """Which part of the graph: what some milestones wait for, and what waits for them.

    Attributes:
        names: Ids of milestones, or unique beginnings of them; () is the whole graph.
        depth: Steps from them; None is all.
    """

    names: Sequence[str] = ()
    direction: Direction = "both"
    depth: int | None = None


WHOLE = Around()


def read_graph(
    store: Store,
    files: Files,
    around: Around = WHOLE,
    types: Collection[str] = ("blocks",),
    watch: Watch = SILENT,
    *,
    everything: bool = False,
) -> Graph:
    """Milestones of other repositories are in it, and end it. O(what is in it); the whole graph is one pass.

    Args:
        everything: What is closed too. The ones that were asked for are always in it.

    Raises:
        MilestoneNotFound, AmbiguousId.
    """
    given = tuple(dict.fromkeys(_resolve(store, files, name) for name in around.names))

    def read(index: Engine) -> _Drawn:
        drawn = _Drawn(index, types, everything)
        if given:
            drawn.draw_around(given, around)
        else:
            drawn.draw_all()
        return drawn

    drawn = read_ready(store, files, read, watch)
    elsewhere = look_up(store, files, [link for link in drawn.links if ":" in link.on], watch)
    drawn.add_outlines(elsewhere.outlines)
    return drawn.finish(given)


def _resolve(store: Store, files: Files, name: str) -> str:
    return id_of(get_file(store, files, name))


class _Drawn:
    """What has been found of a graph so far."""

    def __init__(self, index: Engine, types: Collection[str], everything: bool) -> None:
        self._index = index
        self._types = types
        self._everything = everything
        self._outlines: dict[str, Outline] = {}
        self.links: list[Link] = []

    def draw_all(self) -> None:
        links = [link for link in self._index.iter_links() if link.type in self._types]
        self.add_outlines({outline.id: outline for outline in self._index.iter_outlines()})
        self._look_at({name for link in links for name in (link.id, link.on)})
        self.links = self._choose(links)
        linked = {name for link in self.links for name in (link.id, link.on)}
        self._outlines = {name: outline for name, outline in self._outlines.items() if name in linked}

    def draw_around(self, given: Sequence[str], around: Around) -> None:
        self._look_at(given)
        found: set[Link] = set()
        if around.direction != "up":
            found |= self._walk(given, around.depth, is_down=True)
        if around.direction != "down":
            found |= self._walk(given, around.depth, is_down=False)
        self.links = list(found)
        linked = {*given, *(name for link in found for name in (link.id, link.on))}
        self._outlines = {name: self._outlines[name] for name in linked}

    def add_outlines(self, outlines: Mapping[str, Outline]) -> None:
        self._outlines |= outlines

    def finish(self, given: tuple[str, ...]) -> Graph:
        """Once it is known which milestones of other repositories are closed."""
        links = sorted(self._choose(self.links, given))
        linked = {*given, *(name for link in links for name in (link.id, link.on))}
        ordered = sorted((self._outlines[name] for name in linked), key=lambda one: (not one.is_known, one.place))
        blockers: dict[str, list[str]] = {}
        for link in links:
            if link.type == "blocks":
                blockers.setdefault(link.id, []).append(link.on)
        return Graph({outline.id: outline for outline in ordered}, links, given, find_cycles(blockers))

    def _walk(self, given: Sequence[str], depth: int | None, *, is_down: bool) -> set[Link]:
        found: set[Link] = set()
        seen, frontier = set(given), sorted(given)
        steps = 0
        while frontier and (depth is None or steps < depth):
            look = self._index.links_of if is_down else self._index.links_on
            links = [link for link in look(frontier) if link.type in self._types]
            self._look_at({link.on if is_down else link.id for link in links})
            kept = self._choose(links, given)
            found.update(kept)
            ahead = {link.on if is_down else link.id for link in kept} - seen
            seen |= ahead
            frontier = sorted(name for name in ahead if ":" not in name)
            steps += 1
        return found

    def _look_at(self, names: Iterable[str]) -> None:
        unknown = sorted(set(names) - self._outlines.keys())
        self._outlines |= {name: Outline(name, obstacle="is not there") for name in unknown}
        local = [name for name in unknown if ":" not in name]
        self._outlines |= {outline.id: outline for outline in self._index.iter_outlines(local)}

    def _choose(self, links: Iterable[Link], given: Sequence[str] = ()) -> list[Link]:
        """Without those from or to what is closed, where that is not wanted."""
        if self._everything:
            return list(links)
        closed = {name for name, outline in self._outlines.items() if outline.is_known and not outline.is_open}
        closed -= set(given)
        return [link for link in links if link.id not in closed and link.on not in closed]
