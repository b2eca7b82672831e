"""A change of a project, as a value: nothing is done until it is carried out."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple

from gitmilestone.errors import MilestoneError
from gitmilestone.model.change import Change
from gitmilestone.model.milestone import Milestone
from gitmilestone.store.writing.plan import Outcome, Plan, WriteOptions

if TYPE_CHECKING:
    from gitmilestone.changes.draft import Draft
    from gitmilestone.store.files import Files
    from gitmilestone.store.store import Store


class Revision(NamedTuple):
    """What an edit has made of a draft.

    Attributes:
        message: The commit's.
        milestones: Those to report, as they are now; of a deletion, as they were.
        warnings: For people.
        tasks: Ids of the tasks that it was about.
    """

    message: str
    milestones: Sequence[Milestone]
    warnings: Sequence[str] = ()
    tasks: Sequence[str] = ()


class Edited(NamedTuple):
    """What an edit does.

    Attributes:
        milestones: As they are now; of a deletion, as they were.
        changes: Of those that are not what they were, or whose text is not.
        created: Ids of those that had no file.
        warnings: For people.
        tasks: Ids of the tasks that it was about.
    """

    milestones: tuple[Milestone, ...]
    changes: tuple[Change, ...]
    created: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(change.id for change in self.changes)


class Edit(NamedTuple):
    """A change of milestones.

    Attributes:
        revise: Changes a draft of the branch as it is. Runs again when the branch moves meanwhile.
        actor: `Name <email>` of who wants it, and so is the commit's author; "" is who git says.
        allows_dependents: Whether a milestone may go on which others depend.
        blame: Says what an error of all the draft's changes together is told as.
    """

    revise: Callable[["Draft"], Revision]
    actor: str = ""
    allows_dependents: bool = False
    blame: Callable[[MilestoneError], MilestoneError] | None = None

    def plan(self, store: "Store", files: "Files", options: WriteOptions) -> Plan[Edited]:
        from gitmilestone.changes.draft import Draft

        draft = Draft(store, files)
        revision = self.revise(draft)
        try:
            contents = draft.plan(allows_dependents=self.allows_dependents, verify=options.verify)
        except MilestoneError as error:
            if self.blame is None:
                raise
            raise self.blame(error) from error
        warnings = (*revision.warnings, *draft.warnings)
        edited = Edited(
            tuple(revision.milestones), tuple(draft.changes), draft.created, warnings, tuple(revision.tasks)
        )
        return Plan(contents, revision.message, edited)


class Rewrite(NamedTuple, Generic[Outcome]):
    """A change of files that edits no milestone: settings, layouts, formats, tiers.

    Attributes:
        build: From the files as they are to the plan. Runs again when the branch moves meanwhile.
        actor: As of an Edit.
    """

    build: Callable[["Files"], Plan[Outcome]]
    actor: str = ""

    def plan(self, store: "Store", files: "Files", options: WriteOptions) -> Plan[Outcome]:
        del store, options
        return self.build(files)
