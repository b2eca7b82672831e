"""What can stand at the end of a command line that is being typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitmilestone.faces.cli.spec import Argument, Command, Completes, Option
from gitmilestone.faces.cli.table import GROUPS, find_command, iter_commands
from gitmilestone.faces.cli.tables.options import PRIORITIES, STATUSES

TERMS: dict[str, tuple[str, ...]] = {
    "status": (*STATUSES, "open", "closed"),
    "priority": PRIORITIES,
    "is": ("blocked", "ready", "overdue"),
    "due": ("today", "tomorrow", "none"),
    "sort": ("due", "priority", "progress", "title", "created"),
}
NAMES: dict[str, Completes] = {
    "project": "project",
    "owner": "owner",
    "label": "label",
    "depends_on": "id",
    "id": "id",
}


class Place(NamedTuple):
    """The last word of a command line.

    Attributes:
        typed: What there is of the word, or of the value behind `--option=`.
        lead: What stands before that in the same word: `--option=`, `-label:`, or "".
        words: (word, explanation) of all that is known without looking anywhere.
        completes: What else to look for.
        milestone: The id before it, for its tasks.
        directories: Those of `-C`.
    """

    typed: str
    lead: str = ""
    words: tuple[tuple[str, str], ...] = ()
    completes: Completes = ""
    milestone: str = ""
    directories: tuple[str, ...] = ()


def locate(line: Sequence[str]) -> Place:
    """Finds out what is being typed.

    Args:
        line: The words after `git milestone`; the last one is unfinished, maybe empty.
    """
    *before, typed = line or [""]
    directories: list[str] = []
    while before[:1] == ["-C"]:
        if len(before) == 1:
            return Place(typed, completes="directory", directories=tuple(directories))
        directories.append(before[1])
        del before[:2]
    return _locate_in(before, typed)._replace(directories=tuple(directories))


def _locate_in(before: list[str], typed: str) -> Place:
    depth = 2 if before and before[0] in GROUPS else 1
    if len(before) < depth:
        return Place(typed, words=tuple(_iter_commands(before)))
    command = find_command(tuple(before[:depth]))
    return Place(typed) if command is None else _locate_word(command, before[depth:], typed)


def _iter_commands(group: list[str]) -> Iterator[tuple[str, str]]:
    if group:
        yield from ((each.path[1], each.summary) for each in iter_commands() if each.path[:1] == tuple(group[:1]))
        return
    yield from ((each.path[0], each.summary) for each in iter_commands() if len(each.path) == 1 and each.section)
    yield from GROUPS.items()


def _locate_word(command: Command, before: Sequence[str], typed: str) -> Place:
    options = {flag: option for option in command.options for flag in option.flags}
    given: set[str] = set()
    positional: list[str] = []
    pending: Option | None = None
    is_literal = False
    for word in before:
        if pending is not None:
            pending = None
        elif is_literal or word[:1] != "-" or word == "-":
            positional.append(word)
        elif word == "--":
            is_literal = True
        else:
            flag, joined, _ = word.partition("=")
            option = options.get(flag)
            given |= {option.name} if option else set()
            pending = option if option and option.kind != "flag" and not joined else None
    if pending is not None:
        return _locate_value(pending, typed)
    flag, joined, value = typed.partition("=")
    if joined and flag in options and not is_literal:
        return _locate_value(options[flag], value)._replace(lead=f"{flag}=")
    is_negated_term = command.takes_query and len(typed) > 1 and typed[1] != "-"
    if typed[:1] == "-" and not is_literal and not is_negated_term:
        return Place(typed, words=tuple(_iter_flags(command, given)))
    return _locate_argument(command.arguments, positional, typed)


def _iter_flags(command: Command, given: set[str]) -> Iterator[tuple[str, str]]:
    for option in command.options:
        if option.many or option.name not in given:
            yield option.flags[-1], option.explanation
    yield "--help", "Show this message and exit."


def _locate_value(option: Option, typed: str) -> Place:
    return Place(typed, words=tuple((word, "") for word in option.choices), completes=option.completes)


def _locate_argument(arguments: Sequence[Argument], positional: Sequence[str], typed: str) -> Place:
    if len(positional) >= len(arguments) and not (arguments and arguments[-1].many):
        return Place(typed)
    argument = arguments[min(len(positional), len(arguments) - 1)]
    if argument.query:
        return _locate_term(typed)
    words = tuple((word, "") for word in argument.choices)
    return Place(typed, words=words, completes=argument.completes, milestone=next(iter(positional), ""))


def _locate_term(typed: str) -> Place:
    """A query's term; nobody but its author knows what comes behind any other field."""
    sign = typed[: typed[:1] == "-"]
    field, colon, value = typed.removeprefix("-").partition(":")
    if not colon:
        return Place(field, sign, tuple((f"{name}:", "") for name in (*TERMS, *NAMES)))
    words = tuple((word, "") for word in TERMS.get(field, ()))
    return Place(value, f"{sign}{field}:", words, NAMES.get(field, ""))
