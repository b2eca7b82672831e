"""Realistic repositories of any size, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from benchmarks.measure import hermetic, run
from gitmilestone.model.encode import encode
from gitmilestone.model.ids import make_slug
from gitmilestone.model.layout import Layout, path_of
from gitmilestone.model.milestone import PRIORITIES, Dependency, Milestone, Task
from gitmilestone.operations.init import init
from gitmilestone.store.files import Files
from gitmilestone.store.plan import Plan
from gitmilestone.store.store import Store

_VERBS = ("Ship", "Harden", "Document", "Migrate", "Measure", "Retire", "Split", "Cache", "Audit", "Localise")
_THINGS = ("login", "billing", "search", "the index", "the mirror", "exports", "sessions", "alerts", "the API", "sync")
_STATUSES = ("planned",) * 4 + ("in_progress",) * 3 + ("blocked",) + ("completed",) * 11 + ("cancelled",)


def iter_milestones(count: int, seed: int = 1) -> Iterator[Milestone]:
    """`count` milestones: about 850 bytes each, three tasks, a dependency on an earlier one in every third."""
    random_ = random.Random(seed)  # repeatable on purpose
    ids: list[str] = []
    for number in range(count):
        title = f"{random_.choice(_VERBS)} {random_.choice(_THINGS)} {number}"
        start = date(2024, 1, 1) + timedelta(random_.randrange(1000))
        depends_on = (Dependency(random_.choice(ids[-1000:])),) if ids and number % 3 == 0 else ()
        milestone = Milestone(
            id=f"{make_slug(title)}-{random_.randrange(32**4):04x}",
            title=title,
            status=random_.choice(_STATUSES),
            project=f"project-{number % 40}",
            owner=f"person{number % 200}@example.com",
            priority=random_.choice(PRIORITIES),
            start=start,
            due=start + timedelta(random_.randrange(10, 120)),
            estimate=float(random_.randrange(1, 40)),
            created=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
            labels=tuple(sorted({f"area-{random_.randrange(20)}", f"team-{random_.randrange(8)}"})),
            depends_on=depends_on,
            tasks=tuple(Task(f"step-{step}", f"Step {step} of {title}") for step in range(3)),
            description=f"What {title.lower()} means, and how we shall know that it is done.\n",
        )
        ids.append(milestone.id)
        yield milestone


def make_repository(directory: str, count: int, layout: Layout) -> None:
    """A repository with `count` committed milestones, its work tree and staging area clean."""
    run(["git", "init", "-q", "-b", "main", directory], "/")
    store = Store.open(directory, hermetic())
    init(store, layout)
    files: dict[str, bytes | None] = {
        path_of(milestone.id, milestone.status, layout): encode(milestone) for milestone in iter_milestones(count)
    }

    def build(_: Files) -> Plan:
        return Plan(files, f"milestone: {count} of them")

    store.write(build)
    store.close()
    run(["git", "status", "--porcelain"], directory)
