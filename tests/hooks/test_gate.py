"""A push is judged by the settings of where it goes, whatever it does to them; with real pushes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.model.problem import CODES
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.checking.review import review
from tests.hooks.conftest import Said, install
from tests.repositories import Clone, run_git

Run = Callable[..., Said]
Lay = Callable[..., Path]

SETTINGS = "config/project.yaml"
HEAD = "format: 1\n\nlayout: flat\n"
ALL_OFF = f"{HEAD}\ncheck:\n  severities:\n" + "".join(f"    {code}: off\n" for code in CODES)
UNREADABLE = "schema: 1\n\ntitle: Broken\n\nstatus: nonsense\n"


@pytest.fixture
def guarded(hooked: Clone, program: Path, tmp_path: Path) -> Clone:
    """A server that refuses bad pushes."""
    run_git("clone", "-q", "--bare", str(hooked.path), str(tmp_path / "server.git"))
    hooked.git("remote", "add", "origin", f"file://{tmp_path}/server.git")
    hooked.git("fetch", "-q")
    server = Clone(tmp_path / "server.git")
    install(server, program)
    return server


def commit(clone: Clone, lay: Lay, **files: str) -> None:
    for name, text in files.items():
        lay(clone, {"settings": SETTINGS, "tier": "config/tier.yaml"}.get(name, f"active/{name}.yaml"), text)
    clone.git("add", ".")
    clone.git("commit", "-qm", "a change", "--no-verify")


def push(clone: Clone, run: Run, *refs: str) -> Said:
    return run(clone, "push", "-q", "--no-verify", "origin", *(refs or ("main",)))


def told(clone: Clone) -> set[str]:
    """What a range and a review say is wrong, which is the same."""
    with clone.store() as store:
        problems = {problem.code for problem in check_range(store, "origin/main..main").problems}
        assert {problem.code for problem in review(store, "origin/main..main").problems} == problems
    return problems


@pytest.mark.parametrize("only", ["pre-receive", "update"])
def test_a_push_can_not_switch_off_its_own_gate(hooked: Clone, guarded: Clone, run: Run, lay: Lay, only: str) -> None:
    for name in {"pre-receive", "update"} - {only}:
        (guarded.path / "hooks" / name).unlink()
    commit(hooked, lay, settings=ALL_OFF, beta=UNREADABLE, gamma="title: 1\ntitle: 2\n")
    assert told(hooked) >= {"bad-value", "duplicate-key"}
    assert run(hooked, "push", "-q", "origin", "main").status == 1
    done = push(hooked, run)
    assert done.status == 1
    assert "beta.yaml:5: error:" in done.out
    assert "gamma.yaml:2: error:" in done.out


def test_what_is_off_already_is_no_cover_for_what_can_not_be_read(
    hooked: Clone, guarded: Clone, run: Run, lay: Lay
) -> None:
    commit(hooked, lay, settings=ALL_OFF)
    assert push(hooked, run) == Said(0, "")
    hooked.git("fetch", "-q")
    commit(hooked, lay, gamma="schema: 1\ntitle: Waits for itself\nstatus: planned\ndepends_on: [gamma]\n")
    assert told(hooked) == set()
    assert push(hooked, run) == Said(0, "")
    hooked.git("fetch", "-q")
    commit(hooked, lay, beta=UNREADABLE)
    assert told(hooked) == {"bad-value"}
    assert push(hooked, run).status == 1
    assert push(hooked, run, "main:new").status == 1


def test_a_rule_is_switched_off_by_a_push_of_its_own(hooked: Clone, guarded: Clone, run: Run, lay: Lay) -> None:
    circle = "schema: 1\ntitle: Waits for itself\nstatus: planned\ndepends_on: [gamma]\n"
    commit(hooked, lay, settings=f"{HEAD}check:\n  severities:\n    self-dependency: off\n")
    assert told(hooked) == set()
    settings = hooked.head
    commit(hooked, lay, gamma=circle)
    assert told(hooked) == {"self-dependency"}
    assert push(hooked, run).status == 1
    assert push(hooked, run, f"{settings}:main") == Said(0, "")
    assert push(hooked, run) == Said(0, "")


def test_a_stricter_rule_counts_at_once(hooked: Clone, guarded: Clone, run: Run, lay: Lay) -> None:
    commit(hooked, lay, settings=f"{HEAD}check:\n  required: [owner]\n")
    assert told(hooked) == {"required-field"}
    assert push(hooked, run).status == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings", "layout: [flat]\n"),
        ("settings", f"{HEAD}<<<<<<< ours\nlabels: [a]\n=======\n>>>>>>> theirs\n"),
        ("settings", "#" * (1 << 21)),
        ("tier", "SQLITE\n"),
        ("tier", "tier: SQLITE\n"),
    ],
)
def test_broken_settings_are_an_error_of_the_push(
    hooked: Clone, guarded: Clone, run: Run, lay: Lay, name: str, text: str
) -> None:
    commit(hooked, lay, **{name: text})
    done = push(hooked, run)
    assert done.status == 1
    assert f".milestones/{SETTINGS if name == 'settings' else 'config/tier.yaml'}" in done.out
    assert "Traceback" not in done.out
    lay(hooked, SETTINGS, HEAD)
    commit(hooked, lay, settings=HEAD, tier="tier: file\n")
    assert push(hooked, run) == Said(0, "")


def test_transitions_are_those_of_both_sides(hooked: Clone, guarded: Clone, run: Run, lay: Lay) -> None:
    steps = "check:\n  transitions:\n    planned: [in_progress]\n"
    commit(hooked, lay, settings=HEAD + steps)
    assert push(hooked, run) == Said(0, "")
    hooked.git("fetch", "-q")
    beta = (hooked.path / ".milestones/active/beta.yaml").read_text()
    commit(hooked, lay, settings=HEAD, beta=beta.replace("status: planned", "status: blocked"))
    assert told(hooked) == {"forbidden-transition"}
    assert push(hooked, run).status == 1
