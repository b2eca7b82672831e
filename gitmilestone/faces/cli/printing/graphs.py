"""The graph of dependencies in every format that `graph` prints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gitmilestone.faces.cli.formats import STATUS_COLOURS
from gitmilestone.faces.terminal import Style, neutralise
from gitmilestone.model.link import Outline
from gitmilestone.operations.asking.graph import Direction, Graph
from gitmilestone.planning.graph import Branch, iter_branches

DEEPEST = 20
"""Levels of a tree of text: what lies deeper is drawn below it, from the left again."""

_MOST_REPEATED = 20
"""Branches of a milestone that are drawn elsewhere and still have a line each."""

_MARKS = {"cycle": "  (a cycle)", "above": "  (see above)", "below": "  (see below)"}
_FILLS = {"in_progress": "#fff3bf", "blocked": "#ffc9c9", "completed": "#d3f9d8", "cancelled": "#e9ecef"}
_UNKNOWN = "#f1f3f5"


def format_graph(graph: Graph, form: str, style: Style, direction: Direction = "both") -> str:
    """A graph in a form of `options.GRAPH_FORMATS`."""
    if form == "text":
        return "".join(f"{line}\n" for line in _Text(graph, style).iter_lines(direction))
    return _FORMATS[form](graph, style)


class _Text:
    """Trees: below each milestone what it waits for; or, the other way round, what waits for it."""

    def __init__(self, graph: Graph, style: Style) -> None:
        self._graph = graph
        self._style = style
        self._types = {(link.id, link.on): link.type for link in graph.links}
        self._down: dict[str, list[str]] = {}
        self._up: dict[str, list[str]] = {}
        place = {name: at for at, name in enumerate(graph.outlines)}
        for link in graph.links:
            self._down.setdefault(link.id, []).append(link.on)
            self._up.setdefault(link.on, []).append(link.id)
        for names in (*self._down.values(), *self._up.values()):
            names.sort(key=place.__getitem__)

    def iter_lines(self, direction: Direction) -> Iterator[str]:
        given = self._graph.given
        if not given:
            # Those that nobody waits for; then, of what is left, one of each circle.
            tops = [name for name in self._graph.outlines if name not in self._up]
            yield from self._draw([*tops, *self._graph.outlines], self._down)
            return
        yield from self._draw(given, self._up if direction == "up" else self._down)
        for name in given if direction == "both" else ():
            if name in self._up:
                yield ""
                yield f"waiting for {name}:"
                first, *others = self._draw([name], self._up)
                del first  # it has just been named
                yield from others

    def _draw(self, starts: Iterable[str], following: dict[str, list[str]]) -> list[str]:
        branches = iter_branches(starts, lambda name: following.get(name, ()), DEEPEST, _MOST_REPEATED)
        return [self._draw_line(branch) for branch in branches]

    def _draw_line(self, branch: Branch) -> str:
        *above, last = branch.closing or (True,)
        lead = "".join("   " if is_last else "│  " for is_last in above)
        if branch.closing:
            lead += "└─ " if last else "├─ "
        if branch.mark == "more":
            return f"{lead}... and {branch.left_out} more, drawn elsewhere"
        outline = self._graph.outlines[branch.id]
        pair = (branch.above, branch.id)
        is_related = "relates" in (self._types.get(pair), self._types.get(pair[::-1]))
        return f"{lead}{'~ ' if is_related else ''}{self._describe(outline)}{_MARKS.get(branch.mark, '')}"

    def _describe(self, outline: Outline) -> str:
        style = self._style
        name = style.paint(style.cell(outline.id), "yellow")
        if not outline.is_known:
            return f"{name}  ({outline.obstacle})"
        parts = [name, style.paint(outline.status, STATUS_COLOURS.get(outline.status, ""))]
        parts += [outline.due.isoformat()] if outline.due else []
        return "  ".join([*parts, style.cell(outline.title)])


def _format_json(graph: Graph, style: Style) -> str:
    from gitmilestone.faces.envelope import dump_envelope, to_json_outline

    facts: dict[str, Any] = {
        "dependencies": [link._asdict() for link in graph.links],
        "cycles": graph.cycles,
    }
    return dump_envelope("milestones", map(to_json_outline, graph.outlines.values()), style, **facts)


def _format_dot(graph: Graph, style: Style) -> str:
    """What comes first points at what waits for it."""
    del style
    lines = [
        "digraph milestones {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fillcolor="white", fontname="sans-serif"];',
    ]
    for name, outline in graph.outlines.items():
        border = ', style="rounded,filled,dashed"' if ":" in name or not outline.is_known else ""
        label = "\\n".join(_quote_dot(text) for text in _label(outline))
        lines.append(f'  "{name}" [label="{label}", fillcolor="{_fill(outline)}"{border}];')
    on_cycle = _steps(graph)
    for link in graph.links:
        looks = "style=dashed, arrowhead=none" if link.type == "relates" else ""
        looks = 'color="red"' if (link.id, link.on) in on_cycle else looks
        lines.append(f'  "{link.on}" -> "{link.id}"{f" [{looks}]" if looks else ""};')
    return "\n".join([*lines, "}"]) + "\n"


def _format_mermaid(graph: Graph, style: Style) -> str:
    del style
    numbers = {name: f"n{number}" for number, name in enumerate(graph.outlines, 1)}
    lines = ["flowchart LR"]
    for name, outline in graph.outlines.items():
        label = "<br/>".join(_quote_mermaid(text) for text in _label(outline))
        lines.append(f'  {numbers[name]}["{label}"]')
    for link in graph.links:
        arrow = "-.-" if link.type == "relates" else "-->"
        lines.append(f"  {numbers[link.on]} {arrow} {numbers[link.id]}")
    for status, fill in (*_FILLS.items(), ("", _UNKNOWN)):
        names = [numbers[name] for name, outline in graph.outlines.items() if outline.status == status]
        if names:
            kind = status or "unknown"
            lines += [f"  classDef {kind} fill:{fill}", f"  class {','.join(names)} {kind}"]
    return "\n".join(lines) + "\n"


def _label(outline: Outline) -> list[str]:
    """Its lines, of which none can end another."""
    title = outline.title if outline.is_known else f"({outline.obstacle})"
    return [neutralise(" ".join(text.split())) for text in (title, outline.id)]


def _fill(outline: Outline) -> str:
    return _FILLS.get(outline.status, "white") if outline.is_known else _UNKNOWN


def _steps(graph: Graph) -> set[tuple[str, str]]:
    from itertools import pairwise

    return {step for cycle in graph.cycles for step in pairwise(cycle)}


def _quote_dot(text: str) -> str:
    """Graphviz reads backslashes, and entities as HTML has them."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def _quote_mermaid(text: str) -> str:
    """Whatever could mean something to Mermaid, HTML or Markdown is the number of its character."""
    return re.sub(r"[^\w .,()/-]", lambda found: f"#{ord(found[0])};", text)


_FORMATS: dict[str, Callable[[Graph, Style], str]] = {
    "json": _format_json,
    "dot": _format_dot,
    "mermaid": _format_mermaid,
}
