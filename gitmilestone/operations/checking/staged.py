"""What the commit that is about to be made would make wrong."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.model.problem import Problem
from gitmilestone.operations.checking.check_change import check_change, name_problem
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.asking.pushed import list_joined, list_staged
from gitmilestone.store.store import Store


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
