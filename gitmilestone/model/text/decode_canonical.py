"""Canonical text -> Milestone without nodes in between: three times as fast as reading and decoding.

It knows one form: the fields in their order, comments only in front, of custom keys those with a text, nothing to
report. For everything else it answers None, and the located way has the say. A property test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any

from gitmilestone.model import formats
from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, ID, LABEL, TARGET, BadValue
from gitmilestone.model.milestone import DEPENDENCY_TYPES, Dependency, DependencyType, Milestone, Task
from gitmilestone.model.text.yaml_canonical import NotSure, is_plain, is_printable, unquote
from gitmilestone.model.text.yaml_nodes import MAX_KEY, NULLS

_TYPES: dict[str, DependencyType] = {kind: kind for kind in DEPENDENCY_TYPES}
_REQUIRED = {field.name for field in MILESTONE_FIELDS if field.required}


def decode_canonical(milestone_id: str, text: str, known_extra: Container[str] = frozenset()) -> Milestone | None:
    """The milestone; None where the text is not surely canonical and without fault.

    Args:
        known_extra: The custom keys that are nothing to report.
    """
    found = _MILESTONE.fullmatch(text)
    if not found or not is_printable(text):
        return None
    try:
        values = _values(_READS, found)
        extra = _read_custom(values.pop(_CUSTOM, ""), known_extra)
    except (NotSure, BadValue):
        return None
    if not values.keys() >= _REQUIRED or values["schema"] != formats.NEWEST:
        return None
    milestone = Milestone(id=milestone_id, extra=extra, **values)
    is_late = milestone.start and milestone.due and milestone.due < milestone.start
    return None if is_late else milestone


def _values(reads: Mapping[str, Callable[[str], Any]], found: re.Match[str]) -> dict[str, Any]:
    values = {}
    for (name, read), source in zip(reads.items(), found.groups(), strict=True):
        if source and (value := read(source)) is not None:
            values[name] = value
    return values


def _read_custom(source: str, known: Container[str]) -> dict[str, str]:
    extra: dict[str, str] = {}
    for line in filter(None, source.split("\n")):
        key, _, value = line.partition(": ")
        if key not in known or key in FIELDS or key in extra or value in NULLS:
            raise NotSure
        extra[key] = _text(value)
    return extra


def _value(parse: Callable[[str], Any], source: str) -> Any:
    if is_plain(source):
        return None if source in NULLS else parse(source)
    return parse(unquote(source))


def _text(source: str) -> str:
    return source if is_plain(source) else unquote(source)


def _block(parse: Callable[[str], Any], source: str) -> Any:
    header, _, body = source.partition("\n")
    if header not in ("|", "|-"):
        if body.strip("\n"):
            raise NotSure
        return _value(parse, header)
    # Lines that begin with a space or hold nothing else: their indent needs a closer look.
    if body[2:3] in ("", " ") or body[0] == "\n" or "  \n" in body:
        raise NotSure
    text = body.rstrip("\n").replace("\n  ", "\n")[2:]
    return parse(text if header == "|-" else text + "\n")


def _items(source: str) -> list[str]:
    return [line[4:] for line in source.split("\n") if line]


def _labels(source: str) -> tuple[str, ...]:
    return tuple(sorted({LABEL.parse(_text(item)) for item in _items(source)}))


def _dependencies(source: str) -> tuple[Dependency, ...]:
    found: dict[str, Dependency] = {}
    for item in _items(source):
        target, _, word = item.partition(": ")
        name = TARGET.parse(_text(target))
        kind = _TYPES.get(word or "blocks")
        if not kind or name in found:
            raise NotSure
        found[name] = Dependency(name, kind)
    return tuple(found[key] for key in sorted(found))


def _tasks(source: str) -> tuple[Task, ...]:
    tasks: dict[str, Task] = {}
    end = 0
    for found in _TASK.finditer(source):
        values = _values(_TASK_READS, found)
        if found.start() != end or "title" not in values or values["id"] in tasks:
            raise NotSure
        end = found.end()
        tasks[values["id"]] = Task(**values)
    if end != len(source):
        raise NotSure
    return tuple(tasks.values())


def _read_of(field: Field) -> Callable[[str], Any]:
    if field.shape == "scalar":
        return partial(_block if field.kind is BLOCK else _value, field.kind.parse)
    return {"labels": _labels, "dependencies": _dependencies, "tasks": _tasks}[field.shape]


def _pattern_of(field: Field) -> str:
    """One group a field: its value as it stands, or the lines below its key."""
    if field.kind is BLOCK:
        return rf"(?:{field.name}:(?: ([^\n]+\n(?:(?:  [^\n]+)?\n)*+)|\n++))?+"
    if field.shape == "scalar":
        return rf"(?:{field.name}:(?: ([^\n]+))?\n++)?+"
    item = "  - " if field.shape != "tasks" else "  "
    return rf"(?:{field.name}:\n++((?:{item}[^\n]+\n++)*+))?+"


_CUSTOM = "custom keys"
_PARTS: dict[str, tuple[str, Callable[[str], Any]]] = {}
for _field in MILESTONE_FIELDS:
    if _field.shape != "scalar" and _CUSTOM not in _PARTS:
        _PARTS[_CUSTOM] = rf"((?:[a-z][a-z0-9_-]{{,{MAX_KEY - 1}}}+: [^\n]+\n++)*+)", str
    _PARTS[_field.name] = _pattern_of(_field), _read_of(_field)
_READS = {name: read for name, (_, read) in _PARTS.items()}
_MILESTONE = re.compile(r"(?:#[^\n]*\n++)*+" + "".join(pattern for pattern, _ in _PARTS.values()))
_TASK_READS: dict[str, Callable[[str], Any]] = {"id": lambda source: ID.parse(_text(source))}
_TASK_READS |= {field.name: _read_of(field) for field in TASK_FIELDS}
_TASK = re.compile(r"  ([^\n ]+):\n" + "".join(rf"(?:    {field.name}:(?: ([^\n]+))?\n++)?+" for field in TASK_FIELDS))
