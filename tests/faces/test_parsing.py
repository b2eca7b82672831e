"""click is the authority on command lines; the quick parser must never disagree with it."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.faces.cli import click_app, quick
from gitmilestone.faces.cli.spec import Command, Option, Parsed
from gitmilestone.faces.cli.table import iter_commands

_ODD = (
    "--",
    "-",
    "",
    "-h",
    "-n5",
    "-n",
    "--limit=7",
    "--json",
    "-owner:ana",
    "-f",
    "-C",
    "--at=",
    "-mx",
    "+5",
    "7",
)
_WORDS = st.sampled_from(_ODD) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def _parse_with_click(words: list[str]) -> Parsed | None:
    try:
        parsed = click_app.parse(words)
    except click.ClickException:
        return None
    return parsed if isinstance(parsed, Parsed) else None


def _option_words(option: Option) -> st.SearchStrategy[list[str]]:
    flag = st.sampled_from(option.flags)
    if option.kind == "flag":
        return flag.map(lambda spelled: [spelled])
    value = _WORDS
    if option.kind == "integer":
        value = st.integers(0, 99).map(str) | _WORDS
    elif option.kind == "choice":
        value = st.sampled_from(option.choices) | _WORDS
    return st.tuples(flag, value, st.booleans()).map(
        lambda drawn: [f"{drawn[0]}={drawn[1]}"] if drawn[2] and drawn[0].startswith("--") else [drawn[0], drawn[1]]
    )


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    command: Command = draw(st.sampled_from(list(iter_commands())))
    pieces = [_WORDS.map(lambda word: [word]), *map(_option_words, command.options)]
    rest = draw(st.lists(st.one_of(pieces), max_size=6))
    before = draw(st.sampled_from([[], ["-C", "there"], ["-C", "a", "-C", "b"]]))
    return [*before, *command.path, *(word for piece in rest for word in piece)]


@given(command_lines())
def test_the_quick_parser_says_what_click_says(words: list[str]) -> None:
    quickly = quick.parse(words)
    if quickly is not None:
        assert quickly == _parse_with_click(words)


@pytest.mark.parametrize(
    "line",
    [
        "list",
        "list status:open -owner:ana --limit 5 --json",
        "list -n5 --label a --label=b -- -x",
        "-C there show ship-2fa --format yaml",
        "new Title --due 2027-01-15 -m message",
        "task add ship-2fa Enrol --id enrol --weight 3",
        "task done ship-2fa a b",
        "depend add a b c --type relates",
        "complete a b --no-commit",
        "apply -",
        "diff main",
        "completion zsh",
        "__complete -- task done ",
    ],
)
def test_well_formed_lines_need_no_click(line: str) -> None:
    quickly = quick.parse(line.split(" "))
    assert quickly is not None
    assert quickly == _parse_with_click(line.split(" "))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-h",
        "--version",
        "list -h",
        "lsit",
        "task",
        "edit",
        "show a b",
        "list --limit x",
        "list --limit -1",
        "list --format xml",
        "list --staged --at HEAD",
        "list --json --format csv",
        "list --staged=yes",
        "new",
        "completion tcsh",
        "complete",
        "-C",
    ],
)
def test_everything_else_is_left_to_click(line: str) -> None:
    assert quick.parse(line.split()) is None


def test_a_negated_term_is_no_option() -> None:
    parsed = quick.parse(["list", "-owner:ana", "--owner", "bo"])
    assert parsed is not None
    assert parsed.values["query"] == ("NOT owner:ana",)
    assert parsed.values["owner"] == ("bo",)
