"""What the commands of `table` have in common."""

from __future__ import annotations

from typing import Literal

from gitmilestone.faces.cli.spec import Argument, Completes, Option
from gitmilestone.model.tiers import TIERS as TIERS

STATUSES = ("planned", "in_progress", "blocked", "completed", "cancelled")
PRIORITIES = ("low", "medium", "high", "critical")
LAYOUTS = ("flat", "sharded", "sharded2")
SCHEMAS = ("schema-1",)
LIST_FORMATS = ("table", "json", "jsonl", "csv", "markdown", "ids")
HELD_FORMATS = ("table", "json", "jsonl", "ids")
GRAPH_FORMATS = ("text", "dot", "mermaid", "json")
SQL_FORMATS = ("table", "json", "jsonl", "csv", "markdown")
REVIEW_FORMATS = ("text", "markdown", "json")
CHECK_FORMATS = ("text", "json", "github", "gitlab", "sarif")

RUN = "gitmilestone.faces.cli.commands."

JSON = Option(("--json",), "Short for --format json.", "flag")
AT = Option(("--at",), "Read the milestones of that commit, branch or tag.", metavar="REV", completes="revision")
STAGED = Option(("--staged",), "Read the staging area.", "flag")
WORKTREE = Option(("--worktree",), "Read the files as they lie.", "flag")
WHERE = (AT, STAGED, WORKTREE)
ONE_PLACE = ("at", "staged", "worktree")
ONE_FORMAT = ("format", "json")

WRITE = (
    Option(("-m", "--message"), "The commit's message; by default it says what changed."),
    Option(("--dry-run",), "Say what would change, and change nothing.", "flag"),
    Option(("--no-commit",), "Stage the change, and leave the commit to you.", "flag"),
    Option(("--no-verify",), "Skip the pre-commit and commit-msg hooks, and the project's rules.", "flag"),
    Option(("--detached",), "Commit on a detached HEAD too.", "flag"),
)
COMMIT_MESSAGE = ("message", "no_commit")

QUERY = Argument(
    "query",
    "Words and terms like `status:open project:auth -label:later due:<2027-01-01`; joined by spaces.",
    required=False,
    many=True,
    query=True,
)
ID = Argument("id", "A milestone's id, or a beginning of it that no other has; `@` is the current one.", completes="id")
ID_OR_CURRENT = ID._replace(
    doc="A milestone's id, or a beginning of it that no other has; the current milestone by default.", required=False
)
IDS = Argument("id", "Ids of milestones, or beginnings that no other has.", many=True, completes="id")
TASKS = Argument("task", "Ids of its tasks, or beginnings that no other task of it has.", many=True, completes="task")

PAGE = (
    Option(("--sort",), "Order by these fields, comma-separated; a leading `-` turns one around.", metavar="FIELDS"),
    Option(("-n", "--limit"), "At most that many.", "integer"),
    Option(("--offset",), "Leave out the first ones.", "integer"),
    Option(
        ("--after",),
        "Only what follows that milestone in this order: the next page, wherever it is.",
        metavar="ID",
        completes="id",
    ),
)


def one_format(*choices: str) -> tuple[Option, Option]:
    return Option(("--format",), "How to print it.", "choice", choices), JSON


def one_field(name: str, metavar: str = "", choices: tuple[str, ...] = (), completes: Completes = "") -> Option:
    kind: Literal["choice", "text"] = "choice" if choices else "text"
    return Option((f"--{name}",), "", kind, choices, metavar=metavar, completes=completes, field=name)


def set_field(flag: str, field: str, completes: Completes, doc: str, metavar: str) -> Option:
    return Option((flag,), doc, many=True, metavar=metavar, completes=completes, field=field)


FIELD_OPTIONS = Option(("--FIELD",), field="*")
"""Stands for an option of each field that people set: `table` puts those here, which costs the import of the fields."""
