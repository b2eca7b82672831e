"""The JSON Schema of a milestone's file, for editors, derived from the field tables.

It is draft-07: the newest that every YAML language server understands. It says what editors can help with;
`check` says the rest.
"""

from __future__ import annotations

from typing import Any

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import Kind
from gitmilestone.model.milestone import DEPENDENCY_TYPES


def modeline(schema_path: str) -> str:
    """The comment that makes YAML language servers use a schema; the path is relative to the file."""
    return f"# yaml-language-server: $schema={schema_path}"


def json_schema() -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Milestone",
        "description": "A milestone of git milestone. Other keys are kept, and can be queried as x.KEY.",
        **_mapping(MILESTONE_FIELDS),
    }


def _mapping(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        "required": [field.name for field in fields if field.required],
    }


def _property(field: Field) -> dict[str, Any]:
    schema = {"scalar": _value, "labels": _labels, "dependencies": _dependencies, "tasks": _tasks}[field.shape](field)
    described = {"title": field.name, "description": f"{field.doc} ({field.kind.name})", **schema}
    if field.default and not field.required:
        described["default"] = field.kind.to_json(field.kind.parse(field.default))
    return described if field.required else _or_null(described)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A key without a value is an unset one."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [*([schema["type"]] if isinstance(schema["type"], str) else schema["type"]), "null"]}


def _plain(kind: Kind) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in kind.schema.items()}


def _value(field: Field) -> dict[str, Any]:
    return _plain(field.kind)


def _labels(field: Field) -> dict[str, Any]:
    return {"type": "array", "items": _plain(field.kind), "uniqueItems": True}


def _dependencies(field: Field) -> dict[str, Any]:
    typed = {
        "type": "object",
        "propertyNames": {"pattern": field.kind.schema["pattern"]},
        "additionalProperties": {"enum": list(DEPENDENCY_TYPES)},
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"type": "array", "items": {"anyOf": [_plain(field.kind), typed]}}


def _tasks(field: Field) -> dict[str, Any]:
    names = {"pattern": field.kind.schema["pattern"]}
    return {"type": "object", "propertyNames": names, "additionalProperties": _mapping(TASK_FIELDS)}
