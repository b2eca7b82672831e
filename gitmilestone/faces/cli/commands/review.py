"""`git milestone review [A..B]`"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.commands.sources import FINDINGS
from gitmilestone.faces.context import Context, Values
from gitmilestone.model.kinds import find_nearest
from gitmilestone.operations.checking.review import Review, review

_GATES: dict[str, Callable[[Review], bool]] = {
    "error": lambda found: any(problem.severity == "error" for problem in found.problems),
    "warning": lambda found: bool(found.problems),
    "slip": lambda found: any(move.field == "due" and move.days > 0 for move in found.dates),
    "pushed": lambda found: bool(found.pushed),
    "cycle": lambda found: bool(found.cycles),
    "conflict": lambda found: bool(found.conflicts or found.text_conflicts or found.strays),
    "stray": lambda found: bool(found.strays),
}


def run(context: Context, values: Values) -> int:
    gates = _read_gates(values["fail_on"])
    form = "json" if values["json"] else values["format"] or "text"
    if values["max_size"] is not None and form != "markdown":
        raise InvalidRequest("--max-size is for --format markdown", "leave it out")
    found = review(context.store, values["range"] or "", context)
    context.write(_format(found, form, values["max_size"], context))
    closed = [gate for gate in gates if _GATES[gate](found)]
    if closed:
        context.warn(f"--fail-on {','.join(closed)}: found")
    return FINDINGS if closed else 0


def _format(found: Review, form: str, max_size: int | None, context: Context) -> str:
    if form == "json":
        from gitmilestone.faces.envelope import dump
        from gitmilestone.faces.review.values import to_json_review

        return dump(to_json_review(found), context.style)
    if form == "markdown":
        from gitmilestone.faces.review.markdown import DEFAULT_SIZE, SMALLEST, format_markdown

        size = DEFAULT_SIZE if max_size is None else max_size
        if size < SMALLEST:
            raise InvalidRequest(f"a comment takes at least {SMALLEST} characters, not {size}", "raise --max-size")
        return format_markdown(found, size)
    from gitmilestone.faces.review.text import format_text

    return format_text(found, context.style)


def _read_gates(texts: Iterable[str]) -> list[str]:
    """What closes the gate, from words joined by commas."""
    words = dict.fromkeys(word.strip() for text in texts for word in text.split(",") if word.strip())
    for word in words:
        if word not in _GATES:
            nearest = find_nearest(word, _GATES)
            hint = f"did you mean `{nearest}`?" if nearest else f"one of {', '.join(_GATES)}"
            raise InvalidRequest(f"--fail-on takes no {word!r}", hint)
    return list(words)
