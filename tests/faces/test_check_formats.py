"""What `check` prints for continuous integration is what those services take, whatever a file says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator

from gitmilestone.faces.cli.printing.problems import format_report
from gitmilestone.faces.cli.tables.options import CHECK_FORMATS
from gitmilestone.faces.terminal import Style
from gitmilestone.model.problem import CODES, Problem
from gitmilestone.model.rule_pages import PAGES
from gitmilestone.operations.checking.check import Report

# OASIS's schema as SchemaStore publishes it (2.1.0-rtm.5), without its descriptions.
_SARIF = Draft4Validator(json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text()))
# What GitLab's manual requires of a code quality report.
_GITLAB = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": r"^(?!\./|/)."},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)
_SCHEMAS = {"sarif": _SARIF, "gitlab": _GITLAB}

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
problems = st.builds(
    Problem,
    path=texts.map(lambda text: f".milestones/active/{text}.yaml"),
    line=st.integers(0, 10_000),
    code=st.sampled_from(sorted(CODES)),
    message=texts,
    hint=st.one_of(st.just(""), texts),
    set_to=st.sampled_from(("", "error", "warning")),
)
reports = st.lists(problems, max_size=5).map(lambda found: Report(tuple(found), len(found), True))


@pytest.mark.parametrize("form", _SCHEMAS)
@given(report=reports)
def test_a_report_is_valid_by_the_service_s_schema(form: str, report: Report) -> None:
    errors = list(_SCHEMAS[form].iter_errors(json.loads(format_report(report, form, Style()))))
    assert not errors, errors[0].message


def test_the_schemas_refuse() -> None:
    report = Report((Problem("a", 1, "bad-id", "m"),), 1, True)
    sarif = json.loads(format_report(report, "sarif", Style()))
    sarif["runs"][0]["results"][0]["level"] = "fatal"
    assert [error.json_path for error in _SARIF.iter_errors(sarif)] == ["$.runs[0].results[0].level"]
    gitlab = json.loads(format_report(report, "gitlab", Style()))
    gitlab[0]["location"]["path"] = "./a"
    assert [error.json_path for error in _GITLAB.iter_errors(gitlab)] == ["$[0].location.path"]


@given(report=reports)
def test_sarif_tells_each_problem_with_its_rule(report: Report) -> None:
    (run,) = json.loads(format_report(report, "sarif", Style()))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert len(run["results"]) == len(report.problems)
    for problem, result in zip(report.problems, run["results"], strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert unquote(place["artifactLocation"]["uri"]) == problem.path
        assert (place["region"]["startLine"], result["level"]) == (problem.line or 1, problem.severity)
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == problem.code
        assert rules[problem.code]["help"]["markdown"] == PAGES[problem.code]
        assert rules[problem.code]["defaultConfiguration"]["level"] == CODES[problem.code][0]


@given(report=reports)
def test_gitlab_tells_problems_apart(report: Report) -> None:
    issues = json.loads(format_report(report, "gitlab", Style()))
    names = {(one.path, one.code, one.message, one.line) for one in report.problems}
    assert len({issue["fingerprint"] for issue in issues}) == len(names)


@given(report=reports)
def test_an_annotation_is_one_line_that_begins_no_other_command(report: Report) -> None:
    lines = format_report(report, "github", Style()).split("\n")[:-1]
    assert len(lines) == len(report.problems)
    for line, problem in zip(lines, report.problems, strict=True):
        assert "\r" not in line
        found = re.fullmatch(r"::(error|warning) file=([^,:]*)(?:,line=(\d+))?,title=([^,:]*)::(.*)", line)
        assert found
        assert found[1] == problem.severity
        assert unquote(found[2]) == problem.path
        assert int(found[3] or 0) == problem.line
        assert unquote(found[5]).startswith(problem.message)


@given(report=reports)
def test_json_has_every_problem_with_the_severity_that_counts(report: Report) -> None:
    value = json.loads(format_report(report, "json", Style()))
    assert [(one["code"], one["severity"], one["line"]) for one in value["problems"]] == [
        (one.code, one.severity, one.line) for one in report.problems
    ]


def test_every_format_is_tried() -> None:
    assert {"text", "json", "github", *_SCHEMAS} == {*CHECK_FORMATS}
