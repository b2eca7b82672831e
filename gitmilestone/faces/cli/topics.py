"""What the manual says beside the commands: files, configuration, environment, exit statuses."""

from __future__ import annotations

from collections.abc import Iterator

DESCRIPTION = (
    "A milestone is a YAML file below `.milestones/`, committed like any other file: reviewed in the same "
    "pull request, merged by the same merge, read at any revision. Every command that writes makes a commit.",
    "Commands that read answer from what is committed at HEAD, unless `--at`, `--staged` or `--worktree` "
    "says otherwise. A milestone is named by its id or by a beginning of it that no other has.",
    "With `--json`, a command prints an object with `schema_version` and its rows. Rows go to standard "
    "output, everything else to standard error.",
)

Entries = tuple[tuple[str, str], ...]

_FIELDS = "Fields"
_TOPICS: tuple[tuple[str, Entries], ...] = (
    (
        "Queries",
        (
            ("word", "A word of the id, title, project, owner, labels, tasks or description begins so."),
            ('"some words"', "These words, one behind the other."),
            ("field:value", "The field is that; `field:a,b` is any of them, `field:beg*` begins so."),
            (
                "field:<value",
                "Also `<=`, `>`, `>=`, and `field:a..b`, `field:a..`, `field:..b`: dates, estimate, "
                "progress, priority.",
            ),
            ("field:none, field:any", "It is unset, or set."),
            ("due:2027-01, due:today..+2w", "Days, months, years; `yesterday`, `today`, `tomorrow`, `-3d`, `+2w`."),
            ("status:open", "A status; `open` and `closed` are groups of them, `all` is every one."),
            ("is:ready, is:blocked, is:overdue", "What is computed: open and nothing waits for, waiting, late."),
            ("-term, NOT term", "It does not hold."),
            ("a OR b, (a b)", "Either; parentheses group. Terms side by side must all hold."),
            ("sort:due,-priority", "The order; a `-` turns a field around. Unset values come last."),
            (_FIELDS, "{}, and `x.KEY` for a key of your own."),
        ),
    ),
    (
        "Exit status",
        (
            ("0", "It is done."),
            ("1", "Something is wrong with the milestones, or the repository's content stands against it."),
            ("2", "The command line, an id, a value or a query makes no sense."),
            ("128", "Git, the file system or the machine says no."),
        ),
    ),
    (
        "Configuration",
        (
            (
                "color.milestone",
                "`always`, `never` or `auto`; by default as `color.ui` says. A pipe gets colours where "
                "`always` is said on the command line: `git -c color.milestone=always milestone list | cat`.",
            ),
            ("pager.milestone", "`false` never starts a pager."),
        ),
    ),
    (
        "Environment",
        (
            ("GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE", "As for git itself."),
            ("GIT_PAGER, PAGER, LESS", "As for git itself."),
            ("NO_COLOR", "Set to anything, it turns colours off that nobody asked for with `always`."),
            ("COLUMNS", "The width to cut tables at, on a terminal."),
            (
                "GIT_MILESTONE_TRACE",
                "Set to anything, an unexpected error shows its traceback instead of a log.",
            ),
        ),
    ),
    (
        "Files",
        (
            (".milestones/active/ID.yaml", "A milestone. No change of its status moves the file."),
            (".milestones/completed/ID.yaml", "One that is completed or cancelled, and archived."),
            (".milestones/config/project.yaml", "The project's settings."),
        ),
    ),
)


def iter_topics() -> Iterator[tuple[str, Entries]]:
    """(title, its entries), with the fields that a query knows among them."""
    from gitmilestone.query.searched import ALIASES, SEARCHED

    shown = {name: alias for alias, name in ALIASES.items()}
    names = [f"`{shown.get(name, name)}`" + (" (as far as its @)" if name == "owner" else "") for name in SEARCHED]
    for title, entries in _TOPICS:
        yield title, tuple((term, doc.format(", ".join(names)) if term == _FIELDS else doc) for term, doc in entries)
