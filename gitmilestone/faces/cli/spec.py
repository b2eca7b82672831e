"""What a command looks like: the values that `table` is made of.

Parsing, help, the manual page, shell completion and docs/commands.md are all read from them.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import Literal, NamedTuple

from gitmilestone.faces.context import Values

Completes = Literal["", "id", "task", "revision", "file", "directory", "project", "owner", "label", "rule"]


class Argument(NamedTuple):
    """A positional argument.

    Attributes:
        name: Its key among the values.
        many: It takes all that is left: a tuple, of at least one where it is required.
        query: Its words are a query, so `-owner:ana` among them is a term and no option.
    """

    name: str
    doc: str
    required: bool = True
    many: bool = False
    choices: tuple[str, ...] = ()
    completes: Completes = ""
    query: bool = False

    @property
    def metavar(self) -> str:
        """As in a synopsis: `ID`, `[DIR]`, `ID...`."""
        shown = self.name.upper() + ("..." if self.many else "")
        return shown if self.required else f"[{shown}]"


class Option(NamedTuple):
    """An option.

    Attributes:
        flags: Its spellings, the long one last, which gives it its name.
        doc: One sentence; "" where it is the one of `field`.
        kind: `flag` is True or False, `integer` is 0 or more, `choice` is one of `choices`.
        many: It may be given again: a tuple. Otherwise the last one counts.
        metavar: How its value is called; "" where `kind` says enough.
        field: The milestone's field that it is about.
        key: Its key among the values, where that is not simply its name.
    """

    flags: tuple[str, ...]
    doc: str = ""
    kind: Literal["flag", "text", "integer", "choice"] = "text"
    choices: tuple[str, ...] = ()
    many: bool = False
    metavar: str = ""
    completes: Completes = ""
    field: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """Its key among the values: `due_before` for `--due-before`."""
        return self.key or self.flags[-1].lstrip("-").replace("-", "_")

    @property
    def value(self) -> str:
        """What stands for its value in a synopsis: "" for a flag."""
        if self.kind == "flag":
            return ""
        if self.metavar:
            return self.metavar
        if self.kind == "choice":
            return "|".join(self.choices)
        return "N" if self.kind == "integer" else self.name.upper()

    @property
    def spelling(self) -> str:
        """`-n, --limit N`."""
        return f"{', '.join(self.flags)} {self.value}".rstrip()

    @property
    def explanation(self) -> str:
        """`doc`, or what the list of fields says of its field (which costs an import)."""
        doc = self.doc
        if not doc:
            from gitmilestone.model.fields import FIELDS

            doc = FIELDS[self.field].doc
        return f"{doc} May be given again." if self.many else doc


class Command(NamedTuple):
    """A command of `git milestone`.

    Attributes:
        path: Its words: ("list",), ("task", "add").
        summary: One line, without a full stop.
        doc: Paragraphs, a blank line between them.
        run: `package.module:function`, imported when the command runs; the function takes a Context
            and Values, and returns the exit status.
        examples: (what it does, the command line).
        exclusive: Names of options of which one at most may be given.
        section: A key of `table.SECTIONS`; "" hides the command.
    """

    path: tuple[str, ...]
    summary: str
    run: str
    doc: str = ""
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    section: str = ""

    @property
    def name(self) -> str:
        return " ".join(self.path)

    @property
    def takes_query(self) -> bool:
        return any(argument.query for argument in self.arguments)

    @property
    def synopsis(self) -> str:
        """What stands behind its name: `[OPTION...] ID TASK...`."""
        options = ["[OPTION...]"] if self.options else []
        return " ".join([*options, *(argument.metavar for argument in self.arguments)])

    def find_clash(self, values: Values) -> tuple[str, ...]:
        """Options that were given and exclude each other; () where none do."""
        for names in self.exclusive:
            given = tuple(name for name in names if values[name] not in (None, False))
            if len(given) > 1:
                return given
        return ()


class Parsed(NamedTuple):
    """A command line that has been understood.

    Attributes:
        directories: Those of `-C`, each as seen from the one before.
    """

    command: Command
    values: Values
    directories: tuple[str, ...] = ()
