"""The commands that other programs run."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command

COMMANDS: tuple[Command, ...] = (
    Command(
        ("__complete",),
        "Print what can follow on a command line",
        "gitmilestone.faces.cli.completion:complete",
        "One candidate a line, a tab and its explanation behind it. The last word is the one under the cursor.",
        (Argument("words", "The command line so far.", required=False, many=True),),
    ),
)
