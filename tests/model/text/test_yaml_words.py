"""What YAML refuses is told in words for people, at the line where it is mended, with the way out."""

from __future__ import annotations

import re

import pytest
import yaml

from gitmilestone.model.text.document import read_document
from gitmilestone.model.text.yaml_words import explain

_HEAD = "schema: 1\ntitle: T\nstatus: planned\n"
_THEIRS = re.compile("scann|pars|token|stream|expected|indicator|simple key|context|node|flow|scalar|mapping")

_CASES: list[tuple[str, int, str, str]] = [
    # The text behind _HEAD, the line in it, words of the message and of the hint.
    ("owner: @ana\n", 1, "`owner` begins with `@`", 'owner: "@ana"'),
    ("owner: `ana`\n", 1, "`owner` begins with ```", 'owner: "`ana`"'),
    ("owner: %ana\n", 1, "`owner` begins with `%`", 'owner: "%ana"'),
    ("owner: * ana\n", 1, "`owner` begins with `*`", 'owner: "* ana"'),
    ("owner: & ana\n", 1, "`owner` begins with `&`", 'owner: "& ana"'),
    ("owner: , a\n", 1, "`owner` begins with `,`", 'owner: ", a"'),
    ("owner: ]\n", 1, "`owner` begins with `]`", 'owner: "]"'),
    ('owner: @"a"\n', 1, "`owner` begins with `@`", 'owner: "@..."'),
    ("@x: a\n", 1, "begins with `@`", '"@'),
    ("%x: a\n", 1, "begins with `%`", '"%'),
    ("labels: [a, @b]\n", 1, "begins with `@`", '"@b"'),
    ("labels:\n  - @b\n", 2, "begins with `@`", '- "@b"'),
    ("project: a: b\n", 1, "`project` has a colon in it", 'project: "a: b"'),
    ("labels:\n  - a: b: c\n", 2, "colon", 'in quotes: a: "b: c"'),
    ("owner: : a\n", 1, "`owner` has a colon", "in quotes"),
    ("owner: - a\n", 1, "`owner` begins with `-`", "one item a line"),
    ("owner: 'ana\ndue: 2027-01-01\n", 1, "`owner` begins with a quote that is not closed", "the same quote"),
    ('owner: "ana\n', 1, "`owner` begins with a quote that is not closed", "the same quote"),
    ('owner: "a" b\n', 1, "text behind the end of `owner`", "all of it in quotes"),
    ("owner: 'it's'\n", 1, "text behind the end of `owner`", "written twice"),
    ("owner: [a] b\n", 1, "text behind the end of `owner`", "all of it in quotes"),
    ('owner: "a\\d"\n', 1, "escape", "write it twice"),
    ('owner: "C:\\x"\n', 1, "escape", "single quotes"),
    ("owner: [a, b\n", 1, "`owner` begins with `[`, which is not closed", "`]`"),
    ("owner: {a\n", 1, "`owner` begins with `{`, which is not closed", "`}`"),
    ("just words\nowner: a\n", 1, "'just words' is no `key: value`", "`|`"),
    ("owner:ana\n", 1, "no space behind `owner:`", "`owner: ana`"),
    ("description: a\nb\n", 2, "'b' is no `key: value`", "indent"),
    ("description: | text\n", 1, "behind the `|`", "next line"),
    ("owner: >>\n", 1, "behind the `|` or `>`", "in quotes"),
    ("description: |\n  \tfoo\n", 2, "begins with a tab", "`|2`"),
    ("description: |\n  a\n\tb\n", 3, "a tab", "two spaces"),
    ("tasks:\n\ta:\n", 2, "a tab", "two spaces"),
    ("labels:\n\t- a\n", 2, "a tab", "two spaces"),
    ("labels:\n  - a\n - b\n", 3, "not indented as its list", "alike"),
    ("owner: a\n- a\n", 2, "not indented as its list", "alike"),
    ("  owner: a\n", 1, "`owner` is indented further", "alike"),
    ("tasks:\n  a:\n    title: A\n   status: planned\n", 4, "not indented as those around it", "alike"),
    (": a\n", 1, "no key in front of the colon", "key: value"),
    ("...\nowner: a\n", 2, "document", "`---`"),
]


@pytest.mark.parametrize(("lines", "line", "said", "hint"), _CASES)
def test_what_is_said(lines: str, line: int, said: str, hint: str) -> None:
    (problem,) = read_document("x.yaml", "x", (_HEAD + lines).encode()).problems
    assert problem.code == "yaml-syntax"
    assert problem.line == line + _HEAD.count("\n")
    assert said in problem.message
    assert hint in problem.hint
    assert not _THEIRS.search(problem.message)


@pytest.mark.parametrize("loader", [yaml.BaseLoader, getattr(yaml, "CBaseLoader", yaml.BaseLoader)])
@pytest.mark.parametrize("lines", [case[0] for case in _CASES])
def test_no_reader_speaks_in_its_own_words(lines: str, loader: type[yaml.BaseLoader]) -> None:
    try:
        list(yaml.parse(_HEAD + lines, loader))
    except yaml.MarkedYAMLError as error:
        told = explain(_HEAD + lines, error)
        assert told.hint
        assert not _THEIRS.search(told.message)
    else:
        # A tab behind the indent of a block is none to PyYAML's own reader.
        assert (loader, "\t" in lines) == (yaml.BaseLoader, True)


@pytest.mark.parametrize(
    ("lines", "name"),
    [("labels:\n  - a\n    - b\n", "labels"), ("depends_on:\n- a\n # x\n- b\n - c\n", "depends_on")],
)
def test_items_that_yaml_reads_as_one(lines: str, name: str) -> None:
    (problem,) = read_document("x.yaml", "x", (_HEAD + lines).encode()).problems
    assert (problem.code, problem.line) == ("bad-value", lines.count("\n") + 2)
    assert problem.message.startswith(f"two items of `{name}` are one text")
    dashes = read_document("x.yaml", "x", f"{_HEAD}labels:\n  - a - b\n  - c\n    d - e\n".encode()).milestone
    assert dashes is not None
    assert dashes.labels == ("a - b", "c d - e")


def test_what_is_said_is_a_way_out() -> None:
    mended = _HEAD + "description: |2\n  \tfoo\n" + 'owner: "@ana"\nproject: "a: b"\n'
    milestone = read_document("x.yaml", "x", mended.encode()).milestone
    assert milestone is not None
    assert (milestone.description, milestone.owner, milestone.project) == ("\tfoo\n", "@ana", "a: b")
