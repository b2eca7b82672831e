"""The one comment: found, made, edited; and what keeps it from that is told in one line."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gitmilestone.errors import EnvironmentFault, InvalidRequest
from gitmilestone.faces.context import Context
from gitmilestone.faces.review import forge as module
from gitmilestone.faces.review.api import Api, CannotPostError
from gitmilestone.faces.review.forge import find_forge, post, run
from gitmilestone.faces.review.markdown import MARKER, format_markdown
from gitmilestone.operations.checking.review import DateMove, Review
from tests.ci.forges import TOKEN, Forge, github, gitlab, serve

EVENTS = json.loads((Path(__file__).parent / "events.json").read_text())
REPOSITORY = "Codertocat/Hello-World"
COMMENT = format_markdown(Review("1" * 40, "2" * 40, "3" * 40))
OTHER = format_markdown(
    Review("1" * 40, "4" * 40, "3" * 40, dates=(DateMove("a", "A", "due", date(2027, 1, 1), date(2027, 1, 2)),))
)


@pytest.fixture
def hub() -> Iterator[Forge]:
    with serve(github()) as forge:
        yield forge


@pytest.fixture
def lab() -> Iterator[Forge]:
    with serve(gitlab()) as forge:
        yield forge


def hub_environ(forge: Forge, tmp_path: Path, event: Mapping[str, Any]) -> dict[str, str]:
    (tmp_path / "event.json").write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_TOKEN": TOKEN,
    }


def lab_environ(forge: Forge) -> dict[str, str]:
    return {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": forge.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "11",
        "GIT_MILESTONE_TOKEN": TOKEN,
    }


class Waits(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def run_command(environ: Mapping[str, str], path: Path, *, strict: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    context = Context(environ, os.getcwd(), io.StringIO(), out, err)
    status = run(context, {"file": str(path), "strict": strict})
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("event", ["opened", "synchronize"])
def test_github_has_one_comment_that_is_edited(hub: Forge, tmp_path: Path, event: str) -> None:
    environ = hub_environ(hub, tmp_path, EVENTS[event])
    hub.add("a word")
    # Anybody may begin a comment as ours begin.
    hub.add(f"{MARKER}\n\nmine")
    hub.add("another word")
    assert post(find_forge(environ), COMMENT) == "created"
    assert post(find_forge(environ), COMMENT) == "unchanged"
    assert post(find_forge(environ), OTHER) == "edited"
    assert [comment["body"] for comment in hub.comments] == ["a word", f"{MARKER}\n\nmine", "another word", OTHER]
    assert hub.seen[-2:] == [
        f"GET /repos/{REPOSITORY}/issues/2/comments",
        f"PATCH /repos/{REPOSITORY}/issues/comments/103",
    ]


def test_a_maintainers_token_is_ours_too(hub: Forge, tmp_path: Path) -> None:
    hub.add(COMMENT, association="COLLABORATOR")
    assert post(find_forge(hub_environ(hub, tmp_path, EVENTS["opened"])), OTHER) == "edited"


def test_gitlab_has_one_note_that_is_edited(lab: Forge) -> None:
    for number in range(5):
        lab.add("a word", user_id=number)
    lab.add(f"{MARKER}\n\nsomebody else's", user_id=8)
    assert post(find_forge(lab_environ(lab)), COMMENT) == "created"
    assert post(find_forge(lab_environ(lab)), COMMENT) == "unchanged"
    assert post(find_forge(lab_environ(lab)), OTHER) == "edited"
    assert [note["body"] for note in lab.comments][5:] == [f"{MARKER}\n\nsomebody else's", OTHER]


def fork_event() -> dict[str, Any]:
    ran = {
        **EVENTS["workflow_run"]["workflow_run"],
        "event": "pull_request",
        "head_branch": "milestones & more",
        "head_sha": "5" * 40,
        "head_repository": {"full_name": "stranger/Hello-World", "owner": {"login": "stranger"}},
    }
    return {**EVENTS["workflow_run"], "workflow_run": ran}


def pull(number: int, sha: str) -> dict[str, Any]:
    return {
        "number": number,
        "state": "open",
        "head": {"label": "stranger:x", "ref": "x", "sha": sha},
        "base": {"label": "Codertocat:main", "ref": "main", "sha": "1" * 40},
    }


def test_a_forks_pull_request_is_found_by_what_github_says_of_the_run(hub: Forge, tmp_path: Path) -> None:
    environ = hub_environ(hub, tmp_path, fork_event())
    hub.pulls = [pull(3, "6" * 40), pull(4, "6" * 40), pull(12, "5" * 40)]
    assert post(find_forge(environ), COMMENT) == "created"
    assert f"POST /repos/{REPOSITORY}/issues/12/comments" in hub.seen
    hub.pulls = hub.pulls[:2]
    with pytest.raises(CannotPostError, match="no open pull request"):
        post(find_forge(environ), COMMENT)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_what_may_pass_is_tried_again(hub: Forge, tmp_path: Path, status: int) -> None:
    hub.refusals = [status, 0, status]
    waits = Waits()
    assert post(find_forge(hub_environ(hub, tmp_path, EVENTS["opened"])), COMMENT, waits) == "created"
    assert len(waits) == 2
    assert len(hub.comments) == 1


def test_a_request_that_was_heard_is_not_made_twice(hub: Forge, tmp_path: Path) -> None:
    hub.refusals = [0, -502]
    assert post(find_forge(hub_environ(hub, tmp_path, EVENTS["opened"])), COMMENT, Waits()) == "unchanged"
    assert len(hub.comments) == 1


def test_patience_ends(hub: Forge, tmp_path: Path) -> None:
    hub.refusals = [503] * 9
    waits = Waits()
    with pytest.raises(CannotPostError, match="HTTP 503"):
        post(find_forge(hub_environ(hub, tmp_path, EVENTS["opened"])), COMMENT, waits)
    assert len(hub.seen) == len(waits) + 1 == 4


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "not valid"),
        (403, "only reads"),
        (404, "no such request"),
        (422, "Refused ::error::for a test"),
        (302, "302"),
    ],
)
def test_a_refusal_is_told_in_one_line_and_fails_nothing(hub: Forge, tmp_path: Path, status: int, said: str) -> None:
    environ = hub_environ(hub, tmp_path, EVENTS["opened"])
    (tmp_path / "comment.md").write_text(COMMENT)
    hub.refusals = [0, status, 0, status]
    code, out, _ = run_command(environ, tmp_path / "comment.md")
    assert code == 0
    assert out.startswith("::warning title=git milestone::the comment can't be posted: HTTP ")
    assert said in out
    assert out.count("\n") == 1
    assert TOKEN not in out
    assert run_command(environ, tmp_path / "comment.md", strict=True)[0] == 1
    assert hub.comments == []


def test_the_command_says_what_it_did(lab: Forge, tmp_path: Path) -> None:
    (tmp_path / "comment.md").write_text(COMMENT)
    assert run_command(lab_environ(lab), tmp_path / "comment.md") == (0, "comment created\n", "")
    lab.refusals = [403]
    code, out, err = run_command(lab_environ(lab), tmp_path / "comment.md")
    assert (code, out) == (0, "")
    assert err.startswith("warning: the comment can't be posted: HTTP 403")


@pytest.mark.parametrize(
    "text",
    [
        COMMENT.replace("No milestone", "@everybody, no milestone"),
        COMMENT.removeprefix(MARKER),
        f"{COMMENT}\n/close\n",
        COMMENT + "a" * 70_000,
    ],
)
def test_what_strangers_wrote_is_not_posted(hub: Forge, tmp_path: Path, text: str) -> None:
    (tmp_path / "comment.md").write_text(text)
    hub.pulls = [pull(12, "5" * 40)]
    code, out, _ = run_command(hub_environ(hub, tmp_path, fork_event()), tmp_path / "comment.md", strict=True)
    assert code == 1
    assert "can't be posted" in out
    assert hub.seen == []


def test_what_is_not_set_is_named(hub: Forge, lab: Forge, tmp_path: Path) -> None:
    whole = hub_environ(hub, tmp_path, EVENTS["opened"])
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"):
        with pytest.raises(CannotPostError, match=name):
            find_forge({**whole, name: ""})
    for name in ("GIT_MILESTONE_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID"):
        with pytest.raises(CannotPostError, match=name):
            find_forge({**lab_environ(lab), name: ""})
    with pytest.raises(CannotPostError, match="OWNER/NAME"):
        find_forge({**whole, "GITHUB_REPOSITORY": "a/b/../c"})
    with pytest.raises(InvalidRequest):
        find_forge({})
    with pytest.raises(EnvironmentFault, match="can't read"):
        run_command(whole, tmp_path / "nothing.md")


@pytest.mark.parametrize(
    "event", [{}, [], {"pull_request": {"number": "../1"}}, {"pull_request": {"number": -1}}, {"pull_request": {}}]
)
def test_an_event_of_something_else(hub: Forge, tmp_path: Path, event: Any) -> None:
    with pytest.raises(CannotPostError, match="event"):
        post(find_forge(hub_environ(hub, tmp_path, event)), COMMENT)
    assert hub.seen == []


def test_a_token_goes_nowhere_else(hub: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(hub.url, {})
    assert api._find_next(f'<{hub.url}/x?page=2>; rel="next"') == "/x?page=2"
    assert api._find_next(f'<{hub.url}/x>; rel="last"') is None
    with pytest.raises(CannotPostError, match="elsewhere"):
        api._find_next('<http://e.vil/x>; rel="next"')
    with pytest.raises(CannotPostError, match="no http address"):
        Api("file:///etc", {})
    with pytest.raises(CannotPostError, match="reached") as caught:
        Api("http://127.0.0.1:9", {}).send("GET", "/")
    assert caught.value.may_pass
    monkeypatch.setattr(module, "_PAGES", 1)
    hub.headers = {}
    for _ in range(5):
        hub.add("x")
    with pytest.raises(CannotPostError, match="more comments"):
        list(module._iter_pages(api, f"/repos/{REPOSITORY}/issues/2/comments"))
