"""How long a mirror that could not be had is left alone: a note in the git directory of this clone.

Whoever waits for a server that is away waits in vain, at every write and every look at the project's status. So it is
told once, and asked again when some time has passed: half a minute, then twice as long each time, up to an hour. Who
asks for the mirror itself asks at once.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from gitmilestone.errors import EnvironmentFault
from gitmilestone.store.store import Store

Result = TypeVar("Result")

SHORTEST, LONGEST = 30, 3600
"""Seconds."""

_NOTE = "mirror-away"


class Absence(NamedTuple):
    """Attributes:
    since: When it was first found to be away; Unix seconds, as the next.
    until: Until when it is left alone.
    pause: Seconds between the last time that it was asked and `until`.
    said: Why, on one line.
    """

    since: int
    until: int
    pause: int
    said: str


def find_absence(store: Store, now: int) -> Absence | None:
    """What is known of this clone's mirror being away, whether it is time to ask again or not."""
    try:
        head, _, said = (store.read_state(_NOTE) or "").partition("\n")
    except OSError:
        return None
    match head.split():
        case [server, since, until, pause] if (since + until + pause).isdecimal():
            found = Absence(int(since), int(until), int(pause), said.strip())
            is_of_now = found.since <= now and found.until <= now + LONGEST  # unless the clock was set back
            return found if is_of_now and server == _name(store) else None
    return None


def find_pause(store: Store) -> Absence | None:
    """The same while it is to be left alone."""
    now = int(time.time())
    found = find_absence(store, now)
    return found if found and now < found.until else None


def note_absence(store: Store, said: str, now: int) -> Absence:
    """What was found now; it is left alone for longer than the last time."""
    before = find_absence(store, now)
    pause = min(2 * before.pause, LONGEST) if before else SHORTEST
    found = Absence(before.since if before else now, now + pause, pause, " ".join(said.split()))
    _write(store, f"{_name(store)} {found.since} {found.until} {found.pause}\n{found.said}\n")
    return found


def ask_unless_away(store: Store, ask: Callable[[], Result]) -> Result:
    """What comes of asking the mirror.

    Raises:
        MirrorUnavailable: It is away, or was a moment ago and is not asked.
    """
    from gitmilestone.derived.postgres.server.faults import MirrorUnavailable

    away = find_pause(store)
    if away:
        raise MirrorUnavailable(away.said, "`git milestone status` says when it is asked again")
    return ask_at_once(store, ask)


def ask_at_once(store: Store, ask: Callable[[], Result]) -> Result:
    """The same, however short a time ago it was away."""
    from gitmilestone.derived.postgres.server.faults import MirrorUnavailable

    try:
        answered = ask()
    except MirrorUnavailable as fault:
        note_absence(store, fault.message, int(time.time()))
        raise
    forget_absence(store)
    return answered


def forget_absence(store: Store) -> None:
    """It has answered."""
    try:
        is_noted = store.read_state(_NOTE) is not None
    except OSError:
        return
    if is_noted:
        _write(store, None)


def _write(store: Store, text: str | None) -> None:
    try:
        store.write_state(_NOTE, text)
    except EnvironmentFault:  # read-only or full: then it is asked again by each
        pass


def _name(store: Store) -> str:
    """Tells servers apart, and says nothing of their passwords."""
    from zlib import crc32

    from gitmilestone.derived.postgres.server.connect import name_server

    return f"{crc32(name_server(store).encode('utf-8', 'surrogateescape')):08x}"
