"""The one comment of a review on GitHub or GitLab, from continuous integration: `git milestone __comment FILE`."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from gitmilestone.errors import EnvironmentFault, InvalidRequest
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.review.api import Api, CannotPostError
from gitmilestone.faces.review.markdown import MARKER, is_inert
from gitmilestone.faces.runner import format_command

FAILED = 1
_GITHUB_TAKES = 65_536
_GITLAB_TAKES = 1_000_000
_PAGES = 50
_RETRIES_AFTER_SECONDS = (1, 4, 10)
_MAINTAINERS = ("OWNER", "MEMBER", "COLLABORATOR")


class Comment(NamedTuple):
    id: int
    body: str


class Forge(Protocol):
    """One pull or merge request, with the comments of one account. Every method may raise CannotPostError."""

    takes: int
    """Characters."""

    def find_comment(self) -> Comment | None: ...

    def create(self, body: str) -> None: ...

    def edit(self, comment: Comment, body: str) -> None: ...


def run(context: Context, values: Values) -> int:
    """Posts it, or edits the one that is there; what keeps it from that is told, and fails nothing unless asked to."""
    try:
        forge = find_forge(context.environ)
        done = post(forge, _read_comment(context.resolve_path(values["file"]), forge.takes))
    except CannotPostError as error:
        warning = f"the comment can't be posted: {error}"
        if context.environ.get("GITHUB_ACTIONS") == "true":
            context.write(format_command("warning", warning, title="git milestone"), has_commands=True)
        else:
            context.warn(f"warning: {warning}")
        return FAILED if values["strict"] else 0
    context.write(f"comment {done}")
    return 0


def post(forge: Forge, body: str, wait: Callable[[float], object] = time.sleep) -> str:
    """Creates the comment, or edits it where it differs; says which.

    What may pass is tried again, from looking for the comment on: a request whose answer was lost may have been heard.
    """
    for seconds in (*_RETRIES_AFTER_SECONDS, None):
        try:
            return _post_once(forge, body)
        except CannotPostError as error:
            if not error.may_pass or seconds is None:
                raise
            wait(seconds)
    raise AssertionError("the last attempt returns or raises")


def _post_once(forge: Forge, body: str) -> str:
    found = forge.find_comment()
    if found is None:
        forge.create(body)
        return "created"
    if found.body.replace("\r\n", "\n").strip() == body.strip():
        return "unchanged"
    forge.edit(found, body)
    return "edited"


def _read_comment(path: str, takes: int) -> str:
    """The file of a run that strangers may have had a hand in: only what is inert is posted."""
    try:
        with open(path, encoding="utf-8") as file:
            body = file.read(takes + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(
            f"can't read {path}: {error}", "`git milestone review --format markdown` writes it"
        ) from None
    if len(body) > takes:
        raise CannotPostError(f"it has more than {takes} characters")
    if not is_inert(body):
        raise CannotPostError("it is not as `git milestone review --format markdown` writes it")
    return body


def find_forge(environ: Mapping[str, str]) -> Forge:
    """The request that a pipeline runs for.

    Raises:
        InvalidRequest: This is no pipeline. CannotPostError: It is none of a request.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return GitHub(environ)
    if environ.get("GITLAB_CI") == "true":
        return GitLab(environ)
    raise InvalidRequest("this is neither GitHub Actions nor GitLab CI", "elsewhere, `git milestone review` prints it")


class GitHub:
    takes = _GITHUB_TAKES

    def __init__(self, environ: Mapping[str, str]) -> None:
        token = _get(environ, "GITHUB_TOKEN", "give the step `env: GITHUB_TOKEN`")
        url = environ.get("GITHUB_API_URL") or "https://api.github.com"
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._api = Api(url, headers)
        self._repository = _get(environ, "GITHUB_REPOSITORY")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self._repository):
            raise CannotPostError("GITHUB_REPOSITORY is no OWNER/NAME")
        self._event = _read_event(_get(environ, "GITHUB_EVENT_PATH"))
        self._number = 0

    @property
    def _path(self) -> str:
        return f"/repos/{self._repository}/issues"

    def find_comment(self) -> Comment | None:
        self._number = self._number or self._find_number()
        for one in _iter_pages(self._api, f"{self._path}/{self._number}/comments?per_page=100"):
            # Anybody may begin a comment with the marker; only an account that may write here is ours.
            is_bot = (one.get("user") or {}).get("type") == "Bot"
            is_ours = is_bot or one.get("author_association") in _MAINTAINERS
            if is_ours and str(one.get("body")).startswith(MARKER):
                return Comment(int(one["id"]), str(one["body"]))
        return None

    def create(self, body: str) -> None:
        self._api.send("POST", f"{self._path}/{self._number}/comments", {"body": body})

    def edit(self, comment: Comment, body: str) -> None:
        self._api.send("PATCH", f"{self._path}/comments/{comment.id}", {"body": body})

    def _find_number(self) -> int:
        """The pull request's number: out of the event, never out of what another run left behind."""
        if isinstance(pull := self._event.get("pull_request"), dict):
            return _read_number(pull.get("number"))
        if isinstance(ran := self._event.get("workflow_run"), dict):
            return self._find_pull(ran)
        raise CannotPostError("the event is none of a pull request")

    def _find_pull(self, ran: Mapping[str, Any]) -> int:
        """The open pull request whose branch another workflow has run for; GitHub does not name those of forks."""
        owner = ((ran.get("head_repository") or {}).get("owner") or {}).get("login")
        asked = urlencode({"state": "open", "head": f"{owner}:{ran.get('head_branch')}", "per_page": 100})
        for pull in _iter_pages(self._api, f"/repos/{self._repository}/pulls?{asked}"):
            if pull["head"]["sha"] == ran.get("head_sha"):
                return _read_number(pull.get("number"))
        raise CannotPostError("no open pull request is at the commit that the other workflow ran for")


class GitLab:
    takes = _GITLAB_TAKES

    def __init__(self, environ: Mapping[str, str]) -> None:
        token = _get(environ, "GIT_MILESTONE_TOKEN", "set it to a project access token with the scope `api`")
        self._api = Api(_get(environ, "CI_API_V4_URL"), {"PRIVATE-TOKEN": token})
        number = _read_number(_get(environ, "CI_MERGE_REQUEST_IID", "run it for merge requests"))
        project = quote(_get(environ, "CI_PROJECT_ID"), safe="")
        self._path = f"/projects/{project}/merge_requests/{number}/notes"

    def find_comment(self) -> Comment | None:
        own_id = self._api.send("GET", "/user").value.get("id")
        for one in _iter_pages(self._api, f"{self._path}?per_page=100&sort=asc&order_by=created_at"):
            if (one.get("author") or {}).get("id") == own_id and str(one.get("body")).startswith(MARKER):
                return Comment(int(one["id"]), str(one["body"]))
        return None

    def create(self, body: str) -> None:
        self._api.send("POST", self._path, {"body": body})

    def edit(self, comment: Comment, body: str) -> None:
        self._api.send("PUT", f"{self._path}/{comment.id}", {"body": body})


def _iter_pages(api: Api, path: str) -> Iterator[dict[str, Any]]:
    following: str | None = path
    for _ in range(_PAGES):
        if following is None:
            return
        answer = api.send("GET", following)
        if not isinstance(answer.value, list):
            raise CannotPostError("the forge's answer is no list")
        yield from answer.value
        following = answer.next_path
    raise CannotPostError("there are more comments than are looked through")


def _read_event(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            event = json.load(file)
    except (OSError, ValueError) as error:
        raise CannotPostError(f"the event can't be read: {error}") from None
    return event if isinstance(event, dict) else {}


def _read_number(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 19 and int(text)):
        raise CannotPostError("the event has no number of a request")
    return int(text)


def _get(environ: Mapping[str, str], name: str, hint: str = "") -> str:
    value = environ.get(name, "")
    if not value:
        raise CannotPostError(f"{name} is not set{f': {hint}' if hint else ''}")
    return value
