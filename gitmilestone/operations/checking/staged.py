"""What the commit that is about to be made would make wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.model.layout import find_place
from gitmilestone.model.problem import Problem
from gitmilestone.operations.checking.check_change import check_change, name_problem
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.locate import locate_all
from gitmilestone.store.asking.pushed import list_joined, list_staged
from gitmilestone.store.store import Store


class LeftBehind(NamedTuple):
    """A milestone that the commit deletes, though its file only lies elsewhere: paths below `.milestones/`."""

    id: str
    old: str
    new: str


def find_left_behind(store: Store, changed: Sequence[str]) -> list[LeftBehind]:
    """Files that were moved in the work tree, of which the commit has only that they are gone.

    So does `git commit -a` behind a plain `mv`, and `git commit OLD` behind `git mv`. O(files that go).

    Args:
        changed: What `list_staged` says of HEAD.
    """
    if store.repository.work_dir is None:
        return []
    staged, work = store.staged_files(), store.work_files()
    found = []
    for path in changed:
        place = find_place(path)
        if place is None or staged.find(path) is not None or work.find(path) is not None:
            continue
        # One whose id was no valid one, for its upper case letters, may have been renamed.
        names = dict.fromkeys((place.id, place.id.lower()))
        if not any(locate_all(store, staged, name) for name in names):
            new = next((entry.path for name in names for entry in locate_all(store, work, name)), None)
            found += [LeftBehind(place.id, path, new)] if new else []
    return found


def find_new_problems(store: Store, changed: Sequence[str], watch: Watch = SILENT) -> Sequence[Problem]:
    """The problems that no parent of the commit has.

    Args:
        changed: What `list_staged` says of HEAD.
    """
    staged = store.staged_files()
    problems: Sequence[Problem] = check_change(store, store.files_at(), staged, changed, watch).problems
    for commit in list_joined(store) if problems else ():
        made = check_change(store, store.files_at(commit), staged, list_staged(store, commit), watch).problems
        names = {name_problem(problem) for problem in made}
        problems = [problem for problem in problems if name_problem(problem) in names]
    return problems
