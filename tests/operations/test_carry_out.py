"""The door to write: whoever comes through it has the same commit, and the same follows."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gitmilestone
from gitmilestone.changes.commit import commit_edit, rehearse
from gitmilestone.changes.edit import Edit, Edited, Revision, Rewrite
from gitmilestone.derived.operation_load import Operation, iter_operations
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.errors import (
    DependencyCycle,
    DetachedHead,
    HasDependents,
    HookRejected,
    InvalidContent,
    InvalidRequest,
    MilestoneError,
    NotInitialised,
    OperationInProgress,
    Refused,
    UncommittedEdits,
)
from gitmilestone.faces.cli.main import main
from gitmilestone.model.milestone import Milestone
from gitmilestone.operations.carry_out import carry_out, follow_write
from gitmilestone.operations.editing.bulk import apply_operations, read_json_lines
from gitmilestone.operations.editing.depend import add_dependencies
from gitmilestone.operations.editing.milestones import create, delete, transition
from gitmilestone.operations.scaling import switch
from gitmilestone.operations.scaling.pace import STATE
from gitmilestone.operations.scaling.switch import switch_tier
from gitmilestone.store.writing.plan import Plan, WriteOptions, Written
from gitmilestone.tiers.postgresql import PostgresqlTier
from gitmilestone.tiers.table import get_tier
from tests.derived.mirrors import assert_right
from tests.derived.states import Told
from tests.repositories import NOW, Clone, run_git
from tests.store.writing.test_identity import configure_ssh

HOUR = 3600
PEOPLE = "--format=%an <%ae>/%cn <%ce>"
ANA = "Ana Lima <ana@example.com>"
ZED = "Zed Ü <zed@example.com>"
SMALL = (
    "format: 1\n\nlayout: flat\n\nscale:\n  weights:\n    concurrent_users: 0\n"
    "  sqlite:\n    milestone_count: 2\n    concurrent_users: 1000\n"
)


def make(milestone_id: str, actor: str = "") -> Edit:
    return create(f"Do {milestone_id}", {}, now=NOW, milestone_id=milestone_id)._replace(actor=actor)


def from_python(clone: Clone) -> None:
    with gitmilestone.open(clone.path) as project:
        project.create("C", id="c")


def from_the_command_line(clone: Clone) -> None:
    assert main(["-C", str(clone.path), "new", "C", "--id", "c"]) == 0


def by_the_function(clone: Clone) -> None:
    with clone.store() as store:
        carry_out(store, make("c"))


CALLERS = [from_python, from_the_command_line, by_the_function]
Caller = Callable[[Clone], None]


@pytest.fixture
def due(clone: Clone) -> Clone:
    """A project that has wanted the tier `sqlite` for two hours, and will be asked about it in the next write."""
    clone.write({"config/project.yaml": SMALL})
    clone.new("a")
    clone.new("b")
    with clone.store() as store:
        follow_write(store, now=int(time.time()) - 2 * HOUR)
        assert "sqlite" in (store.read_state(STATE) or "")
    return clone


def tier(clone: Clone) -> str:
    with clone.store() as store:
        return get_tier(store.files_at()).name


@pytest.mark.parametrize("write", CALLERS)
def test_every_write_takes_the_decision_that_is_due(due: Clone, write: Caller) -> None:
    write(due)
    assert tier(due) == "sqlite"
    assert due.git("log", "-2", "--format=%s") == "milestone: migrate tier file -> sqlite\nmilestone: create c"


@pytest.mark.parametrize("write", CALLERS)
def test_every_write_brings_the_mirror_along(clone: Clone, mirror_server: Server, write: Caller) -> None:
    clone.git("config", DSN_KEY, mirror_server.conninfo)
    with clone.store() as store:
        switch_tier(store, "postgresql")
    write(clone)
    with clone.store() as store:
        assert "up to date" in get_tier(store.files_at()).describe(store)
        assert_right(mirror_server, store)


def test_it_is_decided_once_and_not_before_it_is_time(due: Clone) -> None:
    now = int(time.time())
    with due.store() as store:
        carry_out(store, make("c"), now=now - 2 * HOUR + 1)
        assert tier(due) == "file", "it has wanted it for a second"
        carry_out(store, make("d"), now=now)
        head = due.head
        carry_out(store, make("e"), now=now + 1)
    assert due.git("rev-parse", "HEAD^") == head


def test_what_is_not_committed_is_not_followed(due: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []
    monkeypatch.setattr("gitmilestone.tiers.file.FileTier.follow", lambda *_: followed.append("file"))
    monkeypatch.setattr(switch, "follow", lambda *_: followed.append("decision"))
    head = due.head
    with due.store() as store:
        assert carry_out(store, make("c"), WriteOptions(stage_only=True)).commit is None
        assert carry_out(store, transition("reopen", ["a"])).commit is None, "it is planned already"
        assert rehearse(store, make("d")).commit is None
        assert (followed, due.head) == ([], head)
        due.git("commit", "-qm", "staged")
        assert carry_out(store, make("d")).commit == due.head
    assert followed == ["decision", "file"]


def test_a_decision_that_fails_is_told_and_fails_no_write(due: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Refused("no room", "")

    monkeypatch.setattr(switch, "switch_tier", fail)
    told = Told()
    with due.store() as store:
        assert carry_out(store, make("c"), watch=told).commit == due.head
    assert told.warnings == ["warning: the tier stays as it is: no room"]
    assert due.ids() == {"a", "b", "c"}


def test_a_mirror_that_is_away_is_told_and_fails_no_write(clone: Clone) -> None:
    clone.git("config", DSN_KEY, f"host={clone.path} dbname=none")
    clone.write({"config/tier.yaml": "tier: postgresql\n"})
    told = Told()
    with clone.store() as store:
        assert carry_out(store, make("c"), watch=told).commit == clone.head
        assert carry_out(store, make("d"), watch=told).commit == clone.head
    (said,) = told.warnings
    assert said.startswith("warning: the mirror stays as it was: the mirror at ")


def test_a_switch_is_followed_by_the_tier_that_it_makes(due: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision comes first: what it leaves behind is brought along, not what was there before."""
    followed: list[str] = []
    monkeypatch.setattr("gitmilestone.tiers.sqlite.SqliteTier.follow", lambda *_: followed.append("sqlite"))
    monkeypatch.setattr("gitmilestone.tiers.file.FileTier.follow", lambda *_: followed.append("file"))
    from_python(due)
    assert followed == ["sqlite"]


@pytest.mark.parametrize("actor", [ZED, ""])
def test_who_wants_an_edit_is_its_author_and_the_committer_stays(clone: Clone, actor: str) -> None:
    """Of a process's first commit, which git makes, of later ones, and of whoever comes between."""
    wanted = [actor, ANA, actor, "", actor]
    with clone.store() as store:
        for number, one in enumerate(wanted):
            carry_out(store, make(f"m{number}", one))
    said = clone.git("log", f"-{len(wanted)}", PEOPLE).split("\n")
    assert said == [f"{one or ANA}/{ANA}" for one in reversed(wanted)]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_who_wants_an_edit_is_the_author_of_a_signed_one(clone: Clone, home: Path) -> None:
    configure_ssh(clone, home)
    clone.git("config", "commit.gpgSign", "true")
    with clone.store() as store:
        for name in ("a", "b"):
            carry_out(store, make(name, ZED))
            assert clone.git("log", "-1", f"{PEOPLE} %G?") == f"{ZED}/{ANA} G"


def test_a_rewrite_has_an_actor_as_well(clone: Clone) -> None:
    """One in the options is who git's environment names; who wants the edit goes before."""
    plan = Plan({"config/tier.yaml": b"tier: sqlite\n"}, "settings", "said")
    with clone.store() as store:
        written = carry_out(store, Rewrite(lambda _: plan, ZED), WriteOptions(author=ANA))
        assert written == Written(clone.head, ("config/tier.yaml",), "said")
        assert clone.git("log", "-1", PEOPLE) == f"{ZED}/{ANA}"
        carry_out(store, make("a"), WriteOptions(author="Yao <yao@example.com>"))
    assert clone.git("log", "-1", PEOPLE) == f"Yao <yao@example.com>/{ANA}"


def writes(clone: Clone) -> list[Operation]:
    return [one for one in iter_operations(str(clone.git_dir / "milestone")) if one.is_write]


def test_a_write_is_metered_once_with_what_it_changed(clone: Clone) -> None:
    known = len(writes(clone))
    plan = "".join(f'{{"op": "create", "id": "m{number}", "title": "T"}}\n' for number in range(7))
    started = time.time()
    with clone.store() as store:
        carry_out(store, apply_operations(read_json_lines(plan.split("\n"), "plan"), source="plan", now=NOW))
        commit_edit(store, transition("complete", ["m1", "m2", "m1"]))
        commit_edit(store, transition("complete", ["m1", "m3"]))
        rehearse(store, make("not-made"))
        commit_edit(store, make("staged"), WriteOptions(stage_only=True))
        commit_edit(store, transition("complete", ["m1"]))
        commit_edit(store, Rewrite(lambda _: Plan({"config/tier.yaml": b"tier: sqlite\n"}, "no milestones")))
    metered = writes(clone)[known:]
    assert [one.rows for one in metered] == [7, 2, 1]
    assert all(0 < one.seconds < 60 and abs(one.start - started) < 60 for one in metered)


def facts(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()} | {
        path: (0, b"") for path in folder.rglob("*") if path.is_dir()
    }


def test_a_rehearsal_says_what_a_write_would_and_writes_not_one_object(clone: Clone) -> None:
    clone.new("a")
    clone.git("status")
    before = facts(clone.path)
    edit = make("b", ZED)
    with clone.store() as store:
        said = rehearse(store, edit)
        staged = rehearse(store, edit, WriteOptions(stage_only=True))
        assert rehearse(store, transition("complete", ["a"])).outcome.changes[0].new.status == "completed"  # type: ignore[union-attr]
    assert facts(clone.path) == before
    assert (said.commit, said.paths) == (None, ("active/b.yaml",))
    assert said == staged
    with clone.store() as store:
        written = carry_out(store, edit)
    assert (written.paths, written.outcome) == (said.paths, said.outcome)
    assert written.outcome == Edited(
        (Milestone("b", "Do b", created=NOW),), written.outcome.changes, frozenset({"b"}), (), ()
    )


def is_unfinished(clone: Clone) -> None:
    (clone.git_dir / "MERGE_HEAD").write_text(clone.head + "\n")


def is_detached(clone: Clone) -> None:
    clone.git("switch", "-q", "--detach")


def has_edits(clone: Clone) -> None:
    (clone.path / ".milestones/active/a.yaml").write_text("title: Mine\n")


def has_staged(clone: Clone) -> None:
    has_edits(clone)
    clone.git("add", ".")


def has_untracked(clone: Clone) -> None:
    (clone.path / ".milestones/active/c.yaml").write_text("title: Mine\n")


def has_broken_settings(clone: Clone) -> None:
    clone.write({"config/project.yaml": "format: none\n"})


def has_none(clone: Clone) -> None:
    clone.git("rm", "-qr", ".milestones/config")
    clone.git("commit", "-qm", "none")


def forbids(clone: Clone) -> None:
    clone.write({"config/project.yaml": "format: 1\n\ncheck:\n  severities:\n    open-tasks: error\n"})
    clone.write({"active/a.yaml": "schema: 1\ntitle: A\nstatus: planned\ntasks:\n  t:\n    title: T\n"})


def nothing(clone: Clone) -> None: ...


REFUSED: dict[str, tuple[Callable[[Clone], None], Edit, type[MilestoneError]]] = {
    "a merge": (is_unfinished, make("c"), OperationInProgress),
    "no branch": (is_detached, make("c"), DetachedHead),
    "an edit": (has_edits, transition("start", ["a"]), UncommittedEdits),
    "a staged edit": (has_staged, transition("start", ["a"]), UncommittedEdits),
    "an untracked file": (has_untracked, make("c"), UncommittedEdits),
    "settings": (has_broken_settings, make("c"), InvalidContent),
    "no settings": (has_none, make("c"), NotInitialised),
    "a rule": (forbids, transition("complete", ["a"]), InvalidContent),
    "an id": (nothing, make("a"), InvalidRequest),
    "dependents": (nothing, delete(["a"]), HasDependents),
    "a cycle": (nothing, add_dependencies("a", ["b"]), DependencyCycle),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_rehearsal_refuses_what_a_write_refuses(clone: Clone, name: str) -> None:
    clone.new("a")
    clone.new("b", depends_on=["a"])
    prepare, edit, fault = REFUSED[name]
    prepare(clone)
    head, said = clone.head, []
    for write in (commit_edit, carry_out, rehearse):
        with clone.store() as store, pytest.raises(fault) as caught:
            write(store, edit)
        said.append((type(caught.value), caught.value.message, caught.value.hint))
    assert said == [said[0]] * 3
    assert clone.head == head


def test_hooks_are_asked_of_a_write_only(clone: Clone) -> None:
    hook = clone.git_dir / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch asked\nexit 1\n")
    hook.chmod(0o755)
    with clone.store() as store:
        assert rehearse(store, make("c")).paths == ("active/c.yaml",)
        assert not (clone.path / "asked").exists()
        with pytest.raises(HookRejected):
            carry_out(store, make("c"))
        assert carry_out(store, make("c"), WriteOptions(verify=False)).commit == clone.head


def test_an_edit_is_made_anew_of_what_is_there_when_the_branch_moves(clone: Clone) -> None:
    """A commit of git's lands between the first look and the swap; what was drafted on the older one is forgotten."""
    clone.new("a")
    clone.new("b", depends_on=["a"])
    seen: list[tuple[str, int, list[str]]] = []

    def revise(draft: object) -> Revision:
        before = draft.get("a")  # type: ignore[attr-defined]
        seen.append((before.title, len(seen), draft.changed))  # type: ignore[attr-defined]
        if len(seen) == 1:
            draft.delete("b")  # type: ignore[attr-defined]
            text = clone.text("active/a.yaml").replace("Do a", "Theirs")
            (clone.path / ".milestones/active/a.yaml").write_text(text + "\n")
            clone.git("commit", "-qam", "between")
        after = before._replace(owner="ana")
        draft.update(after)  # type: ignore[attr-defined]
        return Revision(f"attempt {len(seen)}", [after], [f"warning {len(seen)}"])

    with clone.store() as store:
        written = carry_out(store, Edit(revise))
    assert seen == [("Do a", 0, []), ("Theirs", 1, [])]
    assert clone.git("log", "-2", "--format=%s") == "attempt 2\nbetween"
    assert written.paths == ("active/a.yaml",)
    assert (written.outcome.changed, written.outcome.warnings) == (("a",), ("warning 2",))
    assert "title: Theirs" in clone.text("active/a.yaml")
    assert "owner: ana" in clone.text("active/a.yaml")
    assert clone.ids() == {"a", "b"}
    assert [one.rows for one in writes(clone)][-1] == 1
    assert clone.status() == ""


def test_a_refusal_on_the_newer_state_stands(clone: Clone) -> None:
    """The id was free at the first look."""
    clone.new("a")
    runs: list[int] = []

    def revise(draft: object) -> Revision:
        runs.append(1)
        if len(runs) == 1:
            (clone.path / ".milestones/active/c.yaml").write_text("schema: 1\ntitle: Theirs\nstatus: planned\n")
            clone.git("add", ".")
            clone.git("commit", "-qm", "between")
        return make("c").revise(draft)  # type: ignore[arg-type]

    with clone.store() as store, pytest.raises(InvalidRequest, match="taken"):
        carry_out(store, Edit(revise))
    assert clone.git("log", "-1", "--format=%s") == "between"


def test_an_edit_is_made_anew_when_the_branch_moves_behind_its_hooks(clone: Clone) -> None:
    """As late as it can: the objects are written, and the branch is not what it was."""
    hook = clone.git_dir / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nunset GIT_INDEX_FILE\n"
        "test -e .git/once || { touch .git/once; git commit -q --no-verify --allow-empty -m between; }\n"
    )
    hook.chmod(0o755)
    runs: list[int] = []

    def revise(draft: object) -> Revision:
        runs.append(1)
        return make(f"c{len(runs)}").revise(draft)  # type: ignore[arg-type]

    with clone.store() as store:
        assert carry_out(store, Edit(revise)).paths == ("active/c2.yaml",)
    assert clone.git("log", "-2", "--format=%s") == "milestone: create c2\nbetween"
    assert (clone.ids(), clone.status()) == ({"c2"}, "")


def test_a_bare_repository_is_written_and_followed_as_well(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[object] = []
    monkeypatch.setattr("gitmilestone.tiers.file.FileTier.follow", lambda *words: followed.append(words[-1]))
    run_git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare"))
    bare, told = Clone(tmp_path / "bare"), Told()
    with bare.store() as store:
        assert carry_out(store, make("c"), watch=told).commit == bare.head
    assert followed == [told]


def test_the_time_of_a_decision_is_now_unless_it_is_given(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(switch, "follow", lambda _, __, moment: asked.append(moment))
    given = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
    with clone.store() as store:
        carry_out(store, make("c"), now=given)
        follow_write(store)
    assert asked[0] == given
    assert abs(asked[1] - time.time()) < 60


def test_a_write_soon_after_another_does_not_even_look(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    with clone.store() as store:
        carry_out(store, make("c"), now=now)
        monkeypatch.setattr(switch, "follow", lambda *_: pytest.fail("it is not time"))
        carry_out(store, make("d"), now=now + 1)


def test_no_mirror_is_asked_by_a_project_that_has_none(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgresqlTier, "follow", lambda *_: pytest.fail("it is on the file tier"))
    clone.git("config", DSN_KEY, f"host={clone.path}")
    from_python(clone)
    assert os.path.exists(clone.path / ".milestones/active/c.yaml")
