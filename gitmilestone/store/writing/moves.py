"""Moves files of the work tree as `git mv` does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gitmilestone.model.layout import ROOT
from gitmilestone.store.files import FileEntry, refuse_links
from gitmilestone.store.locks import WriteLock

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

_FILES_A_COMMAND = 500


def move_files(store: Store, work_dir: str, moves: Mapping[str, str]) -> None:
    """What git tracks moves in the staging area too, with what is staged of it, and nothing else does there.

    Otherwise the next `git commit -a` would delete the file: its old path is gone, and git does not know the other.

    Args:
        moves: Path -> path below `.milestones/`, of files that lie there and keep their names; the new path is free.

    Raises:
        UnsafePath: A link leads to one of them.
        GitFailed: Nothing of that folder was moved; a file in conflict is a reason.
    """
    staged = store.staging.lookup([f"{ROOT}/{path}" for path in moves]) if store.staging else {}
    folders: dict[str, list[str]] = {}
    untracked: dict[str, str] = {}
    for old, new in moves.items():
        if staged.get(f"{ROOT}/{old}"):
            folders.setdefault(os.path.dirname(new), []).append(old)
        else:
            untracked[old] = new
    root = os.path.join(work_dir, ROOT)
    with WriteLock(store.repository.common_dir):
        for folder, paths in folders.items():
            for path in (f"{folder}/", *paths):
                refuse_links(root, path)
            os.makedirs(os.path.join(root, folder), exist_ok=True)
            for start in range(0, len(paths), _FILES_A_COMMAND):
                some = (f"{ROOT}/{path}" for path in paths[start : start + _FILES_A_COMMAND])
                store.git.check("mv", "--", *some, f"{ROOT}/{folder}/")
    # A folder that is empty goes, too.
    laid: dict[str, FileEntry | None] = dict.fromkeys(moves)
    laid |= {new: FileEntry(old, 0o100644, None) for old, new in untracked.items()}
    store.lay(laid)
