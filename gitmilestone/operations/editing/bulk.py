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
from gitmilestone.model.fields import MILESTONE_FIELDS
from gitmilestone.model.ids import check_id
from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.record import parse_field, revise_fields

_OPS = ("create", "update", "delete", "upsert")
# What `export` writes and a file does not hold: it is derived.
DERIVED = frozenset({"path", "progress", "is_blocked", "blocked_by", "op"})
_SHOWN_IDS = 20
_ONE_A_LINE = "one object a line: `jq -c '.[]'` makes lines of a list, and `jq -c .` one of each object"
SETS = frozenset(field.name for field in MILESTONE_FIELDS if field.merge == "set")
"""Fields that may be said in several parts."""


class RepeatedKey(ValueError):
    """A key that an object of JSON has twice."""


class Operation(NamedTuple):
    """One line of a bulk file.

    Attributes:
        op: `create`, `update`, `delete`, or `upsert`: whichever of the first two fits.
        line: Where it begins in its source, from 1.
        is_row: Whether it is a row of a sheet, in which an empty cell may also stand for what no cell can hold.
    """

    op: str
    fields: Mapping[str, Any]
    line: int
    is_row: bool = False


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
            values = json.loads(line, object_pairs_hook=_join_pairs)
        except RepeatedKey as fault:
            raise InvalidOperation(f'"{fault}" is there twice', source, number, "keep the right one") from None
        except (ValueError, RecursionError) as error:
            hint = _ONE_A_LINE if line.lstrip()[0] in "[{" else "one object a line"
            raise InvalidOperation(f"not JSON: {error}", source, number, hint) from None
        if not isinstance(values, dict):
            hint = _ONE_A_LINE if isinstance(values, list) else 'like {"op": "create", "title": "..."}'
            raise InvalidOperation("not a JSON object", source, number, hint)
        op = values.get("op", default_op)
        if op not in _OPS:
            nearest = find_nearest(str(op), _OPS)
            said = f'"op" is one of {", ".join(_OPS)}, not {op!r}' if op else '"op" is missing'
            raise InvalidOperation(said, source, number, f"did you mean `{nearest}`?" if nearest else "")
        operations.append(Operation(op, values, number))
    return operations


def _join_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose sets may be said in several parts.

    Raises:
        RepeatedKey: Another key is there twice, of which readers take the one or the other.
    """
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key not in values:
            values[key] = value
        elif key in SETS and isinstance(values[key], list) and isinstance(value, list):
            values[key] = [*values[key], *value]
        else:
            raise RepeatedKey(key)
    return values


def refuse_repeated(operations: Iterable[Operation], source: str) -> None:
    """That of two operations on one milestone the last counts is for a plan, and no wish of who imports a list.

    Raises:
        InvalidOperation: Names both lines.
    """
    lines: dict[str, int] = {}
    for operation in operations:
        name = operation.fields.get("id")
        if isinstance(name, str) and lines.setdefault(name, operation.line) != operation.line:
            message = f"{name} is here again; it is on line {lines[name]} already"
            hint = "make one of the two, or `git milestone apply` a plan, which is carried out line by line"
            raise InvalidOperation(message, source, operation.line, hint)


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
    values = {key: value for key, value in operation.fields.items() if key not in DERIVED}
    given_id = values.pop("id", None)
    if given_id is not None and not isinstance(given_id, str):
        raise InvalidRequest(f'"id" is text, not {given_id!r}')
    op = operation.op
    if op not in _OPS:
        raise InvalidRequest(f'"op" is one of {", ".join(_OPS)}, not {op!r}')
    if op == "upsert":
        op = "update" if given_id and draft.find(check_id(given_id)) else "create"
    if op == "create":
        created = None if _says_uncreated(operation) else now
        return _create(draft, given_id, values, created, made_ids, operation.line)
    if given_id is None:
        raise InvalidRequest('"id" is missing', f"{op} needs to know which")
    # A whole id: were a beginning enough, applying a file twice could hit another milestone.
    if draft.find(check_id(given_id)) is None and not draft.exists(given_id):
        raise MilestoneNotFound(f"there is no milestone {given_id!r}", "a bulk file names whole ids")
    before = draft.get(given_id)
    if op == "delete":
        draft.delete(before.id)
        return before
    after = revise_fields(before, _without_silent_cells(before, values) if operation.is_row else values)
    draft.update(after)
    return after


def _says_uncreated(operation: Operation) -> bool:
    """Whether it says that nobody knows since when; a row that has no id yet is a wish for a milestone from now on."""
    is_said = "created" in operation.fields and operation.fields["created"] is None
    return is_said and (not operation.is_row or bool(operation.fields.get("id")))


def _without_silent_cells(before: Milestone, values: Mapping[str, Any]) -> dict[str, Any]:
    """An empty cell unsets a text; of `created`, and of a key whose value no cell can hold, it says nothing."""
    silent = {"created", *(f"x.{key}" for key, value in before.extra.items() if not fits_cell(value))}
    return {name: value for name, value in values.items() if value is not None or name not in silent}


def fits_cell(value: Any) -> bool:
    """Whether a value of a custom key can be told from an empty cell, and is no list or mapping."""
    return isinstance(value, str) and bool(value)


def _create(
    draft: Draft,
    given_id: str | None,
    values: dict[str, Any],
    created: datetime | None,
    made_ids: dict[int, str],
    line: int,
) -> Milestone:
    title = parse_field("title", values.pop("title", None))
    # An empty cell of a sheet is the default here, and no wish to unset.
    values = {name: value for name, value in values.items() if value is not None}
    # The same id again where the branch moved and the draft is built anew.
    milestone_id = given_id or made_ids.get(line) or draft.make_id(title)
    made_ids[line] = milestone_id
    milestone = revise_fields(Milestone(milestone_id, title, created=created), values)
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
