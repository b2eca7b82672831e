"""Reads a well-formed command line without click, whose import costs more than most commands.

Whatever it does not understand, help included, it leaves to click, which is the authority: a test holds
the two equal on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitmilestone.faces.cli.spec import Argument, Command, Option, Parsed
from gitmilestone.faces.cli.table import GROUPS, find_command


class _NotUnderstoodError(Exception):
    pass


def parse(argv: Sequence[str]) -> Parsed | None:
    """Understands the words after `git milestone`, or returns None."""
    words = list(argv)
    directories = []
    while len(words) > 1 and words[0] == "-C":
        directories.append(words[1])
        del words[:2]
    depth = 2 if words and words[0] in GROUPS else 1
    command = find_command(tuple(words[:depth]))
    if command is None:
        return None
    try:
        values = _parse_values(command, words[depth:])
    except _NotUnderstoodError:
        return None
    return Parsed(command, values, tuple(directories))


def spell_negations(words: Sequence[str]) -> list[str]:
    """Makes `-owner:ana` among a query's words `NOT owner:ana`, which nobody takes for an option."""
    spelled = list(words)
    for place, word in enumerate(spelled):
        if word == "--":
            break
        field, colon, _ = word[1:].partition(":")
        if word[:1] == "-" and colon and field.replace("_", "").replace(".", "").isalnum():
            spelled[place] = f"NOT {word[1:]}"
    return spelled


def _parse_values(command: Command, words: Sequence[str]) -> dict[str, Any]:
    options = {flag: option for option in command.options for flag in option.flags}
    values: dict[str, Any] = {option.name: _absent(option) for option in command.options}
    positional: list[str] = []
    rest = spell_negations(words)[::-1] if command.takes_query else list(words[::-1])
    while rest:
        word = rest.pop()
        if word == "--":
            positional += rest[::-1]
            break
        if word[:1] != "-" or word == "-":
            positional.append(word)
            continue
        option, value = _split_option(word, options)
        if option.kind == "flag":
            if value is not None:
                raise _NotUnderstoodError
            values[option.name] = True
            continue
        if value is None:
            if not rest:
                raise _NotUnderstoodError
            value = rest.pop()
        _keep(option, value, values)
    values.update(_place(command.arguments, positional))
    if command.find_clash(values):
        raise _NotUnderstoodError
    return values


def _absent(option: Option) -> Any:
    if option.kind == "flag":
        return False
    return () if option.many else None


def _split_option(word: str, options: dict[str, Option]) -> tuple[Option, str | None]:
    """`--limit`, `--limit=5`, `-n` or `-n5` -> the option, and the value that is joined to it."""
    if word[:2] == "--":
        flag, joined, value = word.partition("=")
    else:
        flag, value = word[:2], word[2:]
        joined = value
    if flag not in options:
        raise _NotUnderstoodError
    return options[flag], value if joined else None


def _keep(option: Option, text: str, values: dict[str, Any]) -> None:
    value: str | int = text
    if option.kind == "integer":
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise _NotUnderstoodError
        value = int(text)
    elif option.kind == "choice" and text not in option.choices:
        raise _NotUnderstoodError
    values[option.name] = (*values[option.name], value) if option.many else value


def _place(arguments: Sequence[Argument], words: list[str]) -> dict[str, Any]:
    """Hands positional words out, in order; only the last argument may take many."""
    values: dict[str, Any] = {}
    left = words
    for argument in arguments:
        taken, left = (left, []) if argument.many else (left[:1], left[1:])
        if argument.required and not taken:
            raise _NotUnderstoodError
        if argument.choices and any(word not in argument.choices for word in taken):
            raise _NotUnderstoodError
        values[argument.name] = tuple(taken) if argument.many else next(iter(taken), None)
    if left:
        raise _NotUnderstoodError
    return values
