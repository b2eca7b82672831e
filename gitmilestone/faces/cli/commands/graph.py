"""`git milestone graph`"""

from __future__ import annotations

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.commands.notes import note
from gitmilestone.faces.cli.commands.sources import files_of, find_id, hint_if_empty
from gitmilestone.faces.cli.printing.graphs import format_graph
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.model.milestone import DEPENDENCY_TYPES
from gitmilestone.operations.asking.graph import Around, Direction, read_graph

_MERMAID_DRAWS = 500


def run(context: Context, values: Values) -> int:
    form = "json" if values["json"] else values["format"] or "text"
    names = tuple(find_id(context, name) for name in values["id"])
    if not names and (values["direction"] or values["depth"] is not None):
        raise InvalidRequest("--direction and --depth are seen from a milestone", "name one, or leave them out")
    wanted = values["type"] or "blocks"
    types = DEPENDENCY_TYPES if wanted == "all" else (wanted,)
    direction: Direction = values["direction"] or "both"
    files = files_of(context, values)
    around = Around(names, direction, values["depth"])
    graph = read_graph(context.store, files, around, types, context, everything=values["all"])
    context.write(format_graph(graph, form, context.style, direction))
    if form == "text" and not graph.outlines:
        closed = 0 if values["all"] else len(read_graph(context.store, files, around, types, everything=True).links)
        hidden = f" that is open; {count_nouns(closed, 'link')} to or from what is closed (--all shows them)"
        note(context, f"nothing depends on anything{hidden if closed else ''}")
        hint_if_empty(context, files)
    if form == "mermaid" and len(graph.links) > _MERMAID_DRAWS:
        context.warn(f"hint: {len(graph.links)} links; Mermaid draws {_MERMAID_DRAWS} unless its `maxEdges` is raised")
    return 0
