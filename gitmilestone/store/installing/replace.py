"""A file of somebody else, rewritten."""

from __future__ import annotations

import os
import stat

from gitmilestone.store.objects import remove_if_present, write_durably


def replace_file(path: str, content: bytes, mode: int | None = None) -> None:
    """In one step, as git may be about to read it; its owner stays, where we may give files away.

    Args:
        mode: Its permissions; None leaves them, or gives a new file the usual ones.
    """
    known = os.stat(path) if os.path.exists(path) else None
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        write_durably(temporary, content)
        if known:
            _give(temporary, known)
        if known or mode is not None:
            os.chmod(temporary, stat.S_IMODE(known.st_mode) if known and mode is None else mode or 0)
        os.replace(temporary, path)
    finally:
        remove_if_present(temporary)


def _give(path: str, known: os.stat_result) -> None:
    written = os.stat(path)
    if (written.st_uid, written.st_gid) != (known.st_uid, known.st_gid):
        try:
            os.chown(path, known.st_uid, known.st_gid)
        except PermissionError:
            pass
