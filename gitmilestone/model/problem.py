"""Located faults in milestone files."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import Any, Literal, NamedTuple, Self

from gitmilestone.errors import tell

Severity = Literal["error", "warning"]

CODES: dict[str, tuple[Severity, str]] = {
    "file-too-large": ("error", "a milestone file is larger than 1 MiB"),
    "not-utf8": ("error", "a file is not UTF-8 text"),
    "byte-order-mark": ("warning", "a file starts with a byte-order mark; the next write removes it"),
    "carriage-return": ("warning", "a file has CRLF line ends; the next write makes them LF"),
    "converted": ("error", "git's attributes change files on their way into git, where milestones are read"),
    "symbolic-link": ("error", "a file below .milestones is a symbolic link, a submodule or no plain file"),
    "unexpected-file": ("warning", "a file below .milestones is neither a milestone nor configuration"),
    "bad-id": ("error", "a file's name is not a valid milestone id"),
    "duplicate-id": ("error", "two files have the same id"),
    "case-collision": ("error", "two files whose names differ only in case, or in how an accent is written"),
    "wrong-folder": ("error", "an open milestone lies in `completed/`, the archive"),
    "wrong-layout": ("warning", "files do not lie where the project's layout has them; they are read all the same"),
    "conflict-marker": ("error", "a merge conflict was committed"),
    "yaml-syntax": ("error", "a file is not well-formed YAML"),
    "yaml-tag": ("error", "a YAML tag; every value is plain text"),
    "yaml-alias": ("error", "a YAML anchor or alias"),
    "yaml-depth": ("error", "YAML nested deeper than 32 levels"),
    "yaml-documents": ("error", "a file with more than one YAML document"),
    "not-a-mapping": ("error", "a file or a value that should be `key: value` lines and is not"),
    "duplicate-key": ("error", "a key that occurs twice; a text merge can make one"),
    "unstorable-character": ("error", "a NUL or a lone surrogate"),
    "unknown-schema": ("error", "a file written for another format version"),
    "mixed-format": ("error", "files are not in the format that the project's settings name; a merge can leave them"),
    "stray-edit": ("error", "a merge dropped an edit, or gave it to another milestone"),
    "stray-deletion": ("warning", "a merge deleted what its other side had edited, and nobody was asked"),
    "missing-field": ("error", "a field that every milestone or task has is not there"),
    "bad-value": ("error", "a value that its field can't hold"),
    "comment-in-text": ("warning", "a text ends in front of a `#`, which was most likely meant as a part of it"),
    "unknown-key": ("warning", "a key that is no field; it is kept and can be queried as x.KEY"),
    "unknown-word": ("warning", "a value outside the project's own vocabulary"),
    "required-field": ("error", "a field that the project requires of milestones in this status is not set"),
    "forbidden-transition": ("error", "a status that became another one, which the project's transitions leave out"),
    "date-order": ("warning", "a milestone is due before it starts"),
    "due-before-blocker": ("warning", "an open milestone is due before one that it waits for"),
    "open-tasks": ("warning", "a milestone is completed, and not all of its tasks are"),
    "too-many-dependencies": ("warning", "a milestone depends on more than 200 others"),
    "self-dependency": ("error", "a milestone depends on itself"),
    "dependency-cycle": ("error", "milestones that wait for each other in a circle"),
    "dangling-dependency": ("warning", "a dependency on a milestone that does not exist"),
    "ambiguous-dependency": ("error", "a dependency on another repository, whose name several have in the mirror"),
}
"""Every rule: code, its severity where the project sets no other, and what it means.

`model/rule_pages.py` has a page on each; `check`, SARIF and the documents read both.
"""


class _Fields(NamedTuple):
    path: str
    line: int
    code: str
    message: str
    hint: str = ""
    set_to: Severity | Literal[""] = ""


class Problem(_Fields):
    """A fault in a file: a value, because the other files are still served.

    Attributes:
        path: Path in the tree, `/` between its parts.
        line: From 1; 0 where the whole file is meant.
        code: A key of CODES.
        message: The fact, with the value, on one line.
        hint: The way out, or "".
        set_to: The severity that the project's settings give the rule, where that is another than it has.
    """

    __slots__ = ()

    def __new__(
        cls, path: str, line: int, code: str, message: str, hint: str = "", set_to: Severity | Literal[""] = ""
    ) -> Self:
        return super().__new__(cls, path, line, code, tell(message), tell(hint), set_to)

    @property
    def severity(self) -> Severity:
        return self.set_to or CODES[self.code][0]

    def as_values(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "path": self.path,
            "line": self.line,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "severity": self.severity,
        }

    def __str__(self) -> str:
        path = tell(self.path)
        place = f"{path}:{self.line}" if self.line else path
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.severity}: {self.message}{hint} [{self.code}]"


def errors_among(problems: tuple[Problem, ...] | list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]
