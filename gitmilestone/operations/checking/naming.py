"""Milestones that commit messages name in a trailer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.errors import InvalidId, MilestoneError
from gitmilestone.model.ids import find_id_fault, fold_id
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.operations.editing.current import CURRENT, find_current
from gitmilestone.snapshot.locate import get_file, id_of, locate_all
from gitmilestone.store.asking.pushed import add_trailer, read_message, read_trailers
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store

TRAILER = "Milestone"
_AUTOSQUASH = ("fixup! ", "squash! ", "amend! ")


class UnknownName(NamedTuple):
    """Attributes:
    name: What a trailer says.
    hint: What it may have meant.
    """

    name: str
    hint: str


def name_current(store: Store, path: str) -> None:
    """Adds the current milestone's trailer to the message in a file, unless it names one or is to be squashed."""
    current = find_current(store)
    if current is None:
        return
    with open(path, "rb") as file:
        content = file.read()
    if content.decode("utf-8", "replace").startswith(_AUTOSQUASH):
        return
    if read_message(store, content):
        add_trailer(store, path, (TRAILER, current.id))
    else:
        # Above it stays room for a title, as `commit --signoff` leaves it.
        with open(path, "wb") as file:
            file.write(f"\n\n{TRAILER}: {current.id}\n".encode() + content)


def is_only_named(store: Store, path: str) -> bool:
    """Whether a message says nothing but what `name_current` put there: its author left it empty."""
    return _read(store, path).strip() == f"{TRAILER}: {store.read_state(CURRENT)}"


def find_unknown_names(store: Store, path: str) -> list[UnknownName]:
    """The milestones that the message in a file names, and that are neither in HEAD nor among what is committed.

    Whole ids only: history knows commits by them.
    """
    committed, staged = store.files_at(), store.staged_files()
    if staged.find(PROJECT_FILE) is None and committed.find(PROJECT_FILE) is None:
        return []
    names = dict.fromkeys(read_trailers(store, _read(store, path).encode("utf-8", "surrogateescape"), TRAILER))
    # One without a value is left from a template, and names nothing.
    unknown = [name for name in names if name and not _is_there(store, (committed, staged), name)]
    return [UnknownName(name, _suggest(store, committed, name)) for name in unknown]


def _read(store: Store, path: str) -> str:
    with open(path, "rb") as file:
        return read_message(store, file.read())


def _is_there(store: Store, states: Sequence[Files], name: str) -> bool:
    return not find_id_fault(name) and any(locate_all(store, files, name) for files in states)


def _suggest(store: Store, files: Files, text: str) -> str:
    several = [part.strip() for part in text.split(",")]
    if len(several) > 1:
        return "one trailer for each: " + ", ".join(f"`{TRAILER}: {part}`" for part in several if part)
    first, *others = text.split()
    try:
        found = get_file(store, files, fold_id(first))
    except InvalidId:
        return "`git milestone list --all` shows them all"
    except MilestoneError as error:
        return error.hint
    return f"did you mean {id_of(found)}?{' Nothing else may stand in its trailer' if others else ''}"
