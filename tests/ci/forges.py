"""Local servers that answer as the forges' APIs do, and refuse what their published descriptions do not allow."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

Schema = Mapping[str, Any]

_FOLDER = Path(__file__).parent
TOKEN = "a-token"


def read_github() -> dict[str, Schema]:
    operations: dict[str, Schema] = json.loads((_FOLDER / "github.json").read_text())["operations"]
    return operations


_PAGE = [
    {"name": "per_page", "in": "query", "schema": {"type": "integer", "maximum": 100}},
    {"name": "page", "in": "query", "schema": {"type": "integer"}},
]
_NOTE_PATH = [
    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    {"name": "merge_request_iid", "in": "path", "required": True, "schema": {"type": "integer"}},
]
_NOTE_BODY = {
    "type": "object",
    "required": ["body"],
    "properties": {"body": {"type": "string", "minLength": 1, "maxLength": 1_000_000}},
    "additionalProperties": False,
}

GITLAB: dict[str, Schema] = {
    "GET /user": {"parameters": [], "status": 200},
    "GET /projects/{id}/merge_requests/{merge_request_iid}/notes": {
        "parameters": [
            *_NOTE_PATH,
            *_PAGE,
            {"name": "sort", "in": "query", "schema": {"enum": ["asc", "desc"]}},
            {"name": "order_by", "in": "query", "schema": {"enum": ["created_at", "updated_at"]}},
        ],
        "status": 200,
    },
    "POST /projects/{id}/merge_requests/{merge_request_iid}/notes": {
        "parameters": _NOTE_PATH,
        "body": _NOTE_BODY,
        "status": 201,
    },
    "PUT /projects/{id}/merge_requests/{merge_request_iid}/notes/{note_id}": {
        "parameters": [
            *_NOTE_PATH,
            {"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}},
        ],
        "body": _NOTE_BODY,
        "status": 200,
    },
}
"""Written by hand from GitLab's documentation of the notes API; its published description leaves notes out."""


class Forge:
    """What the server holds, and what was asked of it.

    Attributes:
        comments: In the order in which they came.
        refusals: Statuses with which the next requests are refused, however right they are; after a negative one the
            request is heard, and then refused.
        seen: `METHOD PATH` of every request.
        faults: What was wrong with requests; a test ends with none.
    """

    def __init__(self, operations: Mapping[str, Schema], headers: Mapping[str, str]) -> None:
        self.operations = operations
        self.headers = headers
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.refusals: list[int] = []
        self.seen: list[str] = []
        self.faults: list[str] = []
        self.url = ""
        self.page = 2

    def add(self, body: str, *, is_bot: bool = False, association: str = "NONE", user_id: int = 7) -> dict[str, Any]:
        comment = {
            "id": len(self.comments) + 100,
            "body": body,
            "user": {"login": "x", "id": user_id, "type": "Bot" if is_bot else "User"},
            "author": {"id": user_id},
            "author_association": association,
        }
        self.comments.append(comment)
        return comment

    def find_operation(self, method: str, path: str) -> tuple[Schema, dict[str, str]] | None:
        for name, operation in self.operations.items():
            verb, template = name.split(" ")
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
            if verb == method and found:
                return operation, found.groupdict()
        return None

    def check(self, operation: Schema, given: Mapping[str, str], query: Mapping[str, str], body: Any) -> None:
        """Notes what the description does not allow."""
        known = {one["name"]: one for one in operation["parameters"]}
        for name, text in {**given, **query}.items():
            if name not in known or known[name]["in"] != ("path" if name in given else "query"):
                self.faults.append(f"no parameter {name}")
                continue
            schema = known[name]["schema"]
            value = int(text) if schema.get("type") == "integer" and text.isdigit() else text
            self.validate(schema, value, f"parameter {name}")
        if "body" in operation:
            self.validate(operation["body"], body, "body")
        elif body is not None:
            self.faults.append("a body where there is none")

    def validate(self, schema: Schema, value: Any, where: str) -> None:
        for error in Draft202012Validator(_translate(schema)).iter_errors(value):
            self.faults.append(f"{where}: {error.message}")

    def answer(self, operation: Schema, method: str, given: Mapping[str, str], body: Any) -> Any:
        if method == "POST":
            return self.add(body["body"], is_bot=True)
        if method in ("PATCH", "PUT"):
            wanted = int(given.get("comment_id") or given["note_id"])
            comment = next(one for one in self.comments if one["id"] == wanted)
            comment["body"] = body["body"]
            return comment
        if "merge_request_iid" in given or "issue_number" in given:
            return self.comments
        return self.pulls if "repo" in given else {"id": 7}


def _translate(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable`, as JSON Schema says it."""
    if isinstance(schema, list):
        return [_translate(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _translate(value) for key, value in schema.items() if key not in ("nullable", "format")}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@contextmanager
def serve(forge: Forge) -> Iterator[Forge]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            forge.seen.append(f"{self.command} {parts.path}")
            for name, value in forge.headers.items():
                if not re.fullmatch(value, self.headers.get(name, "")):
                    forge.faults.append(f"header {name}: {self.headers.get(name)}")
            refusal = forge.refusals.pop(0) if forge.refusals else 0
            if refusal > 0:
                self._send(refusal, {"message": "Refused\n::error::for a test"})
                return
            found = forge.find_operation(self.command, parts.path)
            if found is None:
                forge.faults.append(f"no operation {self.command} {parts.path}")
                self._send(404, {"message": "Not Found"})
                return
            operation, given = found
            query = dict(parse_qsl(parts.query))
            forge.check(operation, given, query, body)
            value = forge.answer(operation, self.command, given, body)
            headers = {}
            if isinstance(value, list):
                page, size = int(query.get("page", 1)), min(int(query.get("per_page", 30)), forge.page)
                if len(value) > page * size:
                    following = f"{forge.url}{parts.path}?{parts.query.split('&page=')[0]}&page={page + 1}"
                    headers["Link"] = f'<{forge.url}{parts.path}>; rel="first", <{following}>; rel="next"'
                value = value[(page - 1) * size : page * size]
            if "response" in operation:
                forge.validate(operation["response"], value, "answer")
            self._send(-refusal or operation["status"], value, headers)

        def _send(self, status: int, value: Any, headers: Mapping[str, str] = {}) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815  # as http.server names them

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert forge.faults == []


def github() -> Forge:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": r"application/vnd\.github\+json", "User-Agent": ".+"}
    return Forge(read_github(), headers)


def gitlab() -> Forge:
    return Forge(GITLAB, {"PRIVATE-TOKEN": TOKEN})
