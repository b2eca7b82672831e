"""The commands that change milestones."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import (
    COMMIT_MESSAGE,
    FIELD_OPTIONS,
    ID,
    IDS,
    QUERY,
    RUN,
    TASKS,
    WRITE,
    one_field,
    set_field,
)


def _transition(word: str, summary: str, doc: str) -> Command:
    return Command(
        (word,),
        summary,
        f"{RUN}transition:{word}",
        doc,
        (IDS,),
        WRITE,
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    )


def _task(word: str, summary: str) -> Command:
    return Command(
        ("task", word),
        summary,
        f"{RUN}task:{word}",
        "The milestone's progress follows: the share of its tasks' weight that is done.",
        (ID, TASKS),
        WRITE,
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    )


COMMANDS: tuple[Command, ...] = (
    Command(
        ("new",),
        "Create a milestone",
        f"{RUN}new:run",
        "Its id is made from the title and four random characters, and printed.",
        (Argument("title", "What will be reached."),),
        (
            Option(("--id",), "Its id, instead of one made from the title."),
            FIELD_OPTIONS,
            set_field("--label", "labels", "label", "A free word to find it by.", "LABEL"),
            set_field("--depends-on", "depends_on", "id", "A milestone it waits for.", "ID"),
            set_field("--task", "tasks", "", "The title of a task of it.", "TITLE"),
            *WRITE,
        ),
        examples=(
            (
                "Plan a release",
                'git milestone new "Ship two-factor login" --due 2027-01-15 --owner ana@example.com',
            ),
        ),
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("edit",),
        "Change fields of a milestone",
        f"{RUN}edit:run",
        "Without an option that changes something, the file opens in git's editor.",
        (ID,),
        (
            one_field("title"),
            FIELD_OPTIONS,
            set_field("--label", "labels", "label", "These labels in place of all it has.", "LABEL"),
            set_field("--add-label", "labels", "label", "One label more.", "LABEL"),
            set_field("--remove-label", "labels", "label", "One label less.", "LABEL"),
            set_field("--depends-on", "depends_on", "id", "These dependencies in place of all it has.", "ID"),
            Option(("--set",), "Any field, or a key of your own.", many=True, metavar="KEY=VALUE"),
            Option(("--unset",), "Remove a field or a key of your own.", many=True, metavar="KEY"),
            *WRITE,
        ),
        examples=(
            ("Move a date", "git milestone edit ship-2fa --due 2027-02-01"),
            ("A key of your own", "git milestone edit ship-2fa --set customer=Acme"),
        ),
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
    _transition("start", "Say that work on milestones has begun", "Their status becomes `in_progress`."),
    _transition("block", "Say that milestones can't go on", "Their status becomes `blocked`."),
    _transition(
        "complete",
        "Say that milestones are reached",
        "Their status becomes `completed`; their files stay where they are. Open tasks or open "
        "dependencies are warned of, and stop nothing.",
    ),
    _transition(
        "cancel",
        "Give milestones up",
        "Their status becomes `cancelled`; their files stay where they are.",
    ),
    _transition("reopen", "Take closed or blocked milestones up again", "Their status becomes `planned`."),
    Command(
        ("archive",),
        "Move milestones that were closed a while ago to completed/",
        f"{RUN}archive:run",
        "Moves the files of those that have been completed or cancelled for 30 days (`archive.after_days` in "
        "config/project.yaml), in one commit of renames. A query says itself which of the closed ones move, however "
        "long ago they were closed. Done on the default branch only, where no merge can take one file for another.",
        (QUERY,),
        (
            Option(("--any-branch",), "Archive on a branch that is not the default one, too.", "flag"),
            *WRITE,
        ),
        examples=(
            ("See what would move", "git milestone archive --dry-run"),
            ("All that was given up", "git milestone archive status:cancelled"),
        ),
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("delete",),
        "Delete milestones",
        f"{RUN}delete:run",
        "Refused while others depend on them. History keeps them: `git revert` brings them back.",
        (IDS,),
        (Option(("-f", "--force"), "Delete them even so.", "flag"), *WRITE),
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("task", "add"),
        "Add a task to a milestone",
        f"{RUN}task:add",
        arguments=(ID, Argument("title", "What is to be done.")),
        options=(
            Option(("--id",), "Its id, instead of one made from the title.", metavar="TASK", key="task_id"),
            Option(("--weight",), "Its share in the milestone's progress; 1 by default.", metavar="NUMBER"),
            *WRITE,
        ),
        examples=(("Split the work", 'git milestone task add ship-2fa "Enrol with TOTP" --weight 3'),),
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
    _task("start", "Say that work on tasks has begun"),
    _task("done", "Say that tasks are done"),
    _task("reopen", "Take tasks up again"),
    _task("remove", "Remove tasks from a milestone"),
    Command(
        ("depend", "add"),
        "Let a milestone wait for others",
        f"{RUN}depend:add",
        "A cycle is refused, with its path.",
        (
            ID,
            Argument(
                "on",
                "The milestones it waits for; `repository:id` is one of another repository.",
                many=True,
                completes="id",
            ),
        ),
        (
            Option(
                ("--type",),
                "`blocks` (the default) must be closed first; `relates` is only worth knowing of.",
                "choice",
                ("blocks", "relates"),
            ),
            *WRITE,
        ),
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("depend", "remove"),
        "Let a milestone no longer wait for others",
        f"{RUN}depend:remove",
        arguments=(ID, Argument("on", "The milestones it waits for no longer.", many=True, completes="id")),
        options=WRITE,
        exclusive=(COMMIT_MESSAGE,),
        section="write",
    ),
)
