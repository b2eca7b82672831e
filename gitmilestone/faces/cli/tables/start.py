"""The commands to begin with."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import COMMIT_MESSAGE, LAYOUTS, RUN, WRITE

COMMANDS: tuple[Command, ...] = (
    Command(
        ("init",),
        "Create .milestones/ in this repository and commit it",
        f"{RUN}init:run",
        "Running it again changes nothing.",
        options=(
            Option(
                ("--layout",),
                "All files in one folder, or spread over folders for thousands of milestones.",
                "choice",
                LAYOUTS,
            ),
            *WRITE,
        ),
        examples=(("Start", "git milestone init"),),
        exclusive=(COMMIT_MESSAGE,),
        section="start",
    ),
    Command(
        ("demo",),
        "Make a throw-away repository with a real project's history",
        f"{RUN}demo:run",
        "A place to try things out; nothing outside the folder is touched.",
        (Argument("dir", "Where; a new temporary folder by default.", required=False, completes="directory"),),
        section="start",
    ),
)
