"""Settings are input too: whatever the bytes are, there is one answer, bounded, and a problem with its place."""

from __future__ import annotations

import time

import jsonschema
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.model.check_settings import CheckSettings
from gitmilestone.model.config import (
    TIERS,
    Project,
    encode_project,
    encode_tier,
    read_project,
    read_scale_settings,
    read_tier,
    set_setting,
)
from gitmilestone.model.milestone import STATUSES
from gitmilestone.model.problem import CODES, errors_among
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.model.settings_schema import format_settings, settings_schema
from gitmilestone.model.settings_table import PROJECT_SETTINGS, TIER_SETTINGS
from gitmilestone.model.text.document import MAX_BYTES
from tests.repositories import ROOT

PROJECT = ".milestones/config/project.yaml"
TIER = ".milestones/config/tier.yaml"
WHOLE = b"""\
format: 1

layout: sharded

fields:
  - budget

labels: [a, "b"]

check:
  severities:
    unknown-key: off
    bad-id: warning
  required:
    - owner
    - budget
  transitions:
    planned: [in_progress]

scale:
  weights:
    milestone_count: 1
  migrate:
    down_margin: 0.5
"""


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        (b"garbage\n", 1, "not-a-mapping"),
        (b"- tier\n", 1, "not-a-mapping"),
        (b"<<<<<<< ours\ntier: file\n=======\ntier: sqlite\n>>>>>>> theirs\n", 1, "conflict-marker"),
        (b"tier: file\ntier: sqlite\n", 2, "duplicate-key"),
        (b"# \n\xff\xfet\0", 2, "not-utf8"),
        (b"tier: SQLITE\n", 1, "bad-value"),
        (b"\ntier: [sqlite]\n", 2, "bad-value"),
        (b"tier: {sqlite: }\n", 1, "bad-value"),
        (b"tier:\n", 1, "bad-value"),
        (b"tier: !x sqlite\n", 1, "yaml-tag"),
        (b"[" * 1000, 1, "yaml-depth"),
        (b"tier: \x01\n", 1, "unstorable-character"),
        (b"tier: 'sqlite\n", 1, "yaml-syntax"),
        (b"#" * (MAX_BYTES + 1), 0, "file-too-large"),
    ],
)
def test_a_tier_that_says_nothing_known_is_told(content: bytes, line: int, code: str) -> None:
    tier, (problem,) = read_tier(content)
    assert tier == "file"
    assert (problem.path, problem.line, problem.code, problem.severity) == (TIER, line, code, "error"), str(problem)


def test_a_tier_is_read_as_people_write_it() -> None:
    for tier in TIERS:
        assert read_tier(encode_tier(tier)) == (tier, ())
        assert read_tier(f'# why\n\n"tier" :   "{tier}"   # because'.encode()) == (tier, ())
    assert read_tier(None) == read_tier(b"") == read_tier(b"# nothing yet\n") == ("file", ())
    tier, problems = read_tier(b"\xef\xbb\xbftier: sqlite\r\n")
    assert (tier, [problem.code for problem in problems]) == ("sqlite", ["byte-order-mark", "carriage-return"])
    tier, (problem,) = read_tier(b"tier: sqlite\nteir: file\n")
    assert (tier, problem.code, problem.line, problem.hint) == ("sqlite", "unknown-key", 2, "did you mean `tier`?")


def test_a_file_that_was_not_read_is_told_by_its_size() -> None:
    (problem,) = read_project(None, MAX_BYTES + 1)[1]
    assert (problem.code, str(MAX_BYTES + 1) in problem.message) == ("file-too-large", True)


def test_every_part_is_read() -> None:
    project, problems = read_project(WHOLE)
    assert problems == ()
    assert project.layout == "sharded"
    assert (project.fields, project.labels) == (("budget",), ("a", "b"))
    assert project.check == CheckSettings(
        {"unknown-key": "off", "bad-id": "warning"},
        dict.fromkeys(STATUSES, ("owner", "budget")),
        {"planned": ("in_progress",)},
    )
    scale = read_scale_settings(WHOLE)
    assert (scale.weights["milestone_count"], scale.weights["dependency_depth"], scale.down_margin) == (1, 5, 0.5)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("layout: [flat]", "bad-value", "`layout` is one value"),
        ("layout: {flat: x}", "bad-value", "`layout` is one value"),
        ("layout: FLAT", "bad-value", "did you mean `flat`?"),
        ("layout:", "bad-value", "`layout` is one of"),
        ("format: [1]", "unknown-schema", "`format` is one value"),
        ("labels: x", "bad-value", "`labels` is a list"),
        ("labels: [[x]]", "bad-value", "is a word"),
        ("labels: [{a: b}]", "bad-value", "is a word"),
        ("check: {severities: [a]}", "bad-value", "`check.severities` is `key: value` lines"),
        ("check: {severities: {bad-id: [off]}}", "bad-value", "one value"),
        ("check: {required: {planned: {owner: x}}}", "bad-value", "is a list"),
        ("scale: {migrate: {down_margin: 1}}", "bad-value", "is a number below 1"),
        (f"layout: {'x' * 100_000}", "bad-value", "x" * 40 + "'"),
    ],
)
def test_a_wrong_value_is_told_and_its_default_counts(line: str, code: str, words: str) -> None:
    project, (problem,) = read_project(f"# settings\n{line}\n".encode())
    assert project == Project()
    assert read_scale_settings(f"{line}\n".encode()) == ScaleSettings()
    assert (problem.path, problem.line, problem.code) == (PROJECT, 2, code)
    assert words in str(problem)
    assert len(str(problem)) < 300


@pytest.mark.parametrize("line", ["k: 1", "check: {{severities: {{", "scale: {{weights: {{"])
def test_many_unknown_keys_are_bounded(line: str) -> None:
    """Each has a did-you-mean, and 1 MiB has room for a hundred thousand."""
    if line.endswith("{"):
        content = line.format() + ", ".join(f"milestone{number}: 1" for number in range(40_000)) + "}}"
    else:
        content = "".join(f"layouts{number}: 1\n" for number in range(60_000))
    started = time.process_time()
    _, problems = read_project(content.encode())
    read_project(content.encode())
    assert time.process_time() - started < 10
    assert len(problems) < 100
    assert problems[-1].message.endswith("more like this follow")


TEXTS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(
        lambda at, cut, put: WHOLE[:at] + put + WHOLE[at + cut :],
        st.integers(0, len(WHOLE)),
        st.integers(0, 20),
        st.sampled_from(
            [b"", b"[", b"{", b"]", b":", b"- ", b"\n", b"\r", b"\t", b"\0", b"'", b'"', b"# ", b"|", b"\xff"]
        ),
    ),
    st.builds(
        lambda name, value: f"{name.split('.')[0]}: {value}\n".encode(),
        st.sampled_from([one.name for one in (*PROJECT_SETTINGS, *TIER_SETTINGS)]),
        st.recursive(
            st.sampled_from(["x", "flat", "~", "''", "1e9", "-1", "off", "*a", "planned"]),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
                st.dictionaries(
                    st.sampled_from(["severities", "planned", "bad-id", "sqlite", "score", "weights", "x"]), inner
                ).map(lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"),
            ),
        ),
    ),
)


@given(TEXTS)
@example(b"layout: [flat]\n")
@example(b"check: {required: {planned: [[a]]}}\n")
def test_any_bytes_have_an_answer(content: bytes) -> None:
    """Never an exception, every problem is one of the rules', and what is wrong has its default."""
    project, problems = read_project(content)
    read_scale_settings(content)
    tier, more = read_tier(content)
    assert tier in TIERS
    assert project.layout in ("flat", "sharded", "sharded2")
    for problem in (*problems, *more):
        assert problem.code in CODES
        assert 0 <= problem.line <= content.count(b"\n") + content.count(b"\r") + 2
        assert len(str(problem)) < 2000
    lines = [problem.line for problem in problems]
    assert lines == sorted(lines)


@given(TEXTS)
def test_line_ends_are_read_as_in_milestones(content: bytes) -> None:
    """CRLF, and CR alone, say what LF says, and are told in a warning."""
    content = content.decode(errors="replace").encode()  # bytes that are no text have no lines
    lines = content.replace(b"\r", b"").split(b"\n")
    plain = read_project(b"\n".join(lines))
    for end in (b"\r\n", b"\r"):
        project, problems = read_project(end.join(lines))
        assert project == plain[0]
        told = [problem for problem in problems if problem.code != "carriage-return"]
        assert told == list(plain[1])


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_an_edit_of_settings_makes_line_ends_lf(end: bytes, mark: bytes) -> None:
    lines = WHOLE.replace(b"\n", end)
    edited = set_setting(mark + lines, "layout", "flat")
    assert edited == WHOLE.replace(b"sharded", b"flat")
    assert set_setting(mark + b"format: 1" + end, "layout", "flat") == b"format: 1\nlayout: flat\n"
    assert errors_among(read_project(edited)[1]) == []


def test_what_is_encoded_is_read_back() -> None:
    for project in (Project(), Project(1, "sharded2", ("a",), ("b c",), ("d",), ("e",))):
        assert read_project(encode_project(project)) == (project, ())


def test_the_documents_have_the_tables() -> None:
    written = (ROOT / "docs" / "files.md").read_text()
    assert format_settings() in written, "put in what `python -m gitmilestone.faces.cli.reference settings` prints"
    for setting in (*PROJECT_SETTINGS, *TIER_SETTINGS):
        assert f"`{setting.name}" in written


def test_the_schema_is_what_is_read() -> None:
    jsonschema.Draft7Validator.check_schema(settings_schema())
    validator = jsonschema.Draft7Validator(settings_schema())

    def is_valid(text: str) -> bool:
        return validator.is_valid(yaml.safe_load(text))

    assert is_valid(WHOLE.decode().replace(": off", ": 'off'"))
    assert is_valid(encode_project(Project()).decode())
    for wrong in ("layout: [flat]", "layout: FLAT", "layout:", "fields: x", "lables: []", "scale: {sqlite: {x: 1}}"):
        assert not is_valid(wrong), wrong
        assert read_project(wrong.encode())[1], wrong
    for wrong in ("format: 99", "check: {severities: {bad-id: x}}", "scale: {migrate: {down_margin: 1}}"):
        assert not is_valid(wrong), wrong
