"""What a commit did to a milestone, from what its parents had and what it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from gitmilestone.model.change import Change, FieldChange
from gitmilestone.model.fields import FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Dependency, Milestone

Kind = Literal["created", "changed", "deleted"]

_TASK_KINDS = {field.name: field.kind for field in TASK_FIELDS}
_SETS = ("labels", "depends_on")


class Version(NamedTuple):
    """A milestone in one commit; `milestone` is None where there is no file, or it can't be read."""

    exists: bool
    milestone: Milestone | None = None

    @property
    def is_readable(self) -> bool:
        return self.milestone is not None or not self.exists


ABSENT = Version(exists=False)
UNREADABLE = Version(exists=True)


class Recorded(NamedTuple):
    """What a commit did to a milestone.

    Attributes:
        is_readable: False where its file can't be read since; there are no fields then.
        fields: What differs; all that there was or is of a deleted or created one.
    """

    kind: Kind
    is_readable: bool
    fields: tuple[FieldChange, ...]
    status: str | None


def describe(
    milestone_id: str, befores: Sequence[Version], after: Version, readable: Sequence[Version]
) -> Recorded | None:
    """What is otherwise than in every parent; None where that is nothing.

    Args:
        befores: One a parent; ABSENT alone for a commit without any.
        readable: The same, each as it was when it could last be read: what was changed meanwhile shows once it is
            mended.
    """
    if any(before == after and before.is_readable for before in befores):
        return None
    existing = [before for before in befores if before.exists]
    kind: Kind = "created" if not existing else "changed" if after.exists else "deleted"
    status = after.milestone.status if after.milestone else None
    if not after.is_readable:
        return Recorded(kind, False, (), None)
    fields = _find_common(
        [Change(milestone_id, before.milestone, after.milestone).fields() for before in readable],
        befores.index(existing[0]) if existing else 0,
    )
    if not fields and kind == "changed":
        return None
    has_status = any(change.field == "status" for change in fields)
    return Recorded(kind, True, fields, status if has_status else None)


def _find_common(changes: list[list[FieldChange]], shown: int) -> tuple[FieldChange, ...]:
    """What differs from every parent, as it does from the one at `shown`."""
    if len(changes) == 1:
        return tuple(changes[0])
    others = [{_key(change) for change in other} for other in changes]
    return tuple(change for change in changes[shown] if all(_is_among(change, other) for other in others))


def _key(change: FieldChange) -> tuple[str, bool, Any]:
    """The same for two parents, whatever the field was in each; each item of a set stands for itself."""
    is_gone = change.new is None
    item = (change.old if is_gone else change.new) if change.field in _SETS else None
    return change.field, is_gone, item


def _is_among(change: FieldChange, others: set[tuple[str, bool, Any]]) -> bool:
    # A parent without the task differs in each of its keys.
    whole = change.field.rpartition(".")[0]
    return _key(change) in others or (whole.startswith("tasks.") and (whole, False, None) in others)


def encode_field(change: FieldChange) -> tuple[str, str | None, str | None, bool]:
    """(field, old, new, is_json): texts as `diff` shows them; both JSON where one is no text."""
    field, old, new = change
    if old is not None:
        old = _to_plain(field, old)
    if new is not None:
        new = _to_plain(field, new)
    if (old is None or isinstance(old, str)) and (new is None or isinstance(new, str)):
        return field, old, new, False
    import json

    texts = [None if value is None else json.dumps(value, ensure_ascii=False) for value in (old, new)]
    return field, texts[0], texts[1], True


def _to_plain(name: str, value: Any) -> Any:
    """A text; a list or mapping where it is none."""
    if isinstance(value, str | list | dict):
        return value
    if isinstance(value, Dependency):
        return value._asdict()
    kind = FIELDS[name].kind if name in FIELDS else _TASK_KINDS.get(name.rpartition(".")[2])
    return kind.format(value) if kind else str(value)


def decode_field(field: str, old: str | None, new: str | None, is_json: int) -> FieldChange:
    if not is_json:
        return FieldChange(field, old, new)
    import json

    values = [None if text is None else json.loads(text) for text in (old, new)]
    if field == "depends_on":
        values = [value and Dependency(**value) for value in values]
    return FieldChange(field, values[0], values[1])
