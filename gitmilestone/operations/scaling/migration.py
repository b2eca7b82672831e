"""What every migration shares, of tiers, layouts and formats alike: a backup, and how its commit tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from gitmilestone.store.asking.branches import keep_backup
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions

TRAILER = "Milestone-Migration"
DIGEST_TRAILER = "Milestone-Digest"
_BACKUPS = "refs/milestone/backup/"


def back_up(store: Store, options: WriteOptions, before: str, after: str, commit: str | None = None) -> str:
    """Keeps the commit before a migration under a ref, whose name says when it was; returns the ref.

    Args:
        commit: None is HEAD's.
    """
    when = (options.when or datetime.now(UTC)).astimezone(UTC)
    return keep_backup(store, f"{_BACKUPS}{when:%Y%m%dT%H%M%SZ}-{before}-{after}", commit)


def describe(title: str, message: str | None, trailers: Iterable[str] = (), reasons: Iterable[str] = ()) -> str:
    """The commit's message; its trailer is what `migrate --list` finds it by, whatever else is said.

    Args:
        title: As in `layout flat -> sharded`.
        message: What somebody wants to be said instead.
        reasons: Lines of their own above the trailers.
    """
    said = (message or f"milestone: migrate {title}").rstrip("\n")
    above = "".join(f"{reason}\n" for reason in reasons)
    below = "".join(f"{trailer}\n" for trailer in (f"{TRAILER}: {title}", *trailers))
    return "\n\n".join(filter(None, (said, above.rstrip("\n"), below)))


def digest(records: Mapping[str, str]) -> str:
    """SHA-256 over `ID RECORD` lines in order of id: the same before a migration and after it."""
    from hashlib import sha256

    lines = "".join(f"{name} {records[name]}\n" for name in sorted(records))
    return sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
