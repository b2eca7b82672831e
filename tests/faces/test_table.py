"""The table of commands holds together, and with everything that is written from it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gitmilestone import errors
from gitmilestone.faces.cli import candidates
from gitmilestone.faces.cli.main import EXIT_CODES, find_exit_code
from gitmilestone.faces.cli.man import format_manual
from gitmilestone.faces.cli.reference import format_reference
from gitmilestone.faces.cli.spec import Command
from gitmilestone.faces.cli.table import GROUPS, SECTIONS, iter_commands
from gitmilestone.faces.cli.tables import options
from gitmilestone.model.fields import FIELDS
from gitmilestone.model.milestone import PRIORITIES, STATUSES
from gitmilestone.query.searched import ALIASES, SEARCHED

COMMANDS = tuple(iter_commands())
each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


@each_command
def test_every_command_has_its_function(command: Command) -> None:
    module, _, function = command.run.partition(":")
    assert callable(getattr(import_module(module), function))


@each_command
def test_every_value_has_one_name(command: Command) -> None:
    names = [option.name for option in command.options] + [argument.name for argument in command.arguments]
    flags = [flag for option in command.options for flag in option.flags]
    assert len(set(names)) == len(names)
    assert len(set(flags)) == len(flags)
    assert {name for group in command.exclusive for name in group} <= set(names)


@each_command
def test_every_command_is_explained(command: Command) -> None:
    assert command.section in ("", *SECTIONS)
    assert command.summary
    assert not command.summary.endswith(".")
    assert all(option.explanation.endswith(".") for option in command.options)
    assert all(argument.doc.endswith(".") for argument in command.arguments)
    assert all(option.field in ("", *FIELDS) for option in command.options)
    assert len(command.path) == 1 or command.path[0] in GROUPS
    assert not any(argument.many for argument in command.arguments[:-1])


def test_choices_are_those_of_the_model() -> None:
    assert options.STATUSES == STATUSES
    assert options.PRIORITIES == PRIORITIES


def test_completed_terms_are_those_of_queries() -> None:
    assert {*candidates.TERMS, *candidates.NAMES} <= {*SEARCHED, *ALIASES, "is", "sort"}


def _iter_kinds(kind: type[errors.MilestoneError]) -> list[type[errors.MilestoneError]]:
    return [kind, *(below for each in kind.__subclasses__() for below in _iter_kinds(each))]


@pytest.mark.parametrize("kind", _iter_kinds(errors.MilestoneError)[1:])
def test_every_error_has_its_exit_status(kind: type[errors.MilestoneError]) -> None:
    error = kind.__new__(kind)
    assert find_exit_code(error) == next(code for base, code in EXIT_CODES.items() if issubclass(kind, base))


def test_the_reference_is_up_to_date() -> None:
    committed = Path(__file__).parents[2] / "docs" / "commands.md"
    written = committed.read_text(encoding="utf-8") if committed.exists() else ""
    assert written == format_reference(), "run: python -m gitmilestone.faces.cli.reference > docs/commands.md"


def test_the_manual_names_every_command_and_option() -> None:
    page = format_manual("1.0").replace("\\-", "-")
    for command in COMMANDS:
        assert (f"git milestone {command.name}" in page) == bool(command.section)
        assert all(flag in page for option in command.options for flag in option.flags)


def test_the_manual_is_clean_roff(tmp_path: Path) -> None:
    page = tmp_path / "git-milestone.1"
    page.write_text(format_manual("1.0"), encoding="utf-8")
    try:
        command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("man is not installed")
    if "--warnings" in done.stderr:
        pytest.skip("this man can't check pages")
    assert done.stderr == ""


def test_the_manual_needs_no_third_party(tmp_path: Path) -> None:
    """The build runs where nothing is installed."""
    root = Path(__file__).parents[2]
    code = f"import sys; sys.path.insert(0, {str(root)!r})\n"
    code += "from gitmilestone.faces.cli.man import format_manual; format_manual('1')"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, cwd=tmp_path)
