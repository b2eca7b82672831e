"""What a milestone says, as plain values: read from what people type, to and from JSON, and fingerprinted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitmilestone.errors import InvalidRequest, InvalidValue
from gitmilestone.model.fields import FIELDS, MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.ids import check_id, check_target, make_id
from gitmilestone.model.kinds import BLOCK, ESTIMATE, LABEL, LINE, BadValue, Kind, find_nearest, format_number
from gitmilestone.model.milestone import DEPENDENCY_TYPES, Dependency, Milestone, Task
from gitmilestone.model.text.yaml_nodes import is_key

_TASK_FIELDS = {field.name: field for field in TASK_FIELDS}
_CUSTOM = "x."


def parse_field(name: str, value: Any) -> Any:
    """A field's value from text, or from JSON's types; None and "" unset it, which is its default.

    Raises:
        InvalidValue: The text is no value of that field.
    """
    field = FIELDS[name]
    if field.shape == "labels":
        return parse_labels(_listed(name, value))
    if field.shape == "dependencies":
        return parse_dependencies(_listed(name, value))
    if field.shape == "tasks":
        return parse_tasks(value)
    if value is None or value == "":
        if field.required:
            raise InvalidValue(f"`{name}` can't be empty", field.doc)
        return field.kind.parse(field.default) if field.default else None
    text = _text(name, value)
    return _parse(field.kind, name, text if field.kind in (LINE, BLOCK) else text.strip())


def _parse(kind: Kind, name: str, text: str) -> Any:
    try:
        return kind.parse(text)
    except BadValue as fault:
        raise InvalidValue(f"`{name}` {fault.message}", fault.hint) from None


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidValue(f"`{name}` is text, not {type(value).__name__}", "")
    if isinstance(value, str):
        return value
    try:
        return format_number(value) + ("d" if name in FIELDS and FIELDS[name].kind is ESTIMATE else "")
    except OverflowError:
        raise InvalidValue(f"`{name}` is out of range", "") from None


def _listed(name: str, value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.replace(";", ",").split(",") if part.strip()]
    if isinstance(value, list | tuple):
        return list(value)
    raise InvalidValue(f"`{name}` is a list, not {type(value).__name__}", "")


def parse_labels(values: Iterable[Any]) -> tuple[str, ...]:
    """Empty ones, as lists made by programs have them, are none."""
    said = (_text("labels", value).strip() for value in values)
    return tuple(sorted({_parse(LABEL, "labels", text) for text in said if text}))


def parse_dependencies(values: Iterable[Any]) -> tuple[Dependency, ...]:
    """From `id`, `id:relates` or {"id": ..., "type": ...}, where each id may be `repository:id`.

    Raises:
        InvalidId, InvalidValue: One is no dependency, be it empty, or is there with two types.
    """
    found: dict[str, Dependency] = {}
    for value in values:
        dependency = _parse_dependency(value)
        if found.setdefault(dependency.id, dependency) != dependency:
            raise InvalidValue(f"`depends_on` has {dependency.id!r} twice, with two types", "keep the right one")
    return tuple(found[key] for key in sorted(found))


def _parse_dependency(value: Any) -> Dependency:
    if isinstance(value, Dependency):
        return value
    if isinstance(value, Mapping):
        name, kind = value.get("id"), value.get("type", "blocks")
    else:
        name, kind = _split_type(_text("depends_on", value))
    if kind not in DEPENDENCY_TYPES:
        nearest = find_nearest(str(kind), DEPENDENCY_TYPES)
        raise InvalidValue(
            f"a dependency's type is one of {', '.join(DEPENDENCY_TYPES)}, not {kind!r}",
            f"did you mean `{nearest}`?" if nearest else "",
        )
    return Dependency(check_target(str(name or "").strip()), kind)


def _split_type(text: str) -> tuple[str, str]:
    """A last part that is a type's word is the type, and never a milestone that is called so."""
    name, _, last = text.rpartition(":")
    last = last.strip()
    return (name, last or "blocks") if name and last in ("", *DEPENDENCY_TYPES) else (text, "blocks")


def parse_tasks(value: Any) -> tuple[Task, ...]:
    """From {id: {"title": ...}}, or a list of {"id", "title", ...} or of titles."""
    if value is None or value == "":
        return ()
    if isinstance(value, Mapping):
        items: list[Any] = [{"id": key, **_mapping(task)} for key, task in value.items()]
    elif isinstance(value, list | tuple):
        items = list(value)
    else:
        raise InvalidValue(f"`tasks` is a mapping or a list, not {type(value).__name__}", "")
    tasks = tuple(_parse_task(item) for item in items)
    if len({task.id for task in tasks}) < len(tasks):
        raise InvalidValue("two tasks have the same id", "give each its own")
    return tasks


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"title": value}


def _parse_task(item: Any) -> Task:
    if isinstance(item, Task):
        return item
    values = dict(_mapping(item))
    task_id = values.pop("id", None)
    parsed: dict[str, Any] = {}
    extra = values.pop("extra", None)
    if isinstance(extra, Mapping):
        parsed["extra"] = {_check_own(key, _TASK_FIELDS): _plain(value) for key, value in extra.items()}
    for name, value in values.items():
        field = _TASK_FIELDS.get(name)
        if field is None:
            nearest = find_nearest(name, list(_TASK_FIELDS))
            raise InvalidValue(f"a task has no {name!r}", f"did you mean `{nearest}`?" if nearest else "")
        if value is not None:
            parsed[name] = _parse(field.kind, f"tasks.{name}", _text(f"tasks.{name}", value))
    if task_id is not None and not isinstance(task_id, str):
        raise InvalidValue(f"a task's id is text, not {task_id!r}", "")
    if "title" not in parsed:
        raise InvalidValue("a task needs a title", "")
    return Task(id=check_id(task_id) if task_id else make_id(parsed["title"]), **parsed)


def revise_fields(milestone: Milestone, values: Mapping[str, Any]) -> Milestone:
    """The milestone with these fields replaced; `x.KEY` names a custom key, None unsets.

    `extra` is a mapping of further custom keys, as `to_json` has it: there, None is a value, that of a bare `key:`.

    Raises:
        InvalidRequest: A key is no field. InvalidValue: a value does not fit.
    """
    changes: dict[str, Any] = {}
    extra = dict(milestone.extra)
    for name, value in values.items():
        if name.startswith(_CUSTOM) and len(name) > len(_CUSTOM):
            key = _check_own(name[len(_CUSTOM) :], FIELDS)
            if value is None:
                extra.pop(key, None)
            else:
                extra[key] = _plain(value)
        elif name == "extra" and isinstance(value, Mapping):
            extra |= {_check_own(key, FIELDS): _plain(item) for key, item in value.items()}
        elif name in FIELDS:
            changes[name] = parse_field(name, value)
        else:
            nearest = find_nearest(name, list(FIELDS))
            meant = f"did you mean `{nearest}`? " if nearest else ""
            raise InvalidRequest(f"{name!r} is no field", f"{meant}a key of your own is x.{name}")
    return milestone._replace(**changes, extra=extra)


def _check_own(key: str, fields: Mapping[str, Field]) -> str:
    """A key of the user's own: whatever a file can have beside its fields."""
    if key in fields or not is_key(key):
        raise InvalidRequest(f"{key[:80]!r} can't be a key of your own", "choose another")
    return key


def _plain(value: Any) -> Any:
    """JSON's types as a file holds them: text, lists and mappings."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_json(milestone: Milestone) -> dict[str, Any]:
    """A milestone in JSON's types, with every key that a file can have, null or empty where unset; its own in `extra`.

    `parse_field` reads each of its values.
    """
    values = {field.name: field_to_json(field, getattr(milestone, field.name)) for field in MILESTONE_FIELDS}
    return {"id": milestone.id, **values, "extra": dict(milestone.extra)}


def task_to_json(task: Task) -> dict[str, Any]:
    values = {field.name: field_to_json(field, getattr(task, field.name)) for field in TASK_FIELDS}
    return {"id": task.id, **values, **({"extra": dict(task.extra)} if task.extra else {})}


def field_to_json(field: Field, value: Any) -> Any:
    match field.shape:
        case "labels":
            return list(value)
        case "dependencies":
            return [{"id": dependency.id, "type": dependency.type} for dependency in value]
        case "tasks":
            return [task_to_json(task) for task in value]
    return None if value is None else field.kind.to_json(value)


def fingerprint(milestone: Milestone) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal: the same for equal milestones, whatever made them. O(size)."""
    from hashlib import sha256

    from gitmilestone.model.text.encode import encode

    return sha256(encode(milestone)).hexdigest()
