"""The user's hooks run as `git commit` runs them."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gitmilestone.errors import HookRejected
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone, run_git

SHIP = ".milestones/active/ship.yaml"
HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
GIT_VERSION = tuple(int(part) for part in re.findall(r"\d+", run_git("version"))[:2])

RECORD = f"""#!{sys.executable} -IS
import json, os, subprocess, sys
message = open(sys.argv[1]).read() if len(sys.argv) > 1 else None
staged = subprocess.run(["git", "diff", "--cached", "--name-status", "HEAD"], capture_output=True, text=True).stdout
record = {{
    "name": os.path.basename(sys.argv[0]),
    "args": sys.argv[1:],
    "message": message,
    "cwd": os.getcwd(),
    "staged": staged,
    "stdin": os.readlink("/proc/self/fd/0"),
    "is_one_stream": os.fstat(1).st_ino == os.fstat(2).st_ino,
    "environ": {{name: value for name, value in os.environ.items() if name.startswith("GIT_") or name == "PATH"}},
}}
with open(os.environ["RECORDS"], "a") as file:
    print(json.dumps(record), file=file)
"""


def install(clone: Clone, name: str, script: str, folder: Path | None = None) -> Path:
    place = (folder or clone.git_dir / "hooks") / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(script)
    place.chmod(0o755)
    return place


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "records"
    monkeypatch.setenv("RECORDS", str(place))
    return place


def read(records: Path, top: Path) -> list[dict[str, Any]]:
    """What the hooks saw, with what differs by its nature left out."""
    found = [json.loads(line) for line in records.read_text().splitlines()]
    records.unlink()
    for record in found:
        environ = record["environ"]
        record["is_date"] = bool(re.fullmatch(r"@\d+ \+0000", environ.pop("GIT_AUTHOR_DATE")))
        record["args"] = [os.path.join(top, arg) if arg.endswith("COMMIT_EDITMSG") else arg for arg in record["args"]]
        index = os.path.join(top, environ.pop("GIT_INDEX_FILE"))
        # `git commit -- PATH` shows pre-commit an index beside its own; ours is another one beside.
        record["is_real_index"] = os.path.basename(index) == "index"
        environ.pop("GIT_PREFIX")
        environ.pop("GIT_MILESTONE_WRITING", None)
    return found


@pytest.mark.parametrize("where", ["main", "linked"])
def test_hooks_get_what_git_commit_gives_them(clone: Clone, tmp_path: Path, records: Path, where: str) -> None:
    """Arguments, folder, environment, streams and the staging area are those of a real `git commit -- PATH`."""
    user = clone
    if where == "linked":
        clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        user = Clone(tmp_path / "linked")
    for name in HOOKS:
        install(clone, name, RECORD)
    (user.path / "readme").write_text("staged by the user\n")
    user.git("add", "readme")
    user.new("ship", WriteOptions(message="the message"))
    ours = read(records, user.path)
    head = user.head
    user.git("reset", "-q", "--soft", "HEAD~1")
    user.git("commit", "-q", "-m", "the message", "--", SHIP)
    theirs = read(records, user.path)
    assert [record["name"] for record in ours] == list(HOOKS)
    for our, their in zip(ours, theirs, strict=True):
        # `git commit` lets the later two see the same index beside; it is the real one by then.
        if our["name"] in ("prepare-commit-msg", "commit-msg"):
            for record in (our, their):
                del record["is_real_index"], record["staged"]
        assert our == their
    assert ours[0]["staged"] == f"A\t{SHIP}\n"
    assert user.git("rev-parse", f"{head}^{{tree}}") == user.git("rev-parse", "HEAD^{tree}")
    assert clone.locks() == []


def test_a_hook_sees_only_our_change_staged(clone: Clone) -> None:
    install(clone, "pre-commit", '#!/bin/sh\ntest "$(git diff --cached --name-only HEAD)" = "' + SHIP + '"\n')
    (clone.path / "readme").write_text("staged by the user\n")
    clone.git("add", "readme")
    clone.new("ship")
    assert clone.status() == "M  readme"


@pytest.mark.parametrize("name", HOOKS[:3])
def test_a_hook_that_says_no_changes_nothing(clone: Clone, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    install(clone, name, "#!/bin/sh\necho because I say so\nexit 1\n")
    others, head = clone.others("COMMIT_EDITMSG"), clone.head
    with pytest.raises(HookRejected, match=name):
        clone.new("ship")
    out, said = capfd.readouterr()
    assert (out, said) == ("", "because I say so\n")
    assert clone.head == head
    others.git_dir.pop("COMMIT_EDITMSG", None)
    after = clone.others()
    after.git_dir.pop("COMMIT_EDITMSG", None)
    others.assert_kept(after)
    assert clone.locks() == []
    assert not (clone.path / SHIP).exists()


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg"])
def test_no_verify_skips_what_git_skips(clone: Clone, name: str) -> None:
    install(clone, name, "#!/bin/sh\nexit 1\n")
    assert clone.new("ship", WriteOptions(verify=False)) == clone.head


def test_no_verify_still_prepares_the_message_as_git_does(clone: Clone) -> None:
    install(clone, "prepare-commit-msg", "#!/bin/sh\nexit 1\n")
    with pytest.raises(HookRejected):
        clone.new("ship", WriteOptions(verify=False))


def test_a_post_commit_hook_that_fails_is_too_late(clone: Clone) -> None:
    install(clone, "post-commit", "#!/bin/sh\nexit 1\n")
    assert clone.new("ship") == clone.head


def test_a_post_commit_hook_may_itself_write(clone: Clone) -> None:
    """The lock is given back before it runs."""
    script = (
        "import os; from gitmilestone.store.store import Store; from gitmilestone.store.writing.plan import Plan\n"
        "store = Store.open('.', {k: v for k, v in os.environ.items() if k != 'GIT_INDEX_FILE'})\n"
        "store.write(lambda files: Plan({'active/second.yaml': b'x'}, 'second')); store.close()\n"
    )
    body = f"#!/bin/sh\ntest -f done || {{ touch done; exec '{sys.executable}' -c \"{script}\"; }}\n"
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    install(clone, "post-commit", body)
    clone.new("ship")
    assert clone.git("log", "-2", "--format=%s") == "second\nmilestone: create ship"
    assert clone.status() == "?? done"


def test_a_hook_edits_the_message(clone: Clone) -> None:
    install(clone, "prepare-commit-msg", '#!/bin/sh\nprintf "Größe: %s\\n\\nTicket: 7\\n\\n" "$(cat "$1")" > "$1"\n')
    install(clone, "commit-msg", '#!/bin/sh\nprintf "Reviewed: yes\\n" >> "$1"\n')
    clone.new("ship")
    assert clone.git("log", "-1", "--format=%B").strip() == (
        "Größe: milestone: create ship\n\nTicket: 7\n\nReviewed: yes"
    )
    assert clone.git("log", "-g", "-1", "--format=%gs") == "commit: Größe: milestone: create ship"


def test_a_hook_leaves_latin_1_and_git_makes_it_utf8(clone: Clone) -> None:
    install(clone, "commit-msg", '#!/bin/sh\nprintf "caf\\351\\n" > "$1"\n')
    clone.new("ship")
    assert clone.git("log", "-1", "--format=%s") == "café"


def test_a_hook_that_leaves_no_message_is_a_refusal(clone: Clone) -> None:
    install(clone, "commit-msg", '#!/bin/sh\n: > "$1"\n')
    head = clone.head
    with pytest.raises(HookRejected, match="empty"):
        clone.new("ship")
    assert clone.head == head


@pytest.mark.parametrize("is_relative", [True, False])
def test_core_hooks_path(clone: Clone, tmp_path: Path, is_relative: bool) -> None:
    folder = clone.path / "their-hooks" if is_relative else tmp_path / "their-hooks"
    install(clone, "pre-commit", "#!/bin/sh\nexit 1\n", folder)
    clone.git("config", "core.hooksPath", "their-hooks" if is_relative else str(folder))
    install(clone, "commit-msg", "#!/bin/sh\nexit 1\n")  # in the folder that does not count now
    with pytest.raises(HookRejected, match="pre-commit"):
        Clone(clone.path / "src").new("ship")
    clone.new("ship", WriteOptions(verify=False))


def test_a_hook_that_is_not_executable_is_passed_over(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    install(clone, "pre-commit", "#!/bin/sh\nexit 1\n").chmod(0o644)
    clone.new("ship")
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(GIT_VERSION < (2, 54), reason="this git has no hooks in its configuration: it needs 2.54")
def test_hooks_in_the_configuration(clone: Clone) -> None:
    clone.git("config", "hook.mine.command", "exit 1")
    clone.git("config", "hook.mine.event", "pre-commit")
    clone.git("config", "--add", "hook.mine.event", "commit-msg")
    with pytest.raises(HookRejected, match="pre-commit"):
        clone.new("ship")


def test_an_event_in_the_configuration_that_this_git_does_not_know_is_harmless(clone: Clone) -> None:
    if GIT_VERSION >= (2, 54):
        pytest.skip("this git knows it")
    clone.git("config", "hook.mine.event", "pre-commit")
    clone.git("config", "--add", "hook.mine.event", "post-commit")
    clone.git("config", "hook.mine.command", "exit 1")
    clone.new("ship")


def test_hooks_where_git_dir_is_given_relative(clone: Clone, records: Path) -> None:
    for name in HOOKS:
        install(clone, name, RECORD)
    user = Clone(clone.path / "src", GIT_DIR="../.git", GIT_WORK_TREE="..")
    user.new("ship")
    found = [json.loads(line) for line in records.read_text().splitlines()]
    assert [record["name"] for record in found] == list(HOOKS)
    assert found[0]["staged"] == f"A\t{SHIP}\n"
    assert {record["cwd"] for record in found} == {str(clone.path)}


def test_hooks_see_who_is_the_author(clone: Clone, records: Path) -> None:
    install(clone, "pre-commit", RECORD)
    user = Clone(clone.path, GIT_AUTHOR_NAME="Zed", GIT_AUTHOR_EMAIL="zed@example.com")
    user.new("ship")
    environ = json.loads(records.read_text())["environ"]
    assert (environ["GIT_AUTHOR_NAME"], environ["GIT_AUTHOR_EMAIL"]) == ("Zed", "zed@example.com")


def test_law_8_no_hook_of_git_milestone_is_needed(clone: Clone) -> None:
    """A hooks folder that is gone costs nothing."""
    clone.git("config", "core.hooksPath", "/nonexistent")
    clone.new("ship")
    assert clone.status() == ""
