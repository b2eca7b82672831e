"""Milestone -> the rows that stand for it in the tables, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from gitmilestone.derived.schema import TABLES
from gitmilestone.model.fields import SCALAR_FIELDS, TASK_FIELDS
from gitmilestone.model.kinds import DATE, TIME, Kind
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.query.searched import KEYED, WORDED
from gitmilestone.query.words import fold, join_words

Convert = Callable[[Any], Any]
Record = Sequence[Any]

_KIND_OF = {field.name: field.kind for field in SCALAR_FIELDS}
_TASK_KIND_OF = {field.name: field.kind for field in TASK_FIELDS}
_READERS: tuple[tuple[Kind, Convert], ...] = ((DATE, date.fromisoformat), (TIME, datetime.fromisoformat))


def _temporal(names: Sequence[str], kinds: Mapping[str, Kind]) -> list[tuple[int, Convert, Convert]]:
    """Where dates and times stand among some columns, and how to write and read each."""
    return [
        (at, kind.format, read)
        for at, name in enumerate(names)
        for kind, read in _READERS
        if kinds.get(name) is kind
    ]


_STORED = ("id", *_KIND_OF)
_TASK_STORED = ("id", *_TASK_KIND_OF)
_take_stored = itemgetter(*map(Milestone._fields.index, _STORED))
_take_task_stored = itemgetter(*map(Task._fields.index, _TASK_STORED))
_take_keyed = itemgetter(*map(Milestone._fields.index, KEYED))
_take_worded = itemgetter(*map(Milestone._fields.index, WORDED))
_WRITTEN = _temporal(_STORED, _KIND_OF)
_TASK_WRITTEN = _temporal(_TASK_STORED, _TASK_KIND_OF)
_READ = _temporal(Milestone._fields, _KIND_OF)
_TASK_READ = _temporal(Task._fields, _TASK_KIND_OF)
_LABELS, _DEPENDS_ON, _TASKS, _EXTRA = map(
    Milestone._fields.index, ("labels", "depends_on", "tasks", "extra")
)
_TASK_EXTRA = Task._fields.index("extra")

MILESTONE_COLUMNS = ", ".join(
    "NULL" if name in ("depends_on", "tasks") else f"milestone.{name}" for name in Milestone._fields
)
"""What `decode_milestone` reads."""

TASK_COLUMNS = ", ".join(f"task.{name}" for name in Task._fields)
"""What `decode_task` reads."""


def encode_rows(entries: Iterable[tuple[Milestone, str]]) -> dict[str, list[Record]]:
    """The rows of every table, in the order of its columns."""
    rows: dict[str, list[Record]] = {table: [] for table in TABLES}
    milestones, labels, dependencies, tasks, customs = (rows[table].append for table in TABLES)
    for milestone, path in entries:
        milestone_id, task_words = milestone.id, ""
        for position, task in enumerate(milestone.tasks):
            words = join_words(task.title)
            task_words += words
            tasks((milestone_id, position, *_encode_task(task), words))
        milestones(_encode_milestone(milestone, path, task_words))
        for label in milestone.labels:
            labels((milestone_id, label, fold(label)))
        for dependency in milestone.depends_on:
            dependencies((milestone_id, *dependency))
        for key, value in milestone.extra.items():
            for position, text in enumerate(_texts_of(value)):
                customs((milestone_id, key, position, text))
    return rows


def _encode_milestone(milestone: Milestone, path: str, task_words: str) -> Record:
    stored = list(_take_stored(milestone))
    for position, write, _ in _WRITTEN:
        if stored[position] is not None:
            stored[position] = write(stored[position])
    keyed = _take_keyed(milestone)
    texts = (milestone.id, *filter(None, keyed), *milestone.labels)
    return (
        *stored,
        "\n".join(milestone.labels),
        _encode_extra(milestone.extra),
        path,
        milestone.progress,
        *[text and fold(text) for text in keyed],
        *[join_words(text) if text else "" for text in _take_worded(milestone)],
        "".join(map(join_words, texts)) + task_words,
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
