"""Realistic repositories of any size, from a seed."""

from __future__ import annotations

import os
import random
import shutil
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, islice
from typing import Any, NamedTuple

from benchmarks.measure import hermetic, run
from gitmilestone.changes.commit import commit_edit
from gitmilestone.model.config import Project, encode_project, encode_tier
from gitmilestone.model.ids import make_slug
from gitmilestone.model.layout import PROJECT_FILE, TIER_FILE, Layout, path_in, suggest_layout
from gitmilestone.model.milestone import PRIORITIES, Dependency, Milestone, Status, Task
from gitmilestone.model.text.encode import encode
from gitmilestone.operations.editing.init import init
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan

RARE_WORD = "zeppelin"
"""In the description of every 5,000th milestone."""

FREQUENT_WORD = "review"
"""In about every eighth description."""

RARE_LABEL = "recall"
"""On every 2,000th milestone; `area-3` is on every twentieth."""

START = "refs/benchmarks/start"
"""What a repository is when it is made, whatever is committed on top later."""

_VERBS = ("Ship", "Harden", "Document", "Migrate", "Measure", "Retire", "Split", "Cache", "Audit", "Localise")
_THINGS = ("login", "billing", "search", "the index", "the mirror", "exports", "sessions", "alerts", "the API", "sync")
_STATUSES: tuple[Status, ...] = (
    *("planned",) * 4,
    *("in_progress",) * 3,
    "blocked",
    *("completed",) * 11,
    "cancelled",
)
_STEPS = ("Draft it", "Agree on it with the others", "Build it", "Measure it", "Tell the users", "Remove the old way")
_COMMON = """
    the of and to a in is for that with as on by this be are from at or it not an which can has have will was all
    their more when one so there other users team until after release service test page error time review request
    customer version change list report access field value update date first next old new without between before
""".split()  # noqa: SIM905  # a list of seventy literals reads worse
_SYLLABLES = "al an ar be ca co de di el en er fi ga ho im in ka lo ma mi na no or pa pe ra re ri se so ta te ti un va"
_OTHER_WORDS = 20_000
_CUSTOMERS = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Tyrell")
_CHAIN, _CHAIN_EVERY = 8, 50
_COMMIT_FILES = 50_000


class Made(NamedTuple):
    """A repository that lies ready."""

    directory: str
    size: int
    layout: Layout


def iter_milestones(count: int, seed: int = 1) -> Iterator[Milestone]:
    """`count` milestones of about 900 bytes. Every third depends on an earlier one, some of them in chains of eight."""
    random_ = random.Random(seed)  # repeatable on purpose
    recent: deque[str] = deque(maxlen=1000)
    for number in range(count):
        milestone = _make_milestone(random_, number, recent)
        recent.append(milestone.id)
        yield milestone


def _make_milestone(random_: random.Random, number: int, recent: deque[str]) -> Milestone:
    title = f"{random_.choice(_VERBS)} {random_.choice(_THINGS)} {number}"
    status = random_.choice(_STATUSES)
    start = date(2024, 1, 1) + timedelta(random_.randrange(1000))
    created = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    labels = {f"area-{number % 20}", f"team-{random_.randrange(8)}", *([RARE_LABEL] if number % 2000 == 7 else ())}
    return Milestone(
        id=f"{make_slug(title)}-{random_.randrange(32**4):04x}",
        title=title,
        status=status,
        project=f"project-{number % 40}",
        owner=f"person{random_.randrange(200)}@example.com",
        priority=random_.choice(PRIORITIES),
        start=start,
        due=start + timedelta(random_.randrange(10, 120)) if number % 11 else None,
        estimate=float(random_.randrange(1, 40)),
        created=created,
        labels=tuple(sorted(labels)),
        depends_on=_choose_dependencies(random_, number, recent),
        tasks=tuple(_iter_tasks(random_, status, created)),
        description=_write_text(random_, number),
        extra=_choose_extra(random_, number),
    )


def _choose_dependencies(random_: random.Random, number: int, recent: deque[str]) -> tuple[Dependency, ...]:
    """Only on earlier ones, so that there is no cycle."""
    if not recent:
        return ()
    if 0 < number % _CHAIN_EVERY < _CHAIN:
        return (Dependency(recent[-1]),)
    if number % 3:
        return ()
    return (Dependency(random_.choice(recent), "relates" if number % 12 == 0 else "blocks"),)


def _iter_tasks(random_: random.Random, status: Status, created: datetime) -> Iterator[Task]:
    steps = random_.randrange(len(_STEPS))
    for step, title in enumerate(_STEPS[:steps]):
        is_done = status == "completed" or (status == "in_progress" and step < steps // 2)
        completed = created + timedelta(days=step + 1) if is_done else None
        weight = float(random_.choice((1, 1, 2, 3)))
        yield Task(f"step-{step}", title, "completed" if is_done else "planned", weight, completed)


def _choose_extra(random_: random.Random, number: int) -> dict[str, Any]:
    if number % 5:
        return {}
    return {"customer": random_.choice(_CUSTOMERS), "risk": random_.choice(("low", "high"))}


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Words, the frequent ones first, and the sums of their frequencies: each is as rare as it stands far behind."""
    random_ = random.Random(0)
    syllables = _SYLLABLES.split()
    made = {"".join(random_.choices(syllables, k=random_.randrange(2, 5))) for _ in range(_OTHER_WORDS)}
    words = [*_COMMON, *sorted(made - set(_COMMON), key=lambda word: (len(word), word))]
    return words, list(accumulate(1 / (place + 10) for place in range(len(words))))


def _write_text(random_: random.Random, number: int) -> str:
    words, sums = _vocabulary()
    count = min(8 + int(random_.expovariate(1 / 50)), 600)
    drawn = [words[bisect(sums, random_.random() * sums[-1])] for _ in range(count)]
    if number % 5000 == 42:
        drawn[count // 2] = RARE_WORD
    sentences = [" ".join(drawn[at : at + 14]).capitalize() + "." for at in range(0, count, 14)]
    return "\n".join(sentences) + "\n"


def make_repository(directory: str, count: int, layout: Layout) -> None:
    """A repository with `count` committed milestones, its work tree and staging area clean.

    Memory does not follow `count`: there is a commit for every 50,000, made before there is a work tree.
    """
    git_dir = os.path.join(directory, ".git")
    run(["git", "init", "-q", "--bare", "-b", "main", git_dir], "/")
    store = Store.open(git_dir, hermetic())
    commit_edit(store, init(layout))
    settings = encode_project(Project(layout=layout, fields=("customer", "risk")))
    _commit(store, {PROJECT_FILE: settings, TIER_FILE: encode_tier("file")}, "milestone: settings")
    remaining = iter(iter_milestones(count))
    while files := _encode_all(islice(remaining, _COMMIT_FILES), layout):
        _commit(store, files, f"milestone: create {len(files)}")
    store.close()
    run(["git", "config", "core.bare", "false"], git_dir)
    run(["git", "config", "gc.auto", "0"], git_dir)  # nothing is to run beside what is timed
    run(["git", "update-ref", START, "HEAD"], git_dir)
    run(["git", "reset", "-q", "--hard"], directory)
    run(["git", "status", "--porcelain"], directory)


def _encode_all(milestones: Iterable[Milestone], layout: Layout) -> dict[str, bytes | None]:
    return {
        path_in("active" if milestone.is_open else "completed", milestone.id, layout): encode(milestone)
        for milestone in milestones
    }


def _commit(store: Store, files: dict[str, bytes | None], message: str) -> None:
    def build(_: Files) -> Plan:
        return Plan(files, message)

    store.write(build)


def get_repository(folder: str, size: int) -> Made:
    """The repository of that size below `folder`, in the layout that suits it: made where it is not there."""
    layout = suggest_layout(size, "flat")
    made = Made(os.path.join(folder, f"{size}-{layout}"), size, layout)
    if os.path.exists(f"{made.directory}.made"):
        reset(made)
    else:
        shutil.rmtree(made.directory, ignore_errors=True)
        make_repository(made.directory, size, layout)
        with open(f"{made.directory}.made", "w", encoding="utf-8"):
            pass
    return made


def reset(made: Made) -> None:
    """Takes back every commit that was made on top of it."""
    run(["git", "reset", "-q", "--hard", START], made.directory)
