"""The JSON Schema of a milestone's file, for editors."""

from __future__ import annotations

from typing import Any


def modeline(schema_path: str) -> str:
    """The comment that makes YAML language servers use a schema; the path is relative to the file."""
    return f"# yaml-language-server: $schema={schema_path}"


def json_schema() -> dict[str, Any]:
    """Derived from the field tables."""
    from gitmilestone.model.fields import MILESTONE_FIELDS

    return {"type": "object", "properties": {field.name: dict(field.kind.schema) for field in MILESTONE_FIELDS}}
