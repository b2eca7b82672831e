"""The hooks of `git commit`, with real commits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import NotARepository
from gitmilestone.store.store import Store
from tests.hooks.conftest import OPEN, Said, install
from tests.repositories import Clone

Run = Callable[..., Said]
Lay = Callable[..., Path]

BROKEN = "schema: 1\n\ntitle: Broken\n\nstatus: nonsense\n"


def trailers(clone: Clone) -> str:
    return clone.git("log", "-1", "--format=%(trailers:key=Milestone,valueonly)").strip()


def set_current(clone: Clone, name: str) -> None:
    with clone.store() as store:
        store.write_state("current", name)


HOW = ("staged", "all", "path", "amend", "linked worktree", "from a folder", "GIT_INDEX_FILE")


@pytest.mark.parametrize("how", HOW)
def test_what_is_committed_is_checked(hooked: Clone, run: Run, lay: Lay, tmp_path: Path, how: str) -> None:
    """Row 65: of whichever index git names, and nothing that merely lies in the work tree."""
    user = hooked
    env: dict[str, str] = {}
    if how == "linked worktree":
        hooked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        user = Clone(tmp_path / "linked")
    lay(user, "active/beta.yaml", BROKEN)
    args = {"all": ["-a"], "path": ["--", ".milestones/active/beta.yaml"], "amend": ["--amend"]}.get(how, [])
    if how == "from a folder":
        user = Clone(user.path / "src")
    if how == "GIT_INDEX_FILE":
        env = {"GIT_INDEX_FILE": str(tmp_path / "another-index")}
        user.git("read-tree", "HEAD", **env)
    if how not in ("all", "path"):
        user.git("add", ":/.milestones", **env)
    head, staged = user.head, user.git("ls-files", "-s", ":/", **env)
    done = run(user, "commit", "-m", "a plan", *args, **env)
    assert done.status == 1
    assert ".milestones/active/beta.yaml:5: error:" in done.out
    assert "nothing was committed" in done.out
    assert "--no-verify" in done.out
    assert (user.head, user.git("ls-files", "-s", ":/", **env)) == (head, staged)
    assert run(user, "commit", "-qm", "a plan", "--no-verify", *args, **env).status == 0
    assert user.head != head


@pytest.mark.parametrize("args", [[], ["-a"], ["--", "readme"]])
def test_what_is_not_committed_is_not_checked(hooked: Clone, run: Run, lay: Lay, args: list[str]) -> None:
    lay(hooked, "active/stray.yaml", BROKEN)
    if args == ["--", "readme"]:
        hooked.git("add", ".milestones")
    (hooked.path / "readme").write_text("more\n")
    if not args:
        hooked.git("add", "readme")
    assert run(hooked, "commit", "-qm", "code", *args) == Said(0, "")


def test_old_sins_elsewhere_stop_nobody(hooked: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "active/old.yaml", BROKEN)
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "old", "--no-verify")
    lay(hooked, "active/new.yaml", OPEN.format(title="New") + "\ndepends_on:\n  - beta\n")
    hooked.git("add", ".")
    assert run(hooked, "commit", "-qm", "new") == Said(0, "")


def test_a_line_to_be_written_is_shown_with_its_spaces(hooked: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "active/new.yaml", OPEN.format(title="New") + "\ntasks:\n  one: Enrol\n")
    hooked.git("add", ".")
    assert "(write `    title: ...` below it)" in run(hooked, "commit", "-qm", "new").out


def test_warnings_are_shown_and_let_go(hooked: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "active/new.yaml", OPEN.format(title="New") + "\ndepends_on:\n  - nobody\n")
    hooked.git("add", ".")
    done = run(hooked, "commit", "-qm", "new")
    assert done.status == 0
    assert "dangling-dependency" in done.out


def test_what_a_change_makes_wrong_elsewhere_is_found(hooked: Clone, run: Run, lay: Lay) -> None:
    hooked.edit("beta", depends_on=["ship-2fa"])
    lay(hooked, "active/ship-2fa.yaml", OPEN.format(title="Ship") + "\ndepends_on:\n  - beta\n")
    done = run(hooked, "commit", "-qam", "a cycle")
    assert done.status == 1
    assert "dependency-cycle" in done.out
    hooked.git("checkout", "-q", "HEAD", "--", ".")
    hooked.git("rm", "-q", ".milestones/active/ship-2fa.yaml")
    done = run(hooked, "commit", "-qm", "gone")
    assert (done.status, "active/beta.yaml" in done.out, "dangling-dependency" in done.out) == (0, True, True)


def test_a_second_file_of_one_id_is_refused(hooked: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "completed/beta.yaml", "schema: 1\n\ntitle: Beta\n\nstatus: completed\n")
    hooked.git("add", ".")
    done = run(hooked, "commit", "-qm", "twice")
    assert done.status == 1
    assert "duplicate-id" in done.out


def test_settings_are_checked_with_every_file(hooked: Clone, run: Run) -> None:
    path = hooked.path / ".milestones" / "config" / "project.yaml"
    path.write_text(path.read_text() + "\n\tnonsense\n")
    done = run(hooked, "commit", "-qam", "settings")
    assert done.status == 1
    assert "config/project.yaml" in done.out


def test_the_first_commit_of_all_is_checked(tmp_path: Path, template: Path, program: Path, run: Run, lay: Lay) -> None:
    import shutil

    place = tmp_path / "fresh"
    shutil.copytree(template, place, ignore=shutil.ignore_patterns(".git"))
    user = Clone(place)
    user.git("init", "-q", "--template=")
    install(user, program)
    lay(user, "active/beta.yaml", BROKEN)
    user.git("add", ".")
    assert run(user, "commit", "-qm", "first").status == 1
    lay(user, "active/beta.yaml")
    user.git("add", ".")
    assert run(user, "commit", "-qm", "first") == Said(0, "")


def test_nothing_is_staged_by_a_hook_after_a_killed_writer(hooked: Clone, run: Run, lay: Lay) -> None:
    """Law 8: what is to be finished waits for a command that is not in the middle of somebody's commit."""
    lay(hooked, "active/new.yaml")
    hooked.git("add", ".")
    journal = hooked.git_dir / "milestone" / "journal"
    journal.write_text("left behind\n")
    assert run(hooked, "commit", "-qm", "new").status == 0
    assert journal.exists()


def test_harmful_characters_are_spelled(hooked: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "active/beta.yaml", OPEN.format(title="B").replace("in_progress", '"\\e[2J"'))
    done = run(hooked, "commit", "-qam", "harm")
    assert done.status == 1
    assert "\033" not in done.out


def test_a_trailer_names_what_is_there(hooked: Clone, run: Run) -> None:
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: beta") == Said(0, "")
    done = run(hooked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: bet")
    assert done.status == 1
    assert "names no milestone" in done.out
    assert "did you mean beta?" in done.out
    done = run(hooked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: ship-2fb\nmilestone: beta")
    assert done.status == 1
    assert "did you mean ship-2fa?" in done.out
    assert run(hooked, "commit", "-q", "--allow-empty", "--no-verify", "-m", "code\n\nMilestone: bet").status == 0


def test_a_trailer_may_name_what_the_commit_brings_or_takes(hooked: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "active/new.yaml")
    hooked.git("add", ".")
    assert run(hooked, "commit", "-qm", "new\n\nMilestone: new").status == 0
    hooked.git("rm", "-q", ".milestones/active/new.yaml")
    assert run(hooked, "commit", "-qm", "gone\n\nMilestone: new").status == 0


SPELLINGS = ("Milestone: {}", "MILESTONE: {}", "mileStone:{}", "Milestone : {}", "milestone\t: {}")


@pytest.mark.parametrize("trailer", SPELLINGS)
def test_every_trailer_that_git_reads_is_looked_up(hooked: Clone, run: Run, trailer: str) -> None:
    def commit(name: str) -> Said:
        return run(hooked, "commit", "-q", "--allow-empty", "-m", f"code\n\n{trailer.format(name)}")

    assert commit("beta") == Said(0, "")
    assert trailers(hooked) == "beta"
    assert commit("ghost").status == 1


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("ship-2fa, beta", "one trailer for each: `Milestone: ship-2fa`, `Milestone: beta`"),
        ("SHIP-2FA", "did you mean ship-2fa?"),
        ("ship-2fa (part 1)", "did you mean ship-2fa? Nothing else may stand in its trailer"),
        ("Ship two-factor login", "did you mean ship-2fa? Nothing else may stand in its trailer"),
        ("\N{SNOWMAN}", "`git milestone list --all` shows them all"),
    ],
)
def test_what_a_wrong_trailer_may_have_meant(hooked: Clone, run: Run, value: str, hint: str) -> None:
    done = run(hooked, "commit", "-q", "--allow-empty", "-m", f"code\n\nMilestone: {value}")
    assert done.status == 1
    assert done.out.splitlines()[:2] == [f"error: the trailer `Milestone: {value}` names no milestone", f"hint: {hint}"]


def test_a_trailer_without_a_value_names_nothing(hooked: Clone, run: Run, tmp_path: Path) -> None:
    """As it stands in a template."""
    (tmp_path / "template").write_text("\n\nMilestone:\n")
    hooked.git("config", "commit.template", str(tmp_path / "template"))
    done = run(hooked, "commit", "-q", "--allow-empty", GIT_EDITOR="sed -i 1s/^/Words/")
    assert done == Said(0, "")
    assert hooked.git("log", "-1", "--format=%B").strip() == "Words\n\nMilestone:"


def test_a_merge_is_not_refused_for_an_old_sin_of_the_other_branch(hooked: Clone, run: Run, lay: Lay) -> None:
    """git asks about it where another file was in conflict."""
    hooked.git("switch", "-qc", "side")
    lay(hooked, "active/beta.yaml", BROKEN)
    (hooked.path / "readme").write_text("side\n")
    hooked.git("commit", "-qam", "bad", "--no-verify")
    hooked.git("switch", "-q", "main")
    (hooked.path / "readme").write_text("main\n")
    hooked.git("commit", "-qam", "code")
    assert run(hooked, "merge", "-q", "side").status == 1
    hooked.git("add", "readme")
    lay(hooked, "active/ship-2fa.yaml", BROKEN.replace("Broken", "Mine"))
    hooked.git("add", ".milestones")
    done = run(hooked, "commit", "-qm", "merged")
    assert (done.status, "ship-2fa.yaml:5" in done.out, "beta" in done.out) == (1, True, False)
    hooked.git("restore", "--staged", "--worktree", ".milestones/active/ship-2fa.yaml")
    assert run(hooked, "commit", "-qm", "merged") == Said(0, "")
    assert len(hooked.git("log", "-1", "--format=%P").split()) == 2


def test_what_only_a_merge_makes_wrong_is_told(hooked: Clone, run: Run) -> None:
    """Each branch was right by itself."""
    hooked.git("switch", "-qc", "side")
    hooked.edit("beta", depends_on=["ship-2fa"])
    (hooked.path / "readme").write_text("side\n")
    hooked.git("commit", "-qam", "side")
    hooked.git("switch", "-q", "main")
    hooked.delete("ship-2fa")
    (hooked.path / "readme").write_text("main\n")
    hooked.git("commit", "-qam", "main")
    assert run(hooked, "merge", "-q", "side").status == 1
    hooked.git("add", "readme")
    done = run(hooked, "commit", "-qm", "merged")
    assert (done.status, "dangling-dependency" in done.out) == (0, True)


def test_what_is_no_trailer_is_no_name(hooked: Clone, run: Run) -> None:
    message = "code\n\nMilestone: nobody, as the title said,\nwas once here.\n\nSigned-off-by: Ana <ana@example.com>\n"
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", message) == Said(0, "")


def test_trailers_are_free_where_there_are_no_milestones(hooked: Clone, run: Run) -> None:
    hooked.git("rm", "-rq", ".milestones")
    hooked.git("commit", "-qm", "none", "--no-verify")
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: M2") == Said(0, "")


def test_the_current_milestone_is_named(hooked: Clone, run: Run) -> None:
    set_current(hooked, "beta")
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", "code") == Said(0, "")
    assert hooked.git("log", "-1", "--format=%B").strip() == "code\n\nMilestone: beta"
    run(hooked, "commit", "-q", "--allow-empty", "--amend", "--no-edit")
    assert trailers(hooked) == "beta"
    run(hooked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: ship-2fa")
    assert trailers(hooked) == "ship-2fa"


def test_each_worktree_names_its_own(hooked: Clone, run: Run, tmp_path: Path) -> None:
    hooked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Clone(tmp_path / "linked")
    set_current(hooked, "beta")
    set_current(linked, "ship-2fa")
    for user, name in ((hooked, "beta"), (linked, "ship-2fa")):
        run(user, "commit", "-q", "--allow-empty", "-m", "code")
        assert trailers(user) == name


def test_a_current_milestone_that_is_gone_is_not_named(hooked: Clone, run: Run) -> None:
    set_current(hooked, "beta")
    hooked.git("rm", "-q", ".milestones/active/beta.yaml")
    hooked.git("commit", "-qm", "gone", "--no-verify")
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", "code") == Said(0, "")
    assert trailers(hooked) == ""


def test_merges_fixups_and_replayed_commits_are_not_named(hooked: Clone, run: Run) -> None:
    hooked.git("switch", "-qc", "side")
    (hooked.path / "aside").write_text("aside\n")
    hooked.git("add", "aside")
    hooked.git("commit", "-qm", "aside")
    hooked.git("switch", "-q", "main")
    set_current(hooked, "beta")
    for args in (
        ("commit", "-q", "--allow-empty", "--fixup", "HEAD"),
        ("merge", "-q", "--no-ff", "-m", "merged", "side"),
        ("revert", "--no-edit", "-m", "1", "HEAD"),
        ("cherry-pick", "side"),
    ):
        assert run(hooked, *args).status == 0, args
        assert trailers(hooked) == "", args


def test_a_rebase_names_nothing(hooked: Clone, run: Run) -> None:
    for word in ("one", "two"):
        (hooked.path / "readme").write_text(word)
        hooked.git("commit", "-qam", word)
    set_current(hooked, "beta")
    reword = {"GIT_SEQUENCE_EDITOR": "sed -i s/pick/reword/", "GIT_EDITOR": "true"}
    for args, env in ((["--force-rebase"], {}), (["-i"], reword), (["--apply", "--force-rebase"], {})):
        assert run(hooked, "rebase", "-q", *args, "HEAD~2", **env).status == 0
        assert trailers(hooked) == ""


def test_an_empty_message_still_aborts(hooked: Clone, run: Run) -> None:
    """Who closes the editor without a word wants no commit, current milestone or not."""
    set_current(hooked, "beta")
    head = hooked.head
    for verbose in ((), ("--verbose",)):
        (hooked.path / "readme").write_text("more\n")
        done = run(hooked, "commit", "-a", *verbose, GIT_EDITOR="true")
        assert done.status != 0
        assert "empty" in done.out
    assert hooked.head == head
    assert run(hooked, "commit", "-qa", "--verbose", GIT_EDITOR="sed -i 1s/^/Words/").status == 0
    assert hooked.git("log", "-1", "--format=%B").strip() == "Words\n\nMilestone: beta"


def test_our_own_commits_are_not_named(hooked: Clone, run: Run) -> None:
    set_current(hooked, "beta")
    hooked.edit("ship-2fa", owner="bo@example.com")
    assert trailers(hooked) == ""


@pytest.mark.parametrize("on_path", [True, False])
def test_without_the_executable(
    hooked: Clone, program: Path, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, on_path: bool
) -> None:
    """Only what would have to be checked is refused, and says how it can be had all the same."""
    elsewhere = tmp_path / "elsewhere" / "git-milestone"
    elsewhere.parent.mkdir()
    program.rename(elsewhere)
    path = [str(elsewhere.parent)] if on_path else []
    monkeypatch.setenv("PATH", ":".join([*path, "/usr/bin", "/bin"]))
    (hooked.path / "readme").write_text("more\n")
    assert run(hooked, "commit", "-qam", "code") == Said(0, "")
    lay(hooked, "active/new.yaml")
    hooked.git("add", ".")
    done = run(hooked, "commit", "-qm", "new")
    if on_path:
        assert done == Said(0, "")
        return
    assert done.status == 1
    assert str(program) in done.out
    assert "--no-verify" in done.out
    assert done.out.count("\n") == 1
    assert run(hooked, "commit", "-qm", "new", "--no-verify").status == 0
    assert run(hooked, "switch", "-qc", "side", "HEAD~1") == Said(0, "")
    assert run(hooked, "merge", "-q", "main").status == 0


def test_only_a_colon_separates_a_trailer_as_in_history(hooked: Clone, run: Run) -> None:
    """Whatever `trailer.separators` says: a clone's configuration is not what others' history is read by."""
    hooked.git("config", "trailer.separators", "=%:")
    set_current(hooked, "beta")
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", "code").status == 0
    assert "Milestone: beta" in hooked.git("log", "-1", "--format=%B")
    assert run(hooked, "commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: nowhere").status == 1


GERMAN = """#!/bin/sh
test "$LC_ALL" = C || { echo "Schwerwiegend: Kein Git-Repository" >&2; exit 128; }
exec "{git}" "$@"
"""


def test_git_speaks_the_language_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, git = tmp_path / "bin", shutil.which("git")
    folder.mkdir()
    (folder / "git").write_text(GERMAN.replace("{git}", str(git)))
    (folder / "git").chmod(0o755)
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "de_DE.UTF-8"}
    with pytest.raises(NotARepository, match="is not in a git repository"):
        Store.open(str(tmp_path), environ)
