"""Milestone -> the rows that stand for it in the tables, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS
from gitmilestone.model.kinds import DATE, TIME, Kind
from gitmilestone.model.milestone import PRIORITIES, Dependency, Milestone, Task
from gitmilestone.query.searched import KEYED, OTHERS, TEXTS
from gitmilestone.query.words import fold, join_texts, join_words

Convert = Callable[[Any], Any]
Record = Sequence[Any]
DocumentRows = tuple[Record, list[Record], list[Record], list[Record], list[Record], Record]
"""One document's rows: of `milestone` without `number`, `path` and `oid`; of `label`, `dependency`, `task`, `custom`;
of `search` without its number. They depend on its bytes and its id alone, and go through JSON and marshal unchanged."""

_KIND_OF = {field.name: field.kind for field in SCALAR_FIELDS}
_TASK_KIND_OF = {field.name: field.kind for field in TASK_FIELDS}
_READERS: tuple[tuple[Kind, Convert], ...] = ((DATE, date.fromisoformat), (TIME, datetime.fromisoformat))


def _temporal(names: Sequence[str], kinds: Mapping[str, Kind]) -> list[tuple[int, Convert, Convert]]:
    """Where dates and times stand among some columns, and how to write and read each."""
    return [
        (at, kind.format, read) for at, name in enumerate(names) for kind, read in _READERS if kinds.get(name) is kind
    ]


_STORED = ("id", *_KIND_OF)
_TASK_STORED = ("id", *_TASK_KIND_OF)
_take_stored = itemgetter(*map(Milestone._fields.index, _STORED))
_take_task_stored = itemgetter(*map(Task._fields.index, _TASK_STORED))
_take_keyed = itemgetter(*map(Milestone._fields.index, KEYED))
_WRITTEN = _temporal(_STORED, _KIND_OF)
_TASK_WRITTEN = _temporal(_TASK_STORED, _TASK_KIND_OF)
_READ = _temporal(Milestone._fields, _KIND_OF)
_TASK_READ = _temporal(Task._fields, _TASK_KIND_OF)
_LABELS, _DEPENDS_ON, _TASKS, _EXTRA = map(Milestone._fields.index, ("labels", "depends_on", "tasks", "extra"))
_TASK_EXTRA = Task._fields.index("extra")

MILESTONE_COLUMNS = ", ".join(
    "NULL" if name in ("depends_on", "tasks") else f"milestone.{name}" for name in Milestone._fields
)
"""What `decode_milestone` reads."""

TASK_COLUMNS = ", ".join(f"task.{name}" for name in Task._fields)
"""What `decode_task` reads."""

SEARCH_COLUMNS = ("id", *KEYED, "labels", *(name for name in TEXTS if name not in ("tasks", OTHERS)))
"""The columns of `milestone` from which `encode_search` makes the texts that are searched."""


def encode_document(milestone: Milestone, size: int) -> DocumentRows:
    """Args:
    size: Of its file, in bytes.
    """
    milestone_id = milestone.id
    labels, tasks = milestone.labels, milestone.tasks
    keyed = _take_keyed(milestone)
    texts = (milestone_id, *keyed, "\n".join(labels), milestone.title, milestone.description)
    return (
        _encode_milestone(milestone, keyed, size),
        [(milestone_id, label, fold(label)) for label in labels],
        [(milestone_id, *dependency) for dependency in milestone.depends_on],
        [(milestone_id, position, *_encode_task(task)) for position, task in enumerate(tasks)],
        [
            (milestone_id, key, position, text)
            for key, value in milestone.extra.items()
            for position, text in enumerate(_texts_of(value))
        ],
        encode_search(texts, [task.title for task in tasks]),
    )


def encode_search(values: Record, task_titles: Iterable[str]) -> Record:
    """The texts that are searched, in the order of TEXTS.

    Args:
        values: Of SEARCH_COLUMNS.
    """
    *others, labels, title, description = values
    if labels:
        others += labels.split("\n")
    found = {
        "title": join_words(title),
        "tasks": join_texts(task_titles),
        "description": join_words(description or ""),
        OTHERS: join_texts(filter(None, others)),
    }
    return tuple([found[name] for name in TEXTS])


def _encode_milestone(milestone: Milestone, keyed: Record, size: int) -> Record:
    stored = list(_take_stored(milestone))
    for position, write, _ in _WRITTEN:
        if stored[position] is not None:
            stored[position] = write(stored[position])
    priority = milestone.priority
    return (
        *stored,
        "\n".join(milestone.labels),
        _encode_extra(milestone.extra),
        milestone.progress,
        int(milestone.is_open),
        PRIORITIES.index(priority) if priority else None,
        join_words(milestone.title),
        *[text and fold(text) for text in keyed],
        size,
    )


def _encode_task(task: Task) -> Record:
    stored = list(_take_task_stored(task))
    for position, write, _ in _TASK_WRITTEN:
        if stored[position] is not None:
            stored[position] = write(stored[position])
    return (*stored, _encode_extra(task.extra))


def _encode_extra(extra: Mapping[str, Any]) -> str | None:
    if not extra:
        return None
    import json

    return json.dumps(extra, ensure_ascii=False)


def _texts_of(value: Any) -> list[str | None]:
    """What a custom value is found by: its text, or each item's; None for one that is no text."""
    if isinstance(value, str):
        return [fold(value)]
    if isinstance(value, Mapping):
        return [None] if value else []
    return [fold(item) if isinstance(item, str) else None for item in value or ()]


def decode_milestone(record: Record, dependencies: Iterable[Dependency], tasks: Iterable[Task]) -> Milestone:
    values = list(record)
    for position, _, read in _READ:
        if values[position] is not None:
            values[position] = read(values[position])
    labels = values[_LABELS]
    values[_LABELS] = tuple(labels.split("\n")) if labels else ()
    values[_DEPENDS_ON] = tuple(dependencies)
    values[_TASKS] = tuple(tasks)
    values[_EXTRA] = _decode_extra(values[_EXTRA])
    return Milestone._make(values)


def decode_task(record: Record) -> Task:
    values = list(record)
    for position, _, read in _TASK_READ:
        if values[position] is not None:
            values[position] = read(values[position])
    values[_TASK_EXTRA] = _decode_extra(values[_TASK_EXTRA])
    return Task._make(values)


def _decode_extra(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    import json

    extra: dict[str, Any] = json.loads(text)
    return extra
