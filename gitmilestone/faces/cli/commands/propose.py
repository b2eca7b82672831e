"""`git milestone propose`"""

from __future__ import annotations

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.commands.outcomes import describe_commit
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.model.layout import ROOT
from gitmilestone.operations.merging.propose import propose
from gitmilestone.store.writing.plan import WriteOptions


def run(context: Context, values: Values) -> int:
    if values["message"] is not None and not values["message"].strip():
        raise InvalidRequest("the commit message is blank", "leave -m out, and it says what changed")
    options = WriteOptions(message=values["message"], verify=not values["no_verify"])
    proposal = propose(
        context.store, values["branch"] or "", values["base"] or "HEAD", options, context, keeps=values["keep"]
    )
    for problem in proposal.warnings:
        context.warn(str(problem))
    context.write(proposal.branch)
    count = len(proposal.changes)
    what = count_nouns(count, "milestone") if count else "the project's settings"
    context.warn(f"proposed {what}{describe_commit(proposal.commit)}")
    for path in proposal.left:
        context.warn(
            f"warning: {ROOT}/{path} was edited meanwhile; the newer edit stays here, and is not in the branch"
        )
    if proposal.remote:
        context.warn(f"hint: `git push -u {proposal.remote} {proposal.branch}` hands it in")
    else:
        context.warn("hint: there is no remote to push it to: `git remote add` names one")
    return 0
