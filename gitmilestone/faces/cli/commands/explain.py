"""`git milestone list --explain`"""

from __future__ import annotations

from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.asking.explain import Explained, explain
from gitmilestone.query.query import Query
from gitmilestone.store.files import Files
from gitmilestone.tiers.table import get_tier

_CLAUSES = (" FROM milestone ", " WHERE ", " ORDER BY ", " LIMIT ")


def write_explanation(context: Context, values: Values, files: Files, query: Query) -> int:
    explained = explain(context.store, files, query, context, after=values["after"])
    tier = get_tier(files).name
    if values["json"]:
        from gitmilestone.faces.envelope import SCHEMA_VERSION, dump

        fields = {**explained.how._asdict(), "seconds": round(explained.how.seconds, 6)}
        place = {"tier": tier, "is_on_disk": explained.is_on_disk, "milestones": explained.milestones}
        context.write(dump({"schema_version": SCHEMA_VERSION, "explanation": {**place, **fields}}, context.style))
        return 0
    context.write("\n".join(_describe(explained, tier)))
    return 0


def _describe(explained: Explained, tier: str) -> list[str]:
    how = explained.how
    where = "the index on disk" if explained.is_on_disk else "an index in memory, made from the files"
    sql = how.sql
    for clause in _CLAUSES:
        before, found, after = sql.rpartition(clause)
        sql = f"{before}\n {clause.rstrip()} {after}" if found else sql
    return [
        f"Tier: {tier}, answered from {where}",
        "SQL:",
        *(f"  {line}" for line in sql.split("\n")),
        *(f"  ?{place} = {value!r}" for place, value in enumerate(how.parameters, 1)),
        "Plan:",
        *(f"  {line}" for line in how.plan),
        f"Indexes: {', '.join(how.indexes) or 'none, every row is looked at'}",
        f"Rows: {how.rows} found, {how.rows_read} of {explained.milestones} read",
        f"Time: {1000 * how.seconds:.2f} ms",
    ]
