"""Milestone -> the canonical form: the one that git's text merge joins best.

- Every field is there, set or not, between blank lines, so that two branches that edit different fields
  never touch neighbouring lines. So are the items of a list, and tasks.
- What is behind a list that grows must not change: the list's keys have no value on their line. Behind the
  tasks comes the description, whose line does change, so two blank lines are between.
- Custom keys stand in front of the lists, and of those the ones that are lists last, for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, LINE
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.yaml_canonical import is_plain, is_printable

_LISTS_AT = next(at for at, field in enumerate(MILESTONE_FIELDS) if field.shape != "scalar")
HEAD_FIELDS = MILESTONE_FIELDS[:_LISTS_AT]
TAIL_FIELDS = MILESTONE_FIELDS[_LISTS_AT:]
"""Custom keys stand between the two."""

# What other YAML readers take for something else than text (YAML 1.1 and 1.2 core).
_AMBIGUOUS = re.compile(
    r"(?i:~|null|true|false|yes|no|on|off|y|n|[-+]?\.inf|\.nan|[-+]?\.?[0-9][0-9_,.:xobe+-]*+[0-9a-f_]*)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"
)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def format_text(text: str) -> str:
    """A text as a YAML scalar on one line: plain where every reader takes it for this text, else quoted."""
    is_safe = is_plain(text) and "\n" not in text and is_printable(text) and not _AMBIGUOUS.fullmatch(text)
    return text if is_safe else format_quoted(text)


def format_quoted(text: str) -> str:
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character.isprintable() and character not in '"\\':
        return character
    code = ord(character)
    return _ESCAPES.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def format_block(text: str, indent: str) -> str | None:
    """A text as a literal block, from the `|` to the last line's end; None where it can't be one."""
    lines = text.removesuffix("\n").split("\n")
    if lines[0][:1] in ("", " ") or not lines[-1] or not is_printable(text):
        return None
    if any(line and not line.strip(" ") for line in lines):
        return None
    header = "|" if text.endswith("\n") else "|-"
    return f"{header}\n" + "".join([f"{indent}{line}\n" if line else "\n" for line in lines])


def format_scalar(field: Field, value: Any) -> str:
    """A set value of a scalar field as it stands behind `key: `, on one line."""
    text = field.kind.format(value)
    return format_text(text) if field.kind in (LINE, BLOCK) else text


def format_entry(field: Field, value: Any, indent: str = "") -> str:
    """A scalar field's lines, `key: value` with the line end; `key:` where it is unset."""
    if value is None:
        return f"{indent}{field.name}:\n"
    block = format_block(value, indent + "  ") if field.kind is BLOCK else None
    return f"{indent}{field.name}: " + (block or format_scalar(field, value) + "\n")


def format_dependency(dependency: Dependency) -> str:
    target = format_text(dependency.id)
    return target if dependency.type == "blocks" else f"{target}: {dependency.type}"


def format_list(name: str, items: Iterable[str]) -> str:
    return f"{name}:\n" + "\n".join(f"  - {item}\n" for item in items)


def format_task(task: Task, indent: str = "  ", inner: str = "    ") -> str:
    lines = [f"{indent}{format_text(task.id)}:\n"]
    lines += [format_entry(field, getattr(task, field.name), inner) for field in TASK_FIELDS]
    lines += [format_custom(key, task.extra[key], inner) for key in sorted(task.extra)]
    return "".join(lines)


def format_field(field: Field, value: Any) -> str:
    """Every line of a top-level field in the canonical form."""
    if field.shape == "labels":
        return format_list(field.name, map(format_text, value))
    if field.shape == "dependencies":
        return format_list(field.name, map(format_dependency, value))
    if field.shape == "tasks":
        return f"{field.name}:\n" + "\n".join(map(format_task, value)) + "\n"
    return format_entry(field, value)


def format_custom(key: str, value: Any, indent: str = "") -> str:
    """A custom key's lines: one line in a task, and for lists and mappings, but for lists of texts."""
    name = format_text(key)
    if value is None:
        return f"{indent}{name}:\n"
    if isinstance(value, str):
        block = format_block(value, "  ") if "\n" in value and not indent else None
        return f"{indent}{name}: " + (block or format_text(value) + "\n")
    if is_text_list(value) and not indent:
        return format_list(name, map(format_text, value))
    return f"{indent}{name}: {format_flow(value)}\n"


def is_text_list(value: Any) -> bool:
    return bool(value) and isinstance(value, list) and all(isinstance(item, str) for item in value)


def format_flow(value: Any) -> str:
    """Text, lists and mappings on one line."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        entries = (f"{format_quoted(key)}: {format_flow(value[key])}" for key in sorted(value))
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(format_flow, value)) + "]"
    return format_quoted(value)


def encode(milestone: Milestone, modeline: str = "") -> bytes:
    """The canonical document: a pure function of the milestone (and an editor's modeline, if any).

    Lists and mappings in `extra` are written in flow style, but for lists of texts. O(size).
    """
    extra = sorted(milestone.extra.items(), key=lambda item: (is_text_list(item[1]), item[0]))
    parts = [f"{modeline}\n"] if modeline else []
    parts += [format_field(field, getattr(milestone, field.name)) for field in HEAD_FIELDS]
    parts += [format_custom(key, value) for key, value in extra]
    parts += [format_field(field, getattr(milestone, field.name)) for field in TAIL_FIELDS]
    return "\n".join(parts).encode()
