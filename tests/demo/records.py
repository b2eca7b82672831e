"""Source commits made up for a test, and what the replay makes of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gitmilestone.demo.history import SourceChange, SourceCommit
from gitmilestone.demo.replay import Imported, Replay
from gitmilestone.model.milestone import Milestone
from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.installing.create import create_repository
from gitmilestone.store.store import Store
from tests.repositories import Clone

BEGIN = datetime(2020, 3, 17, 22, 11, 26, tzinfo=UTC)


def path_of(folder: str, group: str = "sig-node") -> str:
    return f"keps/{group}/{folder}/kep.yaml"


def stated(folder: str, group: str = "sig-node", **facts: Any) -> SourceChange:
    """A file that states a plain proposal, but for those facts."""
    plain = {
        "kep": folder.partition("-")[0],
        "title": f"Title of {folder}",
        "sig": group,
        "status": "provisional",
        "created": "2020-01-02",
    }
    return SourceChange(path_of(folder, group), {**plain, **facts})


def deleted(folder: str, group: str = "sig-node") -> SourceChange:
    return SourceChange(path_of(folder, group), None)


def commit(number: int, *changes: SourceChange) -> SourceCommit:
    return SourceCommit(f"{number:012x}", BEGIN + timedelta(days=number), changes)


class Replayed:
    """A repository into which a history was replayed."""

    def __init__(self, directory: Path, history: Sequence[SourceCommit]) -> None:
        self.clone = Clone(directory)
        self.environ = create_repository(str(directory), os.environ)
        store = Store.open(str(directory), self.environ)
        self.replay = Replay(store)
        self.imported: list[Imported] = list(self.replay.run(history))
        store.close()

    def milestones(self) -> dict[str, Milestone]:
        with self.clone.store() as store:
            return {
                name: document.milestone
                for name, document in read_all(store.files_at()).documents.items()
                if document.milestone
            }

    def findings(self) -> dict[str, int]:
        return self.replay.findings.count()
