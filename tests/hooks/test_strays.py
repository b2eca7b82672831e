"""What git misplaces where our hooks are, and our driver is not: real hooks tell it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hooks.conftest import Said
from tests.repositories import Clone

Run = Callable[..., Said]
Lay = Callable[..., Path]

_TEXT = (
    "schema: 1\n\ntitle: {0}\n\nstatus: planned\n\nproject: core\n\ncreated: 2026-11-01T10:00:00Z\n\nlabels:\n  - a\n"
)


def _lose_the_configuration(clone: Clone) -> None:
    clone.git("config", "--remove-section", "merge.milestone")


def _lose_the_attributes(clone: Clone) -> None:
    clone.git("config", "core.attributesFile", "/dev/null")
    (clone.path / ".milestones" / ".gitattributes").write_text("")
    clone.git("commit", "-qam", "no attributes", "--no-verify")


@pytest.fixture(params=[_lose_the_configuration, _lose_the_attributes])
def parted(request: pytest.FixtureRequest, hooked: Clone, lay: Lay) -> Clone:
    """On main `export` comes where `search` was; the branch `side` has edited `search`."""
    lay(hooked, "active/search.yaml", _TEXT.format("Search"))
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "search", "--no-verify")
    request.param(hooked)
    hooked.git("switch", "-qc", "side")
    lay(hooked, "active/search.yaml", _TEXT.format("Search").replace("core\n", "core\n\nowner: ana\n"))
    hooked.git("commit", "-qam", "edit", "--no-verify")
    hooked.git("switch", "-q", "main")
    hooked.git("rm", "-q", ".milestones/active/search.yaml")
    lay(hooked, "active/export.yaml", _TEXT.format("Export"))
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "export", "--no-verify")
    return hooked


@pytest.mark.parametrize("way", ["merge", "rebase --merge", "rebase --apply", "cherry-pick", "pull"])
def test_a_hook_tells_what_went_astray(parted: Clone, run: Run, way: str) -> None:
    original = parted.git("rev-parse", "side")
    verb, *options = way.split()
    if verb == "rebase":
        parted.git("switch", "-q", "side")
        done = run(parted, "rebase", "-q", *options, "main")
    elif verb == "pull":
        done = run(parted, "pull", "-q", "--no-rebase", "--no-edit", ".", "side")
    else:
        done = run(parted, verb, *(("-q", "--no-edit") if verb == "merge" else ()), "side")
    head = parted.head
    assert done.status == 0
    assert "owner: ana" in parted.text("active/export.yaml"), "git does what this is about"
    assert "gave export what was edited in search: owner: ana" in done.out
    name = head[:10] if verb in ("merge", "pull") else f"{original[:10]}..{head[:10]}"
    assert f"`git milestone resolve --merge {name}`" in done.out


def test_half_a_configuration_merges_nothing(hooked: Clone, run: Run) -> None:
    hooked.git("config", "--unset", "merge.milestone.driver")
    hooked.git("switch", "-qc", "side")
    hooked.edit("beta", owner="cy")
    hooked.git("switch", "-q", "main")
    hooked.edit("beta", due="2027-03-01")
    done = run(hooked, "merge", "-q", "--no-edit", "side")
    assert done.status != 0
    assert "lacks command line" in done.out


def test_a_pick_that_goes_well_says_nothing(hooked: Clone, run: Run) -> None:
    _lose_the_configuration(hooked)
    hooked.git("switch", "-qc", "side")
    hooked.edit("beta", owner="cy")
    hooked.git("switch", "-q", "main")
    hooked.edit("ship-2fa", owner="bo")
    done = run(hooked, "cherry-pick", "side")
    assert done.status == 0
    assert "stray" not in done.out
    assert "error" not in done.out


def test_whoever_else_listens_behind_a_rebase_hears_what_was_rewritten(
    hooked: Clone, run: Run, lay: Lay, tmp_path: Path
) -> None:
    hook = hooked.git_dir / "hooks" / "post-rewrite"
    hook.write_text(hook.read_text() + f'cat > "{tmp_path}/heard"\n')
    hooked.git("switch", "-qc", "side", "HEAD~1")
    lay(hooked, "active/one.yaml")
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "one")
    original = hooked.head
    assert run(hooked, "rebase", "-q", "main").status == 0
    assert (tmp_path / "heard").read_text().split()[:2] == [original, hooked.head]
