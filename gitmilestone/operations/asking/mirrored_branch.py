"""What a mirror tells of a branch that is watched here: what other clones brought to it."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable
from typing import NamedTuple

from gitmilestone.derived.database import open_history
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.listen import Attempt, Change, Listener, Mark
from gitmilestone.derived.postgres.mirror import open_mirror
from gitmilestone.derived.postgres.server.connect import Server
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.derived.postgres.server.patience import LOCK_SECONDS
from gitmilestone.errors import MilestoneError
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.asking.moves import Standing
from gitmilestone.store.store import Store

_POLL_SECONDS = 2.0
"""Between two looks at the stamp while nothing is heard: a pooler may hand the connection on that would hear it."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


class News(NamedTuple):
    """What a mirror has that was not known here.

    Attributes:
        commit: Where the branch stands there now; "" for none.
        is_rewind: Whether it was moved back or forced on the way.
        changes: What came, in the order of the history.
    """

    commit: str
    is_rewind: bool
    changes: list[Change]


class MirroredBranch:
    """One branch in a mirror. While the server is away it has no news, and asks again for a connection by itself.

    A server that crashed may have lost the last moment, and numbers what comes then as it had numbered that. So
    after each loss of the connection all is read again that came since this began, and what was told is left out.

    Attributes:
        standing: Where the branch stands here.

    Args:
        now: Seconds of a clock that only goes forward.
    """

    def __init__(
        self, store: Store, server: Server, standing: Standing, watch: Watch, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._server = server
        self._repository = repository_name(store)
        self._watch = watch
        self._now = now
        self._listener: Listener | None = None
        self._attempt: Attempt | None = None
        self._founded: object = None
        self._pause = _SHORTEST_PAUSE
        self._next_attempt = self._next_look = 0.0
        self._warned: set[str] = set()
        self._mark = self._first = Mark()  # and where it began
        self._told: set[bytes] = set()  # since then, wherever it came from, and not taken from the mirror again
        self._ours: set[bytes] = set()  # of those, what this clone has brought, or has yet to bring
        self._is_forced = False  # and the mirror was not, up to now
        self.standing = standing
        try:
            self._adopt(self._open())
        except MirrorUnavailable as fault:
            self._lose(fault)

    @property
    def commit(self) -> str:
        """Where the branch stands there, as far as it was read; "" for nowhere."""
        return self._mark.commit

    @property
    def descriptor(self) -> int:
        """Of the socket that wakes who waits; -1 while there is none."""
        return self._listener.descriptor if self._listener else -1

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._attempt is not None:
            self._attempt.abandon()
        self._listener = self._attempt = None

    def look(self, *, is_forced: bool = False) -> News | None:
        """What came to the mirror since the last look; None where that is nothing.

        Args:
            is_forced: Looks also where nothing was heard.
        """
        try:
            is_back = self._listener is None
            if is_back and not self._find_way_back():
                return None
            assert self._listener is not None
            if not (is_back or self._is_due(self._listener, is_forced=is_forced)):
                return None
            news = self._read(self._listener)
            if is_back and (self._is_forced or self._ours):
                self._bring(self._ours)
        except MirrorUnavailable as fault:
            self._lose(fault)
            return None
        return news

    def has_all(self, oids: set[bytes]) -> bool:
        """Whether all these commits have come to the mirror already."""
        if self._listener is None:
            return False
        try:
            return self._listener.find_commits(self.standing.ref, oids) >= oids
        except MirrorUnavailable as fault:
            self._lose(fault)
            return False

    def follow(self, told: set[bytes], *, is_forced: bool) -> None:
        """Brings the mirror to where the branch stands here, at once or when its server is there again.

        Args:
            told: The commits that are no news any more when the mirror has them.
            is_forced: The branch was moved back, or forced.
        """
        self._told |= told
        self._ours = told if is_forced else self._ours | told
        self._is_forced = self._is_forced or is_forced
        if self._listener is None:
            return
        self._bring(told)
        try:
            mark, _ = self._listener.read_news(self.standing.ref, self._mark)
            if is_forced:
                self._told = told | self._listener.find_commits(self.standing.ref, self._told)
        except MirrorUnavailable as fault:
            self._lose(fault)
            return
        if mark.commit == self.standing.commit:  # nor is it news that it was moved back
            self._mark = mark

    def read_beyond(self, known: set[bytes]) -> list[Change]:
        """What commits did that are in the mirror, and not among these."""
        if self._listener is None:
            return []
        try:
            ref = self.standing.ref
            return self._listener.read_of(ref, self._listener.find_commits(ref) - known)
        except MirrorUnavailable as fault:
            self._lose(fault)
            return []

    def begin_behind(self, oid: bytes) -> bool:
        """Makes news of all that came behind a commit; False where the mirror has no such commit."""
        try:
            arrival = self._listener.find_arrival(self.standing.ref, oid) if self._listener else None
        except MirrorUnavailable as fault:
            self._lose(fault)
            return False
        if arrival is not None:
            self._mark = self._first = self._mark._replace(commit=oid.hex(), arrival=arrival)
        return arrival is not None

    def read(self, read: Callable[[Engine], frozenset[str]]) -> frozenset[str] | None:
        """What `read` makes of the milestones that the mirror has; None while it can't be asked."""
        try:
            mirror = open_mirror(self._server, self._repository, self._mark.tree) if self._listener else None
            if mirror is None:
                return None
            with mirror:
                return read(mirror)
        except MirrorUnavailable as fault:
            self._lose(fault)
            return None

    def _open(self) -> Listener:
        return Listener.open(self._server, self._repository)

    def _find_way_back(self) -> bool:
        """Whether a connection is there again; begins to make one where it is time to."""
        if self._attempt is None:
            if self._now() >= self._next_attempt:
                self._attempt = Attempt(self._open)
            return False
        if not self._attempt.is_over:
            return False
        attempt, self._attempt = self._attempt, None
        if attempt.listener is None:
            assert attempt.fault is not None
            raise attempt.fault
        self._adopt(attempt.listener)
        self._warned.discard("away")
        self._watch.warn("the mirror is there again")
        return True

    def _adopt(self, listener: Listener) -> None:
        self._listener = listener
        self._pause = _SHORTEST_PAUSE
        if listener.founded == self._founded:
            self._mark = self._mark._replace(arrival=self._first.arrival)
        else:
            self._begin(listener)

    def _begin(self, listener: Listener) -> None:
        """Begins where the branch stands in the mirror, brought to where it stands here if that takes nothing away."""
        ref, commit = self.standing.ref, self.standing.commit or ""
        mark = listener.find_mark(ref)
        if mark is None or mark.commit != commit:
            self._bring(set(), self._watch)
            mark = listener.find_mark(ref)
        self._mark = self._first = mark or Mark()
        self._told, self._ours = set(), set()
        if self._mark.commit != commit:
            with open_history(self._store, self.standing.commit) as history:
                self._told = history.oids() - listener.find_commits(ref)
        self._founded = listener.founded

    def _is_due(self, listener: Listener, *, is_forced: bool) -> bool:
        """Whether the branch has moved in the mirror; asks where something was heard, and now and then."""
        is_told = listener.has_heard()
        if not (is_told or is_forced or self._now() >= self._next_look):
            return False
        self._next_look = self._now() + _POLL_SECONDS
        return listener.has_moved(self.standing.ref, self._mark)

    def _read(self, listener: Listener) -> News | None:
        before = self._mark
        self._mark, changes = listener.read_news(self.standing.ref, before)
        is_rewind = self._mark.rewinds > before.rewinds
        news = [found for found in changes if bytes.fromhex(found[0].oid) not in self._told]
        come = {bytes.fromhex(commit.oid) for commit, _ in changes}
        self._told |= come
        if is_rewind:
            self._told = listener.find_commits(self.standing.ref, self._told)
            self._ours &= self._told
        return News(self._mark.commit, is_rewind, news)

    def _bring(self, unless_has: set[bytes], watch: Watch = SILENT) -> None:
        """Where others have brought all of these commits there, and maybe more, that is not taken back.

        Args:
            watch: What is said of others that do the same concerns who waits for an answer; a watcher waits anyway.
        """
        try:
            there = None if self._is_forced else frozenset(unless_has)
            catch_up_mirror(
                self._server, self._store, self.standing.ref, watch=watch, unless_has=there, lock_seconds=LOCK_SECONDS
            )
        except MilestoneError as fault:
            self._warn("behind", f"warning: the mirror stays as it was: {fault.message}")
        else:
            self._is_forced = False
            self._warned.discard("behind")

    def _lose(self, fault: MirrorUnavailable) -> None:
        if self._listener is not None:
            self._listener.close()
        self._listener = None
        self._next_attempt = self._now() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._warn("away", f"warning: {fault.message}; until it is back, only what comes to this clone is seen")

    def _warn(self, what: str, text: str) -> None:
        """Once, however long it lasts."""
        if what not in self._warned:
            self._watch.warn(text)
        self._warned.add(what)
