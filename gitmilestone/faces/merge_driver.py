"""git's merge driver for milestones: one process for each file that both sides changed.

Its exit status is for the shell that git starts it from, in `store/drivers.py`, and that knows what to do when there
is another one: because this program is gone, say, or was killed.
"""

from __future__ import annotations

import os
import signal

from gitmilestone.errors import InvalidContent, MilestoneError, Refused
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.model.document import read_document
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merge_text import Markers, MergedText, merge_ancestors, merge_texts
from gitmilestone.store.drivers import DISPUTED, MERGED, UNDONE
from gitmilestone.store.git import Git
from gitmilestone.store.merge_file import FAILED, merge_file, read_conflict_style

_SECONDS = 30
_FACTS = ("base", "ours", "theirs")


def run(context: Context, values: Values) -> int:
    # Nobody waits for ever: the signal ends this process, and the shell merges lines.
    signal.alarm(_SECONDS)
    base, ours, theirs = (_read(values[name]) for name in _FACTS)
    if ours is None or theirs is None:
        return UNDONE
    if values["what"] == "ancestors":
        _replace(values["ours"], _merge_ancestors(values["path"], base, ours, theirs))
        return MERGED
    try:
        merged = _merge(context, values, base, ours, theirs)
    except Exception as fault:
        # Whatever it is, the user shall have a file with both sides in it.
        return _merge_lines(context, values, fault)
    _replace(values["ours"], merged.content)
    if not merged.conflicts:
        return MERGED
    name = find_place(values["path"].removeprefix(f"{ROOT}/"))
    fields = ", ".join(conflict.field for conflict in merged.conflicts)
    context.warn(f"{values['path']}: in conflict: {fields}")
    context.warn(f"hint: `git milestone resolve {name.id if name else ''}` goes through them")
    return DISPUTED


def _merge(context: Context, values: Values, base: bytes | None, ours: bytes, theirs: bytes) -> MergedText:
    path = values["path"]
    if find_place(path.removeprefix(f"{ROOT}/")) is None:
        raise Refused(f"{path} is no milestone", "")
    markers = _markers(values)
    merged = merge_texts(path, base, ours, theirs, markers=markers)
    if not merged.conflicts:
        return merged
    style = read_conflict_style(Git(context.directory, context.environ))
    if style == markers.style:
        return merged
    return merge_texts(path, base, ours, theirs, markers=markers._replace(style=style))


def _markers(values: Values) -> Markers:
    """git before 2.44 knows no labels, and hands their placeholders on as they are."""
    given = zip(_FACTS, values["labels"], strict=False)
    labels = {name: label for name, label in given if label and not label.startswith("%")}
    return Markers(size=int(values["size"]))._replace(**labels)


def _merge_ancestors(path: str, base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """An empty base stands for none: what then differs is a conflict of the branches themselves."""
    try:
        return merge_ancestors(path, base, ours, theirs)
    except MilestoneError:
        return base or b""


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
    context.warn(f"warning: {path} was merged as text: {why}")
    return DISPUTED


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
