"""When the project's scale is to be looked at again: a small file, which every write may ask about."""

from __future__ import annotations

from gitmilestone.store.store import Store

STATE = "scale"
"""In the state folder: when the scale was looked at, when to do so again, and since when which tier has been wanted."""


def is_time(store: Store, now: int) -> bool:
    times = read_times(store)
    return not times.get("looked", now) <= now < times.get("next", now)  # a clock that was set back stops nothing


def read_times(store: Store) -> dict[str, int]:
    """What the file says: `looked`, `next`, and tiers, each with a time in Unix seconds."""
    lines = (line.split(" ") for line in read_text(store, STATE).splitlines())
    return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdecimal()}


def read_text(store: Store, name: str) -> str:
    """A text of the state folder; "" where there is none that can be read: then what it says is found out again."""
    try:
        return store.read_state(name) or ""
    except OSError:
        return ""
