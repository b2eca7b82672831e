"""The manual page git-milestone(1), written from the table of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.table import PROGRAM, SECTIONS, SUMMARY, iter_commands
from gitmilestone.faces.cli.topics import DESCRIPTION, iter_topics

_QUOTED = re.compile("`([^`]*)`")


def format_manual(version: str) -> str:
    """The page in roff. The same version gives the same text: no date is in it."""
    return "\n".join(_iter_lines(version)) + "\n"


def _iter_lines(version: str) -> Iterator[str]:
    yield f'.TH GIT-MILESTONE 1 "" "git milestone {_escape(version)}" "Git Manual"'
    # No hyphenation, no stretched lines: most words here are things to type.
    yield from (".nh", ".ad l")
    yield from (".SH NAME", rf"git\-milestone \- {_escape(SUMMARY)}")
    yield from (".SH SYNOPSIS", rf"\fB{PROGRAM}\fR [\fB\-C\fR \fIDIR\fR] \fICOMMAND\fR [\fIARGUMENT\fR...]")
    yield ".SH DESCRIPTION"
    yield from list(_iter_paragraphs(DESCRIPTION))[1:]
    for section, title in SECTIONS.items():
        yield f".SH {title.upper()}"
        for command in iter_commands():
            if command.section == section:
                yield from _iter_command(command)
    for title, entries in iter_topics():
        yield f".SH {title.upper()}"
        for term, text in entries:
            yield from (".TP", rf"\fB{_escape(term)}\fR", _mark(text))
    yield from (".SH SEE ALSO", r"\fBgit\fR(1)")


def _iter_command(command: Command) -> Iterator[str]:
    yield rf".SS {_escape(f'{PROGRAM} {command.name} {command.synopsis}'.rstrip())}"
    yield _mark(f"{command.summary}.")
    yield from _iter_paragraphs(command.doc.split("\n\n") if command.doc else ())
    for argument in command.arguments:
        yield from (".TP", _mark_argument(argument), _mark(argument.doc))
    for option in command.options:
        yield from (".TP", _mark_option(option), _mark(option.explanation))
    for says, line in command.examples:
        yield from (".PP", _mark(f"{says}:"), ".RS 4", ".nf", _escape(line), ".fi", ".RE")


def _iter_paragraphs(paragraphs: tuple[str, ...] | list[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from (".PP", _mark(paragraph))


def _mark_argument(argument: Argument) -> str:
    return rf"\fI{_escape(argument.metavar)}\fR"


def _mark_option(option: Option) -> str:
    flags = ", ".join(rf"\fB{_escape(flag)}\fR" for flag in option.flags)
    return rf"{flags} \fI{_escape(option.value)}\fR" if option.value else flags


def _mark(text: str) -> str:
    """Text with `quoted` words in bold, in short lines."""
    pieces = _QUOTED.split(text)
    marked = [rf"\fB{_escape(piece)}\fR" if place % 2 else _escape(piece) for place, piece in enumerate(pieces)]
    lines = wrap("".join(marked), 79, break_on_hyphens=False, break_long_words=False)
    return "\n".join(_protect(line) for line in lines)


def _escape(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti").replace("^", r"\(ha")
    return _protect(text)


def _protect(line: str) -> str:
    """A line that starts with a dot or a quote would be a request."""
    return rf"\&{line}" if line[:1] in (".", "'") else line
