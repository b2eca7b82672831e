"""What was measured, beside its floor and its goal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.measure import Timing, format_table
from benchmarks.repositories import Made

HEADINGS = ("operation", "milestones", "layout", "ours", "floor", "ratio", "goal")
FLATNESS_HEADINGS = ("operation", "milestones", "dearest / cheapest", "goal")
_FLAT = 1.2


class Measured(NamedTuple):
    """One operation at one size.

    Attributes:
        floor: Its name and value; "" where there is none.
        ratio: To the floor.
        is_flat: Whether it is to cost the same at every size.
    """

    operation: str
    size: int
    layout: str
    ours: str
    floor: str = ""
    ratio: float | None = None
    goal: str = ""
    is_flat: bool = False


def compare(
    made: Made, operation: str, ours: Timing, floor: Timing, floor_name: str, goal: str = "", *, is_flat: bool = False
) -> Measured:
    ratio = ours.median / floor.median
    return Measured(operation, made.size, made.layout, str(ours), f"{floor_name} {floor}", ratio, goal, is_flat)


def compare_all(
    made: Made, timings: Mapping[str, Timing], floor_name: str, goals: Mapping[str, str], *, is_flat: bool = False
) -> list[Measured]:
    """Each of the timings against the one that is called `floor_name`."""
    floor = timings[floor_name]
    return [
        compare(made, name, timing, floor, floor_name, goals.get(name, ""), is_flat=is_flat)
        for name, timing in timings.items()
        if name != floor_name
    ]


def format_measured(rows: Iterable[Measured]) -> str:
    return format_table(HEADINGS, [_to_cells(row) for row in rows])


def _to_cells(row: Measured) -> Sequence[str]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return [row.operation, f"{row.size:,}", row.layout, row.ours, row.floor, ratio, row.goal]


def format_flatness(rows: Iterable[Measured]) -> str:
    """How much more an operation costs at one size than at another, in multiples of its floor at each."""
    ratios: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.is_flat and row.ratio is not None:
            ratios.setdefault(row.operation, {})[row.size] = row.ratio
    cells = [
        [name, f"{min(found):,} to {max(found):,}", f"{max(found.values()) / min(found.values()):.2f}", f"<= {_FLAT}"]
        for name, found in ratios.items()
        if len(found) > 1
    ]
    return format_table(FLATNESS_HEADINGS, cells) if cells else ""
