"""In continuous integration nothing that anybody has written, or called a file, is a command to the runner."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.faces.cli.table import iter_commands
from gitmilestone.faces.runner import format_command, keep_commands, make_inert, make_json_inert
from tests.faces.conftest import ROOT
from tests.faces.test_others_work import SESSIONS

GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true"}
_OWN = re.compile(r"::(error|warning) (file=[^:,]*(,line=\d+)?,)?title=[^:,]*::((?!##\w*\[).)*$")
_UNSEEN = "\u200b\ufeff\xad\0"
_PIECES = st.sampled_from([":", "::", "#", "##", "[", "vso", "]", "\r", "\n", " ", "\t", "\xa0", "\v", "a", *_UNSEEN])

SAID = "::error::x ##[stop-commands]t %0A::x"
FORMS = (
    *(("list", "--all", "--format", form) for form in ("table", "json", "jsonl", "csv", "markdown", "ids")),
    *(("check", "--format", form) for form in ("text", "json", "github", "gitlab", "sarif")),
    *(("graph", "--all", "--format", form) for form in ("text", "dot", "mermaid", "json")),
    *(("review", "HEAD~1..HEAD", "--format", form) for form in ("text", "markdown", "json")),
    *(("sql", "SELECT * FROM milestones", "--format", form) for form in ("table", "json", "csv", "markdown")),
    *(("show", "first", "--format", form) for form in ("yaml", "json")),
    *(("log", "first", "--json"), ("log", "first", "--details"), ("stats", "--json"), ("status", "--json")),
    *(("export", "--format", "csv"), ("blocked", "--json"), ("diff", "HEAD~1"), ("diff", "HEAD~1", "--json")),
    *(("diff", "--as-message"), ("check", "--worktree"), ("check", "--staged"), ("check", "--range", "HEAD~1..HEAD")),
    *(("list", "--worktree"), ("list", "--explain"), ("list", SAID), ("show", "third"), ("blocked", "second")),
    *(("__hook", name) for name in ("pre-commit", "post-merge", "post-checkout")),
    *(("sql", f"SELECT '{SAID}'"), ("sql", f'SELECT "{SAID}"'), ("current", "third"), ("__textconv", "odd.yaml")),
)


def _obeyed(text: str) -> list[str]:
    """The lines that a runner takes for commands, as GitHub's and Azure's read a log."""
    lines = re.split(r"\r\n|\r|\n", re.sub(f"[{_UNSEEN}]", "", text))
    return [line for line in lines if line.lstrip().startswith("::") or re.search(r"##(vso|teamcity)?\[", line)]


@given(st.lists(_PIECES).map("".join))
def test_no_line_of_what_is_made_inert_is_obeyed(text: str) -> None:
    inert = make_inert(text)
    assert not _obeyed(inert)
    assert make_inert(inert) == inert
    assert inert.replace(r"\x3a", ":").replace(r"\x23", "#") == text
    if not re.search("##|::", re.sub(f"[{_UNSEEN}]", "", text)):
        assert inert == text


@given(st.text() | st.lists(_PIECES).map("".join))
def test_json_says_the_same(text: str) -> None:
    told = make_json_inert(json.dumps({"a": text}))
    assert json.loads(told) == {"a": text}
    assert not _obeyed(told)


@given(st.lists(_PIECES).map("".join), st.lists(_PIECES).map("".join))
def test_a_command_of_ours_is_one(message: str, file: str) -> None:
    told = keep_commands(format_command("error", message, file=file, title="t"))
    assert re.split("[\r\n]", told) == [told]
    assert re.fullmatch(r"::error file=[^:,]*,title=t::.*", told, re.DOTALL)
    assert not _obeyed(told[2:])


def _milestone(title: str, **more: str) -> str:
    lines = "".join(f"\n{key}: {value}\n" for key, value in more.items())
    return f"schema: 1\n\ntitle: {title}\n\nstatus: planned\n{lines}"


_QUOTED = json.dumps(SAID)
_MORE = {
    "project": _QUOTED,
    "owner": _QUOTED,
    "labels": f"\n  - {_QUOTED}",
    "description": "|\n  ::error::x\n  ##[stop-commands]t\n   ::warning::y",
    '"##[key]"': '"::notice::x"',
    '"::key"': _QUOTED,
    "tasks": f"\n  step:\n    title: {_QUOTED}",
}
FILES = {
    "first.yaml": _milestone(_QUOTED, **_MORE),
    "second.yaml": _milestone('"##vso[task.setvariable]x"', depends_on='\n  - first\n  - "::error::x"'),
    "third.yaml": _milestone(_QUOTED, due='"::error::x ##[y]"', priority='"\\r::warning::\\n::error::x"'),
    "fourth.yaml": f"title: x\n::error::x\n##[stop-commands]t: {_QUOTED}\n",
    "fifth.yaml": _milestone('"a\\r::error::x\\n::error::y"'),
    "sixth.yaml": _milestone("x", depends_on="\n  - second\n  - missing"),
    "A\n::error::x\n##[group]y.yaml": _milestone("x"),
    "b\r::warning::z.yaml": _milestone("x"),
    "\n::error::folder/c.yaml": "status: [",
    "no\n::error::milestone": "x",
    "##[a]\033[31m\n ::error::x.yaml": _milestone("x"),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of somebody who wants the runner to obey."""
    home = tmp_path_factory.mktemp("home")
    place = home / "repository"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(home),
        **{f"GIT_{who}_{what}": SAID for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "PYTHONPATH": str(ROOT),
    }

    def call(*words: str) -> None:
        subprocess.run(words, cwd=place, env=environ, check=True, capture_output=True)

    place.mkdir()
    call("git", "init", "-q", "-b", "%0A-error-x##")
    call("git", "config", "user.name", SAID)
    call("git", "config", "user.email", SAID)
    call(sys.executable, "-m", "gitmilestone", "init")
    active = place / ".milestones" / "active"
    for number, (name, text) in enumerate(FILES.items()):
        path = active / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if number == 0:
            call("git", "add", ".")
            call("git", "commit", "-qm", f"{SAID}\n\n::error::x")
    closed = place / ".milestones" / "completed" / "closed.yaml"
    closed.parent.mkdir(exist_ok=True)
    closed.write_text(_milestone(_QUOTED).replace("planned", "cancelled"))
    (place / ".milestones" / "\n::warning::stray").write_text("x")
    (active / "link\n::error::x.yaml").symlink_to("##[x]")
    (place / "odd.yaml").write_text(FILES["fourth.yaml"])
    settings = place / ".milestones" / "config" / "project.yaml"
    with settings.open("a") as file:
        file.write(f'"::error::k": {_QUOTED}\ncheck:\n  severities:\n    "##[x]": {_QUOTED}\n')
    first = active / "first.yaml"
    call("git", "add", ".")
    call("git", "commit", "-qm", f"{SAID}\n\n::error::x")
    first.write_text(first.read_text().replace("title: ", "title: # ##[x]\n  "))
    call("git", "add", ".")
    call("git", "commit", "-qm", f"\u200b{SAID}")
    return place


def _run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    environ = {
        **{key: os.environ[key] for key in ("PATH", "HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL")},
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        **more,
    }
    return subprocess.run(
        [sys.executable, "-m", "gitmilestone", *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def _assert_inert(done: subprocess.CompletedProcess[bytes]) -> None:
    for said in (done.stdout, done.stderr):
        assert not [line for line in _obeyed(said.decode("utf-8", "replace")) if not _OWN.match(line)]
    assert done.returncode != 70, done.stderr


@pytest.mark.parametrize("words", [*SESSIONS.values(), *FORMS], ids=" ".join)
def test_nothing_in_a_repository_is_obeyed(words: tuple[str, ...], hostile: Path, tmp_path: Path) -> None:
    place = tmp_path / "a\n::error::place"
    shutil.copytree(hostile, place, symlinks=True)
    plan = tmp_path / "p\n::error::x.jsonl"
    sheet = tmp_path / "sheet.csv"
    plan.write_text(json.dumps({"op": "create", "title": SAID}) + "\n")
    sheet.write_text(f"id,title,\n::error::x,{SAID}\n")
    _assert_inert(_run(place, *(word.format(plan=plan, sheet=sheet) for word in words), **GITHUB))


@pytest.mark.parametrize("name", [command.name for command in iter_commands() if command.name != "watch"])
def test_nothing_in_an_argument_is_obeyed(name: str, hostile: Path, tmp_path: Path) -> None:
    shutil.copytree(hostile, tmp_path / "copy", symlinks=True)
    for words in (["\n::error::x"], ["##[group]y", "\r ::error::x"], ["--no\n::error::x", "##vso[x]"]):
        _assert_inert(_run(tmp_path / "copy", *name.split(), *words, **GITHUB))


@pytest.mark.parametrize("environ", [{"TF_BUILD": "True"}, {"GITLAB_CI": "true"}, {"CI": "1"}])
def test_every_runner_is_known(environ: dict[str, str], hostile: Path) -> None:
    _assert_inert(_run(hostile, "check", **environ))


@pytest.mark.parametrize("environ", [{}, {"CI": "false"}, {"CI": ""}])
def test_elsewhere_a_pipe_is_exact(environ: dict[str, str], hostile: Path) -> None:
    """Or the tests above would prove nothing."""
    assert "##[stop-commands]" in _run(hostile, "list", "--all", **environ).stdout.decode()


@pytest.mark.parametrize(
    "words", [("check", "--format", "json"), ("check", "--format", "sarif"), ("list", "--all", "--json"), ("export",)]
)
def test_data_is_the_same_to_a_program(words: tuple[str, ...], hostile: Path) -> None:
    plain, watched = (_run(hostile, *words, **environ).stdout.decode() for environ in ({}, GITHUB))
    assert "##[" in plain
    if words == ("export",):
        assert [*map(json.loads, watched.splitlines())] == [*map(json.loads, plain.splitlines())]
    else:
        assert json.loads(watched) == json.loads(plain)


def test_a_sheet_in_a_file_is_exact(hostile: Path, tmp_path: Path) -> None:
    plain = _run(hostile, "export", "--format", "csv").stdout
    with (tmp_path / "sheet.csv").open("wb") as file:
        environ = {**os.environ, **GITHUB, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "gitmilestone", "export", "--format", "csv"]
        subprocess.run(command, cwd=hostile, env=environ, stdout=file, stderr=subprocess.DEVNULL, check=False)
    assert (tmp_path / "sheet.csv").read_bytes() == plain
    assert b"##[stop-commands]" in plain


def test_annotations_are_commands(hostile: Path) -> None:
    lines = _run(hostile, "check", "--format", "github", **GITHUB).stdout.decode().splitlines()
    assert lines
    assert all(map(_OWN.match, lines))
