"""One file's facts, mended."""

from __future__ import annotations

from typing import Any

import pytest

from gitmilestone.demo.findings import KINDS
from gitmilestone.demo.history import read_history
from gitmilestone.demo.proposals import Proposal, is_template, read_proposal
from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.record import parse_field, parse_labels
from tests.demo.records import path_of, stated

_FOLDER = "12-a-thing"


def read(**facts: Any) -> tuple[Proposal, list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    change = stated(_FOLDER, **facts)
    assert change.facts is not None
    return read_proposal(change.path, change.facts, lambda kind, _, what: found.append((kind, what))), found


def test_a_plain_proposal_has_no_findings() -> None:
    proposal, found = read(
        status="implementable",
        stage="beta",
        latest_milestone="v1.24",
        milestone={"stable": "v1.26", "alpha": "v1.21"},
        participating=["sig-node", "sig-auth", "wg-lts"],
        see_also=["/keps/sig-node/13-other"],
        replaces=["/keps/sig-node/14-old"],
        feature_gates=["SomeGate", "n/a"],
    )
    assert found == []
    assert proposal.status == "in_progress"
    assert proposal.project == "sig-node"
    assert proposal.labels == ("stage/beta", "release/v1.24", "sig/auth", "wg/lts")
    assert list(proposal.releases.items()) == [("alpha", "v1.21"), ("stable", "v1.26")]
    assert [(reference.id, kind) for reference, kind in proposal.references] == [
        ("kep-13-other", "relates"),
        ("kep-14-old", "blocks"),
    ]
    assert proposal.description.splitlines() == [
        "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/12-a-thing",
        "",
        "Feature gates: SomeGate",
    ]


@pytest.mark.parametrize(
    ("facts", "kind", "attribute", "value"),
    [
        ({"status": "implementeable"}, "status", "status", "in_progress"),
        ({"status": "imlpemented"}, "status", "status", "completed"),
        ({"status": "implemented (beta)"}, "status", "status", "in_progress"),
        ({"status": "superseded"}, "status", "status", "cancelled"),
        ({"status": "provisional|implementable|implemented"}, "status", "status", None),
        ({"stage": "GA"}, "stage", "stage", "stable"),
        ({"stage": "implementable"}, "stage", "stage", None),
        ({"created": "2024-2-1"}, "created", "created", "2024-02-01"),
        ({"created": "yyyy-mm-dd"}, "created", "created", None),
        ({"created": "2024-02-30"}, "created", "created", None),
        ({"created": None}, "created", "created", None),
        ({"latest_milestone": "1.24"}, "release", "labels", ("release/v1.24",)),
        ({"latest_milestone": "0.0"}, "release", "labels", ()),
        ({"milestone": {"alpha": "TBD"}}, "release", "releases", {"alpha": ""}),
        ({"milestone": {"alpha": "v1.21, v1.37"}}, "release", "releases", {"alpha": ""}),
        ({"sig": "api-machinery"}, "group", "project", "sig-api-machinery"),
        ({"sig": "sig-xyz"}, "group", "project", "sig-node"),
        ({"participating": ["sig-scheduler"]}, "group", "labels", ("sig/scheduling",)),
        ({"participating": ["Kubelet garbage collection WG"]}, "group", "labels", ()),
        ({"title": "KEP Template"}, "title", "title", "A thing"),
        ({"see_also": ["https://example.com/"]}, "elsewhere", "references", ()),
        ({"replaces": ["n/a"]}, "no-reference", "references", ()),
        ({"kep": "13"}, "number", "number", 12),
    ],
)
def test_dirt_is_mended_and_reported(facts: dict[str, Any], kind: str, attribute: str, value: object) -> None:
    proposal, found = read(**facts)
    assert [name for name, _ in found] == [kind]
    assert getattr(proposal, attribute) == value


@pytest.mark.parametrize(
    ("folder", "is_one"),
    [
        ("NNNN-kep-template", True),
        ("0000-cloud-provider-template", True),
        ("5008-kep-template", False),
        ("12-a-thing", False),
    ],
)
def test_templates_are_known_by_their_number(folder: str, is_one: bool) -> None:
    assert is_template(path_of(folder)) is is_one


def test_every_record_that_is_shipped_makes_valid_fields() -> None:
    records = 0
    for source in read_history():
        for change in source.changes:
            if change.facts is None or is_template(change.path):
                continue
            found: list[str] = []
            proposal = read_proposal(change.path, change.facts, lambda kind, _, __, found=found: found.append(kind))  # type: ignore[misc]
            assert find_id_fault(proposal.id) is None
            assert set(found) <= KINDS.keys()
            for name in ("title", "project", "created", "description"):
                parse_field(name, getattr(proposal, name))
            parse_labels(proposal.labels)
            records += 1
    assert records == 2522
