"""A project that grows changes its tier by itself, and nobody can tell by the answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from gitmilestone.demo.history import SourceCommit, read_history
from gitmilestone.demo.replay import Replay
from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.database import read_index
from gitmilestone.derived.engine import Engine
from gitmilestone.derived.postgres.server.binaries import has_wheel
from gitmilestone.derived.sqlite import Index
from gitmilestone.operations.carry_out import follow_write
from gitmilestone.operations.scaling.measure import find_switches
from gitmilestone.operations.scaling.pace import is_time
from gitmilestone.operations.scaling.switch import follow
from gitmilestone.query.parse import parse
from gitmilestone.store.installing.create import create_repository
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.tiers.table import get_tier, load_tier
from tests.repositories import Clone

pytestmark = pytest.mark.skipif(
    not has_wheel(), reason="a project takes no server by itself that was not installed for it"
)

SAMPLE, EVERY = 160, 20
"""The sample ends behind the second switch."""
TODAY = date(2020, 12, 31)
QUERIES = [
    parse(text, today=TODAY)
    for text in (
        "sort:id", "status:in_progress sort:-created", "is:blocked", "is:ready project:sig-node", "due:any sort:-due",
        "project:sig-cli sort:title", "sidecar", "label:any owner:none", "progress:>0.5",
        "created:2020-01-01..2020-09-30",
    )
]  # fmt: skip


class Growing:
    """A replay that is looked at once in a while."""

    def __init__(self, directory: Path, history: list[SourceCommit], every: int) -> None:
        self.clone = Clone(directory)
        environ = create_repository(str(directory), os.environ)
        self.store = Store.open(str(directory), environ)
        for number, _ in enumerate(Replay(self.store, self._follow).run(history), 1):
            if number % every == 0:
                self._look(number)
        self.store.close()

    def _follow(self, moment: datetime) -> None:
        now = int(moment.timestamp())
        if is_time(self.store, now):
            follow(self.store, now=now, options=WriteOptions(when=moment))

    def _look(self, number: int) -> None:
        found = {digest for _, digest in iter_digests(self.store)}
        assert len(found) == 1, f"answers differ behind commit {number}"


def iter_digests(store: Store) -> Iterator[tuple[str, str]]:
    """Of the same questions, from whatever there is to be asked."""
    files = store.files_at()
    with Index.memory() as index:
        catch_up(index, store, files)
        yield "files", digest(index)
    yield "index", read_index(store, files, digest)
    tier = get_tier(files)
    if tier.name == "postgresql":
        yield "mirror", tier.ask(store, files, digest)


def digest(engine: Engine) -> str:
    return sha256(repr([engine.rows(query) for query in QUERIES]).encode()).hexdigest()


def assert_grows(growing: Growing) -> None:
    clone = growing.clone
    subjects = clone.git("log", "--reverse", "--format=%s", "--grep=migrate tier").splitlines()
    assert subjects == [f"milestone: migrate tier {step}" for step in ("file -> sqlite", "sqlite -> postgresql")]
    with clone.store() as store:
        mirrored = dict(iter_digests(store))
        assert sorted(mirrored) == ["files", "index", "mirror"]
        for tier, switch in zip(("sqlite", "file"), find_switches(store), strict=True):
            clone.git("revert", "--no-edit", switch.oid)
            files = store.files_at()
            assert get_tier(files).name == tier
            assert dict(iter_digests(store)) == {"files": mirrored["files"], "index": mirrored["files"]}
            follow_write(store)  # which leaves it there: nothing has grown since
            assert get_tier(store.files_at()).name == tier
        load_tier("postgresql").drop(store)
    clone.fsck()
    assert clone.status() == ""


def test_a_project_grows_through_the_tiers(tmp_path: Path) -> None:
    assert_grows(Growing(tmp_path / "sample", read_history()[:SAMPLE], EVERY))


@pytest.mark.long
def test_the_whole_history_grows_through_the_tiers(tmp_path: Path) -> None:
    assert_grows(Growing(tmp_path / "whole", read_history(), 100))
