"""What is derived from the tables of settings, for people and their editors: a JSON Schema, and docs/files.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitmilestone.model.git_settings import GIT_SETTINGS
from gitmilestone.model.settings_table import PROJECT_SETTINGS, TIER_SETTINGS, Setting


def settings_schema() -> dict[str, Any]:
    """Of `config/project.yaml`, in draft-07, as that of a milestone's file."""
    root: dict[str, Any] = _group()
    for setting in PROJECT_SETTINGS:
        *groups, name = setting.name.split(".")
        group = root
        for part in groups:
            group = group["properties"].setdefault(part, _group())
        group["properties"][name] = {"title": setting.name, "description": setting.doc, **_value(setting)}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Settings of git milestone"}
    return {**head, **root, "type": "object"}


def format_settings() -> str:
    """The tables of docs/files.md, in Markdown."""
    return "\n".join(_iter_lines())


def _group() -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": {}, "additionalProperties": False}


def _value(setting: Setting) -> dict[str, Any]:
    one: dict[str, Any] = {key: list(value) if isinstance(value, tuple) else value for key, value in _plain(setting)}
    if setting.is_list:
        one = {"type": ["array", "null"], "items": one}
    elif not setting.is_needed:
        one = {"anyOf": [one, {"type": "null"}]}
    if not setting.keys:
        return one
    named = {"type": ["object", "null"], "properties": dict.fromkeys(setting.keys, one), "additionalProperties": False}
    return {"anyOf": [named, one]} if setting.is_spread else named


def _plain(setting: Setting) -> Iterator[tuple[str, Any]]:
    if not setting.more_words:
        return iter(setting.kind.schema.items())
    # The project's own words are good as well, and an editor can't know them.
    return iter({"anyOf": [dict(setting.kind.schema), {"type": ["string", "number", "boolean"]}]}.items())


def _iter_lines() -> Iterator[str]:
    yield from ("| in `config/project.yaml` | value | where it is not said | meaning |", "| --- | --- | --- | --- |")
    yield from map(_row, PROJECT_SETTINGS)
    yield from ("", "| in `config/tier.yaml` | value | where it is not said | meaning |", "| --- | --- | --- | --- |")
    yield from map(_row, TIER_SETTINGS)
    yield from ("", "| in git's configuration | value | where it is not said | meaning |", "| --- | --- | --- | --- |")
    yield from (f"| `{one.name}` | {one.value} | {one.default} | {one.doc} |" for one in GIT_SETTINGS)
    yield ""


def _row(setting: Setting) -> str:
    name = f"{setting.name}.{_name_key(setting)}" if setting.keys else setting.name
    return f"| `{name}` | {_name_value(setting)} | {_name_default(setting.default)} | {setting.doc} |"


def _name_key(setting: Setting) -> str:
    return "NAME" if setting.noun == "setting" else setting.noun.upper()


def _name_value(setting: Setting) -> str:
    words = setting.kind.schema.get("enum", ())
    if setting.is_list:
        return f"list of {setting.kind.name}{'es' if setting.kind.name.endswith('s') else 's'}"
    return ", ".join(f"`{word}`" for word in words) if words else setting.kind.name


def _name_default(default: Any) -> str:
    if isinstance(default, dict):
        return ", ".join(f"`{key}: {value:g}`" for key, value in default.items()) or "none"
    return f"`{default}`" if default != () else "none"
