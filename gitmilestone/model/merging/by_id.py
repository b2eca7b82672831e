"""What becomes of one milestone where branches join: of what each of them has under its id, and of nothing else.

git pairs files by how much alike they are, and milestones' files are alike: what it pairs says nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitmilestone.model.merging.merge import Conflict, Decision
from gitmilestone.model.merging.merge_text import FILE, GIT_MARKERS, Markers, keep_apart, merge_texts
from gitmilestone.model.text.document import read_document


class Expected(NamedTuple):
    """Attributes:
    content: None where there is no such milestone. With markers where there are conflicts; where one side deleted
        what the other changed, as the other has it.
    """

    content: bytes | None
    conflicts: tuple[Conflict, ...] = ()


def merge_milestone(
    path: str,
    bases: Sequence[bytes | None],
    ours: bytes | None,
    theirs: bytes | None,
    decisions: Mapping[str, Decision] = {},
    markers: Markers = GIT_MARKERS,
) -> Expected:
    """Merges the states of one milestone, each None where there is no such milestone.

    Args:
        path: For messages.
        bases: More than one where two branches that have merged each other have ancestors that contradict each other:
            what they don't come to alike is a conflict.

    Raises:
        InvalidContent: A text that has to be read can't be.
        Refused: It can't be written field by field.
    """
    results = [_merge(path, base, ours, theirs, decisions, markers) for base in dict.fromkeys(bases)]
    if all(result.content == results[0].content for result in results):
        return results[0]
    disputed = next((result for result in results if result.conflicts), None)
    if disputed is not None or ours is None or theirs is None:
        return disputed or Expected(ours or theirs, (_state_conflict(path, bases[0], ours, theirs),))
    return Expected(*keep_apart(path, bases[0], ours, theirs, decisions, markers))


def _merge(
    path: str,
    base: bytes | None,
    ours: bytes | None,
    theirs: bytes | None,
    decisions: Mapping[str, Decision],
    markers: Markers,
) -> Expected:
    if theirs in (base, ours):
        return Expected(ours)
    if ours == base:
        return Expected(theirs)
    if ours is not None and theirs is not None:
        return Expected(*merge_texts(path, base, ours, theirs, decisions, markers))
    if FILE in decisions:
        return Expected({"base": base, "ours": ours, "theirs": theirs}[str(decisions[FILE])])
    return Expected(ours or theirs, (_state_conflict(path, base, ours, theirs),))


def _state_conflict(path: str, *sides: bytes | None) -> Conflict:
    """One side has deleted it, the other changed it; what can't be read is shown as if it were not there."""
    name = path.rpartition("/")[2].removesuffix(".yaml")
    return Conflict(FILE, *(side and read_document(path, name, side).milestone for side in sides))
