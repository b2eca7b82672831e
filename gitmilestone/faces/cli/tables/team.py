"""The commands for working together."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Command, Option
from gitmilestone.faces.cli.tables.options import CHECK_FORMATS, ONE_FORMAT, RUN, one_format

COMMANDS: tuple[Command, ...] = (
    Command(
        ("check",),
        "Find what is wrong with the milestones' files",
        f"{RUN}check:run",
        "The files as they lie, unless an option says otherwise. The exit status is 1 when something is wrong.",
        options=(
            Option(("--at",), "Check that commit, branch or tag.", metavar="REV", completes="revision"),
            Option(("--staged",), "Check the staging area.", "flag"),
            Option(("--worktree",), "Check the files as they lie: the default.", "flag"),
            Option(("--range",), "Check what these commits changed.", metavar="A..B", completes="revision"),
            Option(("--fix",), "Mend in the files as they lie what is safe to mend; stage nothing.", "flag"),
            Option(("--strict",), "Count warnings as errors.", "flag"),
            *one_format(*CHECK_FORMATS),
        ),
        examples=(
            ("In a pull request", "git milestone check --range origin/main..HEAD --format github"),
            ("Before a commit", "git milestone check --staged"),
        ),
        exclusive=(("at", "staged", "worktree", "range"), ("at", "staged", "range", "fix"), ONE_FORMAT),
        section="team",
    ),
)
