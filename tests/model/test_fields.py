"""The table of fields is what the documentation says, and what Milestone and Task hold."""

from __future__ import annotations

from pathlib import Path

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.milestone import Milestone, Task

_SHAPES = {"labels": "list of labels", "dependencies": "list of ids", "tasks": "tasks by id"}


def _row(field: Field, prefix: str = "") -> str:
    value = _SHAPES.get(field.shape, field.kind.name)
    required = " Required." if field.required else ""
    return f"| `{prefix}{field.name}` | {value} | {field.doc}{required} |"


def test_the_documentation_lists_every_field() -> None:
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    rows = [_row(field) for field in MILESTONE_FIELDS] + [_row(field, "tasks.ID.") for field in TASK_FIELDS]
    assert "\n".join(rows) in text


def test_the_values_hold_every_field() -> None:
    assert {"id", "extra", *(field.name for field in MILESTONE_FIELDS)} == set(Milestone._fields)
    assert {"id", "extra", *(field.name for field in TASK_FIELDS)} == set(Task._fields)
