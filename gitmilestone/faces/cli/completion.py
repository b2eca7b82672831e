"""Shell completion: the scripts, and what they ask for at every press of the key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitmilestone.errors import MilestoneError
from gitmilestone.faces.cli.candidates import Place, locate
from gitmilestone.faces.context import Context, Values

if TYPE_CHECKING:
    from gitmilestone.model.milestone import Milestone

SCRIPTS = {"bash": "git-milestone.bash", "zsh": "_git-milestone", "fish": "git-milestone.fish"}
"""Shell -> file in `shells/`."""


def run(context: Context, values: Values) -> int:
    """`git milestone completion SHELL`."""
    folder = os.path.join(os.path.dirname(__file__), "shells")
    with open(os.path.join(folder, SCRIPTS[values["shell"]]), encoding="utf-8") as file:
        context.write(file.read())
    return 0


def complete(context: Context, values: Values) -> int:
    """Prints candidates, `WORD<tab>EXPLANATION`; the line `file` or `directory` where those fit.

    Whatever goes wrong, there is nothing to offer: no message may fall into somebody's command line.
    """
    place = locate(values["words"])
    context.directory = os.path.join(context.directory, *place.directories)
    if place.completes in ("file", "directory"):
        context.write(place.completes)
        return 0
    for word, explanation in [*place.words, *_find_words(context, place)]:
        # What a repository says ends up in a shell: nothing that a terminal or a line would obey.
        if word.startswith(place.typed) and word.isprintable():
            first_line = explanation.partition("\n")[0]
            context.write(f"{place.lead}{word}\t{''.join(filter(str.isprintable, first_line))}\n")
    return 0


def _find_words(context: Context, place: Place) -> list[tuple[str, str]]:
    if not place.completes:
        return []
    if place.completes == "rule":
        from gitmilestone.model.problem import CODES

        return [(code, sentence) for code, (_, sentence) in CODES.items()]
    try:
        if place.completes == "revision":
            listed = context.store.git.check("for-each-ref", "--format=%(refname:short)")
            return [(name, "") for name in listed.decode("utf-8", "replace").splitlines()]
        return sorted(set(_iter_words(context, place)))
    except MilestoneError:
        return []


def _iter_words(context: Context, place: Place) -> Iterator[tuple[str, str]]:
    for milestone in _iter_milestones(context):
        match place.completes:
            case "id":
                yield milestone.id, milestone.title
            case "task" if milestone.id.startswith(place.milestone):
                yield from ((task.id, task.title) for task in milestone.tasks)
            case "project" if milestone.project:
                yield milestone.project, ""
            case "owner" if milestone.owner:
                yield milestone.owner, ""
            case "label":
                yield from ((label, "") for label in milestone.labels)


def _iter_milestones(context: Context) -> Iterator[Milestone]:
    from gitmilestone.snapshot.documents import read_all

    return (milestone for milestone, _ in read_all(context.store.files_at("HEAD")).entries)
