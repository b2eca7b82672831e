"""The commands that other programs run."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option

COMMANDS: tuple[Command, ...] = (
    Command(
        ("__complete",),
        "Print what can follow on a command line",
        "gitmilestone.faces.cli.completion:complete",
        "One candidate a line, a tab and its explanation behind it. The last word is the one under the cursor.",
        (Argument("words", "The command line so far.", required=False, many=True),),
    ),
    Command(
        ("__merge",),
        "Merge a milestone's file that two branches changed, as git's merge driver",
        "gitmilestone.faces.merge_driver:run",
        "OURS becomes the result; that of ancestors has no markers. The exit status is 0, or 3 where it holds "
        "conflicts, or another where nothing was done.",
        (
            Argument("what", "Two branches, or the common ancestors of two.", choices=("branches", "ancestors")),
            Argument("base", "The common ancestor's file; empty where there is none."),
            Argument("ours", "Our file, which is replaced."),
            Argument("theirs", "Their file."),
            Argument("size", "How many characters a conflict marker has."),
            Argument("path", "The path in the tree."),
            Argument("labels", "What the markers call base, ours and theirs.", required=False, many=True),
        ),
    ),
    Command(
        ("__textconv",),
        "Print a milestone's file as `git diff` shows it",
        "gitmilestone.faces.cli.commands.textconv:run",
        "One fact a line. What can't be read is printed as it is.",
        (Argument("file", "The file.", completes="file"),),
    ),
    Command(
        ("__hook",),
        "Do what a hook of git is there for",
        "gitmilestone.faces.hooks.run:run",
        "The hook's name and arguments, as git gives them.",
        (
            Argument("name", "The hook."),
            Argument("args", "Its arguments.", required=False, many=True),
        ),
    ),
    Command(
        ("__comment",),
        "Post a review as the one comment of a pull or merge request",
        "gitmilestone.faces.review.forge:run",
        "In GitHub Actions (GITHUB_TOKEN) or GitLab CI (GIT_MILESTONE_TOKEN). What keeps it from that is told, and "
        "fails nothing.",
        (Argument("file", "What `git milestone review --format markdown` has written."),),
        (Option(("--strict",), "Exit with 1 where it can't be posted.", "flag"),),
    ),
)
