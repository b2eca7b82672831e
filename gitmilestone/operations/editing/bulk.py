"""Many changes in one commit, or none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from gitmilestone.changes.draft import Draft
from gitmilestone.changes.edit import Edit, Revision
from gitmilestone.errors import (
    DependencyCycle,
    HasDependents,
    InvalidOperation,
    InvalidRequest,
    MilestoneError,
    MilestoneNotFound,
)
from gitmilestone.model.ids import check_id
from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.record import parse_field, revise_fields

_OPS = ("create", "update", "delete", "upsert")
# What `export` writes and a file does not hold: it is derived.
_DERIVED = frozenset({"path", "progress", "is_blocked", "blocked_by", "op"})
_SHOWN_IDS = 20


class Operation(NamedTuple):
    """One line of a bulk file.

    Attributes:
        op: `create`, `update`, `delete`, or `upsert`: whichever of the first two fits.
        line: Where it stands in its source, from 1.
    """

    op: str
    fields: Mapping[str, Any]
    line: int


def read_json_lines(lines: Iterable[str], source: str, default_op: str = "") -> list[Operation]:
    """Reads `{"op": ..., "id": ..., ...}` lines; blank lines and lines that start with # are passed over.

    Raises:
        InvalidOperation: With the line's number.
    """
    import json

    operations = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidOperation(f"not JSON: {error}", source, number, "one object a line") from None
        if not isinstance(values, dict):
            raise InvalidOperation("not a JSON object", source, number, 'like {"op": "create", "title": "..."}')
        op = values.get("op", default_op)
        if op not in _OPS:
            nearest = find_nearest(str(op), _OPS)
            said = f'"op" is one of {", ".join(_OPS)}, not {op!r}' if op else '"op" is missing'
            raise InvalidOperation(said, source, number, f"did you mean `{nearest}`?" if nearest else "")
        operations.append(Operation(op, values, number))
    return operations


def apply_operations(
    operations: Sequence[Operation],
    *,
    source: str,
    now: datetime,
    message: str = "",
    advance: Callable[[], object] | None = None,
) -> Edit:
    """Carries out every operation in one commit, or none.

    With ids given, the same operations on the same commit make the same tree; with the same date and
    author, the same commit.

    Args:
        source: The file's name, for errors.
        advance: Called after each operation, for a progress bar.

    Raises:
        InvalidOperation: Names the line; nothing was written.
    """
    made_ids: dict[int, str] = {}

    def revise(draft: Draft) -> Revision:
        touched: dict[str, Milestone] = {}
        for operation in operations:
            try:
                milestone = _apply(draft, operation, now, made_ids)
            except MilestoneError as error:
                raise InvalidOperation(error.message, source, operation.line, error.hint) from error
            touched[milestone.id] = milestone
            if advance:
                advance()
        return Revision(message or _describe(operations, draft.changed), list(touched.values()))

    def blame(error: MilestoneError) -> MilestoneError:
        """An operation may delete what a later one frees of its dependents: only the plan sees all of them."""
        if not isinstance(error, DependencyCycle | HasDependents):
            return error
        return InvalidOperation(error.message, source, _find_line(operations, error), error.hint)

    return Edit(revise, blame=blame)


def _find_line(operations: Sequence[Operation], error: DependencyCycle | HasDependents) -> int:
    """The last line that touches a milestone which the error is about."""
    about = error.path if isinstance(error, DependencyCycle) else error.ids
    lines = [operation.line for operation in operations if operation.fields.get("id") in about]
    return lines[-1] if lines else operations[-1].line


def _apply(draft: Draft, operation: Operation, now: datetime, made_ids: dict[int, str]) -> Milestone:
    values = {key: value for key, value in operation.fields.items() if key not in _DERIVED}
    given_id = values.pop("id", None)
    if given_id is not None and not isinstance(given_id, str):
        raise InvalidRequest(f'"id" is text, not {given_id!r}')
    op = operation.op
    if op not in _OPS:
        raise InvalidRequest(f'"op" is one of {", ".join(_OPS)}, not {op!r}')
    if op == "upsert":
        op = "update" if given_id and draft.find(check_id(given_id)) else "create"
    if op == "create":
        return _create(draft, given_id, values, now, made_ids, operation.line)
    if given_id is None:
        raise InvalidRequest('"id" is missing', f"{op} needs to know which")
    # A whole id: were a beginning enough, applying a file twice could hit another milestone.
    if draft.find(check_id(given_id)) is None and not draft.exists(given_id):
        raise MilestoneNotFound(f"there is no milestone {given_id!r}", "a bulk file names whole ids")
    before = draft.get(given_id)
    if op == "delete":
        draft.delete(before.id)
        return before
    after = revise_fields(before, values)
    draft.update(after)
    return after


def _create(
    draft: Draft, given_id: str | None, values: dict[str, Any], now: datetime, made_ids: dict[int, str], line: int
) -> Milestone:
    title = parse_field("title", values.pop("title", None))
    # An empty cell of a sheet is the default here, and no wish to unset.
    values = {name: value for name, value in values.items() if value is not None}
    # The same id again where the branch moved and the draft is built anew.
    milestone_id = given_id or made_ids.get(line) or draft.make_id(title)
    made_ids[line] = milestone_id
    milestone = revise_fields(Milestone(milestone_id, title, created=now), values)
    draft.create(milestone)
    return milestone


def _describe(operations: Sequence[Operation], changed: Sequence[str]) -> str:
    counts: dict[str, int] = {}
    for operation in operations:
        counts[operation.op] = counts.get(operation.op, 0) + 1
    summary = ", ".join(f"{count} {op}" for op, count in counts.items())
    listed = "".join(f"- {name}\n" for name in changed[:_SHOWN_IDS])
    more = f"- and {len(changed) - _SHOWN_IDS} more\n" if len(changed) > _SHOWN_IDS else ""
    return f"milestone: apply {summary}\n\n{listed}{more}"
