"""Rewrites milestones' files in another format, and compares what each says before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gitmilestone.derived.listing import read_entry
from gitmilestone.model import formats
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.record import fingerprint
from gitmilestone.model.text.convert import convert_text
from gitmilestone.model.text.document import MAX_BYTES, Document, read_document
from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import FileEntry, Files


class Rewriting(NamedTuple):
    """Attributes:
    contents: Path -> new bytes, of the files that are in another format.
    records: Id -> fingerprint of what its file says, the same in both formats; of files that can be read.
    counts: How many files are in each format.
    unread: Why files can't be read; they stay as they are.
    unfit: Why files can't be written in the format: it would lose something.
    """

    contents: dict[str, bytes]
    records: dict[str, str]
    counts: dict[int, int]
    unread: tuple[Problem, ...]
    unfit: tuple[Problem, ...]


def rewrite(files: Files, entries: Iterable[FileEntry], schema: int, watch: Watch = SILENT) -> Rewriting:
    """Reads all entries, which are milestones' files, and writes none. O(bytes).

    Args:
        schema: The format that they shall be in.
    """
    listed = list(entries)
    contents: dict[str, bytes] = {}
    records: dict[str, str] = {}
    counts: dict[int, int] = {}
    unread: list[Problem] = []
    unfit: list[Problem] = []
    with watch.track("Converting", len(listed)) as progress:
        for entry, size, content in files.iter_contents(listed, MAX_BYTES):
            document = read_entry(entry, size, content, frozenset())
            progress.advance()
            if document.milestone is None:
                unread += errors_among(document.problems)
                continue
            records[document.milestone.id] = fingerprint(document.milestone)
            counts[document.schema] = counts.get(document.schema, 0) + 1
            if document.schema != schema:
                written = _convert(document, document.milestone, schema)
                if isinstance(written, Problem):
                    unfit.append(written)
                else:
                    contents[entry.path] = written
    return Rewriting(contents, records, counts, tuple(unread), tuple(unfit))


def _convert(document: Document, milestone: Milestone, schema: int) -> bytes | Problem:
    try:
        content = convert_text(document.text, document.schema, schema).encode()
    except formats.CannotConvert as fault:
        message = f"can't be written in format {schema}: it {fault.message}"
        return Problem(document.path, fault.line, "bad-value", message, fault.hint)
    written = read_document(document.path, milestone.id, content)
    if (written.milestone, written.schema) == (milestone, schema):
        return content
    why = "".join(f": {problem.message}" for problem in errors_among(written.problems)[:1])
    message = f"would not say the same in format {schema}{why}"
    return Problem(document.path, 0, "bad-value", message, "please report it")
