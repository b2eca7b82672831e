"""Every command of `git milestone`: the one table that parsing, help, the manual and completion read.

A section is a module, so that a command line costs the import of few of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from gitmilestone.faces.cli.spec import Command
from gitmilestone.faces.cli.tables.options import FIELD_OPTIONS

PROGRAM = "git milestone"
SUMMARY = "milestones that live in git"

SECTIONS: dict[str, str] = {
    "start": "Start",
    "read": "Look at milestones",
    "plan": "Plan",
    "write": "Change milestones",
    "bulk": "Many at once",
    "team": "Work together",
    "project": "Keep the project in order",
}
"""Module -> title, in the order in which they are shown."""

GROUPS: dict[str, str] = {
    "task": "Change the tasks of a milestone",
    "depend": "Change what a milestone waits for",
    "hooks": "Let git check milestones, and keep answers fast, by its hooks",
    "index": "Look after the local index, which makes reading fast",
}

_SOUGHT = ("read", "write", "hidden", "plan", "team", "bulk", "project", "start")
"""The most used first."""


def find_command(path: tuple[str, ...]) -> Command | None:
    found = next((command for section in _SOUGHT for command in _read(section) if command.path == path), None)
    return found and _complete(found)


def iter_commands() -> Iterator[Command]:
    """All of them, as they are shown; the hidden ones last."""
    for section in (*SECTIONS, "hidden"):
        yield from map(_complete, _read(section))


def _read(section: str) -> tuple[Command, ...]:
    module = f"gitmilestone.faces.cli.tables.{section}"
    __import__(module)
    commands: tuple[Command, ...] = sys.modules[module].COMMANDS
    return commands


def _complete(command: Command) -> Command:
    """The command, with the options that derive from the list of fields."""
    if FIELD_OPTIONS not in command.options:
        return command
    from gitmilestone.faces.cli.tables.fields import field_options

    at = command.options.index(FIELD_OPTIONS)
    return command._replace(options=(*command.options[:at], *field_options(), *command.options[at + 1 :]))
