"""The commands for working together."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import (
    CHECK_FORMATS,
    COMMIT_MESSAGE,
    JSON,
    ONE_FORMAT,
    REVIEW_FORMATS,
    RUN,
    WRITE,
    one_format,
)

COMMANDS: tuple[Command, ...] = (
    Command(
        ("check",),
        "Find what is wrong with the milestones' files",
        f"{RUN}check:run",
        "The files as they lie, unless an option says otherwise. The exit status is 1 where there are errors. Every "
        "rule has a code, behind each line, and a severity, which the project can set in "
        ".milestones/config/project.yaml, as it can say which fields are required and which status may become "
        "which.\n\n"
        "A range is what a branch made since it left another one: what was wrong before is left out, also in the "
        "files that it changed.",
        options=(
            Option(("--at",), "Check that commit, branch or tag.", metavar="REV", completes="revision"),
            Option(("--staged",), "Check the staging area.", "flag"),
            Option(("--worktree",), "Check the files as they lie: the default.", "flag"),
            Option(("--range",), "Check what B made wrong since it left A.", metavar="A..B", completes="revision"),
            Option(
                ("--fix",),
                "Mend in the files as they lie what is safe to mend, saying what was done.",
                "flag",
            ),
            Option(("--explain",), "Print the page on a rule.", metavar="CODE", completes="rule"),
            Option(("--strict",), "Count warnings as errors.", "flag"),
            *one_format(*CHECK_FORMATS),
        ),
        examples=(
            ("In a pull request", "git milestone check --range origin/main..HEAD --format github"),
            ("Before a commit", "git milestone check --staged"),
            ("What a code means", "git milestone check --explain open-tasks"),
        ),
        exclusive=(
            ("at", "staged", "worktree", "range", "explain"),
            ("at", "staged", "range", "fix", "explain"),
            ("explain", *ONE_FORMAT),
        ),
        section="team",
    ),
    Command(
        ("review",),
        "Tell what a branch would do to the milestones of another",
        f"{RUN}review:run",
        "What comes, goes, is completed or re-scoped; which dates slip, by how many days, and what that makes due "
        "before something that it waits for; dependencies, cycles, conflicts with the target, problems. A branch is "
        "compared with the commit where it left its target, as a pull request is.",
        (
            Argument(
                "range",
                "TARGET..BRANCH, where three dots mean the same; or BRANCH alone (HEAD by default) against "
                "origin/HEAD, its upstream, or main.",
                required=False,
                completes="revision",
            ),
        ),
        (
            Option(
                ("--fail-on",),
                "Exit with 1 where it finds one of these, joined by commas: error, warning, slip, pushed, cycle, "
                "conflict, stray (also a conflict).",
                many=True,
                metavar="WHAT",
            ),
            Option(("--max-size",), "At most that many characters of Markdown; 60,000 by default.", "integer"),
            *one_format(*REVIEW_FORMATS),
        ),
        examples=(
            ("What a branch would change", "git milestone review main..feature"),
            ("As the comment of a pull request", "git milestone review origin/main..HEAD --format markdown"),
            ("As a gate", "git milestone review origin/main..HEAD --fail-on error,cycle,conflict"),
        ),
        exclusive=(ONE_FORMAT,),
        section="team",
    ),
    Command(
        ("propose",),
        "Make a branch and a commit of your edits, ready to be pushed",
        f"{RUN}propose:run",
        "The edits below .milestones/ as they lie, staged or not, become a commit on a new branch, whose message says "
        "what changed; you stay where you are, and the edits are taken out of the work tree. For those who can't push "
        "to the branch itself.",
        options=(
            Option(("--branch",), "Its name, instead of one made from what changed.", metavar="NAME"),
            Option(("--base",), "The commit that it begins at; HEAD by default.", metavar="REV", completes="revision"),
            Option(("--keep",), "Leave the edits in the work tree as well.", "flag"),
            Option(("-m", "--message"), "The commit's message; by default it says what changed."),
            Option(("--no-verify",), "Skip the pre-commit and commit-msg hooks.", "flag"),
        ),
        examples=(("Hand in what you edited", "git milestone propose"),),
        section="team",
    ),
    Command(
        ("resolve",),
        "Resolve what a merge left in conflict, field by field",
        f"{RUN}resolve:run",
        "Shows the base's, our and their value of each field in conflict and asks which one to take, after "
        "`git merge`, `rebase`, `cherry-pick`, `revert` or `stash pop`. What was merged, and what was edited in the "
        "file since, stays. A file in which nothing is left goes into the staging area; so does one that only one "
        "side deleted, once it is kept or deleted. Without a terminal, options say what to take. The exit status is "
        "1 while something is left.\n\n"
        "In a rebase, `ours` is the branch that is rebased onto, and `theirs` the commit that is moved.",
        (
            Argument(
                "id",
                "Ids of milestones, or their files' paths; all that are in conflict by default.",
                required=False,
                many=True,
                completes="id",
            ),
        ),
        (
            Option(("--ours",), "Take our side of every conflict.", "flag"),
            Option(("--theirs",), "Take their side of every conflict.", "flag"),
            Option(
                ("--field",),
                "Take that side of a field, or another value for it.",
                many=True,
                metavar="FIELD=ours|theirs|base|VALUE",
            ),
            Option(("--list",), "Print what is in conflict, and change nothing.", "flag"),
            Option(
                ("--merge",),
                "Instead, give back in a commit what this merge dropped, or gave to another milestone. Of a commit "
                "that was picked or rebased, with what it was made from in front: ORIGINAL..COMMIT.",
                metavar="COMMIT",
            ),
            JSON._replace(doc="Print what is in conflict as JSON, and change nothing."),
            *WRITE,
        ),
        examples=(
            ("Go through what is left", "git milestone resolve"),
            ("Their due day, and everything else ours", "git milestone resolve ship-2fa --field due=theirs --ours"),
        ),
        exclusive=(("ours", "theirs", "list", "json", "merge"), ("dry_run", "list", "json"), COMMIT_MESSAGE),
        section="team",
    ),
    Command(
        ("hooks", "install"),
        "Install git's hooks, beside those that are there",
        f"{RUN}hooks:install",
        "They check what is committed and pushed, name the current milestone in messages, and tell what a pull "
        "changed; a commit that changes no milestone passes them in milliseconds. Other hooks run as before. With "
        "pre-commit, husky or lefthook, what to add to their configuration is printed, and nothing changed.",
        options=(
            Option(("--server",), "Those that refuse bad pushes where they arrive: the default if bare.", "flag"),
            Option(("--dry-run",), "Say what would change, and change nothing.", "flag"),
        ),
        examples=(
            ("In a clone", "git milestone hooks install"),
            ("On a server", "git -C /srv/project.git milestone hooks install"),
        ),
        section="team",
    ),
    Command(
        ("hooks", "uninstall"),
        "Remove git milestone's hooks, and nobody else's",
        f"{RUN}hooks:uninstall",
        "What was there before is as it was, byte for byte.",
        section="team",
    ),
    Command(
        ("hooks", "status"),
        "Say which hooks are installed, and where",
        f"{RUN}hooks:status",
        "The exit status is 1 when one is missing or of another version.",
        options=(JSON._replace(doc="Print JSON."),),
        section="team",
    ),
)
