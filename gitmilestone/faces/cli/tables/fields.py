"""One option a field: how `new` and `edit` set it."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Completes, Option
from gitmilestone.model.field import Field
from gitmilestone.model.fields import EDITABLE_FIELDS
from gitmilestone.model.kinds import BLOCK, DATE, ESTIMATE, NUMBER

OPTION_FIELDS: tuple[Field, ...] = tuple(
    field for field in EDITABLE_FIELDS if field.shape == "scalar" and field.name != "title"
)
"""All that has one value; a title is an argument of `new`, and lists have options of their own."""

_METAVARS = {DATE.name: "YYYY-MM-DD", ESTIMATE.name: "15d|3w", NUMBER.name: "NUMBER", BLOCK.name: "TEXT"}
_COMPLETES: dict[str, Completes] = {"project": "project", "owner": "owner"}


def field_options() -> tuple[Option, ...]:
    return tuple(map(_option_of, OPTION_FIELDS))


def _option_of(field: Field) -> Option:
    flag = f"--{field.name.replace('_', '-')}"
    choices = tuple(field.kind.schema.get("enum", ()))
    doc = f"{field.doc[:-1]}; `-` reads it from standard input." if field.kind is BLOCK else ""
    metavar = _METAVARS.get(field.kind.name, "")
    completes = _COMPLETES.get(field.name, "")
    return Option((flag,), doc, "choice" if choices else "text", choices, False, metavar, completes, field.name)
