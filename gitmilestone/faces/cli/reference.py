"""docs/commands.md, written from the table of commands: `python -m gitmilestone.faces.cli.reference`.

And docs/rules.md: `python -m gitmilestone.faces.cli.reference rules`; and the tables of settings in docs/files.md:
`python -m gitmilestone.faces.cli.reference settings`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from gitmilestone.faces.cli.spec import Command
from gitmilestone.faces.cli.table import PROGRAM, SECTIONS, iter_commands
from gitmilestone.faces.cli.topics import DESCRIPTION, iter_topics
from gitmilestone.model.rule_pages import format_pages
from gitmilestone.model.settings_schema import format_settings


def format_reference() -> str:
    """Every command, in Markdown."""
    return "\n".join(_iter_lines())


def _iter_lines() -> Iterator[str]:
    yield from ("# Commands", "")
    yield from (
        "This page is written from the commands' own table by `python -m gitmilestone.faces.cli.reference`; "
        "`git milestone --help` is the same as a manual page.",
        "",
    )
    for paragraph in DESCRIPTION:
        yield from (paragraph, "")
    for section, title in SECTIONS.items():
        yield from (f"## {title}", "")
        for command in iter_commands():
            if command.section == section:
                yield from _iter_command(command)
    for title, entries in iter_topics():
        yield from (f"## {title}", "")
        yield from (f"- `{term}`: {text}" for term, text in entries)
        yield ""


def _iter_command(command: Command) -> Iterator[str]:
    yield from (f"### {command.name}", "")
    yield from ("```", f"{PROGRAM} {command.name} {command.synopsis}".rstrip(), "```", "")
    yield from (f"{command.summary}.", "")
    if command.doc:
        yield from (command.doc, "")
    rows = [(argument.metavar, argument.doc) for argument in command.arguments]
    rows += [(option.spelling, option.explanation) for option in command.options]
    if rows:
        yield from (f"- `{term}`: {text}" for term, text in rows)
        yield ""
    for says, line in command.examples:
        yield from (f"{says}:", "", "```sh", line, "```", "")


if __name__ == "__main__":
    pages = {"rules": format_pages, "settings": format_settings}
    print(pages.get("".join(sys.argv[1:]), format_reference)(), end="")
