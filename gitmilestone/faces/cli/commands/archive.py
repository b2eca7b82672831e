"""`git milestone archive [QUERY]`"""

from __future__ import annotations

import time

from gitmilestone.faces.cli.commands.outcomes import describe_commit, perform
from gitmilestone.faces.cli.commands.sources import today
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.operations.editing.archive import archive
from gitmilestone.query.parse import parse


def run(context: Context, values: Values) -> int:
    query = parse(" ".join(values["query"]), today=today()) if values["query"] else None
    edit = archive(context.store, query, int(time.time()), context, on_any_branch=values["any_branch"])
    written = perform(context, values, edit)
    archived = written.outcome
    done = "would archive" if values["dry_run"] else "archived"
    for name in archived.ids:
        context.write(f"{done} {name}{'' if values['dry_run'] else describe_commit(written.commit)}")
    if not archived.ids:
        context.warn("nothing to archive")
    if archived.kept and not values["query"]:
        kept = count_nouns(archived.kept, "closed milestone")
        context.warn(f"left {kept}, not known to be closed for {archived.days:g} days; a query archives them even so")
    return 0
