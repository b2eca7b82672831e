"""Graphs in every form; no title can mean anything to what reads them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import date
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.faces.cli.commands.blocked import format_held
from gitmilestone.faces.cli.printing.graphs import DEEPEST, format_graph
from gitmilestone.faces.terminal import Style, neutralise
from gitmilestone.model.link import Link, Outline
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.row import Row
from gitmilestone.operations.asking.graph import Graph
from gitmilestone.operations.asking.ready import Held
from tests.strategies import lines

PLAIN = Style()
HOSTILE = (
    'a"]; n1 --> n2',
    "--> end",
    "end",
    "%%{init: {'theme': 'dark'}}%%",
    "style a:b#c;",
    "`**markdown**`",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    '\\" \\N \\G \\',
    '"];evil [label="x',
    "]]></text><",
    "two\nlines",
    "\x1b[31mred\u202e",
    "click n1 call()",
    "#quot;",
)
STORE = Outline("store", "Session store", "completed", date(2026, 10, 1))
TOTP = Outline("totp", "Enrol with TOTP", "in_progress")
LOGIN = Outline("login", "Ship it", "planned", date(2027, 1, 15))
LAUNCH = Outline("roadmap:launch", "Launch", "blocked", repository="git.example.com/plans/roadmap")
GONE = Outline("gone", obstacle="is not there")


def draw(*outlines: Outline, links: tuple[tuple[str, ...], ...] = (), given: tuple[str, ...] = ()) -> Graph:
    cycles = [["a", "b", "a"]] if {("a", "b"), ("b", "a")} <= {*links} else []
    listed = [Link(*link) if len(link) == 3 else Link(*link, "blocks") for link in links]
    return Graph({outline.id: outline for outline in outlines}, sorted(listed), given, cycles)


GRAPH = draw(
    *(STORE, TOTP, LOGIN, LAUNCH, GONE),
    links=(("login", "totp"), ("login", "roadmap:launch"), ("totp", "store"), ("totp", "gone", "relates")),
)


def test_trees() -> None:
    assert format_graph(GRAPH, "text", PLAIN).splitlines() == [
        "login  planned  2027-01-15  Ship it",
        "├─ totp  in_progress  Enrol with TOTP",
        "│  ├─ store  completed  2026-10-01  Session store",
        "│  └─ ~ gone  (is not there)",
        "└─ roadmap:launch  blocked  Launch",
    ]


def test_trees_around_one() -> None:
    around = GRAPH._replace(given=("totp",))
    assert format_graph(around, "text", PLAIN).splitlines() == [
        "totp  in_progress  Enrol with TOTP",
        "├─ store  completed  2026-10-01  Session store",
        "└─ ~ gone  (is not there)",
        "",
        "waiting for totp:",
        "└─ login  planned  2027-01-15  Ship it",
    ]
    assert format_graph(around, "text", PLAIN, "up").splitlines() == [
        "totp  in_progress  Enrol with TOTP",
        "└─ login  planned  2027-01-15  Ship it",
    ]


def test_circles_and_what_is_drawn_already() -> None:
    names = [Outline(name, name, "planned") for name in "abc"]
    circle = draw(*names, links=(("a", "b"), ("b", "a"), ("b", "c"), ("a", "c"), ("c", "c")))
    assert format_graph(circle, "text", PLAIN).splitlines() == [
        "a  planned  a",
        "├─ b  planned  b",
        "│  ├─ a  planned  a  (a cycle)",
        "│  └─ c  planned  c",
        "│     └─ c  planned  c  (a cycle)",
        "└─ c  planned  c  (see above)",
    ]
    assert '"a" -> "b" [color="red"];' in format_graph(circle, "dot", PLAIN)


def test_long_chains_stay_in_the_window() -> None:
    outlines = [Outline(f"m{number}", "x", "planned") for number in range(3 * DEEPEST)]
    links = tuple((f"m{number}", f"m{number + 1}") for number in range(3 * DEEPEST - 1))
    text = format_graph(draw(*outlines, links=links), "text", PLAIN)
    assert text.count("(see below)") == 2
    assert max(map(len, text.splitlines())) < 4 * DEEPEST + 40


def test_json() -> None:
    found = json.loads(format_graph(GRAPH, "json", PLAIN))
    assert found["schema_version"] == 1
    assert found["dependencies"][0] == {"id": "login", "on": "roadmap:launch", "type": "blocks"}
    assert found["cycles"] == []
    assert found["milestones"][3] == {
        "id": "roadmap:launch",
        "repository": "git.example.com/plans/roadmap",
        "title": "Launch",
        "status": "blocked",
        "due": None,
    }
    assert found["milestones"][4]["status"] is None


def test_mermaid() -> None:
    assert format_graph(GRAPH, "mermaid", PLAIN).splitlines() == [
        "flowchart LR",
        '  n1["Session store<br/>store"]',
        '  n2["Enrol with TOTP<br/>totp"]',
        '  n3["Ship it<br/>login"]',
        '  n4["Launch<br/>roadmap#58;launch"]',
        '  n5["(is not there)<br/>gone"]',
        "  n4 --> n3",
        "  n2 --> n3",
        "  n5 -.- n2",
        "  n1 --> n2",
        "  classDef in_progress fill:#fff3bf",
        "  class n2 in_progress",
        "  classDef blocked fill:#ffc9c9",
        "  class n4 blocked",
        "  classDef completed fill:#d3f9d8",
        "  class n1 completed",
        "  classDef unknown fill:#f1f3f5",
        "  class n5 unknown",
    ]


def read_mermaid(label: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label)


@given(st.one_of(st.sampled_from(HOSTILE), lines()))
def test_a_title_is_a_title_to_mermaid(title: str) -> None:
    text = format_graph(draw(Outline("a", title, "planned"), Outline("b", "B", "planned")), "mermaid", PLAIN)
    first, second, third = text.splitlines()
    assert (first, third) == ("flowchart LR", '  n2["B<br/>b"]')
    found = re.fullmatch(r'  n1\["([^"\[\]{}<>%`&;]*(?:#\d+;[^"\[\]{}<>%`&;]*)*)<br/>a"\]', second)
    assert found
    assert read_mermaid(found[1]) == neutralise(" ".join(title.split()))


@given(st.one_of(st.sampled_from(HOSTILE), lines()))
def test_a_title_is_a_title_to_graphviz(title: str) -> None:
    text = format_graph(draw(Outline("a", title, "planned"), Outline("b", "B", "planned")), "dot", PLAIN)
    assert len(text.splitlines()) == 6
    found = re.fullmatch(r'  "a" \[label="((?:[^"\\]|\\.)*)\\na", fillcolor="white"\];', text.splitlines()[3])
    assert found
    read = unescape(re.sub(r"\\(.)", r"\1", found[1]).replace("&amp;", "\0")).replace("\0", "&")
    assert read == neutralise(" ".join(title.split()))


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_graphviz_shows_titles_as_they_are() -> None:
    outlines = [Outline(f"m{number}", title, "planned") for number, title in enumerate(HOSTILE)]
    links = tuple((f"m{number}", "m0") for number in range(1, len(HOSTILE)))
    text = format_graph(draw(*outlines, LAUNCH, links=links), "dot", PLAIN)
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    shown = [unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", done.stdout.decode())]
    shown = [text.replace("\xa0", " ") for text in shown]
    for title in HOSTILE:
        if title.isprintable():
            assert title in shown
    assert "\x1b" not in done.stdout.decode()
    assert done.stdout.count(b'class="edge"') == len(HOSTILE) - 1


@pytest.mark.parametrize("form", ["text", "dot", "mermaid", "json"])
def test_a_terminal_is_safe(form: str) -> None:
    outlines = [Outline(f"m{number}", title, "planned") for number, title in enumerate(HOSTILE)]
    text = format_graph(draw(*outlines), form, Style(is_terminal=True))
    assert not re.search("[\x1b\u202e]", text)


def test_held_up() -> None:
    waits = tuple(Outline(name, name, "planned") for name in "abcde")
    held = [
        Held(Row(Milestone("x", "X\x1b[2J"), "", 0.0, True), waits, waits[0], ""),
        Held(Row(Milestone("y", "Y", "blocked"), "", 0.0, True), (), Outline("y", "Y", "blocked"), "by hand"),
        Held(Row(Milestone("z", "Z"), "", 0.0, False), (GONE,), GONE, "unknown"),
        Held(Row(Milestone("r", "R"), "", 0.0, True), waits[:1], None, "cycle"),
    ]
    assert format_held(held, "table", Style(is_terminal=True)).splitlines() == [
        "ID  WAITS FOR           START WITH             TITLE",
        "x   a, b, c and 2 more  a                      X\\x1b[2J",
        "y                       (by hand)              Y",
        "z   gone                gone (not known here)  Z",
        "r   a                   (a cycle)              R",
    ]
    first, *_, last = json.loads(format_held(held, "json", PLAIN))["milestones"]
    assert [on["id"] for on in first["waits_for"]] == list("abcde")
    assert (first["start_with"]["id"], first["reason"]) == ("a", None)
    assert (last["start_with"], last["reason"]) == (None, "cycle")
    assert len(format_held(held, "jsonl", PLAIN).splitlines()) == 4
    assert format_held(held, "ids", PLAIN) == "x\ny\nz\nr\n"
    assert format_held([], "table", PLAIN) == format_held([], "ids", PLAIN) == ""
