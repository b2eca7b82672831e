"""Hooks that could not take a block: put aside, and linked where they find themselves and their neighbours again.

`hooks/pre-commit` becomes `hooks/pre-commit-before-milestone`, and runs as `hooks-milestone/pre-commit`. That folder is
as deep as the other, and holds a link to everything in it; who follows the link is in the folder where he always was.
"""

from __future__ import annotations

import errno
import os

from gitmilestone.store.installing.hook_text import BEFORE, CLIENT, FOLDER, SERVER, split
from gitmilestone.store.installing.hook_tools import read
from gitmilestone.store.objects import remove_if_present

_IGNORED = ".gitignore"  # a folder of hooks may lie in a work tree


def put_aside(path: str) -> bool:
    """Whether there was something."""
    if not os.path.lexists(path):
        return False
    if os.path.lexists(path + BEFORE):
        raise FileExistsError(errno.EEXIST, "File exists", path + BEFORE)
    os.rename(path, path + BEFORE)
    return True


def bring_back(path: str, aside: str) -> None:
    """In place of ours, what was there before, where it is not "" and still there."""
    if aside and os.path.lexists(aside):
        os.replace(aside, path)
    else:
        os.unlink(path)


def is_linked(folder: str) -> bool:
    return _find_links(folder) == _read_links(folder + FOLDER)


def link_neighbours(folder: str) -> None:
    """Brings the folder of links to what lies in the folder of hooks now; with nothing put aside there is none."""
    wanted, place = _find_links(folder), folder + FOLDER
    known = _read_links(place)
    for name in known.keys() - {name for name, target in wanted.items() if known.get(name) == target}:
        remove_if_present(os.path.join(place, name))
    if wanted:
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, _IGNORED), "w", encoding="utf-8") as file:
            file.write("*\n")
        for name, target in wanted.items():
            if known.get(name) != target:
                os.symlink(target, os.path.join(place, name))
    elif os.path.isdir(place):
        remove_if_present(os.path.join(place, _IGNORED))
        try:
            os.rmdir(place)
        except OSError:  # somebody has put a file of his own into it
            pass


def _find_links(folder: str) -> dict[str, str]:
    """Name of a link -> where it leads; none where nothing was put aside."""
    try:
        names = set(os.listdir(folder))
    except OSError:
        return {}
    ours = {name: split(read(os.path.join(folder, name)) or b"") for name in names & {*CLIENT, *SERVER}}
    aside = {name for name, found in ours.items() if found and found.has_put_aside and name + BEFORE in names}
    alone = {name for name, found in ours.items() if found and found.is_ours_alone}
    if not aside:
        return {}
    others = {name for name in names - aside - alone if not name.endswith((BEFORE, ".sample", ".tmp"))}
    leads = {name: name for name in others - {_IGNORED}} | {name: name + BEFORE for name in aside}
    return {name: os.path.join(os.pardir, os.path.basename(folder), target) for name, target in leads.items()}


def _read_links(folder: str) -> dict[str, str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: os.readlink(entry.path) for entry in entries if entry.is_symlink()}
    except OSError:
        return {}
