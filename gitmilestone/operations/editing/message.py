"""A commit message, from what differs: the same differences give the same text."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.model.change import Change, FieldChange
from gitmilestone.model.milestone import CLOSED_STATUSES, Milestone
from gitmilestone.operations.asking.diff import format_value

SUBJECT = 72
"""Characters of a subject line."""

_LONGEST_VALUE = 40
_VERBS = {
    "in_progress": "start",
    "blocked": "block",
    "completed": "complete",
    "cancelled": "cancel",
    "planned": "reopen",
}
_COUNTED = {
    "create": "created",
    "delete": "deleted",
    "complete": "completed",
    "cancel": "cancelled",
    "reopen": "reopened",
    "start": "started",
    "block": "blocked",
    "slip": "slipped",
}


def compose_message(changes: Sequence[Change], others: Sequence[str] = ()) -> str:
    """A subject of at most SUBJECT characters, and a line for each milestone unless the subject says it all.

    Args:
        others: Paths below `.milestones/` that differ and are no milestone's.

    Returns:
        "" where nothing differs.
    """
    if not changes and not others:
        return ""
    subject = _compose_subject(changes, others)
    lines = [f"- {change.id}: {describe_change(change)}" for change in changes] + [f"- {path}" for path in others]
    if len(lines) == 1 and (not changes or len(_list_facts(changes[0])) <= 1) and _is_told(subject, changes):
        return f"{subject}\n"
    return "\n".join([subject, "", *lines]) + "\n"


def _compose_subject(changes: Sequence[Change], others: Sequence[str]) -> str:
    parts = [_name_deed(change) for change in changes] + [f"edit {path}" for path in others]
    subject = f"milestone: {', '.join(parts)}"
    if len(subject) <= SUBJECT:
        return subject
    if not changes:
        return f"milestone: edit {len(others)} files of the project"
    counts: dict[str, int] = {}
    for change in changes:
        for word in _list_words(change):
            counts[word] = counts.get(word, 0) + 1
    told = [f"{counts[word]} {said}" for word, said in _COUNTED.items() if word in counts]
    subject = f"milestone: update {len(changes)} milestone{'' if len(changes) == 1 else 's'}"
    while told and len(f"{subject} ({', '.join(told)})") > SUBJECT:
        told.pop()
    return f"{subject} ({', '.join(told)})" if told else subject


def _is_told(subject: str, changes: Sequence[Change]) -> bool:
    return not changes or changes[0].id in subject


def _name_deed(change: Change) -> str:
    """`complete ship-2fa`, `move beta to 2027-02-01`, `edit docs (owner, labels)`."""
    old, new = change.old, change.new
    if old is None or new is None:
        return f"{'create' if old is None else 'delete'} {change.id}"
    names = list(dict.fromkeys(field.field for field in change.fields()))
    if names == ["status"] or (old.status != new.status and new.status in CLOSED_STATUSES):
        return f"{_VERBS[new.status]} {change.id}"
    if names == ["due"]:
        return f"move {change.id} to {new.due}" if new.due else f"unset the due day of {change.id}"
    told = f"edit {change.id} ({', '.join(map(_clean, names))})"
    return told if names and len(told) <= SUBJECT // 2 else f"edit {change.id}"


def _list_words(change: Change) -> list[str]:
    """Keys of _COUNTED."""
    old, new = change.old, change.new
    if old is None or new is None:
        return ["create" if old is None else "delete"]
    words = [_VERBS[new.status]] if old.status != new.status else []
    return [*words, "slip"] if old.due and new.due and new.due > old.due else words


def describe_change(change: Change) -> str:
    """What a change does to a milestone, on one line of bounded length."""
    old, new = change.old, change.new
    if old is None or new is None:
        one = old or new
        return f"{'created' if old is None else 'deleted'}, {_clean(one.title)}{_say_due(one)}" if one else ""
    return "; ".join(_list_facts(change)) or "the order of its tasks, or keys of their own"


def _say_due(one: Milestone) -> str:
    return f", due {one.due}" if one.due else ""


def _list_facts(change: Change) -> list[str]:
    if change.old is None or change.new is None:
        return [change.kind]
    return [_describe_field(field) for field in change.fields()]


def _describe_field(change: FieldChange) -> str:
    name = _clean(change.field)
    old, new = (_clean(format_value(change.field, value)) for value in (change.old, change.new))
    if change.field in ("description", "title") and change.old is not None and change.new is not None:
        return f"{name} changed"
    if change.old is None:
        return f"{name} + {new}"
    return f"{name} - {old}" if change.new is None else f"{name} {old} -> {new}"


def _clean(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey."""
    text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
