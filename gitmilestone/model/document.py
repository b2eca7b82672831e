"""The YAML text of one milestone: read strictly, revised without disturbing what was not edited."""

from __future__ import annotations

import re
from typing import NamedTuple

from gitmilestone.errors import Refused
from gitmilestone.model.decode import Decoder
from gitmilestone.model.encode import encode
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.revise import Reviser
from gitmilestone.model.yaml_canonical import load_canonical
from gitmilestone.model.yaml_loader import YamlFault, load
from gitmilestone.model.yaml_nodes import Mapping

MAX_BYTES = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONFLICT = re.compile(r"^(?:<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)(?: .*)?$", re.MULTILINE)


class Document(NamedTuple):
    """A file as it was read.

    Attributes:
        path: In the tree, for problems.
        text: Without a byte-order mark, LF line ends.
        root: None where the text is no mapping.
        milestone: None where `problems` has an error.
    """

    path: str
    text: str
    root: Mapping | None
    milestone: Milestone | None
    problems: tuple[Problem, ...]


def read_document(
    path: str, milestone_id: str, content: bytes, known_extra: frozenset[str] = frozenset()
) -> Document:
    """Reads a milestone's file; every fault is a Problem, never an exception. O(size), at most 1 MiB."""
    decoder = Decoder(path, known_extra)
    text = _decode_text(decoder, content)
    if text is None:
        return Document(path, "", None, None, tuple(decoder.problems))
    root = _load(decoder, text)
    milestone = decoder.decode(milestone_id, root) if root and not errors_among(decoder.problems) else None
    return Document(path, text, root, milestone, tuple(decoder.problems))


def too_large(path: str, size: int) -> Problem:
    return Problem(
        path, 0, "file-too-large", f"has {size} bytes; at most {MAX_BYTES} are read", "move long texts elsewhere"
    )


def _decode_text(decoder: Decoder, content: bytes) -> str | None:
    report, path = decoder.problems.append, decoder.path
    if len(content) > MAX_BYTES:
        report(too_large(path, len(content)))
        return None
    if content.startswith(_BYTE_ORDER_MARK):
        content = content[len(_BYTE_ORDER_MARK) :]
        report(Problem(path, 1, "byte-order-mark", "starts with a byte-order mark", "`check --fix` removes it"))
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        report(Problem(path, line, "not-utf8", f"byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8"))
        return None
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        report(Problem(path, line, "carriage-return", "has CRLF line ends", "`check --fix` makes them LF"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _load(decoder: Decoder, text: str) -> Mapping | None:
    fast = load_canonical(text)
    if fast is not None:
        return fast
    report, path = decoder.problems.append, decoder.path
    marker = _CONFLICT.search(text)
    if marker:
        line = text.count("\n", 0, marker.start()) + 1
        report(
            Problem(path, line, "conflict-marker", f"a conflict marker: {marker.group()[:40]}", "resolve the conflict")
        )
        return None
    try:
        root = load(text)
    except YamlFault as fault:
        report(Problem(path, fault.line, fault.code, fault.message, fault.hint))
        return None
    if isinstance(root, Mapping):
        return root
    if root is None:
        report(Problem(path, 1, "not-a-mapping", "the file is empty", "`git milestone new` writes a whole one"))
    else:
        report(Problem(path, root.line, "not-a-mapping", "the file is not `key: value` lines"))
    return None


def revise(document: Document, milestone: Milestone) -> bytes:
    """The document's bytes with `milestone` in it, touching only lines of the fields that differ.

    Args:
        document: One without errors.

    Raises:
        Refused: The text is laid out in a way in which the edit can't be made in place.
    """
    if document.milestone is None or document.root is None:
        raise Refused(f"{document.path} has errors", "run `git milestone check`")
    if document.root.flow:
        return encode(milestone)
    text = Reviser(document.text, document.root).revise(document.milestone, milestone)
    again = read_document(document.path, milestone.id, text.encode())
    if again.milestone != milestone:
        raise Refused(f"{document.path} can't be edited in place", "edit the file by hand, and commit it")
    return text.encode()
