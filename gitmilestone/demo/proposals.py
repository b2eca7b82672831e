"""One proposal's facts, read as the fields of a milestone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from gitmilestone.demo.history import SOURCE
from gitmilestone.demo.references import Reference, make_proposal_id, number_of, parse_reference, says_nothing
from gitmilestone.model.milestone import DependencyType, Status

Report = Callable[[str, str], None]
"""Takes the kind of a finding, and what was found."""

STAGES = ("alpha", "beta", "stable", "deprecated", "disabled", "removed")
"""In the order in which a proposal passes them."""

_STATUSES: dict[str, Status] = {
    "provisional": "planned",
    "implementable": "in_progress",
    "implemented": "completed",
    "deferred": "blocked",
    "rejected": "cancelled",
    "withdrawn": "cancelled",
    "replaced": "cancelled",
}
_MEANT_STATUSES: dict[str, Status] = {
    "implementeable": "in_progress",
    "implemented (alpha)": "in_progress",
    "implemented (beta)": "in_progress",
    "alpha": "in_progress",
    "imlpemented": "completed",
    "superseded": "cancelled",
    "removed": "cancelled",
}
_MEANT_STAGES = {"GA": "stable", "alpha (deprecated)": "alpha", "beta (deprecated)": "beta"}
_MEANT_GROUPS = {
    "api-machinery": "sig-api-machinery",
    "sig-api": "sig-api-machinery",
    "sig-apimachinery": "sig-api-machinery",
    "sig-machinery": "sig-api-machinery",
    "sig-arch": "sig-architecture",
    "sig-contribex": "sig-contributor-experience",
    "sig-scheduler": "sig-scheduling",
}
_PLACEHOLDER_GROUPS = frozenset({"sig-xyz", "sig-aaa", "sig-bbb"})
_GROUP = re.compile(r"(?:sig|wg|committee)-[a-z0-9-]+")
_RELEASE = re.compile(r"(v?)(1\.\d+)")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TEMPLATE_TITLE = "KEP Template"


class Proposal(NamedTuple):
    """A proposal as one version of its file states it, mended.

    Attributes:
        id: Of its milestone.
        number: 0 where the folder's name has none.
        status: None where the file's says nothing.
        created: A date as a file has it; None where there is none.
        stage: One of STAGES, or None.
        releases: Stage -> the release that it is meant for, "" where that is open; in the order of STAGES.
        references: To other proposals, with what they would be as a dependency.
    """

    id: str
    number: int
    path: str
    title: str
    status: Status | None
    project: str
    created: str | None
    stage: str | None
    releases: Mapping[str, str]
    labels: tuple[str, ...]
    references: tuple[tuple[Reference, DependencyType], ...]
    description: str


def folder_of(path: str) -> str:
    """`keps/sig-architecture/1635-prevent-permabeta/kep.yaml` -> `1635-prevent-permabeta`."""
    return path.split("/")[-2]


def is_template(path: str) -> bool:
    folder = folder_of(path)
    return folder.endswith("-template") and not number_of(folder)


def read_proposal(path: str, facts: Mapping[str, Any], add: Callable[[str, str, str], None]) -> Proposal:
    """Reads what a file states.

    Args:
        add: Takes what is wrong with it: a kind of finding, the id, and what was found.
    """
    folder = folder_of(path)
    name, number = make_proposal_id(folder), number_of(folder)

    def report(kind: str, what: str) -> None:
        add(kind, name, what)

    stated = str(facts.get("kep") or "")
    if stated.isdigit() and int(stated) != number:
        report("number", f"the file says {stated}")
    stage = _read_stage(facts.get("stage"), report)
    project = _read_group(str(facts["sig"]), path.split("/")[1], report)
    return Proposal(
        id=name,
        number=number,
        path=path,
        title=_read_title(folder, facts, report),
        status=_read_status(str(facts.get("status")), report),
        project=project,
        created=_read_created(facts.get("created"), report),
        stage=stage,
        releases=_read_releases(facts.get("milestone") or {}, report),
        labels=tuple(_iter_labels(facts, stage, project, report)),
        references=tuple(_iter_references(facts, report)),
        description=_describe(path, facts),
    )


def _read_title(folder: str, facts: Mapping[str, Any], report: Report) -> str:
    title = str(facts["title"]).strip()
    if title and title != _TEMPLATE_TITLE:
        return title
    words = folder.partition("-")[2].replace("-", " ")
    made = words[:1].upper() + words[1:]
    report("title", f"title {title!r}: now {made!r}")
    return made


def _read_status(text: str, report: Report) -> Status | None:
    status = _STATUSES.get(text) or _MEANT_STATUSES.get(text)
    if text not in _STATUSES:
        report("status", f"status {text!r}: {status or 'what it was before, or planned'}")
    return status


def _read_stage(text: str | None, report: Report) -> str | None:
    if text is None or text in STAGES:
        return text
    stage = _MEANT_STAGES.get(text)
    report("stage", f"stage {text!r}: {stage or 'left out'}")
    return stage


def _read_release(key: str, text: object, report: Report) -> str:
    """`v1.24`, or ""."""
    if text is None:
        return ""
    found = _RELEASE.fullmatch(str(text).strip())
    if found and found[1]:
        return found[0]
    release = f"v{found[2]}" if found else ""
    report("release", f"{key} {str(text)!r}: {release or 'left out'}")
    return release


def _read_releases(stated: Mapping[str, Any], report: Report) -> dict[str, str]:
    named = {_MEANT_STAGES.get(stage, stage): text for stage, text in stated.items()}
    return {stage: _read_release(f"milestone.{stage}", named[stage], report) for stage in STAGES if stage in named}


def _read_created(text: str | None, report: Report) -> str | None:
    found = _DATE.fullmatch(text or "")
    try:
        day = date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        day = None
    if day != text or day is None:
        report("created", f"created {text!r}: {day or 'the day of its first commit'}")
    return day


def _read_group(text: str, otherwise: str, report: Report) -> str:
    group = _MEANT_GROUPS.get(text, text)
    found = group if _GROUP.fullmatch(group) and group not in _PLACEHOLDER_GROUPS else otherwise
    if found != text:
        report("group", f"group {text!r}: {found or 'left out'}")
    return found


def _iter_labels(facts: Mapping[str, Any], stage: str | None, project: str, report: Report) -> Iterable[str]:
    if stage:
        yield f"stage/{stage}"
    if release := _read_release("latest_milestone", facts.get("latest_milestone"), report):
        yield f"release/{release}"
    for text in facts.get("participating") or ():
        group = _read_group(str(text), "", report)
        if group not in ("", project):
            yield group.replace("-", "/", 1)


def _iter_references(facts: Mapping[str, Any], report: Report) -> Iterable[tuple[Reference, DependencyType]]:
    """`replaces` comes last, so that it wins where both name the same proposal."""
    kinds: tuple[tuple[str, DependencyType], ...] = (("see_also", "relates"), ("replaces", "blocks"))
    for key, kind in kinds:
        for text in facts.get(key) or ():
            reference = parse_reference(str(text))
            if reference.names_proposal:
                yield reference, kind
            elif says_nothing(str(text)):
                report("no-reference", f"{key} {str(text)!r}: left out")
            else:
                report("elsewhere", f"{key} {str(text)!r}: left out")


def _describe(path: str, facts: Mapping[str, Any]) -> str:
    link = f"https://github.com/{SOURCE}/tree/master/{path.rpartition('/')[0]}\n"
    gates = [str(gate) for gate in facts.get("feature_gates") or () if not says_nothing(str(gate))]
    return f"{link}\nFeature gates: {', '.join(gates)}\n" if gates else link
