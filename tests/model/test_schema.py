"""The JSON Schema accepts what is written, and finds what editors should find."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.schema import json_schema, modeline
from gitmilestone.model.text.encode import encode
from tests.strategies import milestones


class CoreLoader(yaml.SafeLoader):
    """Casts as YAML 1.2 does, which is what language servers do."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  as its base has it


for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|\.nan|[-+]?\.inf", list("-+.0123456789")),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)

VALIDATOR = jsonschema.Draft7Validator(json_schema())


def faults_of(text: str | bytes) -> list[str]:
    loaded = yaml.load(text, CoreLoader)
    return [".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(loaded)]


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@given(milestones())
def test_what_is_encoded_is_valid(milestone: Milestone) -> None:
    assert faults_of(encode(milestone, modeline("../config/milestone.schema.json"))) == []


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("status: done", "status"),
        ("status:", "status"),
        ("owner: [ana]", "owner"),
        ("owner: no", ""),
        ("estimate: 3", "estimate"),
        ("estimate: 3w", ""),
        ("priority: urgent", "priority"),
        ("priority: ~", ""),
        ("labels: security", "labels"),
        ("labels: [1.10, v2]", ""),
        ("labels: ['a,b']", "labels.0"),
        ("depends_on: [a, {b: relates}]", ""),
        ("depends_on: [{b: needs}]", "depends_on.0"),
        ("depends_on: [A]", "depends_on.0"),
        ("tasks: {a: {title: A, weight: 2}}", ""),
        ("tasks: {a: {status: planned}}", "tasks.a"),
        ("tasks: {a: {title: A, weight: -2}}", "tasks.a.weight"),
        ("tasks: {A b: {title: A}}", "tasks"),
        ("risk: [high]", ""),
    ],
)
def test_what_editors_underline(lines: str, fault: str) -> None:
    head = "" if lines.startswith("status") else "status: planned\n"
    assert faults_of(f"schema: 1\ntitle: T\n{head}{lines}\n") == ([fault] if fault else [])


def test_every_field_is_described() -> None:
    schema = json_schema()
    assert list(schema["properties"]) == [field.name for field in MILESTONE_FIELDS]
    tasks = schema["properties"]["tasks"]["additionalProperties"]["properties"]
    assert list(tasks) == [field.name for field in TASK_FIELDS]
    assert all(entry["description"] for entry in (*schema["properties"].values(), *tasks.values()))
