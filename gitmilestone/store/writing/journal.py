"""What a killed writer had begun, so that the next command can finish it.

Written before the branch moves; gone once the work tree and the staging area have followed.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from typing import NamedTuple

from gitmilestone.store.locks import refuse_unwritable
from gitmilestone.store.objects import remove_if_present, write_durably
from gitmilestone.store.repository import JOURNAL

_FORMAT = "git-milestone journal 1"


class Journal(NamedTuple):
    """A commit that was about to become `branch` (`HEAD`: detached), and what it touches.

    Attributes:
        before: Path below `.milestones/` -> blob oid before the commit, "" where there was no file.
    """

    branch: str
    commit: str
    before: dict[str, str]


def journal_path(state_dir: str) -> str:
    return os.path.join(state_dir, JOURNAL)


def write_journal(state_dir: str, journal: Journal) -> None:
    path = journal_path(state_dir)
    temporary = f"{path}.{os.getpid()}"
    lines = [_FORMAT, journal.branch, journal.commit]
    lines += [f"{oid} {file}" for file, oid in journal.before.items()]
    try:
        os.makedirs(state_dir, exist_ok=True)
        write_durably(temporary, "\n".join(lines).encode("utf-8", "surrogateescape"))
        os.rename(temporary, path)
    except OSError as error:
        raise refuse_unwritable(error, state_dir) from error


def find_journal(state_dir: str) -> Journal | None:
    """None where there is none, or where it is not one that this version understands."""
    try:
        with open(journal_path(state_dir), encoding="utf-8", errors="surrogateescape") as file:
            head, *lines = file.read().split("\n")
    except FileNotFoundError:
        return None
    if head != _FORMAT or len(lines) < 2:
        return None
    before = {}
    for line in lines[2:]:
        oid, _, path = line.partition(" ")
        before[path] = oid
    return Journal(lines[0], lines[1], before)


def remove_journal(state_dir: str) -> None:
    remove_if_present(journal_path(state_dir))
