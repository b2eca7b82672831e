"""What happened to milestones, from the commits that the history was derived from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from gitmilestone.derived import database
from gitmilestone.derived.history.activity import Activity, activity
from gitmilestone.derived.history.read import ChangeRow, CommitRow, History, Selection
from gitmilestone.errors import AmbiguousId, InvalidValue, MilestoneError, MilestoneNotFound
from gitmilestone.model.change import FieldChange
from gitmilestone.model.fields import FIELDS
from gitmilestone.model.kinds import find_nearest
from gitmilestone.progress import SILENT, Watch
from gitmilestone.snapshot.locate import get_file, id_of
from gitmilestone.store.store import Store

_KINDS = {"created": "added", "changed": "changed", "deleted": "removed"}
_OF_PROJECT = "x."


class RecordedChange(NamedTuple):
    """What a commit changed of a milestone. Values are texts as in its file, or lists and mappings of text."""

    id: str
    kind: str
    field_changes: tuple[FieldChange, ...]

    def fields(self) -> list[FieldChange]:
        """What differs, in the order of the canonical form; all of it where one side is absent."""
        return list(self.field_changes)


class Event(NamedTuple):
    """What a commit did to a milestone.

    Attributes:
        time: The author's.
        id: The milestone's.
        change: None where the commit left a file that can't be read, and where its message only names it.
        is_readable: False in the first case.
    """

    commit: str
    author: str
    email: str
    time: datetime
    subject: str
    id: str
    change: RecordedChange | None
    is_readable: bool = True


def open_history(store: Store, revision: str = "HEAD", watch: Watch = SILENT) -> History:
    """The history of a revision, to be closed by a `with`; O(commits that came or went since it was last opened).

    Raises:
        UnknownRevision: It names no commit.
    """
    return database.open_history(store, store.commit_at(revision), watch)


def history(store: Store, text: str, revision: str = "HEAD", limit: int | None = None) -> Iterator[Event]:
    """What happened to a milestone, newest first, as `iter_events` and `open_history_of` say.

    Args:
        limit: At most that many commits.

    Raises:
        MilestoneNotFound.
    """
    opened, milestone_id = open_history_of(store, text, revision)
    with opened:
        yield from iter_events(opened, Selection(milestone_id, limit=limit))


def open_history_of(store: Store, text: str, revision: str = "HEAD", watch: Watch = SILENT) -> tuple[History, str]:
    """The history, and the id that `text` names now, or named once: deleted milestones have one too, by their whole id.

    Raises:
        UnknownRevision, MilestoneNotFound, AmbiguousId, InvalidId.
    """
    # Before the history is opened: of another commit than HEAD it holds the lock that the index may want.
    milestone_id, error = _find_name(store, text, revision)
    opened = open_history(store, revision, watch)
    if error is not None and not opened.knows(milestone_id):
        opened.__exit__()
        raise error
    return opened, milestone_id


def _find_name(store: Store, text: str, revision: str) -> tuple[str, MilestoneError | None]:
    try:
        return id_of(get_file(store, store.files_at(revision), text)), None
    except (MilestoneNotFound, AmbiguousId) as error:
        return text, error


def find_activity(opened: History, milestone_id: str) -> Activity | None:
    """When a milestone came, changed and was completed, how long it was in each status; None if no commit has it."""
    return next(activity(opened.connection, [milestone_id]), None)


def iter_events(opened: History, selection: Selection) -> Iterator[Event]:
    """What was selected, newest first by the graph; one event for each milestone of a commit, and lazily."""
    return (to_event(commit, change) for commit, change in opened.iter_changes(selection))


def check_field(name: str) -> str:
    """A name of a field, of something in the tasks, or of a key of the project's own.

    Raises:
        InvalidValue.
    """
    if name in FIELDS or name.startswith(("tasks.", _OF_PROJECT)):
        return name
    nearest = find_nearest(name, FIELDS)
    hint = f"did you mean {nearest}?" if nearest else f"one of {', '.join(FIELDS)}, or {_OF_PROJECT}KEY"
    raise InvalidValue(f"there is no field {name!r}", hint)


def to_event(commit: CommitRow, change: ChangeRow) -> Event:
    kind = _KINDS.get(change.kind) if change.is_readable else None
    return Event(
        commit.oid,
        commit.author,
        commit.email,
        datetime.fromtimestamp(commit.authored, UTC),
        commit.subject,
        change.milestone_id,
        RecordedChange(change.milestone_id, kind, change.fields) if kind else None,
        change.is_readable,
    )
