"""What a terminal gets: nothing that it would obey, nothing that runs over its edge."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.terminal import (
    Progress,
    Style,
    cut,
    measure,
    neutralise,
    neutralise_all_but_colours,
    wants_colour,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_OBEYED = {*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0)), *"\u202e\u2066\u200f\u2028"} - {
    "\n",
    "\t",
}


@given(st.text())
def test_nothing_obeyed_is_left(text: str) -> None:
    assert not _OBEYED & set(neutralise(text))
    assert neutralise(neutralise(text)) == neutralise(text)


@given(TEXTS)
def test_harmless_text_stays(text: str) -> None:
    if text.isprintable():
        assert neutralise(text) == text


def test_escapes_are_shown() -> None:
    assert neutralise("a\x1b]0;owned\x07b") == "a\\x1b]0;owned\\x07b"
    assert neutralise("\u202etxt.exe") == "\\u202etxt.exe"
    assert neutralise_all_but_colours("\x1b[31mred\x1b[m \x1b[2J\x9b") == "\x1b[31mred\x1b[m \\x1b[2J\\x9b"


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0), ("a\u200db", 2), ("ｱ", 1)]
)
def test_columns(text: str, columns: int) -> None:
    assert measure(text) == columns


@given(TEXTS, st.integers(1, 30))
def test_a_cut_text_fits(text: str, columns: int) -> None:
    assert measure(cut(text, columns)) <= columns
    if measure(text) <= columns:
        assert cut(text, columns) == text


@pytest.mark.parametrize(
    ("config", "environ", "is_terminal", "wanted"),
    [
        ({}, {"TERM": "xterm"}, True, True),
        ({}, {"TERM": "xterm"}, False, False),
        ({}, {"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({}, {"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({}, {"TERM": "dumb"}, True, False),
        ({"color.ui": "never"}, {"TERM": "xterm"}, True, False),
        ({"color.ui": "false"}, {"TERM": "xterm"}, True, False),
        ({"color.ui": "always"}, {}, False, True),
        ({"color.ui": "never", "color.milestone": "auto"}, {"TERM": "xterm"}, True, True),
        ({"color.milestone": ""}, {"TERM": "xterm"}, True, False),
        ({"color.milestone": "always"}, {"NO_COLOR": "1"}, False, True),
    ],
)
def test_colour(config: dict[str, str], environ: dict[str, str], is_terminal: bool, wanted: bool) -> None:
    assert wants_colour(config, environ, is_terminal) is wanted


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5), st.integers(40, 120))
def test_a_table_has_one_line_a_row_and_fits(rows: list[tuple[str, str, str]], columns: int) -> None:
    cells = [[Cell(text[:8]) for text in row[:2]] + [Cell(row[2] or "x")] for row in rows]
    lines = align(("A", "B", "C"), cells, Style(is_terminal=True, columns=columns)).splitlines()
    assert len(lines) == len(rows) + 1


def test_a_long_title_is_cut_at_the_edge() -> None:
    text = align(("ID", "TITLE"), [[Cell("a"), Cell("word " * 20)]], Style(columns=40))
    assert max(map(measure, text.splitlines())) <= 40
    assert text.endswith("…\n")


def test_unset_columns_are_left_out() -> None:
    rows = [[Cell("a"), Cell(""), Cell("t")], [Cell("bb"), Cell(""), Cell("u")]]
    assert align(("ID", "DUE", "TITLE"), rows, Style()) == "ID  TITLE\na   t\nbb  u\n"
    assert align(("ID", "DUE", "TITLE"), [], Style()) == ""


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_silent_in_a_pipe_and_for_short_work() -> None:
    for stream, delay in ((io.StringIO(), 0.0), (_Screen(), 60.0)):
        with Progress(stream, "Reading", 2, delay) as progress:
            progress.advance()
            progress.advance()
        assert stream.getvalue() == ""


def test_progress_shows_itself_on_a_terminal() -> None:
    screen = _Screen()
    with Progress(screen, "Reading", 4, -1.0) as progress:
        progress.advance()
        progress.advance(3)
    assert "25% (1/4)" in screen.getvalue()
    assert screen.getvalue().endswith("100% (4/4), done.\n")
