"""`git milestone __hook NAME ARG...`"""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.context import Context, Values
from gitmilestone.store.repository import discover
from gitmilestone.store.store import Store

_FOLDER = "gitmilestone.faces.hooks."
_RUN = {
    "pre-commit": "committing:check_staged",
    "prepare-commit-msg": "committing:prepare_message",
    "commit-msg": "committing:check_message",
    "post-commit": "warming:follow_pick",
    "post-checkout": "warming:follow_commit",
    "post-merge": "warming:follow_merge",
    "post-rewrite": "warming:follow_rebase",
    "pre-push": "pushing:check_push",
    "pre-receive": "pushing:check_received",
    "update": "pushing:check_update",
}


def run(context: Context, values: Values) -> int:
    """Runs one hook in the environment that git made for it; what it says goes to standard error."""
    name, args = values["name"], values["args"]
    if name not in _RUN:
        raise InvalidRequest(f"{name!r} is no hook of git milestone", f"one of: {', '.join(_RUN)}")
    module, _, function = (_FOLDER + _RUN[name]).partition(":")
    # Not Store.open: to finish what a killed writer had begun would stage, in the middle of somebody's commit.
    store = Store(discover(context.directory, context.environ))
    try:
        return _call(module, function, context, store, args)
    finally:
        store.close()


def _call(module: str, function: str, context: Context, store: Store, args: Sequence[str]) -> int:
    import sys

    __import__(module)
    return int(getattr(sys.modules[module], function)(context, store, args))
