"""Every command of `git milestone`: the one table that parsing, help, the manual and completion read."""

from __future__ import annotations

from typing import Literal

from gitmilestone.faces.cli.spec import Argument, Command, Completes, Option

PROGRAM = "git milestone"
SUMMARY = "milestones that live in git"

SECTIONS: dict[str, str] = {
    "start": "Start",
    "read": "Look at milestones",
    "write": "Change milestones",
    "bulk": "Many at once",
    "project": "Keep the project in order",
}

GROUPS: dict[str, str] = {
    "task": "Change the tasks of a milestone",
    "depend": "Change what a milestone waits for",
    "index": "Look after the local index, which makes reading fast",
}

STATUSES = ("planned", "in_progress", "blocked", "completed", "cancelled")
PRIORITIES = ("low", "medium", "high", "critical")
LAYOUTS = ("flat", "sharded", "sharded2")
TIERS = ("file", "sqlite", "postgresql", "distributed")
LIST_FORMATS = ("table", "json", "jsonl", "csv", "markdown", "ids")
SQL_FORMATS = ("table", "json", "jsonl", "csv", "markdown")
CHECK_FORMATS = ("text", "json", "github", "gitlab", "sarif")

_COMMANDS = "gitmilestone.faces.cli.commands."

_JSON = Option(("--json",), "Short for --format json.", "flag")
_AT = Option(("--at",), "Read the milestones of that commit, branch or tag.", metavar="REV", completes="revision")
_STAGED = Option(("--staged",), "Read the staging area.", "flag")
_WORKTREE = Option(("--worktree",), "Read the files as they lie.", "flag")
_WHERE = (_AT, _STAGED, _WORKTREE)
_ONE_PLACE = ("at", "staged", "worktree")
_ONE_FORMAT = ("format", "json")

_WRITE = (
    Option(("-m", "--message"), "The commit's message; by default it says what changed."),
    Option(("--no-commit",), "Stage the change, and leave the commit to you.", "flag"),
    Option(("--no-verify",), "Skip the pre-commit and commit-msg hooks.", "flag"),
    Option(("--detached",), "Commit on a detached HEAD too.", "flag"),
)
_COMMIT_MESSAGE = ("message", "no_commit")

_QUERY = Argument(
    "query",
    "Words and terms like `status:open project:auth -label:later due:<2027-01-01`; joined by spaces.",
    required=False,
    many=True,
    query=True,
)
_ID = Argument(
    "id", "A milestone's id, or a beginning of it that no other has; `@` is the current one.", completes="id"
)
_ID_OR_CURRENT = _ID._replace(
    doc="A milestone's id, or a beginning of it that no other has; the current milestone by default.", required=False
)
_IDS = Argument("id", "Ids of milestones, or beginnings that no other has.", many=True, completes="id")
_TASKS = Argument("task", "Ids of its tasks, or beginnings that no other task of it has.", many=True, completes="task")


def _format(*choices: str) -> tuple[Option, Option]:
    return Option(("--format",), "How to print it.", "choice", choices), _JSON


def _field(name: str, metavar: str = "", choices: tuple[str, ...] = (), completes: Completes = "") -> Option:
    kind: Literal["choice", "text"] = "choice" if choices else "text"
    return Option((f"--{name}",), "", kind, choices, metavar=metavar, completes=completes, field=name)


def _set_field(flag: str, field: str, completes: Completes, doc: str, metavar: str) -> Option:
    return Option((flag,), doc, many=True, metavar=metavar, completes=completes, field=field)


_SCALAR_FIELDS = (
    _field("project", completes="project"),
    _field("owner", completes="owner"),
    _field("priority", choices=PRIORITIES),
    _field("start", "YYYY-MM-DD"),
    _field("due", "YYYY-MM-DD"),
    _field("estimate", "15d|3w"),
    Option(("--description",), "Anything else there is to say; `-` reads it from standard input.", metavar="TEXT"),
    _field("status", choices=STATUSES),
)


def _transition(word: str, summary: str, doc: str) -> Command:
    return Command(
        (word,),
        summary,
        f"{_COMMANDS}transition:{word}",
        doc,
        (_IDS,),
        _WRITE,
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    )


def _task(word: str, summary: str) -> Command:
    return Command(
        ("task", word),
        summary,
        f"{_COMMANDS}task:{word}",
        "The milestone's progress follows: the share of its tasks' weight that is done.",
        (_ID, _TASKS),
        _WRITE,
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    )


COMMANDS: tuple[Command, ...] = (
    Command(
        ("init",),
        "Create .milestones/ in this repository and commit it",
        f"{_COMMANDS}init:run",
        "Running it again changes nothing.",
        options=(
            Option(
                ("--layout",),
                "All files in one folder, or spread over folders for thousands of milestones.",
                "choice",
                LAYOUTS,
            ),
            *_WRITE,
        ),
        examples=(("Start", "git milestone init"),),
        exclusive=(_COMMIT_MESSAGE,),
        section="start",
    ),
    Command(
        ("demo",),
        "Make a throw-away repository with a real project's history",
        f"{_COMMANDS}demo:run",
        "A place to try things out; nothing outside the folder is touched.",
        (Argument("dir", "Where; a new temporary folder by default.", required=False, completes="directory"),),
        section="start",
    ),
    Command(
        ("list",),
        "List the open milestones",
        f"{_COMMANDS}list:run",
        "Without a query these are the open ones, by due day, then priority. The options narrow the query "
        "further.\n\n"
        "A query is words and terms joined by spaces: every one must hold. `OR`, `NOT` (or a leading `-`) "
        "and parentheses work; `field:a,b` is any of them; dates and numbers compare (`due:<2027-01-01`, "
        "`due:today..+14d`); `field:none` and `field:any` ask whether it is set; `is:blocked`, `is:ready` "
        "and `is:overdue` are computed; `sort:-due` orders.",
        (_QUERY,),
        (
            Option(("-a", "--all"), "The closed ones too.", "flag"),
            Option(
                ("--status",),
                "Only those.",
                "choice",
                (*STATUSES, "open", "closed", "all"),
                many=True,
                field="status",
            ),
            Option(("--project",), "Only its milestones.", many=True, completes="project", field="project"),
            Option(("--owner",), "Only theirs.", many=True, completes="owner", field="owner"),
            Option(("--label",), "Only those with it.", many=True, completes="label", field="labels"),
            Option(("--due-before",), "Only those due before that day.", metavar="DATE"),
            Option(
                ("--sort",),
                "Order by these fields, comma-separated; a leading `-` turns one around.",
                metavar="FIELDS",
            ),
            Option(("-n", "--limit"), "At most that many.", "integer"),
            Option(("--offset",), "Leave out the first ones.", "integer"),
            Option(
                ("--after",),
                "Only what follows that milestone in this order: the next page, wherever it is.",
                metavar="ID",
                completes="id",
            ),
            Option(("--explain",), "Say how the query is answered: its SQL, the plan, what was read.", "flag"),
            *_format(*LIST_FORMATS),
            *_WHERE,
        ),
        examples=(
            ("What is due soon", "git milestone list due:..+14d"),
            ("What ana can start on", "git milestone list is:ready owner:ana"),
            ("Everything, for a program", "git milestone list --all --json"),
            ("As it was at a release", "git milestone list --at v1.0"),
        ),
        exclusive=(_ONE_PLACE, _ONE_FORMAT, ("offset", "after"), ("explain", "format")),
        section="read",
    ),
    Command(
        ("show",),
        "Show one milestone, whole",
        f"{_COMMANDS}show:run",
        arguments=(_ID_OR_CURRENT,),
        options=(*_format("text", "yaml", "json"), *_WHERE),
        exclusive=(_ONE_PLACE, _ONE_FORMAT),
        section="read",
    ),
    Command(
        ("log",),
        "Show what happened to milestones: when, who, what",
        f"{_COMMANDS}log:run",
        "Derived from the history of commits, newest first: every change of a field, and the commits whose message "
        "names a milestone in a trailer (`Milestone: ID`). Without ID, of all milestones. A milestone that was deleted "
        "is known by its whole id.",
        (
            _ID._replace(
                doc="A milestone's id, or a beginning of it that no other has; `@` is the current one; all by default.",
                required=False,
            ),
        ),
        (
            Option(("--since",), "Only commits from then on; as git reads dates.", metavar="DATE"),
            Option(("--until",), "Only commits up to then.", metavar="DATE"),
            Option(("--author",), "Only commits whose author has that in the name or address.", metavar="TEXT"),
            Option(
                ("--field",),
                "Only changes of that field; `tasks` is anything in a task, `x.KEY` a key of your own.",
                many=True,
                metavar="NAME",
            ),
            Option(("-n", "--limit"), "At most that many commits.", "integer"),
            *_format("text", "json"),
            _AT,
        ),
        examples=(
            ("What happened last week", 'git milestone log --since="1 week ago"'),
            ("Who moved which due day", "git milestone log --field due"),
            ("How one milestone came to be what it is", "git milestone log ship-2fa"),
        ),
        exclusive=(_ONE_FORMAT,),
        section="read",
    ),
    Command(
        ("stats",),
        "Show how the project goes: counts, times to complete, throughput",
        f"{_COMMANDS}stats:run",
        "With --by, how many were opened, completed and open, week by week or month by month. Every figure is "
        "computed by SQL over the history; `git milestone sql` answers what is not here.",
        options=(
            Option(("--project",), "Only its milestones.", completes="project", field="project"),
            Option(("--by",), "The course of it, week by week or month by month.", "choice", ("week", "month")),
            _AT,
            _JSON._replace(doc="Print JSON."),
        ),
        examples=(
            ("How it goes", "git milestone stats"),
            ("How many were open, month by month", "git milestone stats --by month --project auth"),
        ),
        section="read",
    ),
    Command(
        ("sql",),
        "Answer a SELECT over milestones, tasks, labels, dependencies and events",
        f"{_COMMANDS}sql:run",
        "DuckDB's SQL, read-only: one SELECT, which reaches no file, no network and no setting. The views are "
        "`milestones`, `tasks`, `labels`, `dependencies`, `events` and `activity`; --schema shows their columns. Times "
        "are UTC.\n\n"
        "`git config milestone.analytics.memory 4GB` lets a query take more than 1 GB of memory.",
        (Argument("query", "The SELECT; `-` reads it from standard input.", required=False),),
        (
            Option(("--schema",), "Print the views and their columns.", "flag"),
            *_format(*SQL_FORMATS),
            _AT,
        ),
        examples=(
            (
                "Who has how much open",
                'git milestone sql "SELECT owner, count(*) FROM milestones WHERE is_open GROUP BY ALL"',
            ),
            ("What there is to ask", "git milestone sql --schema"),
        ),
        exclusive=(_ONE_FORMAT, ("schema", "query"), ("schema", "at")),
        section="read",
    ),
    Command(
        ("diff",),
        "Show which milestones differ, field by field",
        f"{_COMMANDS}diff:run",
        "Without arguments: the files as they lie against HEAD. With A alone: the files against A. "
        "With --staged, the staging area takes the files' place.",
        (
            Argument("a", "The older commit.", required=False, completes="revision"),
            Argument("b", "The newer commit.", required=False, completes="revision"),
        ),
        (
            Option(("--staged",), "What is staged, against A or HEAD.", "flag"),
            Option(("--worktree",), "The files as they lie, against A or HEAD.", "flag"),
            *_format("text", "json"),
        ),
        exclusive=(("staged", "worktree"), _ONE_FORMAT),
        section="read",
    ),
    Command(
        ("current",),
        "Show or set this worktree's current milestone",
        f"{_COMMANDS}current:run",
        "It belongs to this worktree alone and is never committed.",
        (Argument("id", "The milestone that becomes the current one.", required=False, completes="id"),),
        (Option(("--clear",), "Have none.", "flag"), _JSON._replace(doc="Print JSON.")),
        section="read",
    ),
    Command(
        ("new",),
        "Create a milestone",
        f"{_COMMANDS}new:run",
        "Its id is made from the title and four random characters, and printed.",
        (Argument("title", "What will be reached."),),
        (
            Option(("--id",), "Its id, instead of one made from the title."),
            *_SCALAR_FIELDS,
            _set_field("--label", "labels", "label", "A free word to find it by.", "LABEL"),
            _set_field("--depends-on", "depends_on", "id", "A milestone it waits for.", "ID"),
            _set_field("--task", "tasks", "", "The title of a task of it.", "TITLE"),
            *_WRITE,
        ),
        examples=(
            (
                "Plan a release",
                'git milestone new "Ship two-factor login" --due 2027-01-15 --owner ana@example.com',
            ),
        ),
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("edit",),
        "Change fields of a milestone",
        f"{_COMMANDS}edit:run",
        "Without an option that changes something, the file opens in git's editor.",
        (_ID,),
        (
            _field("title"),
            *_SCALAR_FIELDS,
            _set_field("--label", "labels", "label", "These labels in place of all it has.", "LABEL"),
            _set_field("--add-label", "labels", "label", "One label more.", "LABEL"),
            _set_field("--remove-label", "labels", "label", "One label less.", "LABEL"),
            _set_field("--depends-on", "depends_on", "id", "These dependencies in place of all it has.", "ID"),
            Option(("--set",), "Any field, or a key of your own.", many=True, metavar="KEY=VALUE"),
            Option(("--unset",), "Remove a field or a key of your own.", many=True, metavar="KEY"),
            *_WRITE,
        ),
        examples=(
            ("Move a date", "git milestone edit ship-2fa --due 2027-02-01"),
            ("A key of your own", "git milestone edit ship-2fa --set customer=Acme"),
        ),
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    ),
    _transition("start", "Say that work on milestones has begun", "Their status becomes `in_progress`."),
    _transition("block", "Say that milestones can't go on", "Their status becomes `blocked`."),
    _transition(
        "complete",
        "Say that milestones are reached",
        "Their status becomes `completed`, and their files move to completed/. Open tasks or open "
        "dependencies are warned of, and stop nothing.",
    ),
    _transition(
        "cancel",
        "Give milestones up",
        "Their status becomes `cancelled`, and their files move to completed/.",
    ),
    _transition("reopen", "Take closed or blocked milestones up again", "Their status becomes `planned`."),
    Command(
        ("delete",),
        "Delete milestones",
        f"{_COMMANDS}delete:run",
        "Refused while others depend on them. History keeps them: `git revert` brings them back.",
        (_IDS,),
        (Option(("-f", "--force"), "Delete them even so.", "flag"), *_WRITE),
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("task", "add"),
        "Add a task to a milestone",
        f"{_COMMANDS}task:add",
        arguments=(_ID, Argument("title", "What is to be done.")),
        options=(
            Option(("--id",), "Its id, instead of one made from the title.", metavar="TASK", key="task_id"),
            Option(("--weight",), "Its share in the milestone's progress; 1 by default.", metavar="NUMBER"),
            *_WRITE,
        ),
        examples=(("Split the work", 'git milestone task add ship-2fa "Enrol with TOTP" --weight 3'),),
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    ),
    _task("start", "Say that work on tasks has begun"),
    _task("done", "Say that tasks are done"),
    _task("reopen", "Take tasks up again"),
    _task("remove", "Remove tasks from a milestone"),
    Command(
        ("depend", "add"),
        "Let a milestone wait for others",
        f"{_COMMANDS}depend:add",
        "A cycle is refused, with its path.",
        (_ID, Argument("on", "The milestones it waits for.", many=True, completes="id")),
        (
            Option(
                ("--type",),
                "`blocks` (the default) must be closed first; `relates` is only worth knowing of.",
                "choice",
                ("blocks", "relates"),
            ),
            *_WRITE,
        ),
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("depend", "remove"),
        "Let a milestone no longer wait for others",
        f"{_COMMANDS}depend:remove",
        arguments=(_ID, Argument("on", "The milestones it waits for no longer.", many=True, completes="id")),
        options=_WRITE,
        exclusive=(_COMMIT_MESSAGE,),
        section="write",
    ),
    Command(
        ("apply",),
        "Carry out a file of changes in one commit",
        f"{_COMMANDS}apply:run",
        "Each line is a JSON object with `op` (`create`, `update` or `delete`), `id`, and fields. "
        "All of them are carried out, or none.",
        (Argument("file", "The file; `-` is standard input.", completes="file"),),
        (Option(("--dry-run",), "Say what would change, and change nothing.", "flag"), *_WRITE),
        exclusive=(_COMMIT_MESSAGE,),
        section="bulk",
    ),
    Command(
        ("import",),
        "Create or update milestones from a file, in one commit",
        f"{_COMMANDS}import_:run",
        "Milestones whose id exists are updated, the others created.",
        (Argument("file", "The file; `-` is standard input.", completes="file"),),
        (
            Option(("--format",), "The file's format; guessed from its name.", "choice", ("jsonl", "csv")),
            Option(("--dry-run",), "Say what would change, and change nothing.", "flag"),
            *_WRITE,
        ),
        exclusive=(_COMMIT_MESSAGE,),
        section="bulk",
    ),
    Command(
        ("export",),
        "Print milestones for other programs",
        f"{_COMMANDS}export:run",
        "All of them, open and closed, or those of a query, in a form that `import` reads.",
        (_QUERY,),
        (
            Option(("--format",), "How to print them; `jsonl` by default.", "choice", ("jsonl", "csv")),
            *_WHERE,
        ),
        exclusive=(_ONE_PLACE,),
        section="bulk",
    ),
    Command(
        ("index", "status"),
        "Say what the local index holds",
        f"{_COMMANDS}index:status",
        "It is looked at as it lies, and not brought up to date.",
        options=(_JSON,),
        section="project",
    ),
    Command(
        ("index", "rebuild"),
        "Build the local index from nothing",
        f"{_COMMANDS}index:rebuild",
        "Nobody has to: whatever happens to it, the next command that reads mends it.",
        section="project",
    ),
    Command(
        ("index", "verify"),
        "Compare every row of the local index with its file",
        f"{_COMMANDS}index:verify",
        "Costs as much as building it. The exit status is 1 when a row differs.",
        section="project",
    ),
    Command(
        ("index", "drop"),
        "Remove the local index",
        f"{_COMMANDS}index:drop",
        "The next command that reads makes it again, unless the project is small.",
        section="project",
    ),
    Command(
        ("migrate",),
        "Move the project to another layout of its files, or to another tier",
        f"{_COMMANDS}migrate:run",
        "One commit, which `git revert` takes back.\n\n"
        "A layout says in which folders the files lie: a commit of renames, no file's text changes. After a merge of "
        "a branch from before, `migrate format` moves what that brought in the old layout; until then every command "
        "reads both. A tier says what answers: its target is built, every record is compared with its file, and then "
        "the switch is committed; it happens by itself as a project grows (`milestone.autoMigrate` is `commit`, "
        "`suggest` or `off`).\n\n"
        "Without arguments: the layouts, past migrations, and what is pending.",
        (
            Argument(
                "to",
                "A layout; a tier; or `format`, the layout that suits the number of milestones.",
                required=False,
                choices=("format", *LAYOUTS, *TIERS),
            ),
        ),
        (
            Option(("--dry-run",), "Say what would happen, and change nothing.", "flag"),
            Option(("--list",), "Print the layouts, and past migrations.", "flag"),
            Option(("--now",), "Switch to the tier that is pending, without waiting for its delay.", "flag"),
            _JSON._replace(doc="Print JSON."),
            *_WRITE,
        ),
        examples=(
            ("What would happen", "git milestone migrate format --dry-run"),
            ("A folder for every 256th", "git milestone migrate sharded"),
            ("Answers from the index, also while it is small", "git milestone migrate sqlite"),
        ),
        exclusive=(_COMMIT_MESSAGE, ("dry_run", "list"), ("now", "list")),
        section="project",
    ),
    Command(
        ("check",),
        "Find what is wrong with the milestones' files",
        f"{_COMMANDS}check:run",
        "The files as they lie, unless an option says otherwise. The exit status is 1 when something is wrong.",
        options=(
            Option(("--at",), "Check that commit, branch or tag.", metavar="REV", completes="revision"),
            Option(("--staged",), "Check the staging area.", "flag"),
            Option(("--worktree",), "Check the files as they lie: the default.", "flag"),
            Option(("--range",), "Check what these commits changed.", metavar="A..B", completes="revision"),
            Option(("--fix",), "Mend in the files as they lie what is safe to mend; stage nothing.", "flag"),
            Option(("--strict",), "Count warnings as errors.", "flag"),
            *_format(*CHECK_FORMATS),
        ),
        examples=(
            ("In a pull request", "git milestone check --range origin/main..HEAD --format github"),
            ("Before a commit", "git milestone check --staged"),
        ),
        exclusive=(("at", "staged", "worktree", "range"), ("at", "staged", "range", "fix"), _ONE_FORMAT),
        section="project",
    ),
    Command(
        ("status",),
        "Show the project's size, its storage tier and why",
        f"{_COMMANDS}status:run",
        "What was measured, what it adds up to, which tier that asks for, what is pending until when, and when the "
        "next switch is to be expected. It begins nothing: a switch is decided after writes and merges.",
        options=(
            Option(("-v", "--verbose"), "Every metric, weight and limit, each derived state, past switches.", "flag"),
            _JSON._replace(doc="Print JSON, with all of that."),
        ),
        examples=(("every number", "git milestone status -v"),),
        section="project",
    ),
    Command(
        ("schema",),
        "Print the JSON Schema of a milestone's file",
        f"{_COMMANDS}schema:run",
        "Editors check and complete the files with it.",
        options=(Option(("--modeline",), "Print the comment line that makes an editor use it.", "flag"),),
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
    Command(
        ("__complete",),
        "Print what can follow on a command line",
        "gitmilestone.faces.cli.completion:complete",
        "One candidate a line, a tab and its explanation behind it. The last word is the one under the cursor.",
        (Argument("words", "The command line so far.", required=False, many=True),),
    ),
)

BY_PATH: dict[tuple[str, ...], Command] = {command.path: command for command in COMMANDS}
