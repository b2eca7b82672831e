"""A review as Markdown, text and JSON: whole, short enough, and with nothing in it that a value could set off."""

from __future__ import annotations

import html
import json
import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitmilestone.faces.markdown import escape_markdown
from gitmilestone.faces.review.markdown import MARKER, SMALLEST, format_markdown, is_inert
from gitmilestone.faces.review.sections import list_sections, summarise, warn
from gitmilestone.faces.review.text import format_text
from gitmilestone.faces.review.values import to_json_review
from gitmilestone.faces.terminal import Style, measure, neutralise
from gitmilestone.model.change import FieldChange
from gitmilestone.model.link import Link
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.problem import Problem
from gitmilestone.operations.checking.review import Changed, Clash, DateMove, Review, StatusMove
from gitmilestone.planning.push import Pushed
from tests.strategies import lines

PLAIN = Style()
OIDS = ("1" * 40, "a" * 40, "b" * 40)
HOSTILE = (
    "</details><script>alert(1)</script>",
    "<!-- git-milestone review -->",
    "<img src=x onerror=alert(1)>",
    "@ana and @org/team, write to ana@example.com",
    "fixes #12, org/repo#1, GH-7 and gh-8, !3 $4 %5 ~6 &7 ^alert#8",
    "[a link](http://e.vil) ![an image](//e.vil/x.png) <http://e.vil>",
    "http://e.vil https://e.vil ftp://e.vil www.e.vil mailto:a@e.vil xmpp:a@e.vil",
    "a | b || c \\| d",
    "`code` ``more`` *em* **strong** _u_ __v__ ~~gone~~",
    "# heading",
    "- item",
    "/close",
    "one\ntwo\r\n\r\n| three |",
    "0123456789abcdef0123456789abcdef01234567 deadbeef",
    ":smile: $x$ [^1] [x]: y",
    "&lt;b&gt; &#60;b&#62; &amp;",
    "\u200b@ana \u202e\x1b[2J\x00",
    "{+ added +} [- gone -] [vulnerability:1]",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), lines(), st.text(min_size=1))

# What GitHub and GitLab look for in text that Markdown has left plain.
FILTERS = (
    r"(?<![\w])@[\w-]",
    r"#\d",
    r"(?<!\w)[!$%~&^][\w\"]",
    r"(?i)\bgh-\d",
    r"(?i)\bwww\.",
    r"(?i)[a-z]:/",
    r"(?i)\b(?:mailto|xmpp):\w",
    r"[\w.+-]+@\w",
    r"\b[0-9a-fA-F]{7,64}\b",
    r":\w+:",
)


def review_of(*texts: str) -> Review:
    """One in which those texts are wherever a value can be."""
    first, second, third = (texts * 3)[:3]
    milestone = Milestone("a", first, owner=second, project=third, due=date(2027, 1, 1))
    fields = (
        FieldChange("project", first, second),
        FieldChange(f"x.{third}", first, [second]),
        FieldChange("labels", None, second),
        FieldChange("owner", third, None),
    )
    task = Task("t", third)
    return Review(
        *OIDS,
        added=(milestone,),
        removed=(milestone,),
        statuses=(StatusMove("a", first, "planned", "completed"),),
        dates=(DateMove("a", second, "due", date(2027, 1, 1), date(2027, 1, 18)),),
        scope=(Changed("a", first, fields),),
        progress=(Changed("a", second, fields),),
        owners=(Changed("a", third, fields),),
        others=(Changed("a", first, fields), Changed("b", second, ())),
        made=(Link("a", "org/repo:b", "blocks"),),
        broken=(Link("a", "b", "relates"),),
        pushed=(Pushed("a", date(2027, 1, 1), 3, 0, ("b", "a")),),
        cycles=(("a", "b", "a"),),
        conflicts=(
            Clash("a", first, "title", first, second, third),
            Clash("a", first, "tasks.t", None, task, task),
            Clash("a", first, "depends_on.b", Dependency("b"), None, Dependency("b", "relates")),
            Clash("b", second, "", milestone, None, milestone),
        ),
        text_conflicts=(f"active/{first}.yaml",),
        problems=(Problem(f".milestones/active/{second}.yaml", 3, "bad-value", third, first),),
    )


def assert_inert(comment: str) -> None:
    """A real Markdown parser finds our own few tags and no others, and forges' filters find nothing in the text."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    plain = []
    for token in parser.parse(comment):
        if token.type == "html_block":
            for line in token.content.strip().split("\n"):
                ours = r"<details( open)?><summary>[^<>]*</summary>|</details>"
                assert line == MARKER or re.fullmatch(ours, line), line
                plain.append(html.unescape(re.sub("<[^<>]*>", "", line)))
        assert token.type not in ("heading_open", "fence", "code_block", "hr", "bullet_list_open", "ordered_list_open")
        for child in token.children or ():
            assert child.type in ("text", "code_inline", "strong_open", "strong_close", "text_special"), child
            if child.type != "code_inline":
                plain.append(child.content)
    for text in plain:
        for sign in FILTERS:
            assert not re.search(sign, text), (sign, text)
    assert not any(line.startswith("/") for line in comment.split("\n"))


@given(st.lists(TEXTS, min_size=1, max_size=3))
@example([*HOSTILE[:3]])
def test_no_value_does_anything(texts: list[str]) -> None:
    comment = format_markdown(review_of(*texts))
    assert_inert(comment)
    assert is_inert(comment)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_one_cell(text: str) -> None:
    comment = format_markdown(review_of(text))
    assert_inert(comment)
    parser = MarkdownIt("commonmark").enable("table")
    cells = [token.type for token in parser.parse(comment) if token.type in ("tr_open", "td_open")]
    assert cells == [token.type for token in parser.parse(format_markdown(review_of("x"))) if token.type in cells]


@given(TEXTS)
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    escaped = escape_markdown(text)
    assert html.unescape(escaped).replace("\u200b", "") == escape_free(text)
    assert escape_markdown(html.unescape(escaped)) == escaped


def escape_free(text: str) -> str:
    return neutralise(" ".join(text.replace("\u200b", "").split()))


@pytest.mark.parametrize(
    "hostile",
    [
        "@ana",
        "&#64;ana",
        "&commat;ana",
        "<b>x</b>",
        "<details onclick=x>",
        "[x](y)",
        "![x](y)",
        "http://e.vil",
        "www.e.vil",
        "#12",
        "&#35;12",
        "GH-12",
        "a\n/close",
        "`a b`c`",
        "``x``",
        "\u202e",
        "0123456789abcdef0123",
        "<!-- x -->",
        "<details><summary>@ana</summary>",
        "| a | @ana |",
        "| a | b",
        "- x",
        "    code",
        "**@ana**",
        "Compared @ana",
    ],
)
def test_what_we_would_not_have_written_is_not_inert(hostile: str) -> None:
    comment = format_markdown(review_of("x"))
    assert is_inert(comment)
    assert not is_inert(hostile)
    assert not is_inert(f"{comment}{hostile}\n")
    assert is_inert(comment.replace("Compared", f"Compared {hostile}", 1)) == (hostile == "- x")
    assert not is_inert(comment.removeprefix(MARKER))


@given(st.integers(SMALLEST, 30_000), st.integers(0, 400), st.sampled_from(HOSTILE))
def test_a_comment_is_cut_by_whole_rows_and_says_how_many(size: int, count: int, text: str) -> None:
    review = review_of(text)
    many = tuple(DateMove(f"m{n}", f"{text} {n}", "due", date(2027, 1, 1), date(2027, 1, 2)) for n in range(count))
    review = review._replace(dates=many, added=review.added * count)
    comment = format_markdown(review, size)
    assert len(comment) <= size
    assert is_inert(comment)
    total = sum(len(section.rows) for section in list_sections(review))
    shown = len(re.findall(r"^\| ", comment, re.MULTILINE)) - 2 * comment.count("</details>")
    found = re.search(r"^\*\*(\d+) rows? (?:is|are) not shown", comment, re.MULTILINE)
    assert shown + (int(found[1]) if found else 0) == total
    assert comment.count("<details") == comment.count("</details>")
    whole = format_markdown(review, 10_000_000)
    assert "not shown" not in whole
    if len(whole) < size - 200:
        assert comment == whole


def test_the_sentence_says_the_most_important_things_first() -> None:
    nothing = Review(*OIDS)
    assert summarise(nothing) == "No milestone changes."
    assert warn(nothing) == ""
    slip = DateMove("a", "A", "due", date(2027, 1, 1), date(2027, 1, 18))
    done = StatusMove("b", "B", "planned", "completed")
    pushed = tuple(Pushed(name, date(2027, 1, 1), 3, 0, ("a", name)) for name in "xyz")
    told = nothing._replace(dates=(slip, slip._replace(id="c", new=date(2027, 1, 2))), statuses=(done,), pushed=pushed)
    assert summarise(told) == "2 milestones slip, by up to 17 days; 3 are pushed by what they wait for; 1 is completed."
    assert summarise(nothing._replace(dates=(slip,))) == "1 milestone slips by 17 days."
    unset = slip._replace(new=None)
    assert summarise(nothing._replace(dates=(unset,))) == "1 milestone changes in details."
    assert warn(review_of("x")) == "3 conflicts with the target branch, 1 dependency cycle, 1 error"


def test_markdown() -> None:
    assert format_markdown(
        Review(*OIDS, dates=(DateMove("ship-2fa", "Ship", "due", date(2027, 1, 15), date(2027, 2, 1)),))
    ) == (
        "<!-- git-milestone review -->\n"
        "\n"
        "**1 milestone slips by 17 days.**\n"
        "\n"
        "<details open><summary>Due days (1)</summary>\n"
        "\n"
        "| Milestone | Due | New due | Days | Title |\n"
        "| --- | --- | --- | ---: | --- |\n"
        "| `ship-2fa` | 2027-01-15 | 2027-02-01 | +17 | Ship |\n"
        "\n"
        "</details>\n"
        "\n"
        "Compared `aaaaaaaaaa` with `bbbbbbbbbb`, where it left `1111111111`.\n"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_is_safe(text: str) -> None:
    shown = format_text(review_of(text), Style(is_terminal=True, columns=80))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", shown)
    assert all(measure(line) <= 80 for line in shown.splitlines()[:3])
    coloured = format_text(review_of("x"), Style(is_terminal=True, colour=True))
    assert "\x1b[31m+17\x1b[m" in coloured


def test_json_has_it_all() -> None:
    review = review_of("x\x1b", "y", "z")
    value = json.loads(json.dumps(to_json_review(review)))
    assert {*value} == {*Review._fields} - {"titles"} | {"schema_version", "summary"}
    assert value["dates"] == [
        {"id": "a", "title": "y", "field": "due", "old": "2027-01-01", "new": "2027-01-18", "days": 17}
    ]
    assert value["pushed"][0] == {
        "id": "a",
        "title": None,
        "due": "2027-01-01",
        "days": 3,
        "days_before": 0,
        "chain": ["b", "a"],
    }
    assert value["conflicts"][0] == {
        "id": "a",
        "title": "x\x1b",
        "field": "title",
        "base": "x\x1b",
        "target": "y",
        "branch": "z",
    }
    assert value["conflicts"][3] == {"id": "b", "title": "y", "field": None, "removed_by": "target"}
    assert value["statuses"][0]["kind"] == "completed"
    assert value["added"][0]["title"] == "x\x1b"
