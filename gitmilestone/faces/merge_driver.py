"""git's merge driver for milestones: one process for each file that both sides changed.

Its exit status is for the shell that git starts it from, in `store/installing/drivers.py`, and that knows what to do
when there is another one: because this program is gone, say, or was killed.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from gitmilestone.errors import InvalidContent, MilestoneError, Refused
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.context import Context
from gitmilestone.faces.terminal import neutralise
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.merging.merge_text import FILE, Markers, MergedText, merge_texts, split_sides
from gitmilestone.model.text.document import read_document
from gitmilestone.store.git import Git
from gitmilestone.store.installing.drivers import DISPUTED, MERGED, UNDONE
from gitmilestone.store.joining.merge_file import FAILED, merge_file, read_conflict_style

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
    try:
        merged = _merge(context, values, base, ours, theirs)
    except Exception as fault:
        # Whatever it is, the user shall have a file with both sides in it.
        return _merge_lines(context, values, fault)
    if not (_goes_to_two_places(values) and _holds_two(merged)):
        _replace(values["ours"], merged.content)
    if not merged.conflicts:
        return MERGED
    _tell(context, _describe(values["path"], place.id, merged))
    return DISPUTED


def _merge_ancestors(values: Values, base: bytes | None, ours: bytes, theirs: bytes) -> int:
    """Of conflicts the markers stay, as git leaves them in an ancestor: no side is what both branches come from."""
    try:
        merged = merge_texts(values["path"], base, ours, theirs, markers=_markers(values))
    except MilestoneError:
        return UNDONE
    _replace(values["ours"], merged.content)
    return MERGED


def _merge(context: Context, values: Values, base: bytes | None, ours: bytes, theirs: bytes) -> MergedText:
    path, markers = values["path"], _markers(values)
    bases = _split_base(base, markers.size + _DEEPER)
    merged, *others = (merge_texts(path, one, ours, theirs, markers=markers) for one in bases)
    if any(other.content != merged.content for other in others):
        raise Refused(f"{path}: its common ancestors contradict each other")
    style = read_conflict_style(Git(context.directory, context.environ)) if merged.conflicts else markers.style
    if style == markers.style:
        return merged
    return merge_texts(path, bases[0], ours, theirs, markers=markers._replace(style=style))


def _holds_two(merged: MergedText) -> bool:
    return any(conflict.field == FILE for conflict in merged.conflicts)


def _goes_to_two_places(values: Values) -> bool:
    """Whether each side has moved the file elsewhere: git's markers are one character longer then.

    The result goes to both places, but where it is a conflict and ours as it was: then each gets what its side has.
    """
    return int(values["size"]) % 2 == 0


def _split_base(base: bytes | None, size: int) -> list[bytes | None]:
    """The ancestor; both of them, where it has a conflict of two."""
    sides = split_sides(base.decode("utf-8", "surrogateescape"), size) if base and b"<" * size in base else None
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
    return Markers(size=int(values["size"]), **labels)


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


def _describe(path: str, milestone_id: str, merged: MergedText) -> list[str]:
    """What is in conflict, and the way out."""
    if not _holds_two(merged):
        fields = ", ".join(conflict.field for conflict in merged.conflicts)
        return [f"{path}: in conflict: {fields}", f"hint: `git milestone resolve {milestone_id}` goes through them"]
    titles = " and ".join(f'"{side.title}"' for side in merged.conflicts[0][2:])
    return [
        f"warning: {path}: {titles} are two milestones: git took one for the other, renamed",
        "hint: `git milestone resolve` goes through them; `git -c merge.renames=false merge ...` keeps them apart",
    ]


def _tell(context: Context, lines: list[str]) -> None:
    """Once the file is written, nothing may change the exit status: lines would be merged into what is merged."""
    try:
        for line in lines:
            # A pull request of whoever it may be has a say in it.
            context.stderr.write(f"{neutralise(' '.join(line.split()))}\n")
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
