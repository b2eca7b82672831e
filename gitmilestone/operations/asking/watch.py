"""Tells what happens to milestones as it happens: commit by commit, as they come to a branch.

Where the project has a mirror, a branch is all that comes to it anywhere: what this clone has is told from here, and
what only other clones have from the mirror. Otherwise it is the branch of this clone.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitmilestone.derived.database import read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.history.read import ChangeRow, CommitRow
from gitmilestone.errors import MilestoneError, UnknownRevision
from gitmilestone.operations.asking.history import Event, open_history, to_event
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import Order, Query
from gitmilestone.store.asking.moves import RefWatch, Standing, find_difference, find_ref, is_ancestor
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.tiers.table import get_tier

if TYPE_CHECKING:
    from gitmilestone.operations.asking.mirrored_branch import MirroredBranch

_PERIOD_SECONDS = 0.2

Wait = Callable[[float, int], None]
"""Returns after some seconds, or sooner: when a descriptor (-1 is none) can be read."""


class Told(NamedTuple):
    """What one commit did.

    Attributes:
        ref: The branch that it came to, by its full name; `HEAD` where that is detached.
    """

    ref: str
    commit: str
    events: tuple[Event, ...]


class Moved(NamedTuple):
    """That the branch does not simply go on from what was told.

    Attributes:
        kind: `rewound` where it was moved back or forced, `switched` where another one is checked out.
        old, new: Commits; "" where there is none. What follows is what only the new one has in its history.
    """

    kind: Literal["rewound", "switched"]
    ref: str
    old: str
    new: str


class _Step(NamedTuple):
    """What lies between two commits; the changes in the order of the history."""

    is_rewind: bool
    changes: list[tuple[CommitRow, ChangeRow]]

    @property
    def oids(self) -> set[bytes]:
        return {bytes.fromhex(commit.oid) for commit, _ in self.changes}


def watch_changes(
    store: Store,
    wait: Wait,
    *,
    ref: str = "",
    since: str = "",
    make_query: Callable[[], Query] | None = None,
    watch: Watch = SILENT,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Told | Moved]:
    """What comes to a branch from now on, parents first, for ever.

    Args:
        ref: A name of the branch; "" is the one that is checked out, whichever that is.
        since: A commit behind which to begin; "" is where the branch is now.
        make_query: Restricts it to events of milestones that the query finds after a move, or found before it. It is
            called for each of them: what is overdue tomorrow is not yet today.
        now: Seconds of a clock that only goes forward.

    Raises:
        UnknownRevision: There is no such branch or commit.
        MissingObject, GitFailed: Something of the history is missing or corrupt.
    """
    full = find_ref(store, ref) if ref else "HEAD"
    return _Watcher(store, wait, full, make_query, watch, now).run(since)


class _Watcher:
    """Attributes:
    standing: Where the branch stood here when it was last looked at.
    at: The commit up to which all was told; "" for none. It may be one that only the mirror has.
    """

    def __init__(
        self,
        store: Store,
        wait: Wait,
        ref: str,
        make_query: Callable[[], Query] | None,
        watch: Watch,
        now: Callable[[], float],
    ) -> None:
        self.store = store
        self.wait = wait
        self.refs = RefWatch(store, ref)
        self.make_query = make_query
        self.watch = watch
        self.now = now
        self.standing = Standing(ref, None)
        self.at = ""
        self.mirror: MirroredBranch | None = None
        self.said = ""
        self.found: frozenset[str] = frozenset()

    def run(self, since: str) -> Iterator[Told | Moved]:
        try:
            yield from self._begin(since)
            while True:
                self.store.close()  # a reading process would keep packs that git has removed
                self.wait(_PERIOD_SECONDS, self.mirror.descriptor if self.mirror else -1)
                yield from self._look()
        finally:
            if self.mirror is not None:
                self.mirror.close()

    def _begin(self, since: str) -> Iterator[Told | Moved]:
        self.standing = self.refs.look(self.now()) or self.standing
        here = self.standing.commit or ""
        # Read once at leisure: from then on it is quickly brought along.
        open_history(self.store, here or "HEAD", self.watch).__exit__()
        self.at = here
        self._choose_mirror()
        if since:
            yield from self._tell_since(since, here, self.at)
        else:
            self.found = self._find_matching(self.at)

    def _tell_since(self, since: str, here: str, there: str) -> Iterator[Told | Moved]:
        """Args:
        here, there: Where the branch stands in this clone, and in the mirror.
        """
        found = self.store.objects.find(f"{since}^{{commit}}")
        if found is None:
            if self.mirror is None or not _is_oid(since) or not self.mirror.begin_behind(bytes.fromhex(since)):
                raise UnknownRevision(f"{since!r} is no commit of this repository", "`git log --oneline` lists them")
            self.at = since
            yield from self._hear(is_forced=True)
            return
        self.at = found.oid
        self.found = self._find_matching(self.at)
        is_ahead = there != here
        if here and not (is_ahead and is_ancestor(self.store.git, here, self.at)):
            step = self._read(self.at, here) or _Step(True, [])
            yield from self._tell(step, here)
        if self.mirror is not None and is_ahead:
            known = self._find_logged(here) | self._find_logged(self.at)
            yield from self._tell(_Step(False, self.mirror.read_beyond(known)), there)

    def _look(self) -> Iterator[Told | Moved]:
        standing = self.refs.look(self.now())
        is_moved = standing is not None and standing != self.standing
        if self.mirror is not None:
            yield from self._hear(is_forced=is_moved)
        if standing is not None and is_moved:
            yield from self._follow(standing)

    def _hear(self, *, is_forced: bool) -> Iterator[Told | Moved]:
        """What came to the mirror, but for what was told from here."""
        news = self.mirror.look(is_forced=is_forced) if self.mirror else None
        if news is not None and news.commit != self.at and (news.is_rewind or news.changes):
            yield from self._tell(_Step(news.is_rewind, news.changes), news.commit)

    def _follow(self, standing: Standing) -> Iterator[Told | Moved]:
        """What came to the branch here."""
        before, self.standing = self.standing, standing
        here = standing.commit or ""
        if standing.ref != before.ref:
            yield from self._switch(before, standing)
            return
        if not here:  # its branch is gone; when it is there again, it goes on from where it was
            self.standing = before
            return
        if self.mirror is not None:
            self.mirror.standing = standing
        if here == self.at:
            self._choose_mirror()
            return
        step = self._read(self.at, here)
        if (step is None or step.is_rewind) and self.at != before.commit:
            # What was told last came from the mirror: is this clone only behind it?
            step = self._read(before.commit or "", here) or _Step(True, [])
            if self.mirror is not None and not step.is_rewind and self.mirror.has_all(step.oids):
                return
            step = step._replace(is_rewind=True)
        step = step or _Step(True, [])
        # Before it is told: who hears it may take his time, or have heard enough.
        if self.mirror is not None and self._has_mirror():
            self.mirror.follow(step.oids, is_forced=step.is_rewind)
        yield from self._tell(step, here)
        self._choose_mirror()

    def _switch(self, before: Standing, standing: Standing) -> Iterator[Told | Moved]:
        here = standing.commit or ""
        yield Moved("switched", standing.ref, self.at, here)
        if here:
            step = self._read(before.commit or "", here)
            yield from self._tell(_Step(False, step.changes if step else []), here)
        self.at = here
        self._choose_mirror(is_other=True)

    def _tell(self, step: _Step, commit: str) -> Iterator[Told | Moved]:
        if step.is_rewind:
            yield Moved("rewound", self.standing.ref, self.at, commit)
        self.at = commit
        wanted = self.found
        if self.make_query is not None:
            self.found = self._find_matching(commit)
            wanted |= self.found
        for oid, group in groupby(step.changes, lambda change: change[0].oid):
            events = [to_event(*change) for change in group]
            if self.make_query is not None:
                events = [event for event in events if event.id in wanted]
            if events:
                yield Told(self.standing.ref, oid, tuple(events))

    def _read(self, old: str, new: str) -> _Step | None:
        """What this clone's history has between two commits; None where it does not know the old one."""
        difference = find_difference(self.store.git, old, new)
        if difference is None:
            return None
        with open_history(self.store, new) as history:
            changes = list(history.iter_changes_of(difference.come))
            is_sure = not history.has_late_commits()
        if old and not is_sure:
            changes = [change for change in changes if not is_ancestor(self.store.git, change[0].oid, old)]
        return _Step(difference.is_rewind, changes)

    def _find_logged(self, commit: str) -> set[bytes]:
        with open_history(self.store, commit or "HEAD") as history:
            return history.oids()

    def _find_matching(self, commit: str) -> frozenset[str]:
        """The ids that the query finds in a commit, of this clone or of the mirror."""
        if self.make_query is None:
            return frozenset()
        query = self.make_query()._replace(order=(Order("id"),), limit=None, offset=0)

        def read(index: Engine) -> frozenset[str]:
            return frozenset(index.iter_ids(query))

        if not commit or self.store.objects.find(f"{commit}^{{commit}}"):
            return read_index(self.store, self._files(commit), read)
        found = self.mirror.read(read) if self.mirror else None
        return self.found if found is None else found

    def _files(self, commit: str) -> TreeFiles:
        return self.store.files_at(commit) if commit else TreeFiles(self.store.objects, None)

    def _has_mirror(self) -> bool:
        """Whether the branch is one that a mirror can have, and the project has one."""
        ref, commit = self.standing
        return ref.startswith("refs/heads/") and get_tier(self._files(commit or "")).is_shared

    def _choose_mirror(self, *, is_other: bool = False) -> None:
        """Listens where there is a mirror now. What it has when it is first listened to is no news.

        Args:
            is_other: What was listened to is of another branch.
        """
        has_mirror = self._has_mirror()
        if self.mirror is not None and (is_other or not has_mirror):
            self.mirror.close()
            self.mirror = None
        if not has_mirror or self.mirror is not None:
            return
        from gitmilestone.derived.postgres.server.connect import get_server
        from gitmilestone.operations.asking.mirrored_branch import MirroredBranch

        try:
            self.mirror = MirroredBranch(self.store, get_server(self.store), self.standing, self.watch, self.now)
        except MilestoneError as fault:
            if fault.message != self.said:
                self.watch.warn(f"warning: {fault.message}; only what comes to this clone is seen")
            self.said = fault.message
        else:
            self.at = self.mirror.commit or self.at


def _is_oid(text: str) -> bool:
    return len(text) in (40, 64) and all(char in "0123456789abcdef" for char in text)
