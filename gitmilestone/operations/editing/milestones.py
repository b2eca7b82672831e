"""Creates, edits, moves and deletes milestones: each call is one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any, Literal, NamedTuple

from gitmilestone.changes.draft import Draft
from gitmilestone.derived.operation_log import record_write
from gitmilestone.errors import Refused
from gitmilestone.model.change import Change
from gitmilestone.model.milestone import CLOSED_STATUSES, Milestone, Status
from gitmilestone.model.record import parse_field, revise_fields
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan, WriteOptions, Written

Verb = Literal["start", "block", "complete", "cancel", "reopen"]
_OUTCOMES: dict[Verb, Status] = {
    "start": "in_progress",
    "block": "blocked",
    "complete": "completed",
    "cancel": "cancelled",
    "reopen": "planned",
}
DEFAULT = WriteOptions()


class Edited(NamedTuple):
    """What a write did.

    Attributes:
        milestones: As they are now; of a deletion, as they were.
        changed: Ids of those that are not what they were.
        created: Ids of those that did not exist.
        warnings: For people.
    """

    commit: str | None
    milestones: tuple[Milestone, ...]
    changed: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    created: frozenset[str] = frozenset()


def write_draft(
    store: Store,
    edit: Callable[[Draft], tuple[str, Sequence[Milestone], Sequence[str]]],
    options: WriteOptions,
    *,
    allow_dependents: bool = False,
) -> Edited:
    """Runs `edit` on a draft of the branch as it is, and commits what it leaves.

    Args:
        edit: Changes the draft; returns the commit's message, the milestones to report, and warnings.
            Runs again when the branch moves meanwhile.
    """
    outcome: list[Any] = [(), (), (), frozenset()]

    def build(files: Files) -> Plan:
        draft = Draft(store, files)
        message, milestones, warnings = edit(draft)
        plan = draft.plan(message, allow_dependents=allow_dependents, verify=options.verify)
        outcome[:] = tuple(milestones), tuple(draft.changed), (*warnings, *draft.warnings), draft.created
        return plan

    started = perf_counter()
    written: Written = store.write(build, options)
    if written.commit:
        record_write(store.repository.state_dir, started, len(outcome[1]))
    return Edited(written.commit, *outcome)


def create(
    store: Store,
    title: str,
    fields: Mapping[str, Any],
    *,
    now: datetime,
    milestone_id: str | None = None,
    options: WriteOptions = DEFAULT,
) -> Edited:
    """Creates one milestone.

    Args:
        fields: Field name -> text or value, as `revise_fields` takes them; prefixes of ids in `depends_on`
            are completed.
        milestone_id: None makes one from the title.

    Raises:
        InvalidId, InvalidValue, InvalidRequest (the id is taken), DependencyCycle.
    """
    valid_title = parse_field("title", title)

    def edit(draft: Draft) -> tuple[str, Sequence[Milestone], Sequence[str]]:
        name = milestone_id if milestone_id is not None else draft.make_id(valid_title)
        milestone = revise_fields(Milestone(name, valid_title, created=now), fields)
        milestone = complete_dependencies(draft, milestone)
        draft.create(milestone)
        return f"milestone: create {name}", [milestone], ()

    return write_draft(store, edit, options)


def edit_fields(
    store: Store,
    text: str,
    revise: Callable[[Milestone], Milestone],
    options: WriteOptions = DEFAULT,
    describe: Callable[[str], str] | None = None,
) -> Edited:
    """Edits one milestone by a pure function of it.

    Args:
        describe: The commit's subject from the milestone's id; None names the fields that differ.
    """

    def edit(draft: Draft) -> tuple[str, Sequence[Milestone], Sequence[str]]:
        before = draft.get(text)
        after = complete_dependencies(draft, revise(before), known=before)
        draft.update(after)
        subject = describe(after.id) if describe else f"edit {after.id}{_name_fields(before, after)}"
        return f"milestone: {subject}", [after], ()

    return write_draft(store, edit, options)


def _name_fields(before: Milestone, after: Milestone) -> str:
    names = dict.fromkeys(change.field for change in Change(after.id, before, after).fields())
    return f" ({', '.join(names)})" if names else ""


def replace_text(store: Store, text: str, before: bytes, content: bytes, options: WriteOptions = DEFAULT) -> Edited:
    """Replaces one milestone's file by what a person wrote in an editor.

    Args:
        before: What the editor was opened with.

    Raises:
        Refused: The file has changed meanwhile.
    """

    def edit(draft: Draft) -> tuple[str, Sequence[Milestone], Sequence[str]]:
        milestone_id = draft.resolve(text)
        if draft.read(milestone_id) != before:
            raise Refused(f"{milestone_id} has changed while it was edited", "edit it again, from what it is now")
        draft.replace_text(milestone_id, content)
        return f"milestone: edit {milestone_id}", [draft.get(milestone_id)], ()

    return write_draft(store, edit, options)


def transition(store: Store, verb: Verb, ids: Sequence[str], options: WriteOptions = DEFAULT) -> Edited:
    """Moves milestones to the status that `verb` stands for, in one commit; those there already stay.

    Raises:
        Refused: A closed one would have to be reopened first, or an open one can't be reopened.
    """
    status = _OUTCOMES[verb]

    def edit(draft: Draft) -> tuple[str, Sequence[Milestone], Sequence[str]]:
        milestones = []
        warnings: list[str] = []
        for text in dict.fromkeys(map(draft.resolve, ids)):
            before = draft.get(text)
            _refuse_transition(verb, before, status)
            after = before._replace(status=status)
            warnings += _warn_transition(draft, verb, before)
            draft.update(after)
            milestones.append(after)
        return _message(verb, draft.changed), milestones, warnings

    return write_draft(store, edit, options)


def _refuse_transition(verb: Verb, milestone: Milestone, status: Status) -> None:
    if milestone.status == status:
        return
    if verb != "reopen" and milestone.status in CLOSED_STATUSES:
        raise Refused(f"{milestone.id} is {milestone.status}", f"`git milestone reopen {milestone.id}` first")
    if verb == "reopen" and milestone.status == "in_progress":
        raise Refused(f"{milestone.id} is in progress", "only closed or blocked milestones are reopened")


def _warn_transition(draft: Draft, verb: Verb, milestone: Milestone) -> list[str]:
    if verb != "complete" or milestone.status == "completed":
        return []
    waiting = [name for name in milestone.blockers if (found := draft.find(name)) and found.is_open]
    return [f"{milestone.id} depends on milestones that are open: {', '.join(waiting)}"] if waiting else []


def _message(verb: str, ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return f"milestone: {verb} {ids[0]}"
    return f"milestone: {verb} {len(ids)} milestones\n\n" + "".join(f"- {name}\n" for name in ids)


def delete(store: Store, ids: Sequence[str], *, force: bool = False, options: WriteOptions = DEFAULT) -> Edited:
    """Deletes milestones in one commit.

    Raises:
        HasDependents: Others depend on them; `force` leaves those with a dangling dependency.
    """

    def edit(draft: Draft) -> tuple[str, Sequence[Milestone], Sequence[str]]:
        milestones = []
        for text in ids:
            milestone = draft.get(text)
            draft.delete(milestone.id)
            milestones.append(milestone)
        return _message("delete", [milestone.id for milestone in milestones]), milestones, ()

    return write_draft(store, edit, options, allow_dependents=force)


def complete_dependencies(draft: Draft, milestone: Milestone, known: Milestone | None = None) -> Milestone:
    """Dependencies that were named by a unique beginning get their whole id."""
    had = {dependency.id for dependency in known.depends_on} if known else set()
    whole = {}
    for dependency in milestone.depends_on:
        name = dependency.id
        if name not in had and name != milestone.id and not dependency.is_foreign and draft.find(name) is None:
            name = draft.resolve(name)
        whole[name] = dependency._replace(id=name)
    return milestone._replace(depends_on=tuple(whole[name] for name in sorted(whole)))
