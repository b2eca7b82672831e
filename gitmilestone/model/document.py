"""The YAML text of one milestone: read strictly, revised without disturbing what was not edited."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from gitmilestone.errors import Refused
from gitmilestone.model.decode import Decoder
from gitmilestone.model.decode_canonical import decode_canonical
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.model.yaml_canonical import load_canonical
from gitmilestone.model.yaml_loader import YamlFault, load
from gitmilestone.model.yaml_nodes import Mapping, Scalar

MAX_BYTES = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONFLICT = r"^(?:<{7,}|>{7,}|\|{7,})(?: .*)?$"


class Document(NamedTuple):
    """A file as it was read.

    Attributes:
        path: In the tree, for problems.
        text: Without a byte-order mark, LF line ends.
        milestone: None where `problems` has an error.
    """

    path: str
    text: str
    milestone: Milestone | None
    problems: tuple[Problem, ...]


def read_document(path: str, milestone_id: str, content: bytes, known_extra: Container[str] = frozenset()) -> Document:
    """Reads a milestone's file; every fault is a Problem, never an exception. O(size), at most 1 MiB."""
    decoder = Decoder(path, known_extra)
    text = _decode_text(decoder, content)
    if text is None:
        return Document(path, "", None, tuple(decoder.problems))
    milestone = decode_canonical(milestone_id, text, known_extra)
    if milestone is None and (root := _load(decoder, text)):
        milestone = decoder.decode(milestone_id, root)
    problems = sorted(decoder.problems, key=lambda problem: problem.line)
    return Document(path, text, milestone, tuple(problems))


def too_large(path: str, size: int) -> Problem:
    message = f"has {size} bytes; at most {MAX_BYTES} are read"
    return Problem(path, 0, "file-too-large", message, "move long texts elsewhere")


def revise(document: Document, milestone: Milestone) -> bytes:
    """The document's bytes with `milestone` in it, touching only lines of the fields that differ.

    A document in flow style, as JSON, is written anew in the canonical form.

    Args:
        document: One without errors.

    Raises:
        Refused: The text is laid out in a way in which the edit can't be made in place.
    """
    from gitmilestone.model.encode import encode
    from gitmilestone.model.revise import Reviser

    root = load_canonical(document.text) or load(document.text) if document.milestone else None
    if document.milestone is None or not isinstance(root, Mapping):
        raise Refused(f"{document.path} has errors", "run `git milestone check`")
    if root.flow:
        return encode(milestone)
    for is_careful in (False, True):
        content = Reviser(document.text, root, is_careful).revise(document.milestone, milestone).encode()
        if len(content) > MAX_BYTES:
            problem = too_large(document.path, len(content))
            raise Refused(f"{document.path} {problem.message}", problem.hint)
        if read_document(document.path, milestone.id, content).milestone == milestone:
            return content
    raise Refused(f"{document.path} can't be edited in place", "edit the file by hand, and commit it")


def _decode_text(decoder: Decoder, content: bytes) -> str | None:
    if len(content) > MAX_BYTES:
        decoder.problems.append(too_large(decoder.path, len(content)))
        return None
    if content.startswith(_BYTE_ORDER_MARK):
        content = content[len(_BYTE_ORDER_MARK) :]
        decoder.report(1, "byte-order-mark", "starts with a byte-order mark", "`check --fix` removes it")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        decoder.report(line, "not-utf8", f"byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8")
        return None
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        decoder.report(line, "carriage-return", "has CRLF line ends", "`check --fix` makes them LF")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _load(decoder: Decoder, text: str) -> Mapping | None:
    fast = load_canonical(text)
    if fast is not None:
        return fast
    marker = re.search(_CONFLICT, text, re.MULTILINE)
    if marker:
        line = text.count("\n", 0, marker.start()) + 1
        message = f"a conflict marker: {marker.group()[:40]}"
        decoder.report(line, "conflict-marker", message, "resolve the conflict")
        return None
    try:
        root = load(text)
    except YamlFault as fault:
        decoder.report(fault.line, fault.code, fault.message, fault.hint)
        return None
    if isinstance(root, Mapping):
        return root
    if root is None or (isinstance(root, Scalar) and root.is_null):
        decoder.report(1, "not-a-mapping", "the file is empty", "`git milestone new` writes a whole one")
    else:
        decoder.report(root.line, "not-a-mapping", "the file is not `key: value` lines", "like `title: ...`")
    return None
