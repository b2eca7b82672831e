"""The commands that look at milestones."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import (
    AT,
    ID,
    ID_OR_CURRENT,
    JSON,
    LIST_FORMATS,
    ONE_FORMAT,
    ONE_PLACE,
    PAGE,
    QUERY,
    RUN,
    SQL_FORMATS,
    STATUSES,
    WHERE,
    one_format,
)

COMMANDS: tuple[Command, ...] = (
    Command(
        ("list",),
        "List the open milestones",
        f"{RUN}list:run",
        "Without a query these are the open ones, by due day, then priority. The options narrow the query "
        "further.\n\n"
        "A query is words and terms joined by spaces: every one must hold. `OR`, `NOT` (or a leading `-`) "
        "and parentheses work; `field:a,b` is any of them; dates and numbers compare (`due:<2027-01-01`, "
        "`due:today..+14d`); `field:none` and `field:any` ask whether it is set; `is:blocked`, `is:ready` "
        "and `is:overdue` are computed; `sort:-due` orders. A status is what the file says; `planned, blocked` "
        "also waits for another, which `is:blocked` finds, and `status:blocked` does not.",
        (QUERY,),
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
            *PAGE,
            Option(("--explain",), "Say how the query is answered: its SQL, the plan, what was read.", "flag"),
            Option(
                ("--all-repositories",),
                "Those of every repository in the mirror, each as its default branch has them.",
                "flag",
            ),
            *one_format(*LIST_FORMATS),
            *WHERE,
        ),
        examples=(
            ("What is due soon", "git milestone list due:..+14d"),
            ("What ana can start on", "git milestone list is:ready owner:ana"),
            ("Everything, for a program", "git milestone list --all --json"),
            ("As it was at a release", "git milestone list --at v1.0"),
        ),
        exclusive=(
            ONE_PLACE,
            ONE_FORMAT,
            ("offset", "after"),
            ("explain", "format"),
            *(("all_repositories", name) for name in ("at", "staged", "worktree", "after", "explain")),
        ),
        section="read",
    ),
    Command(
        ("show",),
        "Show one milestone, whole",
        f"{RUN}show:run",
        arguments=(ID_OR_CURRENT,),
        options=(*one_format("text", "yaml", "json"), *WHERE),
        exclusive=(ONE_PLACE, ONE_FORMAT),
        section="read",
    ),
    Command(
        ("log",),
        "Show what happened to milestones: when, who, what",
        f"{RUN}log:run",
        "Derived from the history of commits, newest first: every change of a field, and the commits whose message "
        "names a milestone in a trailer (`Milestone: ID`). Without ID, of all milestones. A milestone that was deleted "
        "is known by its whole id.",
        (
            ID._replace(
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
            *one_format("text", "json"),
            AT,
        ),
        examples=(
            ("What happened last week", 'git milestone log --since="1 week ago"'),
            ("Who moved which due day", "git milestone log --field due"),
            ("How one milestone came to be what it is", "git milestone log ship-2fa"),
        ),
        exclusive=(ONE_FORMAT,),
        section="read",
    ),
    Command(
        ("watch",),
        "Show what happens to milestones as it happens",
        f"{RUN}watch:run",
        "Prints each commit that comes to the branch as `log` does, with what it changes, until it is interrupted: "
        "from now on, or from behind the commit of --since. A branch that is moved back, forced or switched is said in "
        "a line; what follows is what was not in its history before. QUERY keeps the milestones that match it after a "
        "move, or matched it before. Where the project has a mirror in Postgres, what other clones bring to the branch "
        "there is shown too.\n\n"
        "COMMAND is run by a shell for each commit, one at a time, with the events as JSON lines on its standard "
        "input, and with GIT_MILESTONE_COMMIT and GIT_MILESTONE_REF in its environment.",
        (QUERY,),
        (
            Option(
                ("--ref",),
                "Watch that branch; by default the one that is checked out, whichever that is.",
                metavar="BRANCH",
                completes="revision",
            ),
            Option(("--since",), "Begin with what came behind that commit.", metavar="COMMIT", completes="revision"),
            Option(("--json",), "Print one JSON object for each event, on a line of its own.", "flag"),
            Option(("--exec",), "Run that for each commit too.", metavar="COMMAND"),
            Option(("--count",), "End after that many commits.", "integer"),
        ),
        examples=(
            ("Follow the milestones of a project", "git milestone watch project:auth"),
            ("Go on from where a script had ended", 'git milestone watch --json --since "$LAST"'),
            ("Tell a web hook", "git milestone watch --exec 'curl -sS --data-binary @- https://example.com/hook'"),
        ),
        section="read",
    ),
    Command(
        ("stats",),
        "Show how the project goes: counts, times to complete, throughput",
        f"{RUN}stats:run",
        "With --by, how many were opened, completed and open, week by week or month by month. Every figure is "
        "computed by SQL over the history; `git milestone sql` answers what is not here.",
        options=(
            Option(("--project",), "Only its milestones.", completes="project", field="project"),
            Option(("--by",), "The course of it, week by week or month by month.", "choice", ("week", "month")),
            AT,
            JSON._replace(doc="Print JSON."),
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
        f"{RUN}sql:run",
        "DuckDB's SQL, read-only: one SELECT, which reaches no file, no network and no setting. The views are "
        "`milestones`, `tasks`, `labels`, `dependencies`, `events` and `activity`; --schema shows their columns. Times "
        "are UTC.\n\n"
        "`git config milestone.analytics.memory 4GB` lets a query take more than 1 GB of memory.",
        (Argument("query", "The SELECT; `-` reads it from standard input.", required=False),),
        (
            Option(("--schema",), "Print the views and their columns.", "flag"),
            *one_format(*SQL_FORMATS),
            AT,
        ),
        examples=(
            (
                "Who has how much open",
                'git milestone sql "SELECT owner, count(*) FROM milestones WHERE is_open GROUP BY ALL"',
            ),
            ("What there is to ask", "git milestone sql --schema"),
        ),
        exclusive=(ONE_FORMAT, ("schema", "query"), ("schema", "at")),
        section="read",
    ),
    Command(
        ("diff",),
        "Show which milestones differ, field by field",
        f"{RUN}diff:run",
        "Without arguments: the files as they lie against HEAD. With A alone: the files against A. "
        "With --staged, the staging area takes the files' place.",
        (
            Argument("a", "The older commit.", required=False, completes="revision"),
            Argument("b", "The newer commit.", required=False, completes="revision"),
        ),
        (
            Option(("--staged",), "What is staged, against A or HEAD.", "flag"),
            Option(("--worktree",), "The files as they lie, against A or HEAD.", "flag"),
            Option(("--as-message",), "As a commit message: a subject, and a line for each milestone.", "flag"),
            *one_format("text", "json"),
        ),
        exclusive=(("staged", "worktree"), (*ONE_FORMAT, "as_message")),
        section="read",
    ),
    Command(
        ("current",),
        "Show or set this worktree's current milestone",
        f"{RUN}current:run",
        "It belongs to this worktree alone and is never committed.",
        (Argument("id", "The milestone that becomes the current one.", required=False, completes="id"),),
        (Option(("--clear",), "Have none.", "flag"), JSON._replace(doc="Print JSON.")),
        section="read",
    ),
)
