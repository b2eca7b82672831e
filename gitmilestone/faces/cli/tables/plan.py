"""The commands that plan."""

from __future__ import annotations

from gitmilestone.faces.cli.spec import Argument, Command, Option
from gitmilestone.faces.cli.tables.options import (
    GRAPH_FORMATS,
    HELD_FORMATS,
    LIST_FORMATS,
    ONE_FORMAT,
    ONE_PLACE,
    PAGE,
    QUERY,
    RUN,
    WHERE,
    one_format,
)

COMMANDS: tuple[Command, ...] = (
    Command(
        ("ready",),
        "List what can be worked on: open milestones that nothing holds up",
        f"{RUN}ready:run",
        "Neither blocked by hand nor waiting for a milestone that is open. A dependency on another repository "
        "(`repository:id`) holds a milestone up until the mirror says that it is closed there.",
        (QUERY,),
        (*PAGE, *one_format(*LIST_FORMATS), *WHERE),
        examples=(("What ana can start on", "git milestone ready owner:ana"),),
        exclusive=(ONE_PLACE, ONE_FORMAT, ("offset", "after")),
        section="plan",
    ),
    Command(
        ("blocked",),
        "List what is held up, by what, and where to begin",
        f"{RUN}blocked:run",
        "START WITH is the milestone at the root of the chain that can be worked on: of several, the one that comes "
        "first in the order of `list`.",
        (QUERY,),
        (*PAGE, *one_format(*HELD_FORMATS), *WHERE),
        examples=(("What holds up a release", "git milestone blocked label:release"),),
        exclusive=(ONE_PLACE, ONE_FORMAT, ("offset", "after")),
        section="plan",
    ),
    Command(
        ("graph",),
        "Draw what waits for what",
        f"{RUN}graph:run",
        "Below each milestone stands what it waits for; in `dot` and `mermaid` what comes first points at what waits "
        "for it. With ID, only what these wait for, and what waits for them.",
        (
            Argument(
                "id",
                "Ids of milestones, or beginnings that no other has; all by default.",
                required=False,
                many=True,
                completes="id",
            ),
        ),
        (
            Option(("-a", "--all"), "The closed ones too.", "flag"),
            Option(
                ("--type",),
                "`blocks` (the default), `relates` (in text marked with `~`), or both.",
                "choice",
                ("blocks", "relates", "all"),
            ),
            Option(
                ("--direction",),
                "`down` is what ID waits for, `up` what waits for it; both by default.",
                "choice",
                ("up", "down", "both"),
            ),
            Option(("--depth",), "At most that many steps from ID.", "integer"),
            *one_format(*GRAPH_FORMATS),
            *WHERE,
        ),
        examples=(
            ("What has to come before a release", "git milestone graph ship-2fa --direction down"),
            ("A picture", "git milestone graph --format dot | dot -Tsvg > graph.svg"),
        ),
        exclusive=(ONE_PLACE, ONE_FORMAT),
        section="plan",
    ),
)
