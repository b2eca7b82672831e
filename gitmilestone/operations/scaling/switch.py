"""Moves a project from one tier to another: a commit, which `git revert` takes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gitmilestone.changes.commit import DEFAULT, commit_edit, rehearse
from gitmilestone.changes.edit import Rewrite
from gitmilestone.derived.database import read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.errors import InvalidRequest, MilestoneError, Refused
from gitmilestone.model.config import TIERS, encode_tier
from gitmilestone.model.git_settings import find_git_setting
from gitmilestone.model.layout import TIER_FILE
from gitmilestone.operations.scaling.measure import (
    SCORE_TRAILER,
    Weighed,
    consider,
    find_switches,
    take_sizes,
    weigh,
)
from gitmilestone.operations.scaling.migration import DIGEST_TRAILER, back_up, describe
from gitmilestone.progress import SILENT, Progress, Watch
from gitmilestone.query.query import OPEN, Query
from gitmilestone.scale.decision import ScaleDecision, Switch
from gitmilestone.snapshot.settings import get_scale_settings, get_sound_project
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan, WriteOptions
from gitmilestone.tiers.compare import Comparison
from gitmilestone.tiers.table import find_tier, get_tier, iter_tiers, load_tier
from gitmilestone.tiers.tier import Site

_PROBED_ROWS = 50
_PROBED = (Query(OPEN, limit=_PROBED_ROWS), Query(limit=_PROBED_ROWS))
_SLOW_QUERIES = 20
_KEPT_SECONDS = 86400
"""For which an embedded server's files stay after a revert: who reverts may do so again."""

_STEPS = ("detect", "back up", "initialise", "copy and compare", "switch", "verify", "clean up")


class TierSwitch(NamedTuple):
    """Attributes:
    compared: What the target holds, against the files; None where nothing was copied.
    backup: The ref that keeps the commit before it.
    commit: None where it was only staged, or nothing was to be done.
    reverted: Why it was taken back at once; "" where it stands.
    """

    before: str
    after: str
    compared: Comparison | None = None
    backup: str = ""
    commit: str | None = None
    reverted: str = ""


class Step(NamedTuple):
    """What `--dry-run` tells of.

    Attributes:
        where: The server that a mirror would be on; "" for the other tiers.
        obstacle: Why it can't be done; "" where it can.
    """

    before: str
    after: str
    milestones: int
    where: str
    obstacle: str


def list_tiers(store: Store) -> tuple[str, dict[str, float | None]]:
    """The tier that the project is on, and of all tiers the score from which each is wanted; None where by none."""
    files = store.files_at()
    limits = get_scale_settings(files).limits
    return get_tier(files).name, {tier: limits.get(tier, {}).get("score") for tier in TIERS}


def plan_switch(store: Store, target: str, watch: Watch = SILENT) -> Step:
    """What a switch would have to do, without doing it.

    Raises:
        InvalidRequest: There is no such tier.
        NotInitialised; InvalidContent: The project's settings have errors.
    """
    tier = find_tier(target)
    if tier is None:
        raise InvalidRequest(f"{target!r} is no tier", f"one of: {', '.join(TIERS)}")
    files = store.files_at()
    get_sound_project(files)
    count = read_index(store, files, lambda index: index.milestones, watch)
    obstacle = tier.find_obstacle(store, is_asked=True)
    site = Site("", obstacle) if obstacle else tier.try_site(store)
    return Step(get_tier(files).name, target, count, site.where, site.obstacle)


def rehearse_switch(store: Store, step: Step, options: WriteOptions = DEFAULT) -> None:
    """Refuses what the commit of a switch would be refused for; nothing is built or started.

    Raises:
        As a write does.
    """
    if step.before != step.after and not step.obstacle:
        rehearse(store, Rewrite(lambda files: _plan(files, step.before, step.after, None, None, options)), options)


def switch_tier(
    store: Store,
    target: str,
    options: WriteOptions = DEFAULT,
    watch: Watch = SILENT,
    decision: ScaleDecision | None = None,
) -> TierSwitch:
    """Builds the target, compares every record with its file, commits the switch, and tries what was built.

    The commit before it is kept by a ref. Where a record differs, nothing is committed; where the target does not
    answer, the commit is taken back by another.

    Args:
        decision: Why; None where somebody asked for it.

    Raises:
        Refused: The tier can't be had here, or a record is not what its file says.
    """
    with _take(watch, "detect") as seen:
        step = plan_switch(store, target, seen)
    if step.before == target:
        if step.obstacle:
            watch.warn(f"warning: {target} can't be had here: {step.obstacle}")
        else:  # who asks for it has it brought along, however lately it was away
            load_tier(target).follow(store, watch)
        return TierSwitch(step.before, target)
    if step.obstacle:
        raise Refused(f"{target} can't be had here: {step.obstacle}", "`git milestone status` says what is missing")
    with _take(watch, "back up"):
        backup = back_up(store, options, step.before, target)
    with _take(watch, "initialise"):
        load_tier(target).prepare(store)
    with _take(watch, "copy and compare") as seen:
        compared = _build(store, target, seen)
    with _take(watch, "switch"):
        edit = Rewrite(lambda files: _plan(files, step.before, target, decision, compared, options))
        written = commit_edit(store, edit, options)
    switch = TierSwitch(step.before, target, compared, backup, written.commit)
    if written.commit is None:
        return switch
    with _take(watch, "verify") as seen:
        fault = _find_fault(store, target, seen) if compared else ""
    with _take(watch, "roll back" if fault else "clean up"):
        if fault:
            take_back(store, written.commit, step.before, target, fault, options)
        load_tier(target if fault else step.before).drop(store)
    return switch._replace(reverted=fault)


def take_back(
    store: Store, commit: str, before: str, after: str, reason: str, options: WriteOptions = DEFAULT
) -> str | None:
    """Commits what `git revert` of a switch would: the tier as it was. Returns the commit's oid."""

    def build(files: Files) -> Plan[None]:
        if get_tier(files).name != after:
            return Plan({}, "")
        said = f'Revert "milestone: migrate tier {before} -> {after}"\n\nThis reverts commit {commit}.\n\n{reason}\n'
        return Plan({TIER_FILE: encode_tier(before)}, said)

    same = WriteOptions(when=options.when, verify=options.verify, detached=options.detached)
    return commit_edit(store, Rewrite(build), same).commit


def follow(
    store: Store, watch: Watch = SILENT, now: int | None = None, options: WriteOptions = DEFAULT
) -> TierSwitch | None:
    """Takes the decision after a write or a merge, where it is time to, and carries out what is due.

    What goes wrong is told and leaves the project where it is: nobody's write fails for it.

    Args:
        now: Unix seconds.
    """
    moment = int(time.time()) if now is None else now
    try:
        weighed = consider(store, moment, watch)
        if weighed is None:
            return None
        for tier in iter_tiers():
            if tier.name != weighed.decision.current:
                tier.drop(store, _KEPT_SECONDS)
        slow = _take_back_slow(store, weighed, moment, options)
        if slow or not weighed.decision.is_due:
            return slow
        wanted = find_git_setting(store.config, "milestone.autoMigrate")
        decision = weighed.decision
        if wanted == "off":
            return None
        if wanted == "suggest":
            watch.warn(
                f"hint: the tier {decision.tier} would suit this project; `git milestone migrate {decision.tier}`"
            )
            return None
        switch = switch_tier(store, decision.tier, options, watch, decision)
    except MilestoneError as error:
        watch.warn(f"warning: the tier stays as it is: {error.message}")
        return None
    if switch.commit and not switch.reverted:
        watch.warn(
            f"migrated tier {switch.before} -> {switch.after} [{switch.commit[:10]}]; "
            f"`git revert {switch.commit[:10]}` takes it back"
        )
    return switch


def carry_out_now(store: Store, watch: Watch = SILENT, options: WriteOptions = DEFAULT) -> TierSwitch:
    """Does what is pending, without waiting for its delay."""
    decision = _decide_now(store, watch)
    return switch_tier(store, decision.target, options, watch, decision)


def plan_pending(store: Store, watch: Watch = SILENT) -> Step:
    """What `carry_out_now` would do."""
    return plan_switch(store, _decide_now(store, watch).target, watch)


def _decide_now(store: Store, watch: Watch) -> ScaleDecision:
    files = store.files_at()
    get_sound_project(files)
    sizes = read_index(store, files, lambda index: take_sizes(store, files, index), watch)
    return weigh(store, files, sizes, int(time.time()), switches=find_switches(store)).decision


def _take_back_slow(store: Store, weighed: Weighed, now: int, options: WriteOptions) -> TierSwitch | None:
    """A switch behind which queries became too slow is taken back within its delay."""
    settings, metrics = weighed.settings, weighed.metrics
    if metrics.average_query_ms <= settings.rollback_threshold:
        return None
    if metrics.query_frequency * settings.monitoring_interval / 60 < _SLOW_QUERIES:
        return None
    last = next(iter(find_switches(store)), None)
    if last is None or last.reverted_by or not _is_recent(last, now, settings.migration_delay):
        return None
    reason = (
        f"Queries took {metrics.average_query_ms:.0f} ms on average behind it, "
        f"more than the rollback_threshold of {settings.rollback_threshold:g} ms."
    )
    take_back(store, last.oid, last.before, last.after, reason, options)
    return TierSwitch(last.before, last.after, commit=last.oid, reverted=reason)


class _StepWatch:
    """Says before each bar which step of the switch it belongs to."""

    def __init__(self, watch: Watch, step: str) -> None:
        self._watch = watch
        number = _STEPS.index(step) + 1 if step in _STEPS else len(_STEPS)
        self.title = f"[{number}/{len(_STEPS)}] {step}"

    def track(self, label: str, total: int) -> Progress:
        return self._watch.track(f"{self.title}: {label}", total)

    def warn(self, text: str) -> None:
        self._watch.warn(text)


@contextmanager
def _take(watch: Watch, step: str) -> Iterator[Watch]:
    """A step of a switch, which has a bar of its own where it takes long; those of its parts come before."""
    within = _StepWatch(watch, step)
    with watch.track(within.title, 1) as progress:
        yield within
        progress.advance()


def _is_recent(switch: Switch, now: int, seconds: float) -> bool:
    return 0 <= now - switch.time <= seconds


def _build(store: Store, target: str, watch: Watch) -> Comparison | None:
    """Brings the target to HEAD, and compares it with the files; the file tier is what is there already."""
    compared = load_tier(target).build(store, store.files_at(), watch)
    if compared is not None and compared.differing:
        listed = ", ".join(compared.differing[:8])
        raise Refused(
            f"{len(compared.differing)} of {compared.records} records are not what their files say: {listed}",
            "`git milestone index rebuild`, then try again; please report it",
        )
    return compared


def _find_fault(store: Store, target: str, watch: Watch) -> str:
    """Asks what was built a few questions; says what is wrong with the answers."""
    files = store.files_at()
    try:
        found = load_tier(target).ask(store, files, _probe, watch)
    except MilestoneError as error:
        return f"The new tier does not answer: {error.message}."
    counted = min(read_index(store, files, lambda index: index.milestones, watch), _PROBED_ROWS)
    return "" if found == counted else f"The new tier gave {found} rows where there are {counted}."


def _probe(index: Engine) -> int:
    """How many rows the last of a few questions finds: a first page of all."""
    return [len(index.rows(query)) for query in _PROBED][-1]


def _plan(
    files: Files,
    before: str,
    target: str,
    decision: ScaleDecision | None,
    compared: Comparison | None,
    options: WriteOptions,
) -> Plan[None]:
    if get_tier(files).name != before:
        raise Refused(f"the tier became {get_tier(files).name} meanwhile", "look at `git milestone status`")
    title = f"tier {before} -> {target}"
    reasons = decision.reasons if decision else ()
    told = [f"{reason.name} is {reason.value:g}, and the limit {reason.limit:g}." for reason in reasons]
    trailers = [f"{SCORE_TRAILER}: {decision.score.total:.1f}"] if decision else []
    trailers += [f"{DIGEST_TRAILER}: {compared.digest} of {compared.records}"] if compared else []
    return Plan({TIER_FILE: encode_tier(target)}, describe(title, options.message, trailers, told))
