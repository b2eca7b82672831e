"""Every rule of `check`, with the severity that it has and those that a project sets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

import gitmilestone
from gitmilestone.errors import InvalidContent
from gitmilestone.model.problem import CODES, Problem
from gitmilestone.model.rule_pages import PAGES, format_pages
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.editing.fix import fix
from tests.repositories import ROOT, Clone

_HEAD = "schema: 1\ntitle: T\n"
_PLANNED = _HEAD + "status: planned\n"
_SETTINGS = "config/project.yaml"
_FORMAT = "format: 1\n"
_LINK = "a link to "


class Specimen(NamedTuple):
    """Files below `.milestones/`, beside the settings, and where the rule finds its fault."""

    files: Mapping[str, str | bytes]
    path: str = "active/a.yaml"
    line: int = 0
    settings: str = ""


def _one(content: str | bytes, line: int = 0, settings: str = "") -> Specimen:
    return Specimen({"active/a.yaml": content}, line=line, settings=settings)


SPECIMENS: dict[str, Specimen] = {
    "file-too-large": _one(_PLANNED + "description: " + "x" * (1 << 20) + "\n"),
    "not-utf8": _one(_PLANNED.encode() + b"owner: Andr\xe9\n", 4),
    "byte-order-mark": _one(b"\xef\xbb\xbf" + _PLANNED.encode(), 1),
    "carriage-return": _one(_PLANNED.replace("\n", "\r\n"), 1),
    "symbolic-link": _one(_LINK + "../../readme"),
    "unexpected-file": Specimen({"active/notes.txt": "x"}, "active/notes.txt"),
    "bad-id": Specimen({"active/con.yaml": _PLANNED}, "active/con.yaml"),
    "duplicate-id": Specimen({"active/a.yaml": _PLANNED, "completed/a.yaml": _PLANNED}),
    "case-collision": Specimen({"active/a.yaml": _PLANNED, "active/A.yaml": _PLANNED}, "active/A.yaml"),
    "wrong-folder": Specimen({"completed/a.yaml": _PLANNED}, "completed/a.yaml"),
    "wrong-layout": Specimen({"active/ff/a.yaml": _PLANNED}, _SETTINGS),
    "conflict-marker": _one(_HEAD + "<<<<<<< ours\nstatus: planned\n", 3),
    "yaml-syntax": _one(_PLANNED + "owner: 'ana\n", 4),
    "yaml-tag": _one(_PLANNED + "owner: !!str ana\n", 4),
    "yaml-alias": _one(_PLANNED + "owner: &a ana\n", 4),
    "yaml-depth": _one(_PLANNED + "x: " + "[" * 40 + "]" * 40 + "\n", 4),
    "yaml-documents": _one(_PLANNED + "---\n" + _PLANNED, 4),
    "not-a-mapping": _one("- a\n- b\n", 1),
    "duplicate-key": _one(_PLANNED + "title: U\n", 4),
    "unstorable-character": _one(_PLANNED + 'owner: "\\0"\n', 4),
    "unknown-schema": _one(_PLANNED.replace("1", "99"), 1),
    "missing-field": _one("schema: 1\nstatus: planned\n", 1),
    "bad-value": _one(_PLANNED + "due: tomorrow\n", 4),
    "comment-in-text": _one(_PLANNED + "owner: ana #2\n", 4),
    "unknown-key": _one(_PLANNED + "onwer: ana\n", 4),
    "required-field": _one(_PLANNED, settings="  required:\n    planned:\n      - owner\n"),
    "date-order": _one(_PLANNED + "start: 2027-01-02\ndue: 2027-01-01\n", 5),
    "due-before-blocker": Specimen(
        {
            "active/a.yaml": _PLANNED + "due: 2027-01-01\ndepends_on:\n  - b\n",
            "active/b.yaml": _PLANNED + "due: 2027-02-01\n",
        },
        line=4,
    ),
    "open-tasks": Specimen(
        {"completed/a.yaml": _HEAD + "status: completed\ntasks:\n  t:\n    title: T\n"}, "completed/a.yaml", 3
    ),
    "too-many-dependencies": _one(
        _PLANNED + "depends_on:\n" + "".join(f"  - m{number}: relates\n" for number in range(201)), 4
    ),
    "self-dependency": _one(_PLANNED + "depends_on:\n  - b: relates\n  - a\n", 6),
    "dependency-cycle": Specimen(
        {"active/a.yaml": _PLANNED + "depends_on:\n  - b\n", "active/b.yaml": _PLANNED + "depends_on:\n  - a\n"}, line=5
    ),
    "dangling-dependency": _one(_PLANNED + "depends_on:\n  - gone: relates\n", 5),
}
_NEED_MORE = {
    "forbidden-transition": "a change: below",
    "stray-edit": "a merge commit: tests/operations/checking/test_strays.py",
    "stray-deletion": "a merge commit: tests/operations/checking/test_strays.py",
    "converted": "git's attributes: tests/store/writing/test_attributes.py",
    "ambiguous-dependency": "a mirror of several repositories: tests/operations/asking/test_across.py",
    "mixed-format": "a second format: tests/operations/migrating/test_formats.py",
    "unknown-word": "a list in the settings, beside `check`: below",
}


def _lay(clone: Clone, specimen: Specimen, severities: str = "") -> None:
    checks = specimen.settings + severities
    files = {_SETTINGS: _FORMAT + (f"check:\n{checks}" if checks else ""), **specimen.files}
    for name, content in files.items():
        path = clone.path / ".milestones" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith(_LINK):
            os.symlink(content.removeprefix(_LINK), path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _check(clone: Clone) -> list[Problem]:
    with clone.store() as store:
        return list(check(store.work_files()).problems)


@pytest.mark.parametrize("code", SPECIMENS)
def test_a_rule_finds_its_fault_with_its_severity(clone: Clone, code: str) -> None:
    specimen = SPECIMENS[code]
    _lay(clone, specimen)
    found = [one for one in _check(clone) if one.code == code]
    assert (found[0].path, found[0].line) == (f".milestones/{specimen.path}", specimen.line), found
    assert found[0].severity == CODES[code][0]
    assert found[0].message
    assert not found[0].message.endswith(".")


@pytest.mark.parametrize("code", SPECIMENS)
def test_a_project_sets_the_severity_of_a_rule(clone: Clone, code: str) -> None:
    other = {"error": "warning", "warning": "error"}[CODES[code][0]]
    _lay(clone, SPECIMENS[code], f"  severities:\n    {code}: {other}\n")
    assert {one.severity for one in _check(clone) if one.code == code} == {other}
    (clone.path / ".milestones" / _SETTINGS).write_text(
        _FORMAT + f"check:\n{SPECIMENS[code].settings}  severities:\n    {code}: off\n"
    )
    assert not [one for one in _check(clone) if one.code == code]


def test_every_rule_is_tried_and_has_a_page() -> None:
    assert {*SPECIMENS, *_NEED_MORE} == {*CODES}
    assert [*PAGES] == [*CODES]
    assert all(page.endswith("\n") and len(page) > 60 for page in PAGES.values())
    written = (ROOT / "docs" / "rules.md").read_text()
    assert written == format_pages(), "run: python -m gitmilestone.faces.cli.reference rules > docs/rules.md"


@pytest.mark.parametrize(
    ("settings", "line", "code", "words"),
    [
        ("check: all\n", 2, "bad-value", "`check` is `key: value` lines"),
        ("check:\n  severitys:\n    x: y\n", 3, "unknown-key", "did you mean `severities`?"),
        ("check:\n  severities:\n    open-task: off\n", 4, "unknown-key", "did you mean `open-tasks`?"),
        ("check:\n  severities:\n    open-tasks: info\n", 4, "bad-value", "error, warning, off"),
        ("check:\n  required:\n    planed:\n      - due\n", 4, "unknown-key", "did you mean `planned`?"),
        ("check:\n  required:\n    planned:\n      - ownr\n", 5, "unknown-key", "did you mean `owner`?"),
        ("check:\n  required:\n    planned: due\n", 4, "bad-value", "is a list"),
        ("check:\n  required:\n    - [due]\n", 4, "bad-value", "is a word"),
        ("check:\n  transitions:\n    - planned\n", 4, "bad-value", "`key: value` lines"),
        ("check:\n  transitions:\n    planned:\n      - done\n", 5, "unknown-key", "'done' is no status"),
    ],
)
def test_settings_that_make_no_sense(clone: Clone, settings: str, line: int, code: str, words: str) -> None:
    (clone.path / ".milestones" / _SETTINGS).write_text("format: 1\n" + settings)
    (problem,) = _check(clone)
    assert (problem.line, problem.code) == (line, code), str(problem)
    assert words in str(problem)


def test_required_fields_can_be_the_projects_own_and_of_every_status(clone: Clone) -> None:
    settings = "format: 1\nfields:\n  - team\ncheck:\n  required:\n    - team\n    - labels\n"
    clone.write(
        {
            _SETTINGS: settings,
            "active/a.yaml": _PLANNED + "team: core\nlabels:\n  - x\n",
            "active/b.yaml": _PLANNED + "team:\nlabels: []\n",
            "completed/c.yaml": _HEAD + "status: cancelled\nlabels:\n  - x\n",
        }
    )
    found = [(one.path[12:], one.line, one.message.split("`")[1]) for one in _check(clone)]
    assert found == [("active/b.yaml", 4, "team"), ("active/b.yaml", 5, "labels"), ("completed/c.yaml", 0, "team")]


def test_words_outside_of_the_vocabularies(clone: Clone) -> None:
    settings = "format: 1\nowners:\n  - ana\nlabels:\n  - x\n"
    clone.write({_SETTINGS: settings, "active/a.yaml": _PLANNED + "owner: bo\nlabels:\n  - x\n  - y\n"})
    found = [(one.line, one.code, one.severity) for one in _check(clone)]
    assert found == [(4, "unknown-word", "warning"), (7, "unknown-word", "warning")]


_TRANSITIONS = "format: 1\ncheck:\n  transitions:\n    planned:\n      - in_progress\n    completed: []\n"


def _write(clone: Clone, *statuses: str) -> None:
    for status in statuses:
        folder, other = ("completed", "active") if status == "completed" else ("active", "completed")
        clone.write({f"{folder}/a.yaml": f"{_HEAD}status: {status}\n", f"{other}/a.yaml": None}, status)


@pytest.mark.parametrize(
    ("statuses", "is_allowed"),
    [
        (("planned", "in_progress"), True),
        (("planned", "completed"), False),
        (("planned", "in_progress", "completed"), True),
        (("planned", "completed", "planned"), True),
        (("planned", "completed", "in_progress"), True),
        (("planned", "completed", "planned", "in_progress", "completed"), True),
        (("completed", "planned"), False),
        (("blocked", "completed"), True),
    ],
)
def test_a_status_goes_only_where_the_project_lets_it(
    clone: Clone, statuses: tuple[str, ...], is_allowed: bool
) -> None:
    clone.write({_SETTINGS: _TRANSITIONS})
    _write(clone, statuses[0])
    clone.git("branch", "before")
    _write(clone, *statuses[1:])
    with clone.store() as store:
        found = check_range(store, "before..HEAD").problems
    assert [one.code for one in found] == ([] if is_allowed else ["forbidden-transition"])
    if not is_allowed:
        assert found[0].line == 3
        assert f"`status` was {statuses[0]} and is {statuses[-1]}" in found[0].message


def test_allowed_steps_on_branches_that_were_merged_count(clone: Clone) -> None:
    clone.write({_SETTINGS: _TRANSITIONS})
    _write(clone, "planned")
    clone.git("branch", "before")
    clone.git("checkout", "-qb", "side")
    _write(clone, "in_progress")
    clone.git("checkout", "-q", "-")
    clone.write({"active/other.yaml": _PLANNED})
    clone.git("merge", "-q", "--no-edit", "side")
    _write(clone, "completed")
    with clone.store() as store:
        assert check_range(store, "before..HEAD").problems == ()


def test_a_range_begins_where_the_branch_left_its_target(clone: Clone) -> None:
    old_sin = _PLANNED + "onwer: ana\n"
    clone.write({_SETTINGS: _TRANSITIONS, "active/a.yaml": _PLANNED, "active/b.yaml": old_sin})
    clone.git("checkout", "-qb", "feature")
    clone.write({"active/b.yaml": old_sin + "due: 2027-01-01\n", "active/c.yaml": old_sin})
    clone.git("checkout", "-q", "-")
    _write(clone, "in_progress")
    with clone.store() as store:
        found = check_range(store, "HEAD..feature").problems
        assert check_range(store, "HEAD...feature").problems == found
    assert [(one.path, one.code) for one in found] == [(".milestones/active/c.yaml", "unknown-key")]


def test_a_write_is_refused_for_what_it_makes_wrong_itself(repository: Path) -> None:
    rules = _TRANSITIONS + "  severities:\n    due-before-blocker: error\n    unknown-word: error\nowners:\n  - ana\n"
    Clone(repository).write(
        {
            _SETTINGS: rules,
            "active/a.yaml": _PLANNED + "owner: gone\ndue: 2027-01-01\n",
            "active/b.yaml": _PLANNED + "due: 2027-02-01\ndepends_on:\n  - a\n",
        }
    )
    with gitmilestone.open(repository) as repo:
        repo.update("a", priority="high")  # that its owner is gone is an old sin
        for change, code in (
            ({"owner": "bo"}, "unknown-word"),
            ({"status": "completed"}, "forbidden-transition"),
            ({"due": "2027-03-01"}, "due-before-blocker"),
        ):
            with pytest.raises(InvalidContent) as caught:
                repo.update("a", **change)
            assert [one.code for one in caught.value.problems] == [code]
        with pytest.raises(InvalidContent):
            repo.update("b", due="2026-01-01")
        repo.update("a", status="in_progress")
        repo.update("a", status="completed")
        with pytest.raises(InvalidContent):
            repo.create("New", owner="bo")
        assert repo.get("a").status == "completed"


def test_what_another_fault_does_not_keep_from_mending(clone: Clone) -> None:
    crlf = _PLANNED.replace("\n", "\r\n").encode()
    for path, content in {
        "active/a.yaml": b"\xef\xbb\xbfschema: 1\r\ntitle: T\r\n",
        "active/b.yaml": b"\xef\xbb\xbfschema: 1\r\ntitle: Andr\xe9\r\n",
        "active/c.yaml": b"owner: 'ana\r\n",
        "active/ff/d.yaml": crlf,
        "active/fe/d.yaml": crlf,
    }.items():
        place = clone.path / ".milestones" / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    with clone.store() as store:
        assert [one.path.rpartition("/")[2] for one in fix(store)] == ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "d.yaml"]
        assert fix(store) == []
        left = check(store.work_files()).problems
    assert not any("check --fix" in one.hint for one in left)
    assert (clone.path / ".milestones/active/a.yaml").read_bytes() == b"schema: 1\ntitle: T\n"
    assert (clone.path / ".milestones/active/b.yaml").read_bytes() == b"schema: 1\r\ntitle: Andr\xe9\r\n"
    assert (clone.path / ".milestones/active/c.yaml").read_bytes() == b"owner: 'ana\n"


def test_mending_says_what_it_did(clone: Clone) -> None:
    clone.write(
        {
            "active/a.yaml": _PLANNED + "# kept\ndepends_on:\n  - a\n  - b\n",
            "completed/b.yaml": "\ufeff" + _PLANNED.replace("\n", "\r\n"),
            "completed/ff/d.yaml": _PLANNED,
            "active/c.yaml": _PLANNED,
        }
    )
    with clone.store() as store:
        mended = fix(store)
        assert fix(store) == []
    assert [(one.path, len(one.changes)) for one in mended] == [
        ("active/a.yaml", 1),
        ("completed/b.yaml", 3),
        ("completed/ff/d.yaml", 1),
    ]
    assert mended[0].changes == ("removed its dependency on itself",)
    assert mended[1].changes == (
        "removed its byte-order mark",
        "made its line ends LF",
        "moved it to .milestones/active/b.yaml, because it is planned",
    )
    assert (clone.path / ".milestones/active/a.yaml").read_text() == _PLANNED + "# kept\ndepends_on:\n  - b\n"
    assert (clone.path / ".milestones/active/b.yaml").read_text() == _PLANNED
    assert (clone.path / ".milestones/active/ff/d.yaml").read_text() == _PLANNED
