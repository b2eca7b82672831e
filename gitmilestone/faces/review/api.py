"""A forge's API over HTTP."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import json
import re
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

_SECONDS = 20
_MOST_BYTES = 50_000_000
_MAY_PASS = (408, 429, 500, 502, 503, 504)
_SHOWN = 200
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next\b')
_MEANINGS = {
    401: "the token is not valid",
    403: "the token may not do that (a fork's run has one that only reads)",
    404: "there is no such request, or the token may not see it",
}


class CannotPostError(Exception):
    """Why, in one line.

    Attributes:
        may_pass: Whether the same may work in a moment.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class Answer(NamedTuple):
    """`next_path` is where the next page is, None behind the last."""

    value: Any
    next_path: str | None


class _Stay(HTTPRedirectHandler):
    """A token is for one host."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


class Api:
    """Attributes:
    url: Its root, without a slash at the end.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        if not self.url.startswith(("https://", "http://")):
            raise CannotPostError("the address of the forge's API is no http address")
        self._headers = {"User-Agent": "git-milestone", "Content-Type": "application/json", **headers}
        self._opener = build_opener(_Stay)

    def send(self, method: str, path: str, value: object = None) -> Answer:
        """Sends one request; `value` is its body as JSON.

        Raises:
            CannotPostError: The forge refuses it, or can't be reached.
        """
        content = None if value is None else json.dumps(value).encode()
        request = Request(self.url + path, content, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return Answer(json.loads(answer.read(_MOST_BYTES)), self._find_next(answer.headers.get("Link", "")))
        except HTTPError as error:
            with error:
                said = _MEANINGS.get(error.code) or _read_message(error)
            raise CannotPostError(f"HTTP {error.code}: {said}", may_pass=error.code in _MAY_PASS) from None
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise CannotPostError(_clean(f"{self.url} can't be reached: {reason}"), may_pass=True) from None
        except ValueError:
            raise CannotPostError("the forge's answer is no JSON", may_pass=True) from None

    def _find_next(self, link: str) -> str | None:
        found = _NEXT.search(link)
        if found is None:
            return None
        if not found[1].startswith(f"{self.url}/"):
            raise CannotPostError("the next page is said to be elsewhere")
        return found[1][len(self.url) :]


def _read_message(error: HTTPError) -> str:
    try:
        said = json.loads(error.read(_MOST_BYTES)).get("message")
    except (ValueError, AttributeError, OSError, HTTPException):
        said = None
    return _clean(str(said or error.reason or "it says no more"))


def _clean(text: str) -> str:
    """For one line of a log, where nothing may begin a command of the runner's."""
    return "".join(char if char.isprintable() else " " for char in text)[:_SHOWN]
