"""Who commits, and who signs: what git would say, whichever way it was told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from gitmilestone.errors import EnvironmentFault, InvalidRequest
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan, WriteOptions
from tests.repositories import NOW, ROOT, Clone, run_git

NAMES = "--format=%an <%ae> %cn <%ce>"
ANA = "Ana Lima <ana@example.com>"


def write_twice(clone: Clone, **options: object) -> list[str]:
    """Two commits of one process (the second is not made by git), and one that git makes, as raw headers."""
    with clone.store() as store:
        for number in range(2):
            files = {f"active/{number}.yaml": b"x\n"}
            store.write(lambda _, files=files: Plan(files, "message"), WriteOptions(**options))  # type: ignore[arg-type, misc]
    clone.git("commit", "-q", "--allow-empty", "-m", "message")
    return [clone.git("cat-file", "commit", name) for name in ("HEAD~2", "HEAD~1", "HEAD")]


def people(commit: str) -> list[str]:
    return re.findall(r"^(?:author|committer) (.*> )\d+ [+-]\d+$", commit, re.MULTILINE)


def test_the_user_s_name_is_git_s(clone: Clone) -> None:
    clone.new("ship")
    assert clone.git("log", "-1", NAMES) == f"{ANA} {ANA}"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
def test_dates_are_in_the_zone_of_the_user(clone: Clone, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        zones = {line.rpartition(" ")[2] for commit in write_twice(clone) for line in commit.split("\n")[2:4]}
    finally:
        monkeypatch.undo()
        time.tzset()
    assert len(zones) == 1


def test_the_environment_says_who_is_author_and_committer(clone: Clone) -> None:
    user = Clone(
        clone.path,
        GIT_AUTHOR_NAME="Zed Ü",
        GIT_AUTHOR_EMAIL="zed@example.com",
        GIT_AUTHOR_DATE="2001-02-03T04:05:06+0200",
        GIT_COMMITTER_NAME="Yao",
        GIT_COMMITTER_EMAIL="yao@example.com",
        GIT_COMMITTER_DATE="1234567890 -0330",
    )
    ours, ours_again, theirs = write_twice(user)
    assert ours.split("\n")[2:] == ours_again.split("\n")[2:] == theirs.split("\n")[2:]
    assert "author Zed Ü <zed@example.com> 981165906 +0200" in theirs


def test_names_that_git_cleans_up(clone: Clone) -> None:
    user = Clone(clone.path, GIT_AUTHOR_NAME="  <Zed>,. ", GIT_COMMITTER_EMAIL=" a@b ")
    ours, ours_again, theirs = write_twice(user)
    assert people(ours) == people(ours_again) == people(theirs)


def test_git_dash_c_says_who(clone: Clone, tmp_path: Path) -> None:
    """An external command of git gets its `-c` options in GIT_CONFIG_PARAMETERS."""
    command = tmp_path / "bin" / "git-write"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport os\nfrom gitmilestone.store.store import Store\n"
        "from gitmilestone.store.writing.plan import Plan\nstore = Store.open('.', os.environ)\n"
        "store.write(lambda files: Plan({'active/x.yaml': b'x'}, 'x')); store.close()\n"
    )
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"
    clone.git("-c", "user.name=Zed's own", "-c", "user.email=zed@example.com", "write", PATH=path, PYTHONPATH=str(ROOT))
    assert clone.git("log", "-1", "--format=%an <%ae>") == "Zed's own <zed@example.com>"


@pytest.mark.parametrize("where", ["main", "linked"])
def test_include_if_says_who(clone: Clone, tmp_path: Path, home: Path, where: str) -> None:
    (home / "work").write_text("[user]\n\tname = At Work\n\temail = ana@work.example\n")
    clone.git("config", "--global", f"includeIf.gitdir:{tmp_path}/.path", str(home / "work"))
    user = clone
    if where == "linked":
        clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        user = Clone(tmp_path / "linked")
    user.new("ship")
    assert user.git("log", "-1", NAMES) == "At Work <ana@work.example> At Work <ana@work.example>"


def test_include_if_of_a_branch_says_who(clone: Clone, home: Path) -> None:
    """Also to one process that is on two branches in turn."""
    (home / "release").write_text("[user]\n\tname = Release\n")
    clone.git("config", "--global", "includeIf.onbranch:release.path", str(home / "release"))
    clone.git("branch", "release")
    with clone.store() as store:
        store.write(lambda _: Plan({"active/a.yaml": b"a"}, "a"))
        clone.git("switch", "-q", "release")
        store.write(lambda _: Plan({"active/b.yaml": b"b"}, "b"))
        store.write(lambda _: Plan({"active/c.yaml": b"c"}, "c"))
    assert clone.git("log", "-2", "--format=%an").split("\n") == ["Release", "Release"]
    assert clone.git("log", "-1", "--format=%an", "main") == "Ana Lima"


def test_a_process_that_lives_long_hears_of_a_new_name(clone: Clone) -> None:
    def open_and_write(name: str) -> None:
        with clone.store() as store:
            store.write(lambda _: Plan({f"active/{name}.yaml": b"x"}, name))

    open_and_write("a")
    clone.git("config", "user.name", "Renamed")
    open_and_write("b")
    assert clone.git("log", "-2", "--format=%an").split("\n") == ["Renamed", "Ana Lima"]


def test_without_an_identity_the_error_says_what_to_do(clone: Clone, home: Path) -> None:
    (home / "gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    others, head = clone.others(), clone.head
    with pytest.raises(EnvironmentFault, match="who you are") as fault:
        clone.new("ship")
    assert "git config --global user.email" in fault.value.hint
    assert clone.head == head
    assert clone.locks() == []
    others.assert_kept(clone.others())


def test_an_empty_name_is_no_identity(clone: Clone) -> None:
    with pytest.raises(EnvironmentFault, match="who you are"):
        Clone(clone.path, GIT_AUTHOR_NAME="").new("ship")


def test_an_import_replays_its_dates(clone: Clone) -> None:
    when = datetime(2020, 2, 29, 12, 0, tzinfo=timezone(timedelta(hours=9)))
    first, second, _ = write_twice(clone, when=when)
    stamp = f"{int(when.timestamp())} +0000"
    for commit in (first, second):
        assert [line[-len(stamp) :] for line in commit.split("\n")[2:4]] == [stamp, stamp]


def test_the_same_plan_at_the_same_time_is_the_same_commit(clone: Clone, tmp_path: Path) -> None:
    other = Clone(tmp_path / "other")
    shutil.copytree(clone.path, other.path)
    commits = {here.new("ship", WriteOptions(when=NOW)) for here in (clone, other)}
    assert len(commits) == 1


def test_a_message_with_a_nul_is_refused(clone: Clone) -> None:
    head = clone.head
    with clone.store() as store:
        store.write(lambda _: Plan({"active/a.yaml": b"a"}, "first"))
        for _ in range(2):
            with pytest.raises((EnvironmentFault, InvalidRequest), match="NUL"):
                store.write(lambda _: Plan({"active/b.yaml": b"b"}, "a\0b"))
    assert clone.git("rev-parse", "HEAD~1") == head
    clone.fsck()


def configure_ssh(clone: Clone, home: Path) -> None:
    key = home / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f", str(key)], check=True)
    (home / "allowed").write_text(f"ana@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": f"{key}.pub",
        "gpg.ssh.allowedSignersFile": str(home / "allowed"),
    }.items():
        clone.git("config", name, value)


@pytest.fixture
def gnupg(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A throw-away keyring, in a short path: the agent's socket lies in it."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    place = tempfile.mkdtemp(prefix="gm", dir="/tmp")
    os.chmod(place, 0o700)
    monkeypatch.setenv("GNUPGHOME", place)
    made = subprocess.run(
        ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", ANA, "ed25519", "sign", "never"],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip(f"gpg makes no key here: {os.fsdecode(made.stderr)}")
    yield place
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)
    shutil.rmtree(place, ignore_errors=True)


def sign_and_verify(clone: Clone) -> None:
    clone.git("config", "commit.gpgSign", "2")
    with clone.store() as store:
        for name in ("a", "b"):
            store.write(lambda _, name=name: Plan({f"active/{name}.yaml": b"x"}, name))  # type: ignore[misc]
    for revision in ("HEAD", "HEAD~1"):
        clone.git("verify-commit", revision)
    assert clone.status() == ""
    clone.fsck()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_commits_are_signed_with_ssh_where_git_would_sign(clone: Clone, home: Path) -> None:
    configure_ssh(clone, home)
    clone.new("unsigned")
    assert "gpgsig" not in clone.git("cat-file", "commit", "HEAD")
    sign_and_verify(clone)


def test_commits_are_signed_with_gpg_where_git_would_sign(clone: Clone, gnupg: str) -> None:
    sign_and_verify(clone)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_row_63_a_missing_ssh_key_fails_before_anything_is_written(clone: Clone, home: Path) -> None:
    configure_ssh(clone, home)
    (home / "key").unlink()
    (home / "key.pub").unlink()
    refuse_to_write_unsigned(clone)


def test_row_63_a_missing_gpg_key_fails_before_anything_is_written(clone: Clone, gnupg: str) -> None:
    clone.git("config", "user.signingKey", "0123456789ABCDEF")
    refuse_to_write_unsigned(clone)


def test_row_63_a_missing_signing_program_fails_before_anything_is_written(clone: Clone) -> None:
    clone.git("config", "gpg.program", "/nonexistent/gpg")
    refuse_to_write_unsigned(clone)


def refuse_to_write_unsigned(clone: Clone) -> None:
    clone.git("config", "commit.gpgSign", "true")
    others, head = clone.others(), clone.head
    with pytest.raises(EnvironmentFault, match="can't be signed") as fault:
        clone.new("ship")
    assert "nothing was committed" in fault.value.hint
    assert clone.head == head
    assert clone.locks() == []
    others.assert_kept(clone.others())
    assert clone.status() == ""
    # `git -c commit.gpgSign=false milestone ...` is the way out that the hint names.
    user = Clone(clone.path, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="commit.gpgSign", GIT_CONFIG_VALUE_0="false")
    user.new("ship")


def test_opening_needs_no_identity(clone: Clone, home: Path) -> None:
    (home / "gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    store = Store.open(str(clone.path), os.environ)
    assert store.files_at().find("config/project.yaml")
    store.close()
    assert run_git("config", "user.name", cwd=clone.path, is_checked=False) == ""


def test_no_test_sees_the_home_of_who_runs_it(home: Path) -> None:
    import pwd

    owner = pwd.getpwuid(os.getuid()).pw_dir
    assert os.path.expanduser("~") == str(Path.home()) == str(home)
    assert home != Path(owner)
    origins = {line.split("\t")[0] for line in run_git("config", "--list", "--show-origin", cwd=home).split("\n")}
    assert origins == {f"file:{home}/gitconfig"}
    assert not [name for name, value in os.environ.items() if name.startswith(("GIT_", "XDG_")) and owner in value]
