"""A report of problems, for people and for continuous integration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitmilestone.faces.envelope import dump, dump_envelope
from gitmilestone.faces.terminal import Style
from gitmilestone.model.problem import CODES, Problem
from gitmilestone.operations.checking.check import Report

_COLOURS = {"error": "red", "warning": "yellow"}


def format_report(report: Report, form: str, style: Style) -> str:
    """A report in a form of `options.CHECK_FORMATS`; "" where a text has nothing to say."""
    return _FORMATS[form](report, style)


def _format_text(report: Report, style: Style) -> str:
    return "".join(
        style.cell(str(problem)).replace(
            f" {problem.severity}: ", f" {style.paint(problem.severity, _COLOURS[problem.severity])}: ", 1
        )
        + "\n"
        for problem in report.problems
    )


def _format_json(report: Report, style: Style) -> str:
    problems = (problem.as_values() for problem in report.problems)
    return dump_envelope("problems", problems, style, checked=report.checked)


def _format_github(report: Report, style: Style) -> str:
    """Annotations."""
    from gitmilestone.faces.runner import format_command

    del style
    lines = []
    for problem in report.problems:
        line = {"line": str(problem.line)} if problem.line else {}
        title = f"git milestone: {problem.code}"
        lines.append(format_command(problem.severity, _describe(problem), file=problem.path, **line, title=title))
    return "".join(f"{line}\n" for line in lines)


def _describe(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _format_gitlab(report: Report, style: Style) -> str:
    """GitLab's code quality report."""
    return dump([_gitlab_issue(problem) for problem in report.problems], style) + "\n"


def _gitlab_issue(problem: Problem) -> dict[str, Any]:
    from hashlib import sha256

    told_apart_by = "\0".join((problem.path, problem.code, problem.message, str(problem.line)))
    return {
        "description": _describe(problem),
        "check_name": f"git-milestone/{problem.code}",
        "fingerprint": sha256(told_apart_by.encode("utf-8", "surrogateescape")).hexdigest(),
        "severity": "major" if problem.severity == "error" else "minor",
        "location": {"path": problem.path, "lines": {"begin": problem.line or 1}},
    }


def _format_sarif(report: Report, style: Style) -> str:
    from gitmilestone.model.rule_pages import PAGES

    used = sorted({problem.code for problem in report.problems})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code][1]},
            "help": {"text": PAGES[code], "markdown": PAGES[code]},
            "defaultConfiguration": {"level": CODES[code][0]},
        }
        for code in used
    ]
    results = [_sarif_result(problem, used.index(problem.code)) for problem in report.problems]
    run = {"tool": {"driver": {"name": "git milestone", "rules": rules}}, "results": results}
    value = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dump(value, style) + "\n"


def _sarif_result(problem: Problem, rule: int) -> dict[str, Any]:
    from urllib.parse import quote

    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": _describe(problem)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(problem.path, errors="surrogateescape")},
                    "region": {"startLine": problem.line or 1},
                }
            }
        ],
    }


_FORMATS: dict[str, Callable[[Report, Style], str]] = {
    "text": _format_text,
    "json": _format_json,
    "github": _format_github,
    "gitlab": _format_gitlab,
    "sarif": _format_sarif,
}
