"""`git milestone index rebuild|verify|drop|status`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.sources import FINDINGS
from gitmilestone.faces.cli.commands.status import describe_index, format_bytes, index_to_json
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.scaling.index import drop_index, get_index_status, rebuild_index, verify_index

_SHOWN = 20


def status(context: Context, values: Values) -> int:
    found = get_index_status(context.store)
    tree = context.store.files_at().tree
    if values["json"]:
        from gitmilestone.faces.envelope import SCHEMA_VERSION, dump

        value = {"schema_version": SCHEMA_VERSION, "index": index_to_json(found, tree)}
        context.write(dump(value, context.style))
        return 0
    context.write(f"Index: {describe_index(found, tree)}")
    if found.is_there:
        context.write(f"Path: {found.path}")
    if found.stamp:
        context.write(f"Tree: {found.stamp}{'' if found.stamp == tree else f' (HEAD has {tree})'}")
    if found.retired:
        context.write(f"Kept beside it: {found.retired} documents that were parsed and are in the tree no more")
    return 0


def rebuild(context: Context, _: Values) -> int:
    built = rebuild_index(context.store, context)
    context.write(f"indexed {built.milestones} milestones in {format_bytes(built.bytes)}")
    return 0


def verify(context: Context, _: Values) -> int:
    verified = verify_index(context.store, context)
    for fault in verified.faults[:_SHOWN]:
        context.write(": ".join(filter(None, (fault.table, fault.id, fault.message))))
    if not verified.faults:
        context.write(f"all rows of {verified.milestones} milestones are what their files say")
        return 0
    if len(verified.faults) > _SHOWN:
        context.write(f"and {len(verified.faults) - _SHOWN} more")
    context.warn("hint: `git milestone index rebuild` makes it anew")
    return FINDINGS


def drop(context: Context, _: Values) -> int:
    context.write("removed the index" if drop_index(context.store, context) else "there was no index")
    return 0
