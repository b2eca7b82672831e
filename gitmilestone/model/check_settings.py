"""What a project asks of its milestones: the `check` section of `config/project.yaml`."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from gitmilestone.model.fields import EDITABLE_FIELDS
from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.milestone import STATUSES, Status
from gitmilestone.model.problem import CODES, Problem
from gitmilestone.model.text.yaml_nodes import Mapping as MappingNode
from gitmilestone.model.text.yaml_nodes import Node, Scalar, Sequence

Setting = Literal["error", "warning", "off"]
_SETTINGS: tuple[Setting, ...] = ("error", "warning", "off")
_GROUPS = ("severities", "required", "transitions")
_FIELDS = tuple(field.name for field in EDITABLE_FIELDS)


class CheckSettings(NamedTuple):
    """Attributes:
    severities: Code of a rule -> its severity, or `off`; rules that are not in it have that of CODES.
    required: Status -> the fields that have to be set in it.
    transitions: Status -> those that it may become; one that is not in it may become any.
    """

    severities: Mapping[str, Setting] = {}
    required: Mapping[Status, tuple[str, ...]] = {}
    transitions: Mapping[Status, tuple[Status, ...]] = {}

    def allows(self, old: Status, new: Status) -> bool:
        """Whether a milestone may go from one status to another."""
        return old == new or old not in self.transitions or new in self.transitions[old]

    def is_error(self, code: str) -> bool:
        return self.severities.get(code, CODES[code][0]) == "error"

    def judge(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The same with the project's severities, without those that it has switched off."""
        for problem in problems:
            severity = self.severities.get(problem.code)
            if severity is None or severity == CODES[problem.code][0]:
                yield problem
            elif severity != "off":
                yield problem._replace(set_to=severity)


def read_check(node: Node, path: str, own_fields: Container[str]) -> tuple[CheckSettings, list[Problem]]:
    """The settings without what is wrong in them, and what that is.

    Args:
        path: Of the file, for the problems.
        own_fields: The project's own keys of milestones.
    """
    reader = _Reader(path, own_fields)
    groups = dict(reader.list_known(node, "check", _GROUPS, "setting"))
    severities = reader.read_severities(groups.get("severities"))
    required = reader.read_required(groups.get("required"))
    transitions = reader.read_transitions(groups.get("transitions"))
    return CheckSettings(severities, required, transitions), reader.problems


class _Reader:
    def __init__(self, path: str, own_fields: Container[str]) -> None:
        self.path = path
        self.own_fields = own_fields
        self.problems: list[Problem] = []

    def read_severities(self, node: Node | None) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for code, value in self.list_known(node, "check.severities", tuple(CODES), "rule"):
            if isinstance(value, Scalar) and value.text in _SETTINGS:
                found[code] = next(one for one in _SETTINGS if one == value.text)
            else:
                self._refuse(value, f"`check.severities.{code}` is one of {', '.join(_SETTINGS)}")
        return found

    def read_required(self, node: Node | None) -> dict[Status, tuple[str, ...]]:
        """A list is meant of every status."""
        name = "check.required"
        if isinstance(node, Sequence):
            return dict.fromkeys(STATUSES, self._read_words(node, name, _FIELDS, "field", self.own_fields))
        return {
            _as_status(status): self._read_words(value, f"{name}.{status}", _FIELDS, "field", self.own_fields)
            for status, value in self.list_known(node, name, STATUSES, "status")
        }

    def read_transitions(self, node: Node | None) -> dict[Status, tuple[Status, ...]]:
        name = "check.transitions"
        return {
            _as_status(old): tuple(map(_as_status, self._read_words(value, f"{name}.{old}", STATUSES, "status")))
            for old, value in self.list_known(node, name, STATUSES, "status")
        }

    def list_known(self, node: Node | None, name: str, known: tuple[str, ...], noun: str) -> list[tuple[str, Node]]:
        """The entries that have a value and a key among the known ones."""
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return []
        if not isinstance(node, MappingNode):
            self._refuse(node, f"`{name}` is `key: value` lines")
            return []
        found = []
        for key, entry in node.entries.items():
            if key not in known:
                self._refuse_word(entry.key, f"`{name}.{key}` is no {noun}", key, known)
            elif not (isinstance(entry.value, Scalar) and entry.value.is_null):
                found.append((key, entry.value))
        return found

    def _read_words(
        self, node: Node, name: str, known: tuple[str, ...], noun: str, more: Container[str] = ()
    ) -> tuple[str, ...]:
        if not isinstance(node, Sequence):
            self._refuse(node, f"`{name}` is a list", "write one item a line, each after `  - `; `[]` is an empty one")
            return ()
        words = []
        for item in node.items:
            if not isinstance(item, Scalar):
                self._refuse(item, f"an item of `{name}` is a word")
            elif item.text in known or item.text in more:
                words.append(item.text)
            else:
                self._refuse_word(item, f"`{name}`: {item.text!r} is no {noun}", item.text, known)
        return tuple(words)

    def _refuse(self, node: Node, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.path, node.line, "bad-value", message, hint))

    def _refuse_word(self, place: Scalar, message: str, word: str, known: tuple[str, ...]) -> None:
        nearest = find_nearest(word, known)
        hint = f"did you mean `{nearest}`?" if nearest else f"known: {', '.join(known)}"
        self.problems.append(Problem(self.path, place.line, "unknown-key", message, hint))


def _as_status(word: str) -> Status:
    return next(status for status in STATUSES if status == word)
