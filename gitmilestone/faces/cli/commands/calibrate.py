"""`git milestone calibrate`"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitmilestone.errors import NotARepository
from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.scaling.calibrate import PATIENCE_MS, SECONDS, Calibration, calibrate
from gitmilestone.scale.calibration import Costs, Limit, Sample, format_settings

_HEADINGS = ("MILESTONES", "FILES", "INDEX", "MIRROR", "CONNECTED", "WRITE", "WITH INDEX", "WITH MIRROR")


def run(context: Context, values: Values) -> int:
    seconds = SECONDS if values["seconds"] is None else values["seconds"]
    patience = PATIENCE_MS if values["patience"] is None else values["patience"]
    dsn = _find_dsn(context) if values["postgres"] else None
    found = calibrate(context.environ, seconds, patience, dsn, context)
    if values["json"]:
        from gitmilestone.faces.envelope import SCHEMA_VERSION, dump

        context.write(dump({"schema_version": SCHEMA_VERSION, "calibration": _to_json(found)}, context.style))
    else:
        context.write("\n".join(_describe(found, patience, context)))
    return 0


def _find_dsn(context: Context) -> str:
    """The server that the configuration names; "" where it names none, or there is no repository around."""
    from gitmilestone.derived.postgres.server.connect import DSN_KEY

    try:
        return context.store.config.get(DSN_KEY, "")
    except NotARepository:
        return ""


def _describe(found: Calibration, patience: float, context: Context) -> Iterator[str]:
    yield "Milliseconds of the slowest of five questions, and of one change committed"
    yield ""
    yield align(_HEADINGS, [_cells(sample) for sample in found.samples], context.style)
    yield f"Mirror: {found.server or 'not measured; --postgres takes any server there is'}"
    yield _explain(found, found.proposal.sqlite, f"the index saves more than {patience:g} ms")
    slow = "the mirror answers faster than the index" if found.server else f"the index takes more than {patience:g} ms"
    yield _explain(found, found.proposal.postgresql, slow)
    yield ""
    yield "For .milestones/config/project.yaml:"
    yield ""
    yield format_settings(found.proposal)


def _cells(sample: Sample) -> list[Cell]:
    answers = [costs and costs.slowest for costs in sample[1:]]
    writes = [costs and costs.write for costs in (sample.file, sample.sqlite, sample.postgresql)]
    return [Cell(f"{sample.milestones:,}"), *(Cell(_format(milliseconds)) for milliseconds in (*answers, *writes))]


def _format(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds:,.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}"


def _explain(found: Calibration, limit: Limit, what: str) -> str:
    if limit.is_reached:
        return f"From about {limit.milestones:,} milestones {what}."
    largest = found.samples[-1].milestones
    return f"At no size up to {largest:,} milestones {what}: {limit.milestones:,} is proposed."


def _to_json(found: Calibration) -> dict[str, Any]:
    limits = {"sqlite": found.proposal.sqlite, "postgresql": found.proposal.postgresql}
    return {
        "samples": [
            {name: _costs_to_json(value) if isinstance(value, Costs) else value for name, value in named.items()}
            for named in (sample._asdict() for sample in found.samples)
        ],
        "server": found.server or None,
        "limits": {tier: limit._asdict() for tier, limit in limits.items()},
        "scale": found.proposal.settings,
    }


def _costs_to_json(costs: Costs) -> dict[str, Any]:
    questions = {name: round(milliseconds, 3) for name, milliseconds in costs.questions.items()}
    return {"questions_ms": questions, "write_ms": round(costs.write, 3)}
