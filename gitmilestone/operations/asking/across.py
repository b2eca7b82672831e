"""Milestones of other repositories, as the mirror knows them.

What a tree says never depends on them: they are looked up for the commands that ask what can be worked on, and for
those alone. Where there is no mirror, or it is away, nothing is known of them, and that is all.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gitmilestone.derived.engine import Engine
from gitmilestone.errors import MilestoneError
from gitmilestone.model.ids import shorten_repositories, split_target
from gitmilestone.model.link import Link, Outline
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.answer import read_ready
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.tiers.absence import ask_unless_away
from gitmilestone.tiers.table import get_tier

if TYPE_CHECKING:
    from gitmilestone.derived.postgres.repositories import Mirrored, Repositories
    from gitmilestone.derived.postgres.server.connect import Server

Result = TypeVar("Result")


class Elsewhere(NamedTuple):
    """What is known of the milestones of other repositories on which a tree depends.

    Attributes:
        outlines: By what the dependency is on, as it is written; each of them, known or not.
        ambiguous: Those of them that may mean several repositories.
        is_asked: Whether a mirror has answered.
        spellings: The one spelling of each that can be resolved, where the edges were asked for.
        edges: For whom each of those waits, and so on: ids of the tree itself, and `repository:id` of all others.
    """

    outlines: Mapping[str, Outline] = {}
    ambiguous: frozenset[str] = frozenset()
    is_asked: bool = False
    spellings: Mapping[str, str] = {}
    edges: Mapping[str, Sequence[str]] = {}


NOTHING = Elsewhere()


def read_across(
    store: Store, files: Files, read: Callable[[Engine, Elsewhere], Result], watch: Watch = SILENT
) -> Result:
    """What `read` makes of an index, and of what its dependencies on other repositories are on.

    Where there are none, that costs a look at an index of them. While a server is asked, nothing is locked or open.
    """

    def read_alone(index: Engine) -> tuple[list[Link], Result | None]:
        links = index.foreign_links()
        return (links, None) if links else (links, read(index, NOTHING))

    links, found = read_ready(store, files, read_alone, watch)
    if found is not None:
        return found
    elsewhere = look_up(store, files, links, watch)
    return read_ready(store, files, lambda index: read(index, elsewhere), watch)


def look_up(
    store: Store, files: Files, links: Sequence[Link], watch: Watch = SILENT, *, follows: bool = False
) -> Elsewhere:
    """What the mirror says of the milestones of other repositories; tells once where nobody can be asked.

    Args:
        links: Each on another repository.
        follows: Find out as well for whom those wait that something here waits for; who asks tells what is ambiguous.
    """
    targets = sorted({link.on for link in links})
    if not targets:
        return NOTHING
    followed = {link.on for link in links if link.type == "blocks"} if follows else ()
    try:
        server = get_mirror_server(store, files)
        if server.embedded is None:
            found = ask_unless_away(store, partial(_ask, store, server, targets, followed))
            for target in () if follows else sorted(found.ambiguous):
                watch.warn(f"warning: {target}: {found.outlines[target].obstacle}; write more of the name")
            return found
        obstacle = "the embedded server has this repository alone"
    except MilestoneError as error:
        obstacle = error.message
    noun = "dependency" if len(links) == 1 else "dependencies"
    watch.warn(f"note: {len(links)} {noun} on other repositories can't be looked up here: {obstacle}")
    return Elsewhere({target: Outline(target, obstacle="can't be looked up here") for target in targets})


def get_mirror_server(store: Store, files: Files) -> "Server":
    """The server of the project's mirror, the embedded one too.

    Raises:
        MirrorUnavailable: The project has none.
    """
    from gitmilestone.derived.postgres.server.connect import DSN_KEY, get_server
    from gitmilestone.derived.postgres.server.faults import MirrorUnavailable

    if not get_tier(files).is_shared and not store.config.get(DSN_KEY, ""):
        way_out = f"`git config {DSN_KEY} ...` names one that others keep, `git milestone migrate postgresql` makes one"
        raise MirrorUnavailable("this project has no mirror", way_out)
    return get_server(store)


def _ask(store: Store, server: "Server", targets: Sequence[str], followed: Iterable[str]) -> Elsewhere:
    from gitmilestone.derived.postgres.catch_up import repository_name
    from gitmilestone.derived.postgres.repositories import Repositories

    with Repositories(server) as repositories:
        asked = _Asked(repositories, repository_name(store))
        outlines = asked.find_outlines(targets)
        spellings, edges = asked.find_edges(followed)
    return Elsewhere(outlines, frozenset(asked.ambiguous), True, spellings, edges)


class _Asked:
    """What has been asked of the repositories so far."""

    def __init__(self, repositories: "Repositories", own_name: str) -> None:
        self._repositories = repositories
        self._own_name = own_name
        self._matches: dict[str, list[Mirrored]] = {}
        self.ambiguous: set[str] = set()

    def find_outlines(self, targets: Sequence[str]) -> dict[str, Outline]:
        wanted: dict[Mirrored, dict[str, list[str]]] = {}
        found = {target: Outline(target) for target in targets}
        for target, (repository, milestone_id) in self._resolve(targets).items():
            if isinstance(repository, str):
                found[target] = Outline(target, obstacle=repository)
            else:
                obstacle = f"{repository.name} has no milestone {milestone_id} that can be seen here"
                found[target] = Outline(target, repository=repository.name, obstacle=obstacle)
                wanted.setdefault(repository, {}).setdefault(milestone_id, []).append(target)
        for repository, ids in wanted.items():
            for outline in self._repositories.iter_outlines(repository, ids):
                found |= {target: outline._replace(id=target) for target in ids[outline.id]}
        return found

    def find_edges(self, targets: Iterable[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
        """How these are spelled, and for whom they wait, and so on, until it comes back to this repository."""
        names = shorten_repositories(one.name for one in self._repositories.list_all()) if targets else {}
        edges: dict[str, set[str]] = {}
        frontier = self._resolve(targets)
        spellings = {target: name for target, place in frontier.items() if (name := self._spell(*place, names))}
        seen: set[tuple[Mirrored, str]] = set()
        while wanted := self._group(set(frontier.values()) - seen):
            links = [(one, link) for one, ids in wanted.items() for link in self._repositories.iter_links(one, ids)]
            frontier = self._resolve({link.on for _, link in links if ":" in link.on})
            seen |= {(one, name) for one, ids in wanted.items() for name in ids}
            seen |= {(one, link.id) for one, link in links}
            for one, link in links:
                if on := self._spell(*frontier.get(link.on, (one, link.on)), names):
                    edges.setdefault(self._spell(one, link.id, names), set()).add(on)
        return spellings, {name: sorted(on) for name, on in edges.items()}

    def _group(self, places: "Iterable[tuple[Mirrored | str, str]]") -> "dict[Mirrored, set[str]]":
        """By repository; those that are not known, and this one, lead nowhere from here."""
        wanted: dict[Mirrored, set[str]] = {}
        for repository, milestone_id in places:
            if not isinstance(repository, str) and repository.name != self._own_name:
                wanted.setdefault(repository, set()).add(milestone_id)
        return wanted

    def _spell(self, repository: "Mirrored | str", milestone_id: str, names: Mapping[str, str]) -> str:
        """An id of this tree as it stands in it; "" where the repository is not known."""
        if isinstance(repository, str):
            return ""
        return milestone_id if repository.name == self._own_name else f"{names[repository.name]}:{milestone_id}"

    def _resolve(self, targets: Iterable[str]) -> "dict[str, tuple[Mirrored | str, str]]":
        """Target -> its repository, or why there is none, and its id."""
        places = {target: split_target(target) for target in targets}
        unknown = {name for name, _ in places.values()} - self._matches.keys()
        self._matches |= self._repositories.find(unknown) if unknown else {}
        return {target: (self._choose(target, name), milestone_id) for target, (name, milestone_id) in places.items()}

    def _choose(self, target: str, name: str) -> "Mirrored | str":
        found = self._matches[name]
        if len(found) == 1:
            return found[0]
        if not found:
            return f"no repository that can be seen here is called {name}"
        self.ambiguous.add(target)
        return f"{name} may be {' or '.join(one.name for one in found)}"
