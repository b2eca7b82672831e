"""Replays a source's history: one commit here for each commit there, with its date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from gitmilestone.changes.commit import commit_edit
from gitmilestone.demo.findings import Findings
from gitmilestone.demo.history import SOURCE, SourceCommit
from gitmilestone.demo.proposals import STAGES, Proposal, folder_of, is_template, read_proposal
from gitmilestone.demo.references import Reference, make_proposal_id
from gitmilestone.errors import DependencyCycle, InvalidOperation
from gitmilestone.model.milestone import Dependency, DependencyType, Status, Task, TaskStatus
from gitmilestone.operations.editing.bulk import Operation, apply_operations
from gitmilestone.operations.editing.init import init
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions


class Imported(NamedTuple):
    """What became of one source commit.

    Attributes:
        commit: The oid here.
        operations: One for each milestone; none where nothing that is kept had changed.
    """

    source: SourceCommit
    commit: str
    operations: tuple[Operation, ...]


class _Held(NamedTuple):
    """A proposal that has a milestone, and the fields that the milestone has."""

    proposal: Proposal
    fields: Mapping[str, Any]

    @property
    def tasks(self) -> dict[str, Task]:
        return {task.id: task for task in self.fields["tasks"]}


class Replay:
    """The proposals as they are at one point of their history, and the repository that follows them.

    Args:
        follow: Called behind each import, with its time.
    """

    def __init__(self, store: Store, follow: Callable[[datetime], object] | None = None) -> None:
        self.findings = Findings()
        self._store = store
        self._follow = follow
        self._held: dict[str, _Held] = {}
        self._successors: dict[str, str] = {}
        self._softened: set[tuple[str, str]] = set()
        self._edits: dict[str, int] = {}

    def run(self, history: Iterable[SourceCommit]) -> Iterator[Imported]:
        """Imports commit after commit, each as it is asked for.

        A `blocks` that would close a circle is refused by the operation, and becomes `relates`.
        """
        for source in history:
            if not self._edits:
                commit_edit(self._store, init(), WriteOptions(when=source.time))
            imported = self._import(source)
            if self._follow:
                self._follow(source.time)
            for operation in imported.operations:
                name = operation.fields["id"]
                self._edits[name] = self._edits.get(name, 0) + 1
            yield imported

    def __len__(self) -> int:
        """How many milestones there are now."""
        return len(self._held)

    @property
    def busiest(self) -> str:
        """The id of the milestone that was edited most often."""
        return max(self._held, key=lambda name: (self._edits[name], name))

    def _import(self, source: SourceCommit) -> Imported:
        self.findings.commit = source.commit
        before = dict(self._held)
        stated, gone = self._read(source)
        self._take_over(stated, gone, source.time)
        is_known = before.keys() == self._held.keys()
        while True:
            self._link(stated, stated if is_known else self._held.keys())
            operations = self._compare(before)
            try:
                commit = self._apply(source, operations)
            except InvalidOperation as refusal:
                if not isinstance(refusal.__cause__, DependencyCycle):
                    raise
                self._soften(before, refusal.__cause__)
            else:
                return Imported(source, commit, operations)

    def _read(self, source: SourceCommit) -> tuple[dict[str, Proposal], set[str]]:
        """The proposals that a commit states, by id, and the ids of those that it takes away."""
        stated: dict[str, Proposal] = {}
        gone: set[str] = set()
        for path, facts, is_readable in source.changes:
            name = make_proposal_id(folder_of(path))
            held = self._held.get(name)
            if is_template(path):
                self.findings.add("template", path, "left out")
            elif not is_readable:
                self.findings.add("unparsable", path, "as it was before" if held else "no milestone yet")
            elif facts is not None:
                stated[name] = read_proposal(path, facts, self.findings.add)
                if held and held.proposal.path != path:
                    self.findings.add("moved", name, f"from {held.proposal.path} to {path}")
            elif held and held.proposal.path == path:
                # Of two folders of one name it is the other that holds the milestone.
                gone.add(name)
        return stated, gone - stated.keys()

    def _take_over(self, stated: Mapping[str, Proposal], gone: set[str], moment: datetime) -> None:
        """Brings what is held to what a commit states, but for the dependencies."""
        tasks = self._follow_renames(stated, gone)
        for name in gone:
            del self._held[name]
        for name, proposal in stated.items():
            held = self._held.get(name)
            if held is None and (twins := self._numbered(proposal.number)):
                self.findings.add("number", name, f"its number is that of {', '.join(twins)} too")
            fields = _make_fields(proposal, held, held.tasks if held else tasks.get(name), moment)
            kept = held.fields if held else {"depends_on": ()}
            self._held[name] = _Held(proposal, {**kept, **fields})

    def _follow_renames(self, stated: Mapping[str, Proposal], gone: set[str]) -> dict[str, dict[str, Task]]:
        """Finds what a proposal that goes is called from now on; returns the tasks that come along."""
        tasks = {}
        new = [name for name in stated if name not in self._held]
        for name in sorted(gone):
            old = self._held[name]
            following = [other for other in new if stated[other].number == old.proposal.number]
            if not following and len(new) == len(gone) == 1:
                following = new
            if following:
                self._successors[name] = following[0]
                self._successors.pop(following[0], None)
                tasks[following[0]] = old.tasks
                self.findings.add("renamed", name, f"now {following[0]}")
            else:
                self.findings.add("deleted", name, old.proposal.path)
        return tasks

    def _link(self, stated: Collection[str], among: Collection[str]) -> None:
        """Makes dependencies of the references that name a proposal which is there."""
        for name in list(among):
            proposal, fields = self._held[name]
            linked = self._resolve_all(proposal) if proposal.references else ()
            if name in stated or linked != fields["depends_on"]:
                self._report_references(proposal)
                self._held[name] = _Held(proposal, {**fields, "depends_on": linked})

    def _resolve_all(self, proposal: Proposal) -> tuple[Dependency, ...]:
        found: dict[str, DependencyType] = {}
        for reference, kind in proposal.references:
            target = self._resolve(reference)
            if target and target != proposal.id:
                found[target] = "relates" if (proposal.id, target) in self._softened else kind
        return tuple(Dependency(target, found[target]) for target in sorted(found))

    def _resolve(self, reference: Reference) -> str | None:
        """The milestone of its folder, of the folder that took its place, or the only one of its number."""
        name = reference.id
        while name and name not in self._held:
            name = self._successors.get(name, "")
        if name:
            return name
        numbered = self._numbered(reference.number) if reference.number else []
        return numbered[0] if len(numbered) == 1 else None

    def _numbered(self, number: int) -> list[str]:
        return [name for name, held in self._held.items() if held.proposal.number == number]

    def _report_references(self, proposal: Proposal) -> None:
        for reference, _ in proposal.references:
            target, text = self._resolve(reference), repr(reference.text)
            if target is None:
                self.findings.add("dangling", proposal.id, text)
                continue
            self.findings.change_kind(proposal.id, text, "dangling", "early")
            if target == proposal.id:
                self.findings.add("self", proposal.id, text)
            elif target != reference.id:
                self.findings.add("mended-reference", proposal.id, f"{text}: {target}")

    def _compare(self, before: Mapping[str, _Held]) -> tuple[Operation, ...]:
        """What makes the milestones of `before` those of now."""
        changes: list[tuple[str, str, Mapping[str, Any]]] = []
        for name in sorted({*before, *self._held}):
            old, new = before.get(name), self._held.get(name)
            if new is None:
                changes.append(("delete", name, {}))
            elif old is None:
                changes.append(("create", name, new.fields))
            elif old.fields is not new.fields and old.fields != new.fields:
                changes.append(("update", name, new.fields))
        return tuple(Operation(op, {"id": name, **fields}, line) for line, (op, name, fields) in enumerate(changes, 1))

    def _apply(self, source: SourceCommit, operations: tuple[Operation, ...]) -> str:
        name = f"{SOURCE}@{source.commit}"
        listed = "".join(f"- {operation.op} {operation.fields['id']}\n" for operation in operations)
        if not operations:
            listed = "Nothing changed that is kept here.\n"
            self.findings.add("unchanged", "", "an empty commit")
        message = f"milestone: import {name}\n\n{listed}"
        edit = apply_operations(operations, source=name, now=source.time, message=message)
        written = commit_edit(self._store, edit, WriteOptions(when=source.time, allow_empty=True))
        assert written.commit is not None  # as empty ones are allowed
        return written.commit

    def _soften(self, before: Mapping[str, _Held], cycle: DependencyCycle) -> None:
        """Makes one `blocks` by which this commit would close a circle a `relates`."""
        for name, target in pairwise(cycle.path):
            if name not in before or Dependency(target) not in before[name].fields["depends_on"]:
                self._softened.add((name, target))
                self.findings.add("circle", name, f"replaces {target}, which waits for it")
                return
        raise cycle


def _make_fields(
    proposal: Proposal, held: _Held | None, known: Mapping[str, Task] | None, moment: datetime
) -> dict[str, Any]:
    """The milestone's fields, but for what it depends on."""
    status: Status = proposal.status or (held.fields["status"] if held else "planned")
    fields = {
        "title": proposal.title,
        "status": status,
        "project": proposal.project,
        "labels": proposal.labels,
        "tasks": tuple(_iter_tasks(proposal, status, known, moment)),
        "description": proposal.description,
    }
    return {**fields, "created": proposal.created} if proposal.created else fields


def _iter_tasks(
    proposal: Proposal, status: Status, known: Mapping[str, Task] | None, moment: datetime
) -> Iterator[Task]:
    """The stages as tasks.

    Args:
        known: The tasks before; None where this is the first that is known of the proposal, and so not
            when the stages that it has behind it were passed.
    """
    for stage, release in proposal.releases.items():
        before = (known or {}).get(stage)
        outcome = _find_outcome(proposal, status, stage) or (before.status if before else "planned")
        completed = None
        if outcome == "completed" and known is not None:
            completed = before.completed if before and before.status == "completed" else moment
        title = f"{stage.capitalize()} in {release}" if release else stage.capitalize()
        yield Task(stage, title, outcome, completed=completed)


def _find_outcome(proposal: Proposal, status: Status, stage: str) -> TaskStatus | None:
    """Where a stage stands; None where the proposal doesn't say at which one it is."""
    if proposal.stage is None:
        return "completed" if status == "completed" else None
    here, there = STAGES.index(proposal.stage), STAGES.index(stage)
    if there < here or (there == here and status == "completed"):
        return "completed"
    return "in_progress" if there == here and status == "in_progress" else "planned"
