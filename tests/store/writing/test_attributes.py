"""Nothing is written past a filter, nor in another encoding than git is told: the attributes, wherever they are set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import Refused
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.merging.propose import propose
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone, run_git

SHIP = ".milestones/active/ship.yaml"

Say = Callable[[Clone, str], None]


def at_the_top(clone: Clone, line: str) -> None:
    (clone.path / ".gitattributes").write_text(f"*.c text\n*.yaml {line}\n")
    clone.git("add", ".gitattributes")
    clone.git("commit", "-qm", "attributes")


def at_the_top_uncommitted(clone: Clone, line: str) -> None:
    (clone.path / ".gitattributes").write_text(f"* {line}\n")


def beside_the_milestones(clone: Clone, line: str) -> None:
    (clone.path / ".milestones" / "active").mkdir(exist_ok=True)
    (clone.path / ".milestones" / "active" / ".gitattributes").write_text(f"*.yaml {line}\n")


def by_a_macro(clone: Clone, line: str) -> None:
    at_the_top(clone, f"secret\n[attr]secret {line}")


def for_this_clone(clone: Clone, line: str) -> None:
    (clone.git_dir / "info").mkdir(exist_ok=True)
    (clone.git_dir / "info" / "attributes").write_text(f"* {line}\n")


def for_this_user(clone: Clone, line: str) -> None:
    place = clone.path.parent / "attributes"
    place.write_text(f"* {line}\n")
    clone.git("config", "--global", "core.attributesFile", str(place))


def for_this_user_by_default(clone: Clone, line: str) -> None:
    place = Path(os.environ["XDG_CONFIG_HOME"]) / "git" / "attributes"
    place.parent.mkdir(parents=True)
    place.write_text(f"* {line}\n")


EVERYWHERE = [
    at_the_top,
    at_the_top_uncommitted,
    beside_the_milestones,
    by_a_macro,
    for_this_clone,
    for_this_user,
    for_this_user_by_default,
]


def use_filter(clone: Clone) -> None:
    clone.git("config", "filter.up.clean", "tr a-z A-Z")
    clone.git("config", "filter.up.smudge", "tr A-Z a-z")
    clone.git("config", "filter.up.required", "true")


@pytest.mark.parametrize("say", EVERYWHERE)
@pytest.mark.parametrize("attribute", ["filter=up", "working-tree-encoding=UTF-16"])
def test_a_write_is_refused_and_the_way_out_is_one(clone: Clone, say: Say, attribute: str) -> None:
    use_filter(clone)
    say(clone, attribute)
    head, before = clone.head, clone.status()
    for options in (WriteOptions(), WriteOptions(stage_only=True), WriteOptions(verify=False)):
        with pytest.raises(Refused, match=attribute) as fault:
            clone.new("ship", options)
    assert (clone.head, clone.status(), clone.locks()) == (head, before, [])
    line, place = fault.value.hint.removeprefix("`").split("` at the end of ")
    place = place.split(" ")[0].replace("$GIT_DIR", str(clone.git_dir))
    with (clone.path / place).open("a") as file:
        file.write(line + "\n")
    clone.new("ship")
    clone.edit("ship", priority="high")
    # What git makes of the file is what was committed.
    assert clone.git("hash-object", "--path", SHIP, SHIP) == clone.git("rev-parse", f"HEAD:{SHIP}")
    (clone.path / SHIP).touch()
    clone.git("add", "-A", ".milestones")
    assert clone.git("diff", "--cached", "--stat", "--", ".milestones/active/ship.yaml") == ""
    assert clone.ids() == {"ship"}


@pytest.mark.parametrize("operation", ["edit", "complete", "delete"])
def test_every_write_of_a_file_that_came_before(clone: Clone, operation: str) -> None:
    clone.new("ship")
    use_filter(clone)
    at_the_top(clone, "filter=up")
    with pytest.raises(Refused, match="filter=up"):
        clone.edit("ship", priority="high") if operation == "edit" else getattr(clone, operation)("ship")


def test_a_filter_on_other_files_is_none_of_ours(clone: Clone) -> None:
    (clone.path / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n* text=auto\n")
    clone.new("ship")
    assert clone.ids() == {"ship"}


@pytest.mark.parametrize("attribute", ["-filter", "working-tree-encoding=utf-8", "ident", "text=auto", "eol=crlf"])
def test_what_changes_nothing_is_no_obstacle(clone: Clone, attribute: str) -> None:
    (clone.path / ".milestones" / "active").mkdir()
    (clone.path / ".milestones" / "active" / ".gitattributes").write_text(f"* {attribute}\n")
    clone.new("ship")
    clone.edit("ship", priority="high")
    assert clone.git("hash-object", "--path", SHIP, SHIP) == clone.git("rev-parse", f"HEAD:{SHIP}")


def test_a_keyword_that_git_expands(clone: Clone) -> None:
    at_the_top(clone, "ident")
    clone.new("plain")
    with pytest.raises(Refused, match="ident"):
        clone.new("ship", title="Expand $Id: 1234 $")


def test_a_bare_repository_goes_by_what_is_committed(clone: Clone, tmp_path: Path) -> None:
    clone.new("before")
    at_the_top(clone, "filter=up")
    run_git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = Clone(tmp_path / "bare.git")
    with pytest.raises(Refused, match=r"filter=up.*\.gitattributes"):
        bare.new("ship")
    assert bare.locks() == []
    with bare.store() as store:
        assert [one.code for one in check(store.files_at(), store).problems] == ["converted"]


def test_a_proposal_is_no_way_around(clone: Clone) -> None:
    clone.new("ship")
    use_filter(clone)
    at_the_top(clone, "filter=up")
    (clone.path / SHIP).write_text((clone.path / SHIP).read_text().replace("planned", "in_progress"))
    with clone.store() as store, pytest.raises(Refused, match="filter=up"):
        propose(store, "plan", "HEAD", WriteOptions())


def test_check_tells_it_once_with_its_place(clone: Clone) -> None:
    for name in ("one", "two"):
        clone.new(name)
    at_the_top(clone, "filter=up")
    with clone.store() as store:
        found = [one for one in check(store.work_files(), store).problems if one.code == "converted"]
    assert [(one.path, one.line) for one in found] == [(".gitattributes", 2)]
    assert "`filter=up` changes 4 files" in found[0].message
    assert "`.milestones/** -filter`" in found[0].hint


def test_init_says_it_before_there_is_anything(tmp_path: Path) -> None:
    run_git("init", "-q", str(tmp_path / "new"))
    clone = Clone(tmp_path / "new")
    (clone.path / ".gitattributes").write_text("* filter=up\n")
    with pytest.raises(Refused, match="filter=up"):
        clone.init()
