"""What is wrong in a file is a problem with a place and a way out: never an exception, never a crash.

The drills 19, 20 and 25 to 36 of the promised faults.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.model.milestone import Dependency, Milestone
from gitmilestone.model.problem import CODES
from gitmilestone.model.record import revise_fields
from gitmilestone.model.text.document import MAX_BYTES, Document, read_document, revise, too_large
from gitmilestone.model.text.encode import encode

_PATH = ".milestones/active/x.yaml"
_HEAD = "schema: 1\ntitle: T\nstatus: planned\n"


def read(content: str | bytes) -> Document:
    return read_document(_PATH, "x", content.encode() if isinstance(content, str) else content)


def _depth(brackets: int) -> str:
    return f"{_HEAD}x: {'[' * brackets}{']' * brackets}\n"


_BAD: dict[str, tuple[str | bytes, int, str, str]] = {
    # What is at fault: the text, the line, the code, and words of the message and the hint.
    "not UTF-8": (_HEAD.encode() + b"owner: \xff\n", 4, "not-utf8", "0xff"),
    "UTF-16": (_HEAD.encode("utf-16"), 1, "not-utf8", "save the file as UTF-8"),
    "a NUL": (_HEAD + "é: é\nowner: \0\n", 5, "unstorable-character", r"'\x00'"),
    "a NUL, escaped": (_HEAD + 'owner: "a\\0b"\n', 4, "unstorable-character", r"'\x00'"),
    "a lone surrogate, escaped": (_HEAD + 'owner: "\\ud800"\n', 4, "yaml-syntax", "Unicode"),
    "a lone surrogate": (_HEAD.encode() + b"owner: \xed\xa0\x80\n", 4, "not-utf8", "0xed"),
    "a control": (_HEAD + "owner: \x1b[31m\n", 4, "unstorable-character", "escape in double quotes"),
    "a line end of some readers": (_HEAD + "owner: a\u2028b\n", 4, "unstorable-character", r"'\u2028'"),
    "an alias": (_HEAD + "a: &a [x]\nb: *a\n", 4, "yaml-alias", "&a"),
    "an anchor in a circle": (_HEAD + "a: &a [*a]\n", 4, "yaml-alias", "&a"),
    "an alias of nothing": (_HEAD + "a: *a\n", 4, "yaml-alias", "*a"),
    "a tag": (_HEAD + "owner: !!str ana\n", 4, "yaml-tag", "remove it"),
    "a Python tag": (_HEAD + "x: !!python/object/apply:os.system [ls]\n", 4, "yaml-tag", "python/object"),
    "a tag of its own": (_HEAD + "x: !<tag:x.org,2026:y> z\n", 4, "yaml-tag", "x.org"),
    "100,000 brackets": ("[" * 100_000, 1, "yaml-depth", "32"),
    "100,000 braces": ("{a: " * 100_000, 1, "yaml-depth", "32"),
    "deep blocks": (_HEAD + "x:\n  " + "- " * 50_000, 5, "yaml-depth", "32"),
    "deep mappings": (_HEAD + "".join(f"{' ' * i}k:\n" for i in range(300)), 36, "yaml-depth", "32"),
    "33 levels": (_depth(32), 4, "yaml-depth", "32"),
    "a duplicate key": (_HEAD + "owner: a\n\ntitle: U\n", 6, "duplicate-key", "on line 2 already"),
    "a duplicate key in quotes": (_HEAD + '"title": U\n', 4, "duplicate-key", "'title'"),
    "a duplicate task": (
        _HEAD + "tasks:\n  a:\n    title: A\n  b:\n    title: B\n  a:\n    title: C\n",
        9,
        "duplicate-key",
        "on line 5 already",
    ),
    "a duplicate key in a task": (
        _HEAD + "tasks:\n  a:\n    title: A\n    status: planned\n    status: completed\n",
        8,
        "duplicate-key",
        "'status'",
    ),
    "a duplicate key in a flow mapping": (_HEAD + "x: {a: 1, a: 2}\n", 4, "duplicate-key", "'a'"),
    "a tab": (_HEAD + "tasks:\n\ta:\n", 5, "yaml-syntax", "two spaces"),
    "a conflict": (
        _HEAD + "<<<<<<< HEAD\nowner: a\n=======\nowner: b\n>>>>>>> other\n",
        4,
        "conflict-marker",
        "`git milestone resolve` goes through it",
    ),
    "a conflict in a description": (
        _HEAD + "description: |\n  a\n<<<<<<< HEAD\n  b\n=======\n  c\n>>>>>>> other\n",
        6,
        "conflict-marker",
        "<<<<<<< HEAD",
    ),
    "the end of a conflict": (_HEAD + "owner: b\n>>>>>>> other\n", 5, "conflict-marker", ">>>>>>> other"),
    "the middle of a conflict": (_HEAD + "=======\nowner: b\n", 4, "yaml-syntax", "conflict"),
    "two documents": (_HEAD + "---\n" + _HEAD, 4, "yaml-documents", "keep one"),
    "a list": ("# mine\n- a\n- b\n", 2, "not-a-mapping", "key: value"),
    "a text": ("Ship it\n", 1, "not-a-mapping", "key: value"),
    "nothing": ("", 1, "not-a-mapping", "empty"),
    "comments alone": ("# to do\n\n", 1, "not-a-mapping", "empty"),
    "a document of nothing": ("---\n...\n", 1, "not-a-mapping", "empty"),
    "a colon": (_HEAD + "owner: ana: lead\n", 4, "yaml-syntax", "in quotes"),
    "a list for a key": (_HEAD + "? [a]\n: b\n", 4, "yaml-syntax", "plain text"),
    "a long key": (_HEAD + "k" * 200 + ": b\n", 4, "yaml-syntax", "100"),
    "too large": (b"#" * (MAX_BYTES + 1), 0, "file-too-large", "1048577 bytes"),
    "no schema": ("title: A\nstatus: planned\n", 1, "missing-field", "schema: 1"),
    "no title": ("schema: 1\nstatus: planned\n", 1, "missing-field", "title: ..."),
    "a title of nothing": ("schema: 1\ntitle:\nstatus: planned\n", 2, "missing-field", "title: ..."),
    "a task without a title": (
        _HEAD + "tasks:\n  a:\n    status: planned\n",
        5,
        "missing-field",
        "`tasks.a.title`",
    ),
    "a task of nothing": (_HEAD + "tasks:\n  a:\n", 5, "bad-value", "title: ..."),
    "another schema": ("schema: 2\ntitle: T\nstatus: planned\n", 1, "unknown-schema", "install"),
    "a misspelt status": ("schema: 1\ntitle: T\nstatus: in-progres\n", 3, "bad-value", "`in_progress`?"),
    "a misspelt task's status": (
        _HEAD + "tasks:\n  a:\n    title: A\n    status: done\n",
        7,
        "bad-value",
        "`tasks.a.status`",
    ),
    "a day that is not": (_HEAD + "due: 2024-02-30\n", 4, "bad-value", "`due` is 2024-02-30"),
    "a date of another form": (_HEAD + "due: 2027/1/5\n", 4, "bad-value", "did you mean 2027-01-05?"),
    "a date in other digits": (_HEAD + "due: ２０２７-01-05\n", 4, "bad-value", "YYYY-MM-DD"),
    "a time without a zone": (_HEAD + "created: 2027-01-05T10:00:00\n", 4, "bad-value", "with Z"),
    "a time that is not": (_HEAD + "created: 2027-01-05T25:00:00Z\n", 4, "bad-value", "does not exist"),
    "a time before the first": (
        _HEAD + "created: 0001-01-01T00:00:00+14:00\n",
        4,
        "bad-value",
        "does not exist",
    ),
    "5,000 digits": (_HEAD + f"estimate: {'9' * 5000}d\n", 4, "bad-value", "out of range"),
    "5,000 digits for a schema": (f"schema: {'9' * 5000}\n", 1, "bad-value", "out of range"),
    "2**70": (_HEAD + f"tasks:\n  a:\n    title: A\n    weight: {2**70}\n", 7, "bad-value", "out of range"),
    "too many weeks": (_HEAD + "estimate: 999999w\n", 4, "bad-value", "out of range"),
    "a negative number": (
        _HEAD + "tasks:\n  a:\n    title: A\n    weight: -1\n",
        7,
        "bad-value",
        "0 or more",
    ),
    "NaN": (_HEAD + "tasks:\n  a:\n    title: A\n    weight: .nan\n", 7, "bad-value", "0 or more"),
    "infinity": (_HEAD + "estimate: .inf\n", 4, "bad-value", "15d"),
    "a title of two lines": ("schema: 1\ntitle: |\n  a\n  b\nstatus: planned\n", 2, "bad-value", "one line"),
    "a list for a text": (_HEAD + "owner: [ana, bo]\n", 4, "bad-value", "not a list"),
    "a text for a list": (_HEAD + "labels: security\n", 4, "bad-value", "one item a line"),
    "a list for tasks": (_HEAD + "tasks:\n  - a\n", 5, "bad-value", "task-id"),
    "a mapping for a label": (_HEAD + "labels:\n  - a: b\n", 5, "bad-value", "label"),
    "a comma in a label": (_HEAD + "labels:\n  - a, b\n", 5, "bad-value", "no `,`"),
    "a bad id": (_HEAD + "depends_on:\n  - ../etc/passwd\n", 5, "bad-value", "a-z, 0-9"),
    "a bad task id": (_HEAD + "tasks:\n  A b:\n    title: x\n", 5, "bad-value", "a-z, 0-9"),
    "a misspelt dependency type": (_HEAD + "depends_on:\n  - a: relate\n", 5, "bad-value", "`relates`?"),
    "a dependency of two types": (_HEAD + "depends_on:\n  - a\n  - a: relates\n", 6, "bad-value", "twice"),
    "a dependency on a repository by its URL": (
        *(_HEAD + "depends_on:\n  - https://git.example.com/plans/roadmap:a\n", 5, "bad-value", "before the colon"),
    ),
    "a dependency on no repository": (_HEAD + 'depends_on:\n  - ":a"\n', 5, "bad-value", "before the colon"),
    "a dependency on no id there": (_HEAD + "depends_on:\n  - roadmap:A b\n", 5, "bad-value", "a-z, 0-9"),
    "a task of another repository": (_HEAD + "tasks:\n  roadmap:a:\n    title: x\n", 5, "bad-value", "a-z, 0-9"),
    "a dependency with more": (_HEAD + "depends_on:\n  - {a: blocks, b: blocks}\n", 5, "bad-value", "id: relates"),
}


@pytest.mark.parametrize("name", _BAD)
def test_a_fault_is_a_problem_with_its_place(name: str) -> None:
    content, line, code, words = _BAD[name]
    started = time.monotonic()
    document = read(content)
    assert time.monotonic() - started < 5
    assert document.milestone is None
    problem = next(problem for problem in document.problems if problem.severity == "error")
    assert (problem.path, problem.line, problem.code) == (_PATH, line, code), str(problem)
    assert words in str(problem)


_WARNED: dict[str, tuple[str | bytes, int, str]] = {
    "a byte-order mark": (b"\xef\xbb\xbf" + _HEAD.encode(), 1, "byte-order-mark"),
    "CRLF": (_HEAD.replace("\n", "\r\n"), 1, "carriage-return"),
    "CR": (_HEAD.replace("\n", "\r"), 1, "carriage-return"),
    "an unknown key": (_HEAD + "ownr: ana\n", 4, "unknown-key"),
    "an unknown key of a task": (_HEAD + "tasks:\n  a:\n    title: A\n    titel: B\n", 7, "unknown-key"),
}


@pytest.mark.parametrize("name", _WARNED)
def test_what_can_be_read_is_read_with_a_warning(name: str) -> None:
    content, line, code = _WARNED[name]
    document = read(content)
    assert document.milestone
    assert [(problem.line, problem.code, problem.severity) for problem in document.problems] == [
        (line, code, "warning")
    ]
    assert "\r" not in document.text
    written = revise(document, document.milestone._replace(owner="Bo")).decode()
    assert "\r" not in written
    assert not written.startswith("\ufeff")


def test_a_misspelt_key_has_a_hint() -> None:
    (problem,) = read(_HEAD + "ownr: ana\n").problems
    assert problem.hint == "did you mean `owner`?"
    assert not read_document(_PATH, "x", (_HEAD + "ownr: ana\n").encode(), frozenset({"ownr"})).problems


def test_a_file_too_large_to_be_read_is_not() -> None:
    problem = too_large(_PATH, 100 << 20)
    assert (problem.code, problem.line) == ("file-too-large", 0)
    assert "104857600" in problem.message


def test_every_fault_of_a_file_is_reported_in_the_order_of_its_lines() -> None:
    document = read("schema: 1\ntitle: T\nstatus: open\ndue: soon\nlabels: a\nowner: [x]\n")
    assert [problem.line for problem in document.problems] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("owner: ana #2 (x)\n", "`owner` ends in front of `#2 (x)`"),
        ("owner: ana\t#fix\n", "`owner` ends in front of `#fix`"),
        ("owner: #ana\n", "`owner` is empty in front of `#ana`"),
        ("labels:\n  - bug #2\n", "`labels` ends in front of `#2`"),
        ("labels: [a,\n  b #2\n ]\n", "`labels` ends in front of `#2`"),
        ("risk: high #1", "`risk` ends in front of `#1`"),
        ("tasks:\n  a:\n    title: Do #3\n", "`tasks.a.title` ends in front of `#3`"),
        ("description: a\n  b #4\n", "`description` ends in front of `#4`"),
    ],
)
def test_a_comment_that_was_meant_as_text(lines: str, said: str) -> None:
    document = read(_HEAD + lines)
    assert document.milestone is not None
    (problem,) = [one for one in document.problems if one.code != "unknown-key"]
    assert (problem.code, problem.severity) == ("comment-in-text", "warning")
    assert problem.message.startswith(said)


@pytest.mark.parametrize(
    "lines",
    [
        "owner: ana # 2\n",
        "owner: ana #\n",
        "owner: ana ## ours\n",
        "owner: ana#2\n",
        'owner: "ana #2"\n',
        'owner: "ana" #2\n',
        "owner: ana\n#2\n",
        "owner:\n#2\n",
        "due: 2027-01-01 #fixed\n",
        "labels: #all\n  - a\n",
        "description: |  #2\n  a #2\n",
    ],
)
def test_a_comment_that_is_one(lines: str) -> None:
    assert read(_HEAD + lines).problems == ()


def test_a_block_of_one_line_is_that_line() -> None:
    text = (
        "schema: 1\ntitle: |\n  A title\nstatus: >\n  planned\nproject: >-\n  two\n  lines\nlabels:\n  - |\n    a\n"
        "depends_on:\n  - >\n    b\n  - c: |\n      relates\ntasks:\n  t:\n    title: |\n      T\n"
        "description: |\n  Text\n"
    )
    document = read(text)
    assert document.problems == ()
    milestone = document.milestone
    assert milestone is not None
    assert (milestone.title, milestone.status, milestone.project) == ("A title", "planned", "two lines")
    assert (milestone.labels, milestone.tasks[0].title, milestone.description) == (("a",), "T", "Text\n")
    assert milestone.depends_on == (Dependency("b"), Dependency("c", "relates"))
    edited = milestone._replace(title="B", labels=("a", "b"), depends_on=(Dependency("b"),))
    revised = revise(document, edited).decode()
    assert read(revised).milestone == edited
    assert revised.startswith("schema: 1\ntitle: B\nstatus: >\n  planned\n")
    assert "  - |\n    a\n" in revised
    (problem,) = read(text.replace("  A title\n", "  A title\n  of two\n")).problems
    assert problem.message.startswith("`title` is one line of text")


@pytest.mark.parametrize("text", ["a\r\nb\r\n", "a\rb\r", "a\nb\n"])
def test_the_line_ends_of_a_description(text: str) -> None:
    milestone = revise_fields(Milestone("x", "T"), {"description": text})
    assert milestone.description == "a\nb\n"
    assert b"description: |\n  a\n  b\n" in encode(milestone)
    quoted = text.replace("\r", "\\r").replace("\n", "\\n")
    assert read(f'{_HEAD}description: "{quoted}"\n').milestone == milestone


def _many() -> Iterator[tuple[str, str]]:
    """Texts of a megabyte that are cheap to write and could be dear to read."""
    size = MAX_BYTES - 100
    yield "unknown keys", _HEAD + "".join(f"k{i}:\n" for i in range(size // 9))
    yield "labels", _HEAD + "labels:\n" + "".join(f"  - a{i}\n" for i in range(size // 12))
    yield "blank lines", _HEAD + "\n" * (size - 2) + "x"
    yield "blank lines in a block", _HEAD + "description: |\n  a" + "\n" * (size - 10) + "  b\nx"
    yield "texts on one line", _HEAD + "labels: [" + "a," * (size // 2 - 30) + "a]\n"
    yield "a long line", _HEAD + "owner: " + "a" * (size - 30) + "\n"
    yield "quotes", _HEAD + 'owner: "' + "\\n" * (size // 2 - 30) + "\n"
    yield "colons", _HEAD + "owner: " + "a: " * (size // 3 - 30) + "\n"
    yield "open brackets of a plain text", _HEAD + "owner: a" + "[" * (size - 30) + "\n"
    yield "comments", _HEAD + "#\n" * (size // 2 - 30)
    yield "question marks", _HEAD + "? " * (size // 2 - 30)
    yield "spaces", _HEAD + "tasks:\n" + " " * (size - 40) + "\n"
    yield "tasks", _HEAD + "tasks:\n" + "".join(f"  t{i}:\n    title: T\n" for i in range(size // 24))
    yield "unknown keys of one kind", _HEAD + "x: [" + "{a: b}," * (size // 7 - 30) + "]\n"


@pytest.mark.parametrize(("name", "text"), [pytest.param(*case, id=case[0]) for case in _many()])
def test_no_megabyte_takes_long(name: str, text: str) -> None:
    assert len(text.encode()) <= MAX_BYTES, name
    started = time.monotonic()
    document = read(text)
    assert time.monotonic() - started < 20
    assert all(problem.code in CODES for problem in document.problems)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\xef\xbb\xbf\xef\xbb\xbf" + _HEAD.encode())
@example(b"? a")
@example(b"%YAML 9.9\n---\na: b\n")
@example(b"a: b\x00")
def test_no_bytes_raise(content: bytes) -> None:
    document = read(content)
    assert isinstance(document.milestone, Milestone) or any(
        problem.severity == "error" for problem in document.problems
    )
