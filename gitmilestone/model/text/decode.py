"""YAML nodes -> Milestone, with a located Problem for everything that does not fit."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Mapping as Table
from typing import Any

from gitmilestone.model import formats
from gitmilestone.model.fields import FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, LABEL, LINE, BadValue, find_nearest
from gitmilestone.model.milestone import DEPENDENCY_TYPES, Dependency, DependencyType, Milestone, Task
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence, as_plain

_TASK_FIELDS = {field.name: field for field in TASK_FIELDS}
_TYPES: dict[str, DependencyType] = {kind: kind for kind in DEPENDENCY_TYPES}
# A hostile file has room for 100,000 unknown keys; looking for what each may mean would take a minute.
_HINTED_PROBLEMS = 100
_LOOKED_AT = 100


class Decoder:
    """Decodes one file. `problems` grows as it goes; a file with an error among them has no Milestone."""

    def __init__(self, path: str, known_extra: Container[str] = frozenset()) -> None:
        self.path = path
        self.known_extra = known_extra
        self.problems: list[Problem] = []
        self._text = ""

    def decode(self, milestone_id: str, root: Mapping, text: str) -> Milestone | None:
        """The milestone of a text and its root, or None where `problems` has an error."""
        self._text = text
        values, extra = self._fields(FIELDS, root, "", 1)
        self._check_schema(values.get("schema"), root)
        if self.problems and errors_among(self.problems):
            return None
        return Milestone(id=milestone_id, extra=extra, **values)

    def report(self, line: int, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.path, line, code, message, hint))

    def _fields(
        self, table: Table[str, Field], mapping: Mapping, where: str, line: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values of the fields that are set, and those of the keys that are none."""
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, entry in mapping.entries.items():
            field = table.get(name)
            node = entry.value
            if isinstance(node, Scalar) and (field is None or field.kind in (LINE, BLOCK)):
                self._look_behind(node, where + name)
            if field is None:
                self._check_key(name, entry, where, table)
                extra[name] = as_plain(node)
            elif not isinstance(node, Scalar):
                values[name] = self._collection(field, node, where + name)
            elif node.is_null:
                continue
            elif field.shape != "scalar":
                self._refuse_shape(field, node, where + name)
            else:
                text = node.text if field.kind is BLOCK else node.as_line
                values[name] = self._value(field, text, node.line, where + name)
        for field in table.values():
            if field.required and field.name not in values:
                absent = mapping.entries.get(field.name)
                at = absent.key.line if absent else line
                hint = f"add a line `{field.name}: {formats.NEWEST if field.name == 'schema' else '...'}`"
                self.report(at, "missing-field", f"`{where}{field.name}` is missing", hint)
        return values, extra

    def _runs_on(self, item: Node, name: str) -> bool:
        """Reports an item that took the next for its second line, as YAML has it where that is indented deeper."""
        if not isinstance(item, Scalar) or item.style or " - " not in item.text:
            return False
        if not any(line.lstrip().startswith("- ") for line in self._text[item.start : item.end].split("\n")[1:]):
            return False
        message = f"two items of `{name}` are one text to YAML, for the second is indented deeper"
        self.report(item.line, "bad-value", message, "indent all items of a list alike")
        return True

    def _look_behind(self, node: Scalar, name: str) -> None:
        """Reports what was most likely meant to be a part of the text: `title: Update #2`."""
        if node.style:
            return
        # Bounded, for a line may hold as many texts as a file has room for.
        behind = self._text[node.end : node.end + _LOOKED_AT].partition("\n")[0].strip()
        if behind[:1] == "#" and behind[1:2] not in ("", " ", "\t", "#"):
            told = f"`{name}` ends in front of" if node.text else f"`{name}` is empty in front of"
            hint = "put the whole value in quotes; a comment that is meant has a space behind its `#`"
            message = f"{told} `{behind[:40]}`, which is a comment to YAML"
            self.report(node.line, "comment-in-text", message, hint)

    def _value(self, field: Field, text: str, line: int, name: str) -> Any:
        try:
            return field.kind.parse(text)
        except BadValue as fault:
            self.report(line, "bad-value", f"`{name}` {fault.message}", fault.hint)
            return None

    def _collection(self, field: Field, node: Sequence | Mapping, name: str) -> Any:
        if field.shape == "tasks" and isinstance(node, Mapping):
            return tuple(filter(None, map(self._task, node.entries.values())))
        if field.shape == "labels" and isinstance(node, Sequence):
            return self._labels(name, node)
        if field.shape == "dependencies" and isinstance(node, Sequence):
            return self._dependencies(name, node)
        return self._refuse_shape(field, node, name)

    def _refuse_shape(self, field: Field, node: Node, name: str) -> None:
        message, hint = f"`{name}` is a list", "write one item a line, each after `  - `"
        if field.shape == "scalar":
            message, hint = f"`{name}` is {field.kind.name}, not a list or mapping", ""
        elif field.shape == "tasks":
            message, hint = f"`{name}` is a mapping of tasks", "write `  task-id:`, then its fields below"
        self.report(node.line, "bad-value", message, hint)

    def _labels(self, name: str, node: Sequence) -> tuple[str, ...]:
        labels: set[str] = set()
        for item in node.items:
            if self._runs_on(item, name):
                continue
            if isinstance(item, Scalar):
                self._look_behind(item, name)
                labels.add(self._value(FIELDS["labels"], item.as_line, item.line, name) or "")
            else:
                self.report(item.line, "bad-value", f"an item of `{name}` is a {LABEL.name}, no list or mapping")
        return tuple(sorted(labels))

    def _dependencies(self, name: str, node: Sequence) -> tuple[Dependency, ...]:
        found: dict[str, Dependency] = {}
        for item in node.items:
            dependency = None if self._runs_on(item, name) else self._dependency(name, item)
            if dependency and found.setdefault(dependency.id, dependency) != dependency:
                message = f"`{name}` has {dependency.id!r} twice, with two types"
                self.report(item.line, "bad-value", message, "keep the right one")
        return tuple(found[key] for key in sorted(found))

    def _dependency(self, name: str, item: Node) -> Dependency | None:
        parts = _split_dependency(item)
        if parts is None:
            message = f"an item of `{name}` is an id, `repository:id`, or `id: relates`"
            self.report(item.line, "bad-value", message, "like `- session-store-9k2d`")
            return None
        target, word = parts
        valid = self._value(FIELDS["depends_on"], target, item.line, name)
        kind = _TYPES.get(word)
        if kind is None:
            nearest = find_nearest(word, DEPENDENCY_TYPES)
            message = f"`{name}` has the types {', '.join(DEPENDENCY_TYPES)}, not {word[:40]!r}"
            self.report(item.line, "bad-value", message, f"did you mean `{nearest}`?" if nearest else "")
        return Dependency(valid, kind) if valid and kind else None

    def _task(self, entry: Entry) -> Task | None:
        name = entry.key.text
        fault = self._value(FIELDS["tasks"], name, entry.key.line, "tasks") is None
        if not isinstance(entry.value, Mapping):
            hint = "write `    title: ...` below it"
            self.report(entry.key.line, "bad-value", f"the task {name[:40]!r} has no fields", hint)
            return None
        values, extra = self._fields(_TASK_FIELDS, entry.value, f"tasks.{name}.", entry.key.line)
        return None if fault or "title" not in values else Task(id=name, extra=extra, **values)

    def _check_key(self, name: str, entry: Entry, where: str, known: Table[str, Field]) -> None:
        if name in self.known_extra:
            return
        hint = "name it under `fields` in config/project.yaml if it is meant"
        if len(self.problems) < _HINTED_PROBLEMS and (nearest := find_nearest(name, known)):
            hint = f"did you mean `{nearest}`?"
        self.report(entry.key.line, "unknown-key", f"`{where}{name}` is no field", hint)

    def _check_schema(self, version: int | None, root: Mapping) -> None:
        if version is not None and version != formats.NEWEST:
            self.report(
                root.entries["schema"].value.line,
                "unknown-schema",
                f"`schema` is {version}; this version of git milestone reads {formats.describe_known()}",
                "install the version that wrote it",
            )


def _split_dependency(item: Node) -> tuple[str, str] | None:
    """The id and the type's word."""
    if isinstance(item, Scalar):
        return item.as_line, "blocks"
    if isinstance(item, Mapping) and len(item.entries) == 1:
        (entry,) = item.entries.values()
        if isinstance(entry.value, Scalar):
            return entry.key.text, entry.value.as_line
    return None
