"""What is said behind rows."""

from __future__ import annotations

from gitmilestone.faces.context import Context
from gitmilestone.operations.asking.query import COUNTED


def note_more(context: Context, hidden: int, limit: int, last: str = "") -> None:
    """Says that rows follow, and how to see them.

    Args:
        last: Id of the last one shown; "" where --after can't be given.
    """
    ways = [f"--limit {limit + hidden}"] if hidden < COUNTED else []
    ways += [f"--after {last}"] if last else []
    more = f"{hidden} more" if hidden < COUNTED else f"{COUNTED} or more"
    note(context, f"... and {more} ({', or '.join(ways)})" if ways else f"... and {more}")


def note(context: Context, text: str) -> None:
    """Behind the rows where a person reads them, which may be in a pager; never among them in a pipe."""
    if context.stdout_is_terminal:
        context.write(text)
    else:
        context.warn(text)
