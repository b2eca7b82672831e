"""The Python API: the operations that the commands call, on one opened repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any

from gitmilestone.changes.commit import Planned
from gitmilestone.derived.statistics import Statistics
from gitmilestone.errors import MilestoneNotFound
from gitmilestone.model.layout import Layout
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.model.record import revise_fields
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.history import Event, history
from gitmilestone.operations.asking.query import Answers, answer, statistics
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.checking.review import Review, review
from gitmilestone.operations.editing.bulk import Operation, apply_operations
from gitmilestone.operations.editing.init import init
from gitmilestone.operations.editing.milestones import create, delete, edit_fields
from gitmilestone.query.parse import parse
from gitmilestone.snapshot.documents import get_document
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Outcome, Written


def open(directory: str | os.PathLike[str] = ".", *, environ: Mapping[str, str] | None = None) -> Repository:
    """Opens the git repository that contains `directory`.

    Args:
        environ: Variables for git (GIT_DIR, GIT_AUTHOR_NAME, ...); None is this process's.

    Raises:
        NotARepository: There is none, or git refuses it.
    """
    return Repository(Store.open(os.fspath(directory), os.environ if environ is None else environ))


class Repository:
    """A repository's milestones. A context manager; not for several threads at once.

    Every write is one commit on the branch that is checked out, made as `git commit` would: by who git
    says, signed where git would sign, through the commit hooks. Reads see the last commit, or the revision `at`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers = Answers()

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the git process that serves reads. The repository can be used on."""
        self._store.close()

    def init(self, layout: Layout = "flat") -> str | None:
        """Commits `.milestones/` with its configuration; the commit's oid, None where it was there."""
        return self._carry_out(init(layout)).commit

    def create(self, title: str, *, id: str | None = None, **fields: Any) -> Milestone:  # the field's name
        """Creates a milestone in one commit.

        Args:
            id: None makes one from the title.
            fields: As in its file: text, or Python's dates, numbers, lists.

        Raises:
            InvalidId, InvalidValue, InvalidRequest, DependencyCycle, and what a write may raise.
        """
        edit = create(title, _as_text(fields), now=_now(), milestone_id=id)
        return self._carry_out(edit).outcome.milestones[0]

    def get(self, id: str, *, at: str = "HEAD") -> Milestone:  # the field's name
        """The milestone with this id or unique beginning of one; reads one file.

        Raises:
            MilestoneNotFound, AmbiguousId, UnknownRevision.
            InvalidContent: Its file has an error.
        """
        milestone = get_document(self._store, self._store.files_at(at), id).milestone
        assert milestone is not None  # get_document raises otherwise
        return milestone

    def update(self, id: str, **fields: Any) -> Milestone:  # the field's name
        """Replaces fields of a milestone in one commit; None unsets, also in `extra={...}`, keys of your own."""
        name = self._whole(id)
        edit = edit_fields(name, lambda before: revise_fields(before, _by_name(_as_text(fields))))
        return self._carry_out(edit).outcome.milestones[0]

    def delete(self, id: str, *, force: bool = False) -> Milestone:  # the field's name
        """Deletes a milestone in one commit, and returns it.

        Raises:
            HasDependents: Others depend on it, and `force` is not given.
        """
        return self._carry_out(delete([self._whole(id)], force=force)).outcome.milestones[0]

    def _carry_out(self, edit: Planned[Outcome]) -> Written[Outcome]:
        return carry_out(self._store, edit)

    def _whole(self, text: str) -> str:
        """A write names a whole id: a beginning could come to mean another milestone."""
        if self.get(text).id != text:
            raise MilestoneNotFound(f"there is no milestone {text!r}", "a write names a whole id")
        return text

    def query(self, text: str = "", *, at: str = "HEAD", limit: int | None = None, offset: int = 0) -> list[Row]:
        """The milestones, open and closed, that a query text selects, in its order. O(rows), once the index is there.

        The same question about the same tree is answered from memory.

        Raises:
            InvalidQuery: With the position of the fault.
        """
        query = parse(text, today=date.today())._replace(limit=limit, offset=offset)
        return list(answer(self._store, self._store.files_at(at), query, answers=self._answers).rows)

    def bulk(self, operations: Iterable[Mapping[str, Any]], *, message: str = "") -> str | None:
        """Carries out `{"op": "create" | "update" | "delete" | "upsert", "id": ..., field: value, ...}` in one commit.

        Returns:
            The commit's oid, None where nothing changed.

        Raises:
            InvalidOperation: Names the operation, counted from 1; nothing was written.
        """
        listed = [
            Operation(str(item.get("op", "upsert")), _as_text({k: v for k, v in item.items() if k != "op"}), number)
            for number, item in enumerate(operations, 1)
        ]
        return self._carry_out(apply_operations(listed, source="bulk", now=_now(), message=message)).commit

    def statistics(self, *, at: str = "HEAD") -> Statistics:
        """Counts by status, project and owner, overdue and blocked ones, progress, dependencies. O(milestones)."""
        return statistics(self._store, self._store.files_at(at), date.today(), answers=self._answers)

    def check(self, range: str = "", *, at: str = "HEAD") -> tuple[Problem, ...]:  # git's word
        """What is wrong, by path and line: with all files at a revision, or what a range (`A..B`) makes wrong.

        Raises:
            UnknownRevision, EnvironmentFault: The range has no common past in this clone.
        """
        if range:
            return check_range(self._store, range).problems
        return check(self._store.files_at(at), self._store).problems

    def review(self, range: str = "") -> Review:  # git's word
        """What a branch would do to the milestones of its target: `TARGET..BRANCH`, or a branch, or HEAD.

        Raises:
            UnknownRevision, EnvironmentFault.
        """
        return review(self._store, range)

    def history(self, id: str) -> Iterator[Event]:  # the field's name
        """What happened to a milestone, newest first: who, when, which fields. O(commits)."""
        return history(self._store, id)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _by_name(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of one's own as `x.KEY`, where None unsets."""
    own = fields.get("extra")
    if not isinstance(own, Mapping):
        return dict(fields)
    rest = {name: value for name, value in fields.items() if name != "extra"}
    return {**rest, **{f"x.{key}": value for key, value in own.items()}}


def _as_text(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Dates and times as a file has them; the rest is left to the fields' own reading."""
    return {name: _one_as_text(value) for name, value in fields.items()}


def _one_as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo else value.astimezone().isoformat()
    return value.isoformat() if isinstance(value, date) else value
