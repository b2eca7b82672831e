"""What a project asks of its milestones: the `check` section of `config/project.yaml`."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from gitmilestone.model.milestone import Status
from gitmilestone.model.problem import CODES, Problem

Level = Literal["error", "warning", "off"]
_LEVELS: tuple[Level, ...] = ("off", "warning", "error")


class CheckSettings(NamedTuple):
    """Attributes:
    severities: Code of a rule -> its severity, or `off`; rules that are not in it have that of CODES.
    required: Status -> the fields that have to be set in it.
    transitions: Status -> those that it may become; one that is not in it may become any.
    """

    severities: Mapping[str, Level] = {}
    required: Mapping[Status, tuple[str, ...]] = {}
    transitions: Mapping[Status, tuple[Status, ...]] = {}

    def allows(self, old: Status, new: Status) -> bool:
        """Whether a milestone may go from one status to another."""
        return old == new or old not in self.transitions or new in self.transitions[old]

    def get_level(self, code: str) -> Level:
        return self.severities.get(code, CODES[code][0])

    def is_error(self, code: str) -> bool:
        return self.get_level(code) == "error"

    def judge(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The same with the project's severities, without those that it has switched off."""
        for problem in problems:
            severity = self.severities.get(problem.code)
            if severity is None or severity == CODES[problem.code][0]:
                yield problem
            elif severity != "off":
                yield problem._replace(set_to=severity)

    def join_strictly(self, other: "CheckSettings") -> "CheckSettings":
        """What is right only where it is right by both."""
        codes = {*self.severities, *other.severities}
        levels = {code: max(self.get_level(code), other.get_level(code), key=_LEVELS.index) for code in codes}
        required = {
            status: tuple(dict.fromkeys((*self.required.get(status, ()), *other.required.get(status, ()))))
            for status in (*self.required, *other.required)
        }
        transitions = dict(other.transitions)
        for status, allowed in self.transitions.items():
            held = transitions.get(status)
            transitions[status] = allowed if held is None else tuple(one for one in allowed if one in held)
        return CheckSettings(levels, required, transitions)
