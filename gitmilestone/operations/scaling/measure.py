"""Measures the project, and decides whether it has outgrown its tier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.derived.database import read_index
from gitmilestone.derived.operation_load import measure_load
from gitmilestone.derived.sizes import iter_edges
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import EnvironmentFault
from gitmilestone.model.config import TIERS
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.model.scale_settings import ScaleSettings
from gitmilestone.operations.scaling.migration import TRAILER
from gitmilestone.operations.scaling.pace import STATE, is_time, read_text, read_times
from gitmilestone.progress import SILENT, Watch
from gitmilestone.scale.decision import ScaleDecision, ScaleHistory, Switch, decide
from gitmilestone.scale.metrics import ScaleMetrics, find_depth, rate_coordination
from gitmilestone.snapshot.settings import get_scale_settings
from gitmilestone.store.asking.people_lately import find_people_lately
from gitmilestone.store.asking.trailers import find_trailed
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.tiers.table import get_tier, iter_tiers

SCORE_TRAILER = "Milestone-Score"
_TIER_MIGRATION = "tier "
_DAY = 86400

_EDGES = "edges"
"""In the state folder: what the edges of a tree came to."""
_EDGES_VERSION = 1


class Sizes(NamedTuple):
    """Attributes:
    bytes: Of the milestones' files.
    depth: Of the longest chain of dependencies.
    pairs: Of projects, and of owners, one of which waits for the other, in open milestones.
    """

    milestones: int
    bytes: int
    depth: int
    pairs: int


class Weighed(NamedTuple):
    settings: ScaleSettings
    metrics: ScaleMetrics
    decision: ScaleDecision


def take_sizes(store: Store, files: Files, index: Index) -> Sizes:
    """O(1) where the dependencies of this tree were looked at before, else one pass over them.

    Args:
        index: Of `files`.
    """
    known = _read_edges(store, files)
    if known is None:
        known = _gather_edges(index)
        if isinstance(files, TreeFiles):
            _write(store, _EDGES, f"{_EDGES_VERSION} {files.tree or '-'} {known[0]} {known[1]}")
    return Sizes(index.milestones, index.data_volume, *known)


def measure(store: Store, sizes: Sizes, settings: ScaleSettings, now: int, sessions: int = 0) -> ScaleMetrics:
    """Adds what git and this clone's operation log know.

    Args:
        now: Unix seconds.
        sessions: Users that are served at this moment and commit nothing themselves.
    """
    load = measure_load(store.repository.state_dir, now, settings.monitoring_interval)
    people = find_people_lately(store, now - int(settings.user_days * _DAY))
    return ScaleMetrics(
        milestone_count=sizes.milestones,
        data_volume_mb=sizes.bytes / 1e6,
        dependency_depth=sizes.depth,
        concurrent_users=len(people) + sessions,
        coordination_complexity=rate_coordination(sizes.pairs),
        query_frequency=load.queries_a_minute,
        query_complexity=load.complexity,
        average_query_ms=load.query_ms,
        write_operations_per_second=load.writes_a_second,
    )


def weigh(
    store: Store, files: Files, sizes: Sizes, now: int, sessions: int = 0, switches: tuple[Switch, ...] | None = None
) -> Weighed:
    """The decision, without acting upon it or remembering it.

    Args:
        switches: As `find_switches` found them; None looks for them where they matter.
    """
    settings = get_scale_settings(files)
    metrics = measure(store, sizes, settings, now, sessions)
    history = ScaleHistory(get_tier(files).name, switches or (), _read_wishes(store))
    unavailable = find_unavailable(store)
    decision = decide(metrics, settings, history, now, unavailable)
    if switches is None and decision.target != decision.current:
        decision = decide(metrics, settings, history._replace(switches=find_switches(store)), now, unavailable)
    return Weighed(settings, metrics, decision)


def consider(store: Store, now: int, watch: Watch = SILENT) -> Weighed | None:
    """Takes the decision and remembers since when something else has been wanted: after writes and merges.

    None where it is not time yet: the project is looked at once in a `monitoring_interval`. What is due is the caller's
    to carry out. The edges, whose pass is what costs in a large project, are looked at only where they could matter: no
    metric lowers the tier.

    Args:
        now: Unix seconds.
    """
    if not is_time(store, now):
        return None
    files = store.files_at()
    if files.find(PROJECT_FILE) is None:
        return None
    counts = read_index(store, files, lambda index: Sizes(index.milestones, index.data_volume, 0, 0), watch)
    weighed = weigh(store, files, counts, now)
    if _may_edges_matter(store, weighed.decision):
        sizes = read_index(store, files, lambda index: take_sizes(store, files, index), watch)
        weighed = weigh(store, files, sizes, now)
    lines = [f"looked {now}", f"next {now + int(weighed.settings.monitoring_interval)}"]
    lines += [f"{tier} {since}" for tier, since in weighed.decision.wishes.items()]
    _write(store, STATE, "\n".join(lines))
    return weighed


def find_switches(store: Store) -> tuple[Switch, ...]:
    """The commits below HEAD that changed the tier, the newest first. O(history)."""
    migrations = find_trailed(store, TRAILER)
    if not any(found.value.startswith(_TIER_MIGRATION) for found in migrations):
        return ()
    scores = {found.oid: _find_number(found.value) for found in find_trailed(store, SCORE_TRAILER)}
    switches = []
    for found in migrations:
        before, arrow, after = found.value.removeprefix(_TIER_MIGRATION).partition(" -> ")
        if found.value.startswith(_TIER_MIGRATION) and arrow and before in TIERS and after in TIERS:
            score = scores.get(found.oid)
            switches.append(Switch(found.oid, found.author, found.time, before, after, score, found.reverted_by))
    return tuple(switches)


def find_unavailable(store: Store, *, is_asked: bool = False) -> Mapping[str, str]:
    """Tier -> why it can't be had in this clone.

    Args:
        is_asked: Whether somebody has asked for it: a server that only the environment names may be meant for
            something else, and is not taken by itself.
    """
    found = {tier.name: tier.find_obstacle(store, is_asked=is_asked) for tier in iter_tiers()}
    return {name: obstacle for name, obstacle in found.items() if obstacle}


def _gather_edges(index: Index) -> tuple[int, int]:
    edges: list[tuple[int, int]] = []
    pairs: set[tuple[str, str, str]] = set()
    for edge in iter_edges(index.connection):
        edges.append(edge[:2])
        if edge.is_open:
            _add_pair(pairs, "project", edge.source_project, edge.target_project)
            _add_pair(pairs, "owner", edge.source_owner, edge.target_owner)
    return find_depth(edges), len(pairs)


def _add_pair(pairs: set[tuple[str, str, str]], kind: str, one: str | None, other: str | None) -> None:
    if one and other and one != other:
        pairs.add((kind, one, other) if one < other else (kind, other, one))


def _read_edges(store: Store, files: Files) -> tuple[int, int] | None:
    if not isinstance(files, TreeFiles):
        return None
    match read_text(store, _EDGES).split():
        case [version, tree, depth, pairs] if version == str(_EDGES_VERSION) and tree == (files.tree or "-"):
            return (int(depth), int(pairs)) if depth.isdecimal() and pairs.isdecimal() else None
    return None


def _may_edges_matter(store: Store, decision: ScaleDecision) -> bool:
    """Whether more dependencies than none could lead to another decision, or the score is about to be written down."""
    wanted, current = TIERS.index(decision.wanted), TIERS.index(decision.current)
    is_more_to_be_had = not find_unavailable(store).keys() >= set(TIERS[wanted + 1 :])
    return is_more_to_be_had or wanted < current or decision.held_by is not None or decision.is_due


def _read_wishes(store: Store) -> dict[str, int]:
    return {tier: since for tier, since in read_times(store).items() if tier in TIERS}


def _write(store: Store, name: str, text: str) -> None:
    try:
        store.write_state(name, text)
    except EnvironmentFault:  # read-only or full: then it is found out again
        pass


def _find_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
