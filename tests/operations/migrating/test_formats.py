"""What becomes of a project of two formats: written as its settings say, and mended whatever git joins or reverts."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.changes.commit import commit_edit
from gitmilestone.errors import InvalidContent, InvalidRequest, OperationInProgress, Refused, UncommittedEdits
from gitmilestone.faces.cli.commands import check as check_command
from gitmilestone.faces.cli.commands import migrate as migrate_command
from gitmilestone.faces.cli.table import iter_commands
from gitmilestone.faces.context import Context
from gitmilestone.model.layout import path_of
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.model.text.convert import convert_text
from gitmilestone.model.text.encode import encode
from gitmilestone.operations.asking.diff import diff
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.editing.bulk import Operation, apply_operations
from gitmilestone.operations.editing.init import init
from gitmilestone.operations.editing.milestones import replace_text
from gitmilestone.operations.migrating.migrate import FORMAT, Migrated, Migration, list_targets, migrate, plan_migration
from gitmilestone.operations.scaling.migration import DIGEST_TRAILER, TRAILER
from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.asking.trailers import find_trailed
from gitmilestone.store.writing.plan import WriteOptions
from tests.older_format import OLDER_AND_NEWER, register
from tests.repositories import NOW, Clone, run_git
from tests.strategies import milestone_sets

SETTINGS = "config/project.yaml"
FIELDS = {"estimate": "3w", "depends_on": "m-0"}
TIMES = 12


@pytest.fixture(autouse=True)
def _two_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """The template's settings say `format: 1`: a new version, in an old project."""
    register(monkeypatch)


@pytest.fixture
def old(clone: Clone) -> Clone:
    """A project of the older format, with a few milestones."""
    seed(clone)
    return clone


def seed(clone: Clone) -> None:
    for number in range(4):
        clone.new(f"m-{number}", **(FIELDS if number else {}))
    clone.complete("m-3")


def to(clone: Clone, target: str = FORMAT, options: WriteOptions = WriteOptions()) -> Migrated:
    with clone.store() as store:
        return migrate(store, target, options)


def plan(clone: Clone, target: str = FORMAT) -> Migration:
    with clone.store() as store:
        return plan_migration(store.files_at(), target)


def problems(clone: Clone) -> list[Problem]:
    with clone.store() as store:
        return list(check(store.files_at()).problems)


def milestones(clone: Clone, revision: str = "HEAD") -> dict[str, Milestone]:
    with clone.store() as store:
        return {milestone.id: milestone for milestone, _ in read_all(store.files_at(revision)).entries}


def schemas(clone: Clone) -> dict[str, int]:
    """Id -> what its file says, as git has it."""
    said = clone.git("grep", "-h", "--full-name", "-H", "^schema:", "HEAD", "--", ".milestones", is_checked=False)
    found = (re.fullmatch(r"HEAD:.*/([^/]+)\.yaml:schema: (\d+).*", line) for line in said.splitlines())
    return {match[1]: int(match[2]) for match in found if match}


def assert_whole(clone: Clone, schema: int, ids: set[str] | None = None) -> None:
    """Every file is in one format, and so say the settings; nothing is left to do."""
    assert set(schemas(clone).values()) == {schema}
    assert f"format: {schema}\n" in clone.text(SETTINGS)
    assert problems(clone) == []
    assert not plan(clone).is_pending
    assert clone.status() == ""
    clone.fsck()
    assert set(milestones(clone)) == ({"m-0", "m-1", "m-2", "m-3"} if ids is None else ids)


def assert_mixed(clone: Clone, count: int) -> None:
    """`check` refuses it, once for all files; every read goes on."""
    (mixed,) = (problem for problem in problems(clone) if problem.code == "mixed-format")
    assert (mixed.severity, mixed.path) == ("error", f".milestones/{SETTINGS}")
    assert mixed.message.startswith(f"{count} file{' is' if count == 1 else 's are'} not in the format that ")
    assert mixed.hint == "`git milestone migrate format` mends it"
    assert len(plan(clone).rewrites) == count


def command(clone: Clone, *, face: Any = migrate_command, **values: object) -> tuple[int, str, str]:
    """Status, and what is printed on both streams."""
    out, error = io.StringIO(), io.StringIO()
    context = Context(os.environ, str(clone.path), io.StringIO(), out, error)
    given = {"to": None, "dry_run": False, "list": False, "now": False, "json": False, "message": None}
    given |= {"no_commit": False, "no_verify": False, "detached": False}
    try:
        return face.run(context, {**given, **values}), out.getvalue(), error.getvalue()
    finally:
        context.close()


def apply(clone: Clone, *operations: Operation) -> None:
    with clone.store() as store:
        commit_edit(store, apply_operations(operations, source="plan", now=NOW))


def test_an_old_project_is_written_as_it_is(old: Clone) -> None:
    text = old.text("active/m-1.yaml")
    assert text.startswith("schema: 1\n")
    assert "\nestimate: P15D\n" in text
    assert "\nneeds:\n  - m-0" in text
    assert "depends_on" not in text
    old.edit("m-1", estimate="1d", owner="bo")
    changed = old.git("show", "--format=", "-U0", "HEAD", "--", ".milestones/active/m-1.yaml").splitlines()
    assert [line for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-owner:",
        "+owner: bo",
        "-estimate: P15D",
        "+estimate: P1D",
    ]
    apply(
        old,
        Operation("create", {"id": "bulk", "title": "Bulk", "estimate": "2d"}, 1),
        Operation("update", {"id": "m-2", "estimate": "1w"}, 2),
    )
    assert_whole(old, 1, {"m-0", "m-1", "m-2", "m-3", "bulk"})
    assert milestones(old)["bulk"].estimate == 2
    assert "\nestimate: P5D\n" in old.text("active/m-2.yaml")


def test_a_new_project_is_of_the_newest(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "new")
    run_git("init", "-q", str(clone.path))
    with clone.store() as store:
        commit_edit(store, init())
    seed(clone)
    assert_whole(clone, 2)
    assert "\nestimate: 15d\n" in clone.text("active/m-1.yaml")


def test_a_straggler_that_is_edited_follows_the_settings(old: Clone) -> None:
    to(old, "schema-2")
    old.write({"active/late.yaml": "# late\nschema: 1\ntitle: Late\nstatus: planned\nestimate: P2D  # two\n"})
    assert_mixed(old, 1)
    old.edit("late", owner="bo")
    assert old.text("active/late.yaml") == (
        "# late\nschema: 2\ntitle: Late\nstatus: planned\nowner: bo\nestimate: 2d  # two"
    )
    assert_whole(old, 2, {"m-0", "m-1", "m-2", "m-3", "late"})


def test_what_somebody_types_follows_the_settings_too(old: Clone) -> None:
    before = old.text("active/m-0.yaml").encode() + b"\n"
    typed = b"schema: 2\ntitle: Typed\nstatus: planned\nestimate: 3d # mine\n"
    with old.store() as store:
        commit_edit(store, replace_text("m-0", before, typed))
    assert old.text("active/m-0.yaml") == "schema: 1\ntitle: Typed\nstatus: planned\nestimate: P3D # mine"
    assert_whole(old, 1)


def test_what_the_project_s_format_can_not_hold_is_refused(old: Clone) -> None:
    head = old.head
    with pytest.raises(Refused, match=r"x\.yaml can't be written in format 1: it has a key"):
        apply(old, Operation("create", {"id": "x", "title": "X", "extra": {"needs": "care"}}, 1))
    assert old.head == head


def test_there_and_back_is_the_same_tree(old: Clone) -> None:
    before, read = old.git("rev-parse", "HEAD^{tree}"), milestones(old)
    migrated = to(old, "schema-2")
    assert_whole(old, 2)
    assert migrated.migration.title == "schema 1 -> 2"
    assert (milestones(old), len(migrated.migration.rewrites)) == (read, 4)
    with old.store() as store:
        assert diff(store, store.files_at("HEAD^"), store.files_at()).changes == ()
    subject, _, *trailers = old.git("log", "-1", "--format=%B").splitlines()
    assert subject == "milestone: migrate schema 1 -> 2"
    assert trailers[0] == f"{TRAILER}: schema 1 -> 2"
    assert re.fullmatch(f"{DIGEST_TRAILER}: [0-9a-f]{{64}} of 4", trailers[1])
    assert old.git("rev-parse", migrated.backup) == old.git("rev-parse", "HEAD^")
    assert re.fullmatch(r"refs/milestone/backup/\d{8}T\d{6}Z-schema-1-schema-2", migrated.backup)
    to(old, "schema-1")
    assert old.git("rev-parse", "HEAD^{tree}") == before
    assert trailers[1] in old.git("log", "-1", "--format=%B")  # they say the same, in either format
    with old.store() as store:
        assert [found.value for found in find_trailed(store, TRAILER)] == ["schema 2 -> 1", "schema 1 -> 2"]
    head = old.head
    assert to(old, "schema-1").commit is None
    assert old.head == head


@settings(max_examples=TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(milestone_sets(), st.booleans())
def test_the_same_tree_gives_the_same_tree(
    template: Path, tmp_path_factory: pytest.TempPathFactory, found: list[Milestone], is_newer: bool
) -> None:
    """From any mixture of formats, in either direction, and what is read is the same."""
    place = tmp_path_factory.mktemp("formats") / "one"
    shutil.copytree(template, place)
    one = Clone(place)
    texts = {}
    for number, milestone in enumerate(found):
        text = encode(milestone._replace(extra={})).decode()
        path = path_of(milestone.id, "flat")
        texts[path] = convert_text(text, 2, 1) if number % 2 else text
    one.write({**texts, SETTINGS: f"format: {1 + is_newer}\n\nlayout: flat\n"})
    shutil.copytree(place, place.parent / "two")
    two = Clone(place.parent / "two")
    before = milestones(one)
    for target in (FORMAT, "schema-1", "schema-2"):
        to(one, target)
        to(two, target, WriteOptions(message="Another day"))
        assert one.git("rev-parse", "HEAD^{tree}") == two.git("rev-parse", "HEAD^{tree}")
        assert milestones(one) == before
        assert len(set(schemas(one).values())) <= 1
        assert not plan(one).is_pending


def test_format_does_layout_and_format_in_one_commit(old: Clone) -> None:
    to(old, "sharded")
    to(old, "schema-2")
    head = old.head
    old.write({"active/late.yaml": "schema: 1\ntitle: Late\nstatus: planned\nneeds: [m-0]\n"})
    read = milestones(old)
    migration = to(old).migration
    assert (migration.title, migration.touched) == ("layout mixed -> sharded, schema mixed -> 2", 1)
    assert old.git("rev-parse", "HEAD~2") == head
    path = path_of("late", "sharded")
    assert old.text(path) == "schema: 2\ntitle: Late\nstatus: planned\ndepends_on: [m-0]"
    assert milestones(old) == read
    assert_whole(old, 2, set(read))


def test_unreadable_files_stay_as_they_are_and_are_named(old: Clone) -> None:
    bad = {"active/bad.yaml": "schema: 1\ntitle: [\n", "active/far.yaml": "schema: 9\ntitle: x\nstatus: planned\n"}
    old.write(bad)
    migration = to(old, "schema-2").migration
    assert {problem.path for problem in migration.unread} == {f".milestones/{path}" for path in bad}
    assert {path: old.text(path) + "\n" for path in bad} == bad
    assert old.text("active/m-0.yaml").startswith("schema: 2\n")
    status, out, error = command(old, to="schema-1")
    assert (status, out.split(" [")[0]) == (0, "migrated schema 2 -> 1, 4 files rewritten")
    assert "bad.yaml:3: error: " in error
    assert "warning: 2 files can't be read: left as written\n" in error


def test_what_does_not_fit_is_refused_whole(old: Clone) -> None:
    to(old, "schema-2")
    old.write({"active/own.yaml": "schema: 2\ntitle: Own\nstatus: planned\n\nneeds: care\n"})
    head = old.head
    with pytest.raises(InvalidContent, match="format 1 can't hold what is in 1 of the files") as caught:
        to(old, "schema-1")
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [(".milestones/active/own.yaml", 5)]
    assert old.head == head
    status, out, error = command(old, to="schema-1", dry_run=True)
    assert status == 1
    assert "own.yaml:5: error: can't be written in format 1" in error
    assert out.startswith(".milestones/active/m-0.yaml: in format 1\n")


def test_a_conversion_that_changes_what_a_file_says_is_refused(old: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program: every record is compared, and nothing is committed."""
    to(old, "schema-2")
    head = old.head
    first, second = OLDER_AND_NEWER
    bad = second._replace(downgrade=lambda text: second.downgrade(text).replace("planned", "blocked"))
    register(monkeypatch, (first, bad))
    with pytest.raises(InvalidContent) as caught:
        to(old, "schema-1")
    assert "would not say the same in format 1" in caught.value.problems[0].message
    assert old.head == head


@pytest.mark.parametrize("is_staged", [False, True])
def test_unfinished_edits_are_refused_and_no_backup_is_left(old: Clone, is_staged: bool) -> None:
    path = old.path / ".milestones/active/m-2.yaml"
    path.write_text(path.read_text() + "# mine\n")
    if is_staged:
        old.git("add", str(path))
    head, others = old.head, old.others()
    with pytest.raises(UncommittedEdits, match=r"m-2\.yaml"):
        to(old, "schema-2")
    assert old.head == head
    others.assert_kept(old.others())


def test_staged_only(old: Clone) -> None:
    head = old.head
    migrated = to(old, "schema-2", WriteOptions(stage_only=True))
    assert (migrated.commit, migrated.backup, old.head) == (None, "", head)
    assert {line[:2] for line in old.status().splitlines()} == {"M "}
    old.git("commit", "-qm", "By hand")
    assert_whole(old, 2)


def test_settings_that_say_no_format_get_a_line(old: Clone) -> None:
    old.write({SETTINGS: "# ours\nlayout: flat\n"})
    to(old, "schema-2")
    assert old.text(SETTINGS) == "# ours\nlayout: flat\nformat: 2"


def test_nonsense(old: Clone) -> None:
    for target in ("schema-3", "schema-0", "schema", "2"):
        with pytest.raises(InvalidRequest, match="nothing to migrate to") as caught:
            to(old, target)
        assert caught.value.hint == "one of: flat, sharded, sharded2, schema-1, schema-2, format"


def test_a_project_of_a_format_to_come_is_left_alone(old: Clone) -> None:
    old.write({SETTINGS: "format: 3\n\nlayout: flat\n"})
    with pytest.raises(InvalidContent, match="has errors"):
        to(old, "schema-2")
    with pytest.raises(InvalidContent, match="has errors"):
        old.edit("m-0", owner="bo")


def test_the_real_formats_are_those_that_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (argument,) = next(entry for entry in iter_commands() if entry.path == ("migrate",)).arguments
    assert {*list_targets(), FORMAT} <= {*argument.choices}


def test_reverted_after_new_files_came(old: Clone) -> None:
    """The tree is mixed, and either direction mends it."""
    to(old, "schema-2")
    migrated = old.head
    old.new("new", **FIELDS)
    old.git("revert", "--no-edit", migrated)
    assert_mixed(old, 1)
    assert milestones(old)["new"].estimate == 15
    back = old.head
    assert to(old).migration.title == "schema mixed -> 1"
    assert_whole(old, 1, {"m-0", "m-1", "m-2", "m-3", "new"})
    old.git("reset", "-q", "--hard", back)
    assert to(old, "schema-2").migration.title == "schema 1 -> 2"
    assert_whole(old, 2, {"m-0", "m-1", "m-2", "m-3", "new"})


def test_reverted_after_edits_git_finds_a_conflict_and_the_way_back_is_a_migration(old: Clone) -> None:
    status, out, error = command(old, to="schema-2")
    assert (status, out.split(" [")[0]) == (0, "migrated schema 1 -> 2, 4 files rewritten")
    assert f"`git revert {old.head[:10]}` takes it back" in error
    assert "where git finds a conflict, `git milestone migrate schema-1` does" in error
    migrated = old.head
    old.edit("m-1", estimate="9d")
    old.git("revert", "--no-edit", migrated, is_checked=False)
    assert "UU " in old.status()
    with pytest.raises(OperationInProgress, match="a revert is in progress"):
        to(old, "schema-1")
    old.git("revert", "--abort")
    to(old, "schema-1")
    assert_whole(old, 1)
    assert "\nestimate: P9D\n" in old.text("active/m-1.yaml")


def test_a_revert_of_the_revert_migrates_again(old: Clone) -> None:
    to(old, "schema-2")
    migrated = old.head
    old.git("revert", "--no-edit", migrated)
    assert_whole(old, 1)
    between = old.new("between", **FIELDS)
    assert between
    old.git("revert", "--no-edit", f"{between}^")
    assert_mixed(old, 1)
    to(old)
    assert_whole(old, 2, {"m-0", "m-1", "m-2", "m-3", "between"})
    with old.store() as store:
        assert [found.reverted_by for found in find_trailed(store, TRAILER)] == ["", ""]


def test_branches_that_migrate_by_themselves_merge_clean(old: Clone) -> None:
    """Each with an edit of other milestones, before and after, and with edits of different fields of one."""
    old.git("branch", "other")
    old.edit("m-1", owner="ana")
    to(old, "schema-2")
    old.new("ours")
    old.edit("m-0", priority="high")
    old.git("switch", "-q", "other")
    old.edit("m-2", due="2027-01-15")
    old.edit("m-0", owner="bo")
    to(old, "schema-2")
    old.complete("m-1")
    old.git("merge", "-q", "--no-edit", "main")
    found = milestones(old)
    assert (found["m-1"].owner, found["m-1"].status, str(found["m-2"].due)) == ("ana", "completed", "2027-01-15")
    assert (found["m-0"].owner, found["m-0"].priority) == ("bo", "high")
    assert_whole(old, 2, {"m-0", "m-1", "m-2", "m-3", "ours"})


def test_an_edit_of_a_line_that_the_format_rewrites_is_a_conflict_for_git(old: Clone) -> None:
    """Of two branches that migrated by themselves both sides are at least in the same words."""
    old.git("branch", "other")
    to(old, "schema-2")
    old.git("switch", "-q", "other")
    old.edit("m-2", estimate="1d")
    to(old, "schema-2")
    old.git("merge", "-q", "--no-edit", "main", is_checked=False)
    text = (old.path / ".milestones/active/m-2.yaml").read_text()
    assert "\nestimate: 1d\n=======\nestimate: 15d\n>>>>>>> main\n" in text


def test_one_branch_migrated_and_the_other_added_an_old_file(old: Clone) -> None:
    old.git("branch", "other")
    to(old, "schema-2")
    old.git("switch", "-q", "other")
    old.new("added", **FIELDS)
    old.edit("m-2", owner="bo")
    old.git("switch", "-q", "main")
    old.git("merge", "-q", "--no-edit", "other")
    assert_mixed(old, 1)
    found = milestones(old)
    assert (found["added"].estimate, found["m-2"].owner) == (15, "bo")
    assert to(old).migration.title == "schema mixed -> 2"
    assert milestones(old) == found
    assert_whole(old, 2, {"m-0", "m-1", "m-2", "m-3", "added"})


def test_a_reverted_merge_merged_again(old: Clone) -> None:
    """Only what came after the revert comes: the settings say the older format, and the new files are mended."""
    old.git("switch", "-qc", "other")
    to(old, "schema-2")
    old.git("switch", "-q", "main")
    old.new("ours", **FIELDS)
    old.git("merge", "-q", "--no-ff", "--no-edit", "other")
    assert_mixed(old, 1)
    old.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert_whole(old, 1, {"m-0", "m-1", "m-2", "m-3", "ours"})
    old.git("switch", "-q", "other")
    old.new("later", **FIELDS)
    old.git("switch", "-q", "main")
    old.git("merge", "-q", "--no-edit", "other")
    assert "format: 1\n" in old.text(SETTINGS)
    assert_mixed(old, 1)
    to(old)
    assert_whole(old, 1, {"m-0", "m-1", "m-2", "m-3", "ours", "later"})


def test_a_reverted_merge_of_layouts_merged_again(old: Clone) -> None:
    """The same of `flat -> sharded`, of which test_migrate.py has the other five."""
    old.git("switch", "-qc", "other")
    to(old, "sharded")
    old.git("switch", "-q", "main")
    old.new("ours")
    old.git("merge", "-q", "--no-ff", "--no-edit", "other")
    old.git("revert", "--no-edit", "-m", "1", "HEAD")
    old.git("switch", "-q", "other")
    old.new("later")
    old.git("switch", "-q", "main")
    old.git("merge", "-q", "--no-edit", "other")
    assert "wrong-layout" in {problem.code for problem in problems(old)}
    to(old)
    assert problems(old) == []
    assert "layout: flat\n" in old.text(SETTINGS)
    assert set(milestones(old)) == {"m-0", "m-1", "m-2", "m-3", "ours", "later"}


def test_layouts_reverted_after_new_files_came(old: Clone) -> None:
    to(old, "sharded")
    migrated = old.head
    old.new("new")
    old.git("revert", "--no-edit", migrated)
    assert "wrong-layout" in {problem.code for problem in problems(old)}
    back = old.head
    for target, layout in ((FORMAT, "flat"), ("sharded", "sharded")):
        old.git("reset", "-q", "--hard", back)
        to(old, target)
        assert problems(old) == []
        assert f"layout: {layout}\n" in old.text(SETTINGS)
        assert set(milestones(old)) == {"m-0", "m-1", "m-2", "m-3", "new"}


def test_what_is_there_and_what_is_pending_is_told(old: Clone) -> None:
    status, out, _ = command(old)
    assert status == 0
    assert "\n\n   FORMAT    FILES  WHAT IT BRINGS\n*  schema-1  4      as it never was\n" in out
    assert "   schema-2  0      as it is\n" in out
    assert "nothing to migrate: 4 milestones, all in their place in flat and in format 1\n" in out
    old.write({"active/late.yaml": "schema: 2\ntitle: Late\nstatus: planned\n"})
    _, out, _ = command(old)
    assert "pending: 1 file not in format 1, the project's; `git milestone migrate format` finishes it\n" in out
    _, out, error = command(old, to="format", dry_run=True)
    assert out == ".milestones/active/late.yaml: in format 1\n"
    assert error == "would migrate schema mixed -> 1: 1 file to rewrite\n"
    assert command(old, to="format")[1].startswith("migrated schema mixed -> 1, 1 file rewritten [")
    assert command(old, to="schema-1")[1] == "nothing to migrate: 5 milestones, all in format 1\n"
    _, out, _ = command(old, list=True)
    assert "schema mixed -> 1" in out


def test_as_json(old: Clone) -> None:
    value = json.loads(command(old, json=True)[1])
    assert (value["schema"], [known["version"] for known in value["schemas"]]) == (1, [1, 2])
    value = json.loads(command(old, to="schema-2", json=True)[1])["migration"]
    assert (value["schema"]["from"], value["schema"]["to"], len(value["schema"]["rewrites"])) == (1, 2, 4)
    assert (value["commit"], value["moves"]) == (old.head, [])
    assert old.git("rev-parse", value["backup"]) == old.git("rev-parse", "HEAD^")


def test_check_says_it(old: Clone) -> None:
    to(old, "schema-2")
    old.write({"active/late.yaml": "schema: 1\ntitle: Late\nstatus: planned\n"})
    out = io.StringIO()
    context = Context(os.environ, str(old.path), io.StringIO(), out, io.StringIO())
    values = {"at": None, "staged": False, "worktree": False, "range": None, "fix": False, "strict": False}
    assert check_command.run(context, {**values, "explain": None, "format": "text", "json": False}) == 1
    context.close()
    assert "1 file is not in the format that `format: 2` says, the first of them .milestones/active/late.yaml" in (
        out.getvalue()
    )
