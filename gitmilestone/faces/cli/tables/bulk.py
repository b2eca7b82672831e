"""The commands for many milestones at once."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import COMMIT_MESSAGE, ONE_PLACE, QUERY, RUN, WHERE, WRITE

COMMANDS: tuple[Command, ...] = (
    Command(
        ("apply",),
        "Carry out a file of changes in one commit",
        f"{RUN}apply:run",
        "Each line is a JSON object with `op` (`create`, `update` or `delete`), `id`, and fields. "
        "All of them are carried out, or none.",
        (Argument("file", "The file; `-` is standard input.", completes="file"),),
        WRITE,
        exclusive=(COMMIT_MESSAGE,),
        section="bulk",
    ),
    Command(
        ("import",),
        "Create or update milestones from a file, in one commit",
        f"{RUN}import_:run",
        "Milestones whose id exists are updated, the others created.",
        (Argument("file", "The file; `-` is standard input.", completes="file"),),
        (
            Option(("--format",), "The file's format; guessed from its name.", "choice", ("jsonl", "csv")),
            *WRITE,
        ),
        exclusive=(COMMIT_MESSAGE,),
        section="bulk",
    ),
    Command(
        ("export",),
        "Print milestones for other programs",
        f"{RUN}export:run",
        "All of them, open and closed, or those of a query, in a form that `import` reads.",
        (QUERY,),
        (
            Option(("--format",), "How to print them; `jsonl` by default.", "choice", ("jsonl", "csv")),
            *WHERE,
        ),
        exclusive=(ONE_PLACE,),
        section="bulk",
    ),
)
