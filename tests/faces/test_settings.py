"""Settings that can't be read have one answer at every door: told with their line, and their defaults count."""

from __future__ import annotations

import json
import time

import pytest

from gitmilestone.faces.cli.main import main
from tests.repositories import Clone

PROJECT = "config/project.yaml"
TIER = "config/tier.yaml"
BROKEN = [
    pytest.param(TIER, b"garbage\n", 1, "not-a-mapping", id="garbage"),
    pytest.param(TIER, b"<<<<<<< \ntier: file\n=======\ntier: sqlite\n>>>>>>> b\n", 1, "conflict-marker", id="markers"),
    pytest.param(TIER, b"tier: file\ntier: sqlite\n", 2, "duplicate-key", id="two keys"),
    pytest.param(TIER, b"tier: \xff\n", 1, "not-utf8", id="no UTF-8"),
    pytest.param(TIER, b"tier: SQLITE\n", 1, "bad-value", id="capitals"),
    pytest.param(PROJECT, b"format: 1\nlayout: [flat]\n", 2, "bad-value", id="a list"),
    pytest.param(PROJECT, b"# " * (1 << 20), 0, "file-too-large", id="too large"),
]
READING = (["list"], ["ready"], ["sql", "SELECT 1"], ["stats"], ["export", "--format", "jsonl"])
WRITING = (["new", "B"], ["complete", "a"], ["migrate", "sqlite"], ["migrate", "sharded"])


@pytest.fixture
def project(clone: Clone) -> Clone:
    clone.init()
    return clone


def lay(project: Clone, path: str, content: bytes) -> None:
    (project.path / ".milestones" / path).write_bytes(content)
    project.git("add", "-A")
    project.git("commit", "-qm", "settings")


@pytest.mark.parametrize(("path", "content", "line", "code"), BROKEN)
def test_every_door_says_so(
    project: Clone, capsys: pytest.CaptureFixture[str], path: str, content: bytes, line: int, code: str
) -> None:
    project.new("a")
    lay(project, path, content)
    place = f".milestones/{path}:{line}: error: " if line else f".milestones/{path}: error: "
    for words in READING:
        assert main(["-C", str(project.path), *words]) == 1, words
        said = capsys.readouterr()
        assert said.err.count(place) == 1, (words, said.err)
        assert "1 file unreadable" in said.err
        assert said.out
    assert main(["-C", str(project.path), "check"]) == 1
    assert f"[{code}]" in capsys.readouterr().out
    assert main(["-C", str(project.path), "status"]) == 0
    said = capsys.readouterr()
    assert "Tier: file, layout: flat" in said.out
    assert "Unreadable: 1 file" in said.out
    head = project.head
    for words in WRITING:
        assert main(["-C", str(project.path), *words]) == 1, words
        assert place in capsys.readouterr().err
    assert project.head == head


@pytest.mark.parametrize("path", [PROJECT, TIER])
def test_what_is_mended_is_forgotten(project: Clone, capsys: pytest.CaptureFixture[str], path: str) -> None:
    """Also by an index on disk, which is brought along."""
    project.new("a")
    assert main(["-C", str(project.path), "index", "rebuild"]) == 0
    sound = (project.path / ".milestones" / path).read_bytes()
    lay(project, path, b"x\n")
    assert main(["-C", str(project.path), "list"]) == 1
    assert main(["-C", str(project.path), "index", "verify"]) == 0
    lay(project, path, sound)
    capsys.readouterr()
    assert main(["-C", str(project.path), "list"]) == 0
    assert capsys.readouterr().err == ""


def test_carriage_returns_are_a_warning_and_go_with_an_edit(project: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    place = project.path / ".milestones" / PROJECT
    (project.path / ".milestones" / ".gitattributes").unlink()
    lay(project, PROJECT, place.read_bytes().replace(b"\n", b"\r\n"))
    assert project.git("cat-file", "blob", f"HEAD:.milestones/{PROJECT}").count("\r") > 2
    project.new("a")
    assert main(["-C", str(project.path), "check", "--json"]) == 0
    assert [one["code"] for one in json.loads(capsys.readouterr().out)["problems"]] == ["carriage-return"]
    assert main(["-C", str(project.path), "check", "--fix"]) == 0
    assert "made its line ends LF" in capsys.readouterr().err
    assert b"\r" not in place.read_bytes()
    project.git("checkout", "-q", "--", ".")
    assert main(["-C", str(project.path), "migrate", "sharded"]) == 0
    assert "\r" not in project.git("cat-file", "blob", f"HEAD:.milestones/{PROJECT}")


def test_large_settings_are_never_read(project: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    place = project.path / ".milestones" / PROJECT
    with place.open("wb") as file:
        file.truncate(1 << 33)  # sparse: reading it would take 8 GiB of memory
    started = time.process_time()
    assert main(["-C", str(project.path), "check"]) == 1
    assert "[file-too-large]" in capsys.readouterr().out
    assert time.process_time() - started < 5
