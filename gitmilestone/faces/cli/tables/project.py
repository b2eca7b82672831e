"""The commands that keep the project in order."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import COMMIT_MESSAGE, JSON, LAYOUTS, RUN, SCHEMAS, TIERS, WRITE

COMMANDS: tuple[Command, ...] = (
    Command(
        ("index", "status"),
        "Say what the local index holds",
        f"{RUN}index:status",
        "It is looked at as it lies, and not brought up to date.",
        options=(JSON,),
        section="project",
    ),
    Command(
        ("index", "rebuild"),
        "Build the local index from nothing",
        f"{RUN}index:rebuild",
        "Nobody has to: whatever happens to it, the next command that reads mends it.",
        section="project",
    ),
    Command(
        ("index", "verify"),
        "Compare every row of the local index with its file",
        f"{RUN}index:verify",
        "Costs as much as building it. The exit status is 1 when a row differs.",
        section="project",
    ),
    Command(
        ("index", "drop"),
        "Remove the local index",
        f"{RUN}index:drop",
        "The next command that reads makes it again, unless the project is small.",
        section="project",
    ),
    Command(
        ("migrate",),
        "Move the project to another layout or format of its files, or to another tier",
        f"{RUN}migrate:run",
        "One commit, which `git revert` takes back; `refs/milestone/backup/` keeps the commit before it.\n\n"
        "A layout says in which folders the files lie: a commit of renames, no file's text changes. A format says how "
        "their texts are written: every file is compared with what it said. After a merge of a branch from before, "
        "`migrate format` moves and rewrites what that brought; until then every command reads both. A tier says what "
        "answers: its target is built, every record is compared with its file, and then the switch is committed; it "
        "happens by itself as a project grows (`milestone.autoMigrate` is `commit`, `suggest` or `off`).\n\n"
        "Without arguments: the layouts and formats, past migrations, and what is pending.",
        (
            Argument(
                "to",
                "A layout; a format; a tier; or `format`: the layout that suits the number of milestones, and the "
                "project's format.",
                required=False,
                choices=("format", *SCHEMAS, *LAYOUTS, *TIERS),
            ),
        ),
        (
            Option(("--list",), "Print the layouts, formats and tiers, and past migrations.", "flag"),
            Option(("--now",), "Switch to the tier that is pending, without waiting for its delay.", "flag"),
            JSON._replace(doc="Print JSON."),
            *WRITE,
        ),
        examples=(
            ("What would happen", "git milestone migrate format --dry-run"),
            ("A folder for every 256th", "git milestone migrate sharded"),
            ("Answers from the index, also while it is small", "git milestone migrate sqlite"),
        ),
        exclusive=(COMMIT_MESSAGE, ("dry_run", "list"), ("now", "list")),
        section="project",
    ),
    Command(
        ("status",),
        "Show the project's size, its storage tier and why",
        f"{RUN}status:run",
        "What was measured, what it adds up to, which tier that asks for, what is pending until when, and when the "
        "next switch is to be expected. It begins nothing: a switch is decided after writes and merges.",
        options=(
            Option(("-v", "--verbose"), "Every metric, weight and limit, each derived state, past switches.", "flag"),
            JSON._replace(doc="Print JSON, with all of that."),
        ),
        examples=(("every number", "git milestone status -v"),),
        section="project",
    ),
    Command(
        ("calibrate",),
        "Measure on this machine from what size each tier pays, and propose settings",
        f"{RUN}calibrate:run",
        "Makes milestones of its own in a folder of its own, which is gone afterwards, and asks the usual questions of "
        "the files, of an index and of a mirror: 50 milestones, then 200, and so on to 100,000 as far as the time "
        "allows. What it prints under `scale:` is for .milestones/config/project.yaml; nothing is changed.\n\n"
        "A mirror is measured on a server of its own where the extra `embedded` is installed.",
        options=(
            Option(("--seconds",), "How long it may take; 60 by default.", "integer"),
            Option(
                ("--patience",), "Milliseconds of an answer that nobody minds; 100 by default.", "integer", metavar="MS"
            ),
            Option(
                ("--postgres",),
                "Measure the mirror on the server that is configured (in a repository of its own there, which is taken "
                "away again), else on one of the system's.",
                "flag",
            ),
            JSON._replace(doc="Print JSON."),
        ),
        examples=(("What would suit this machine", "git milestone calibrate --seconds 120"),),
        section="project",
    ),
    Command(
        ("schema",),
        "Print the JSON Schema of a milestone's file",
        f"{RUN}schema:run",
        "Editors check and complete the files with it.",
        options=(
            Option(("--settings",), "Of config/project.yaml instead.", "flag"),
            Option(("--modeline",), "Print the comment line that makes an editor use it.", "flag"),
        ),
        section="project",
    ),
    Command(
        ("completion",),
        "Print a completion script for a shell",
        "gitmilestone.faces.cli.completion:run",
        "The installed package brings these scripts where the shells look for them; this is for the other cases.",
        (Argument("shell", "The shell.", choices=("bash", "zsh", "fish")),),
        examples=(("In ~/.bashrc", 'eval "$(git-milestone completion bash)"'),),
        section="project",
    ),
)
