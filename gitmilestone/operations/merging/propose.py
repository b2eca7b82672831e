"""A branch made of the edits that lie in the work tree, for somebody else to merge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.errors import InvalidContent, Refused
from gitmilestone.model.change import Change
from gitmilestone.model.layout import ROOT
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.checking.check_change import check_change
from gitmilestone.operations.editing.message import compose_message
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.asking.forks import find_push_remote
from gitmilestone.store.files import FileEntry, TreeFiles
from gitmilestone.store.joining.new_branch import Edits, commit_to_branch, find_branch, read_edits
from gitmilestone.store.store import Store
from gitmilestone.store.trees import edit_tree
from gitmilestone.store.writing.plan import WriteOptions

_LONGEST_NAME = 50
_TRIES = 100


class Proposal(NamedTuple):
    """Attributes:
    branch: Its short name.
    remote: Where git would push it to; "" where nothing says.
    changes: The milestones that it changes.
    warnings: What `check` warns of in it.
    left: Paths below `.milestones/` whose edits stay in the work tree, because they have changed meanwhile.
    """

    branch: str
    commit: str
    remote: str
    changes: tuple[Change, ...]
    warnings: tuple[Problem, ...]
    left: tuple[str, ...]


def propose(
    store: Store,
    branch: str = "",
    base: str = "HEAD",
    options: WriteOptions = WriteOptions(),
    watch: Watch = SILENT,
    *,
    keeps: bool = False,
) -> Proposal:
    """Commits the edits of the work tree below `.milestones/` to a new branch, and takes them out of the work tree.

    HEAD, its branch and everything else stay as they are. The edits move, because they would else keep `git pull` and
    the next proposal from working; the branch has them.

    Args:
        branch: "" makes a name from what changes.
        base: The commit that the branch begins at.
        options: `message` replaces the one that says what changes.
        keeps: Leave the edits in the work tree as well.

    Raises:
        Refused: There are none, the branch exists, or `base` has other versions of the same files.
        InvalidContent: They would not pass `check`.
        OperationInProgress, HookRejected.
    """
    edits = read_edits(store)
    if not edits:
        raise Refused(f"there is nothing to propose: {ROOT}/ is as in HEAD", "edit a milestone's file first")
    commit = store.commit_at(base)
    assert commit is not None  # HEAD has one, or there are no edits to read
    old, committed = store.files_at(commit), store.files_at()
    _refuse_conflicts(edits, committed, old, base)
    new = _edit(store, old, edits)
    report = check_change(store, old, new, edits, watch)
    if errors := errors_among(report.problems):
        raise InvalidContent("the edits have errors", errors, "mend them first; `git milestone check` shows them again")
    changes, _, others = diff(store, old, new)
    message = compose_message(changes, others)
    name = branch or _make_name(store, message)
    done = commit_to_branch(store, name, commit, edits, options.message or message, options, keeps=keeps)
    if done is None:
        raise Refused(f"there is a branch {name} already", "choose another with --branch")
    warnings = tuple(one for one in report.problems if one.severity == "warning")
    return Proposal(name, done.commit, find_push_remote(store, store.head().branch), changes, warnings, done.left)


def _refuse_conflicts(edits: Edits, committed: TreeFiles, old: TreeFiles, base: str) -> None:
    """The edits are of HEAD's versions: on others they would undo what these say."""
    for path in edits:
        here, there = (found.oid if (found := files.find(path)) else None for files in (committed, old))
        if here != there:
            raise Refused(f"{ROOT}/{path} is not the same in HEAD and in {base}", "leave out --base, or switch to it")


def _edit(store: Store, old: TreeFiles, edits: Mapping[str, FileEntry | None]) -> TreeFiles:
    objects = store.objects
    entries = {path: (entry.mode, entry.oid or "") if entry else None for path, entry in edits.items()}
    tree = edit_tree(
        old.tree, entries, objects.get_tree, lambda content: objects.write("tree", content), objects.oid_length
    )
    return TreeFiles(objects, tree)


def _make_name(store: Store, message: str) -> str:
    """`milestone-complete-ship-2fa`, with a number behind it where that is taken."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", message.partition("\n")[0].lower())
    name = re.sub(r"-{2,}", "-", slug)[:_LONGEST_NAME].strip("-")
    numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, _TRIES))
    free = next((candidate for candidate in numbered if not find_branch(store, candidate)), None)
    if free is None:
        raise Refused(f"there are too many branches called {name}", "name it with --branch")
    return free
