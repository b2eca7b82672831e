"""git's merge driver for milestones: one process for each file that both sides changed.

Its exit status is for the shell that git starts it from, in `store/installing/drivers.py`, and that knows what to do
when there is another one: because this program is gone, say, or was killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from gitmilestone.errors import InvalidContent, MilestoneError
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import neutralise
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merging.by_id import Expected, merge_milestone
from gitmilestone.model.merging.merge_text import Markers, keep_apart, merge_texts, split_sides
from gitmilestone.model.text.document import read_document
from gitmilestone.store.git import Git
from gitmilestone.store.installing.drivers import DISPUTED, MERGED, UNDONE
from gitmilestone.store.joining.merge_file import (
    FAILED,
    LONGEST_MARKER,
    merge_file,
    read_conflict_style,
    read_marker_size,
)
from gitmilestone.store.joining.pairing import Given, find_bases

_SECONDS = 30
_FACTS = ("base", "ours", "theirs")
_DEEPER = 2
"""How many characters more the markers have that git leaves in an ancestor, for each merge below it."""


def run(context: Context, values: Values) -> int:
    # Nobody waits for ever: the signal ends this process, and the shell merges lines.
    signal.alarm(_SECONDS)
    base, ours, theirs = (_read(values[name]) for name in _FACTS)
    place = find_place(values["path"].removeprefix(f"{ROOT}/"))
    if ours is None or theirs is None or place is None:
        return UNDONE
    if values["what"] == "ancestors":
        return _merge_ancestors(values, base, ours, theirs)
    git = Git(context.directory, context.environ)
    if (int(values["size"]) - read_marker_size(git, values["path"])) % 2:
        # Each side has moved the file elsewhere, and each place gets what its side has.
        _tell(context, [f"{values['path']}: both sides have moved it", _hint(place.id)])
        return DISPUTED
    if ours == theirs:
        return MERGED  # whatever git has paired them with
    bases = _find_bases(git, values, base)
    if bases is None:
        return _keep_apart(context, values, base, ours, theirs)
    try:
        merged = _merge(git, values, bases, ours, theirs)
    except Exception as fault:
        # Whatever it is, the user shall have a file with both sides in it.
        _replace(values["base"], bases[0] or b"")
        return _merge_lines(context, values, fault)
    _replace(values["ours"], merged.content or b"")
    if not merged.conflicts:
        return MERGED
    fields = ", ".join(conflict.field for conflict in merged.conflicts)
    _tell(context, [f"{values['path']}: in conflict: {fields}", _hint(place.id)])
    return DISPUTED


def _find_bases(git: Git, values: Values, base: bytes | None) -> Sequence[bytes | None] | None:
    """None where git has paired files of two milestones, or it can't be told that it has not."""
    names = ["" if name.startswith("%") else name for name in values["labels"]]
    texts = values["base"], values["ours"], values["theirs"]
    try:
        found = find_bases(git, Given(values["path"], texts, names, base is not None))
    except MilestoneError:
        return None
    if found != [base] or base is None:
        return found
    return _split_base(base, int(values["size"]) + _DEEPER)


def _keep_apart(context: Context, values: Values, base: bytes | None, ours: bytes, theirs: bytes) -> int:
    path = values["path"]
    markers = _markers(values)._replace(style=read_conflict_style(Git(context.directory, context.environ)))
    _replace(values["ours"], keep_apart(path, base, ours, theirs, markers=markers).content)
    lines = [
        f"warning: {path}: git may have taken one milestone for another, renamed, so that they are not merged",
        "hint: `git milestone resolve` finds what each side has of each",
    ]
    _tell(context, lines)
    return DISPUTED


def _merge_ancestors(values: Values, base: bytes | None, ours: bytes, theirs: bytes) -> int:
    """Of conflicts the markers stay, as git leaves them in an ancestor: no side is what both branches come from."""
    try:
        merged = merge_texts(values["path"], base, ours, theirs, markers=_markers(values))
    except MilestoneError:
        return UNDONE
    _replace(values["ours"], merged.content)
    return MERGED


def _merge(git: Git, values: Values, bases: Sequence[bytes | None], ours: bytes, theirs: bytes) -> Expected:
    path, markers = values["path"], _markers(values)
    merged = merge_milestone(path, bases, ours, theirs, markers=markers)
    style = read_conflict_style(git) if merged.conflicts else markers.style
    if style == markers.style:
        return merged
    return merge_milestone(path, bases, ours, theirs, markers=markers._replace(style=style))


def _split_base(base: bytes, size: int) -> list[bytes | None]:
    """The ancestor; both of them, where it has a conflict of two."""
    sides = split_sides(base.decode("utf-8", "surrogateescape"), size) if b"<" * size in base else None
    if sides is None:
        return [base]
    return [sides[side].encode("utf-8", "surrogateescape") for side in ("ours", "theirs")]


def _markers(values: Values) -> Markers:
    """git before 2.44 knows no labels, and hands their placeholders on as they are."""
    labels: dict[str, Any] = {}
    for name, label in zip(_FACTS, values["labels"], strict=False):
        if label and not label.startswith("%"):
            # A commit's subject may be in it, in whatever encoding.
            labels[name] = os.fsencode(label).decode("utf-8", "replace")
    return Markers(size=min(int(values["size"]), LONGEST_MARKER), **labels)


def _merge_lines(context: Context, values: Values, fault: Exception) -> int:
    git = Git(context.directory, context.environ)
    path, ours = values["path"], values["ours"]
    count = merge_file(git, values["base"], ours, values["theirs"], _markers(values))
    if count >= FAILED:
        return UNDONE
    document = read_document(path, "", _read(ours) or b"")
    if count == 0 and document.milestone:
        return MERGED
    why = str(fault.problems[0]) if isinstance(fault, InvalidContent) else str(fault) or type(fault).__name__
    _tell(context, [f"warning: {path} was merged as text: {why}"])
    return DISPUTED


def _hint(milestone_id: str) -> str:
    return f"hint: `git milestone resolve {milestone_id}` goes through them"


def _tell(context: Context, lines: list[str]) -> None:
    """Once the file is written, nothing may change the exit status: lines would be merged into what is merged."""
    try:
        for line in lines:
            # A pull request of whoever it may be has a say in it.
            context.warn(neutralise(" ".join(line.split())))
        context.stderr.flush()
    except OSError:
        # Nobody reads it. What is left in the buffer has to go somewhere when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), context.stderr.fileno())


def _read(path: str) -> bytes | None:
    """None where there is no such file, or it is empty: git's way to say that a side has none."""
    try:
        with open(path, "rb") as file:
            return file.read() or None
    except FileNotFoundError:
        return None


def _replace(path: str, content: bytes) -> None:
    """In one step: whoever finds the file after a kill finds one side, or the result."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(content)
    signal.alarm(0)
    os.replace(temporary, path)
