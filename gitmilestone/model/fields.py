"""The one list of fields, as `gitmilestone.model.milestone` declares them.

Reading, validation, the JSON Schema, options, SQL columns, CSV, merge policy and the documentation derive from these
tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitmilestone.model.field import Field as Field
from gitmilestone.model.milestone import Milestone, Task


def _iter_declared(value: type[Any]) -> Iterator[Field]:
    """The fields of a NamedTuple, in the order of its attributes; those that are none have no Field beside them."""
    for name, annotation in value.__annotations__.items():
        for field in getattr(annotation, "__metadata__", ()):
            default = value._field_defaults.get(name)
            text = "" if default is None or field.shape != "scalar" else field.kind.format(default)
            yield field._replace(name=name, default=text)


MILESTONE_FIELDS: tuple[Field, ...] = tuple(sorted(_iter_declared(Milestone), key=lambda field: field.name != "schema"))
"""In the order of the canonical form: that of the attributes, but for `schema`, which is a file's first word."""

TASK_FIELDS: tuple[Field, ...] = tuple(_iter_declared(Task))

FIELDS: dict[str, Field] = {field.name: field for field in MILESTONE_FIELDS}
SCALAR_FIELDS: tuple[Field, ...] = tuple(field for field in MILESTONE_FIELDS if field.shape == "scalar")
EDITABLE_FIELDS: tuple[Field, ...] = tuple(field for field in MILESTONE_FIELDS if field.editable)
