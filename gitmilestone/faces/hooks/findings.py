"""What hooks say: on standard error, for a terminal or a log that may be another's, at the other end of a push."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.faces.context import Context
from gitmilestone.faces.runner import make_inert
from gitmilestone.faces.terminal import neutralise
from gitmilestone.model.problem import Problem

_SHOWN = 20


def tell(context: Context, text: str) -> None:
    if text:
        context.warn(make_inert(neutralise(text)))


def tell_problems(context: Context, problems: Sequence[Problem], outcome: str, way_out: str) -> int:
    """Shows problems as `check` does, the errors first; 1 where there are errors.

    Args:
        outcome: What errors led to.
        way_out: What helps.
    """
    ordered = sorted(problems, key=lambda problem: problem.severity)
    errors = sum(1 for problem in problems if problem.severity == "error")
    for problem in ordered[:_SHOWN]:
        tell(context, " ".join(str(problem).splitlines()))
    if len(ordered) > _SHOWN:
        tell(context, f"and {len(ordered) - _SHOWN} more")
    if errors:
        tell(context, f"error: {errors} {'error' if errors == 1 else 'errors'} in milestones: {outcome}")
        tell(context, f"hint: {way_out}")
    return 1 if errors else 0
