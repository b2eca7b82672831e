"""Moves milestones that have been closed for a while to `completed/`."""

from __future__ import annotations

from typing import NamedTuple

from gitmilestone.changes.edit import Rewrite
from gitmilestone.derived.database import open_history
from gitmilestone.derived.history.activity import closed_since
from gitmilestone.errors import Refused
from gitmilestone.model.layout import ROOT, find_place, move_to
from gitmilestone.operations.asking.query import iter_pages
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import CLOSED, Group, Query
from gitmilestone.snapshot.settings import get_sound_project
from gitmilestone.store.asking.branches import find_default_branch
from gitmilestone.store.files import FileEntry, Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Content, Plan

_DAY = 86400
_USUAL = ("refs/heads/main", "refs/heads/master")


class Archived(NamedTuple):
    """Attributes:
    ids: Of those that move.
    kept: How many are closed, and not for long enough.
    days: How long would be.
    """

    ids: tuple[str, ...]
    kept: int
    days: float


def archive(
    store: Store, query: Query | None, now: int, watch: Watch = SILENT, *, on_any_branch: bool = False
) -> Rewrite[Archived]:
    """Moves files to the archive, as they are. O(closed ones that are not there yet), and their history once.

    Args:
        query: Which of the closed ones move, however long they have been closed; None are those that have been for
            as many days as the project's settings say. Since when they are is what the history of HEAD says.
        now: Unix seconds.

    Raises:
        Refused: The branch is not the default one, or a path is taken.
    """

    def build(files: Files) -> Plan[Archived]:
        if not on_any_branch:
            _refuse_branch(store)
        days = get_sound_project(files).archive_after
        closed = _find_closed(store, files, query, watch)
        ids = sorted(closed)
        if query is None:
            since = _find_since(store, ids, watch)
            ids = [name for name in ids if name in since and since[name] <= now - days * _DAY]
        moved: dict[str, Content] = {}
        for name in ids:
            old = closed[name]
            new = move_to("completed", old.path)
            if files.find(new) is not None:
                raise Refused(f"{ROOT}/{new} is there already", "`git milestone check` tells of both files")
            moved |= {old.path: None, new: old}
        return Plan(moved, _describe(ids), Archived(tuple(ids), len(closed) - len(ids), days))

    return Rewrite(build)


def _refuse_branch(store: Store) -> None:
    branch = store.head().branch
    default = find_default_branch(store)
    if default is None:
        default = next((name for name in _USUAL if store.objects.find(name) is not None), branch)
    if branch != default:
        here = (branch or "a detached HEAD").removeprefix("refs/heads/")
        name = (default or "").removeprefix("refs/heads/")
        raise Refused(
            f"files are archived on the default branch, {name}, and this is {here}",
            f"`git switch {name}`, or --any-branch where nothing else edits them",
        )


def _find_closed(store: Store, files: Files, query: Query | None, watch: Watch) -> dict[str, FileEntry]:
    """Id -> file of the closed ones that are selected and not in the archive."""
    wanted = query or Query()
    where = Group("and", (wanted.where, CLOSED))
    found = {}
    for page in iter_pages(store, files, wanted._replace(where=where), watch):
        for row in page.rows:
            path = row.path.removeprefix(f"{ROOT}/")
            place, entry = find_place(path), files.find(path)
            if place and place.folder == "active" and entry:
                found[row.milestone.id] = entry
    return found


def _find_since(store: Store, ids: list[str], watch: Watch) -> dict[str, int]:
    """Id -> Unix seconds."""
    if not ids or store.head().commit is None:
        return {}
    with open_history(store, store.commit_at("HEAD"), watch) as history:
        return closed_since(history.connection, ids)


def _describe(ids: list[str]) -> str:
    if len(ids) == 1:
        return f"milestone: archive {ids[0]}"
    return f"milestone: archive {len(ids)} milestones\n\n" + "".join(f"- {name}\n" for name in ids)
