"""Runs the steps of an action as GitHub's runner does, and the script of a job as GitLab's does, with a real bash."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


class Ran(NamedTuple):
    """Attributes:
    used: The actions of others that it would have run, each with its inputs.
    """

    status: int
    output: str
    outputs: dict[str, dict[str, str]]
    used: list[tuple[str, dict[str, str]]]


def read_action(path: str) -> dict[str, Any]:
    action: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())
    return action


def run_action(
    path: str,
    contexts: Mapping[str, Any],
    environ: Mapping[str, str],
    cwd: Path,
    temp: Path,
    answers: Mapping[str, Mapping[str, str]] = {},
) -> Ran:
    """Runs an action's own steps one behind the other, until one fails.

    Args:
        contexts: `github` and `inputs`, of which the defaults are filled in.
        answers: The outputs of other people's actions, by the step's id.
    """
    action = read_action(path)
    inputs = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
    known: dict[str, Any] = {"runner": {"temp": str(temp)}, "steps": {}, **contexts}
    known["inputs"] = {name: evaluate(text, known) for name, text in inputs.items()} | dict(contexts.get("inputs", {}))
    known["steps"] = {name: {"outputs": dict(given)} for name, given in answers.items()}
    said, used = "", []
    for place, step in enumerate(action["runs"]["steps"]):
        if "if" in step and not decide(step["if"], known):
            continue
        if "uses" in step:
            used.append((step["uses"], {name: evaluate(text, known) for name, text in step.get("with", {}).items()}))
            continue
        assert step["shell"] == "bash"
        outputs = temp / f"output-{place}"
        outputs.touch()
        given = {name: evaluate(text, known) for name, text in step.get("env", {}).items()}
        script = temp / f"step-{place}.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=cwd,
            env={**environ, "GITHUB_OUTPUT": str(outputs), **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said += done.stdout
        pairs = (line.partition("=") for line in outputs.read_text().splitlines())
        known["steps"][step.get("id", f"step-{place}")] = {"outputs": {name: value for name, _, value in pairs}}
        if done.returncode:
            return Ran(done.returncode, said, _outputs(known), used)
    return Ran(0, said, _outputs(known), used)


def _outputs(known: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {name: step["outputs"] for name, step in known["steps"].items()}


def evaluate(text: Any, known: Mapping[str, Any]) -> str:
    """A text with its expressions replaced; each is a place in a context."""
    return _EXPRESSION.sub(lambda found: _look_up(found[1], known), str(text))


def decide(condition: str, known: Mapping[str, Any]) -> bool:
    """Comparisons joined by `&&`."""
    return all(_compare(part.strip(), known) for part in condition.split("&&"))


def _compare(text: str, known: Mapping[str, Any]) -> bool:
    left, sign, right = re.split(r"\s*(==|!=)\s*", text)
    return (_value(left, known) == _value(right, known)) == (sign == "==")


def _value(text: str, known: Mapping[str, Any]) -> str:
    return text[1:-1] if text.startswith("'") else _look_up(text, known)


def _look_up(name: str, known: Mapping[str, Any]) -> str:
    value: Any = known
    for part in name.split("."):
        assert re.fullmatch(r"[\w-]+", part), name
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return str(value)


def run_job(name: str, environ: Mapping[str, str], cwd: Path, tool: Path) -> subprocess.CompletedProcess[str]:
    """Runs the script of a job of ci/gitlab.yml in one shell, with its variables.

    Args:
        tool: What stands for the virtual environment that its `before_script` makes.
    """
    job = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())[name]
    made = job["before_script"][0].removeprefix("python -m venv ")
    lines = [line.replace(made, str(tool)) for line in job["script"]]
    variables = {key: str(value) for key, value in job["variables"].items()}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=cwd,
        env={**variables, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def plain_environ(**more: str) -> dict[str, str]:
    """What a runner's shell has of ours: git's own configuration, and where programs are."""
    kept = ("PATH", "HOME", "LC_ALL", "TZ", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")
    return {**{name: os.environ[name] for name in kept}, **more}
