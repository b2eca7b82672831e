"""The YAML text of one milestone: read strictly, revised without disturbing what was not edited."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from gitmilestone.errors import Refused
from gitmilestone.model import formats
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.model.text.convert import convert_text, find_version
from gitmilestone.model.text.decode import Decoder
from gitmilestone.model.text.decode_canonical import decode_canonical
from gitmilestone.model.text.yaml_canonical import load_canonical
from gitmilestone.model.text.yaml_loader import YamlFault, load
from gitmilestone.model.text.yaml_nodes import Mapping, Node, Scalar

MAX_BYTES = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONFLICT = r"^(?:<{7,}|>{7,}|\|{7,})(?: .*)?$"


class Document(NamedTuple):
    """A file as it was read.

    Attributes:
        path: In the tree, for problems.
        text: Without a byte-order mark, LF line ends.
        milestone: None where `problems` has an error.
        schema: The format that the text is in, of which the milestone tells no more; 0 where it can't be read.
    """

    path: str
    text: str
    milestone: Milestone | None
    problems: tuple[Problem, ...]
    schema: int = 0


def read_document(path: str, milestone_id: str, content: bytes, known_extra: Container[str] = frozenset()) -> Document:
    """Reads a milestone's file, of any known format, as one of the newest.

    Every fault is a Problem, never an exception. O(size), at most 1 MiB.
    """
    decoder = Decoder(path, known_extra)
    text = decode_text(decoder, content)
    if text is None:
        return Document(path, "", None, tuple(decoder.problems))
    schema = formats.NEWEST
    milestone = decode_canonical(milestone_id, text, known_extra)
    if milestone is None and (root := _load(decoder, text)):
        schema = find_version(root) or schema
        if schema == formats.NEWEST:
            milestone = decoder.decode(milestone_id, root, text)
        else:
            milestone = _decode_older(decoder, milestone_id, text, schema)
    problems = sorted(decoder.problems, key=lambda problem: problem.line)
    return Document(path, text, milestone, tuple(problems), schema if milestone else 0)


def too_large(path: str, size: int) -> Problem:
    message = f"has {size} bytes; at most {MAX_BYTES} are read"
    return Problem(path, 0, "file-too-large", message, "move long texts elsewhere")


def compose(path: str, milestone: Milestone, schema: int, modeline: str = "") -> bytes:
    """A new document in the canonical form of a format, under an editor's modeline, if any.

    Raises:
        Refused: The format can't hold it.
    """
    from gitmilestone.model.text.encode import encode

    content = encode(milestone, modeline)
    return content if schema == formats.NEWEST else _convert(path, content.decode(), formats.NEWEST, schema).encode()


def convert(document: Document, schema: int) -> bytes:
    """A document without errors in that format, without a byte-order mark, with LF line ends.

    Raises:
        Refused: The format can't hold it.
    """
    return _convert(document.path, document.text, document.schema, schema).encode()


def revise(document: Document, milestone: Milestone, schema: int | None = None) -> bytes:
    """The document's bytes with `milestone` in it, touching only lines of the fields that differ.

    A document in flow style, as JSON, is written anew in the canonical form.

    Args:
        document: One without errors.
        schema: The format to write; None is the document's own.

    Raises:
        Refused: The text is laid out in a way in which the edit can't be made in place, or the format can't hold it.
    """
    from gitmilestone.model.text.revise import Reviser

    if document.milestone is None:
        raise Refused(f"{document.path} has errors", "run `git milestone check`")
    written_in = schema or document.schema
    text = _convert(document.path, document.text, document.schema, formats.NEWEST)
    root = load_canonical(text) or load(text)
    assert isinstance(root, Mapping)  # it was read
    if root.flow:
        return compose(document.path, milestone, written_in)
    for is_careful in (False, True):
        revised = Reviser(text, root, is_careful).revise(document.milestone, milestone)
        content = _convert(document.path, revised, formats.NEWEST, written_in).encode()
        if len(content) > MAX_BYTES:
            problem = too_large(document.path, len(content))
            raise Refused(f"{document.path} {problem.message}", problem.hint)
        if read_document(document.path, milestone.id, content).milestone == milestone:
            return content
    raise Refused(f"{document.path} can't be edited in place", "edit the file by hand, and commit it")


def _convert(path: str, text: str, before: int, after: int) -> str:
    try:
        return convert_text(text, before, after)
    except formats.CannotConvert as fault:
        message = f"{path} can't be written in format {after}: it {fault.message}"
        raise Refused(message, fault.hint or "`git milestone migrate` shows the formats") from None


def _decode_older(decoder: Decoder, milestone_id: str, text: str, schema: int) -> Milestone | None:
    """Decodes what the text would be in the newest format; problems are located in the text as it is."""
    known = len(decoder.problems)
    try:
        newer = convert_text(text, schema, formats.NEWEST)
    except formats.CannotConvert as fault:
        decoder.report(fault.line, "bad-value", f"it {fault.message}", fault.hint)
        return None
    milestone = decode_canonical(milestone_id, newer, decoder.known_extra)
    if milestone is None and (root := _load(decoder, newer)):
        milestone = decoder.decode(milestone_id, root, newer)
    decoder.problems[known:] = _relocate(decoder.problems[known:], newer, text)
    return milestone


def _relocate(problems: list[Problem], newer: str, text: str) -> list[Problem]:
    """Problems of the newer text at the lines of the older one; at 0 those whose line is not there alike, once."""
    if not problems or newer.count("\n") == text.count("\n"):
        return problems
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        lines[line] = 0 if line in lines else number
    found = newer.split("\n")
    return [one._replace(line=lines.get(found[one.line - 1], 0) if one.line else 0) for one in problems]


def decode_text(decoder: Decoder, content: bytes) -> str | None:
    """A file's text, without a byte-order mark, with LF line ends; None, and a problem, where it is none."""
    if len(content) > MAX_BYTES:
        decoder.problems.append(too_large(decoder.path, len(content)))
        return None
    if content.startswith(BYTE_ORDER_MARK):
        content = content[len(BYTE_ORDER_MARK) :]
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


def load_text(text: str) -> Node | None:
    """The root of a text that `decode_text` made, None where there is none.

    Raises:
        YamlFault: It is not the YAML that is read, or has conflict markers.
    """
    fast = load_canonical(text)
    if fast is not None:
        return fast
    marker = re.search(_CONFLICT, text, re.MULTILINE)
    if marker:
        line = text.count("\n", 0, marker.start()) + 1
        message = f"a conflict marker: {marker.group()[:40]}"
        raise YamlFault("conflict-marker", line, message, "`git milestone resolve` goes through it")
    return load(text)


def _load(decoder: Decoder, text: str) -> Mapping | None:
    try:
        root = load_text(text)
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
