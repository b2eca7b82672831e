"""Creates, edits and deletes milestones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from gitmilestone.changes.draft import Draft
from gitmilestone.changes.edit import Edit, Revision
from gitmilestone.errors import Refused
from gitmilestone.model.change import Change
from gitmilestone.model.milestone import CLOSED_STATUSES, Milestone, Status
from gitmilestone.model.record import parse_field, revise_fields

Verb = Literal["start", "block", "complete", "cancel", "reopen"]
_OUTCOMES: dict[Verb, Status] = {
    "start": "in_progress",
    "block": "blocked",
    "complete": "completed",
    "cancel": "cancelled",
    "reopen": "planned",
}


def create(title: str, fields: Mapping[str, Any], *, now: datetime, milestone_id: str | None = None) -> Edit:
    """Creates one milestone.

    Args:
        fields: Field name -> text or value, as `revise_fields` takes them; prefixes of ids in `depends_on`
            are completed.
        milestone_id: None makes one from the title.

    Raises:
        InvalidId, InvalidValue, InvalidRequest (the id is taken), DependencyCycle.
    """
    valid_title = parse_field("title", title)

    def revise(draft: Draft) -> Revision:
        name = milestone_id if milestone_id is not None else draft.make_id(valid_title)
        milestone = revise_fields(Milestone(name, valid_title, created=now), fields)
        milestone = complete_dependencies(draft, milestone)
        draft.create(milestone)
        return Revision(f"milestone: create {name}", [milestone])

    return Edit(revise)


def edit_fields(
    text: str, change: Callable[[Milestone], Milestone], describe: Callable[[str], str] | None = None
) -> Edit:
    """Edits one milestone.

    Args:
        change: A pure function of it.
        describe: The commit's subject from the milestone's id; None names the fields that differ.
    """

    def revise(draft: Draft) -> Revision:
        before = draft.get(text)
        after = complete_dependencies(draft, change(before), known=before)
        draft.update(after)
        subject = describe(after.id) if describe else f"edit {after.id}{_name_fields(before, after)}"
        return Revision(f"milestone: {subject}", [after])

    return Edit(revise)


def _name_fields(before: Milestone, after: Milestone) -> str:
    names = dict.fromkeys(change.field for change in Change(after.id, before, after).fields())
    return f" ({', '.join(names)})" if names else ""


def replace_text(text: str, before: bytes, content: bytes) -> Edit:
    """Replaces one milestone's file by what a person wrote in an editor.

    Args:
        before: What the editor was opened with.

    Raises:
        Refused: The file has changed meanwhile.
    """

    def revise(draft: Draft) -> Revision:
        milestone_id = draft.resolve(text)
        if draft.read(milestone_id) != before:
            raise Refused(f"{milestone_id} has changed while it was edited", "edit it again, from what it is now")
        draft.replace_text(milestone_id, content)
        return Revision(f"milestone: edit {milestone_id}", [draft.get(milestone_id)])

    return Edit(revise)


def transition(verb: Verb, ids: Sequence[str]) -> Edit:
    """Moves milestones to the status that `verb` stands for, in one commit; those there already stay.

    Raises:
        Refused: A closed one would have to be reopened first, or an open one can't be reopened.
    """
    status = _OUTCOMES[verb]

    def revise(draft: Draft) -> Revision:
        milestones = []
        warnings: list[str] = []
        for text in dict.fromkeys(map(draft.resolve, ids)):
            before = draft.get(text)
            _refuse_transition(verb, before, status)
            after = before._replace(status=status)
            warnings += _warn_transition(draft, verb, before)
            draft.update(after)
            milestones.append(after)
        return Revision(_message(verb, draft.changed), milestones, warnings)

    return Edit(revise)


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


def delete(ids: Sequence[str], *, force: bool = False) -> Edit:
    """Deletes milestones in one commit.

    Raises:
        HasDependents: Others depend on them; `force` leaves those with a dangling dependency.
    """

    def revise(draft: Draft) -> Revision:
        milestones = []
        for text in ids:
            milestone = draft.get(text)
            draft.delete(milestone.id)
            milestones.append(milestone)
        return Revision(_message("delete", [milestone.id for milestone in milestones]), milestones)

    return Edit(revise, allows_dependents=force)


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
