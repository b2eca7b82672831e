"""How a query is answered, and from what."""

from __future__ import annotations

from typing import NamedTuple

from gitmilestone.derived.database import read_index
from gitmilestone.derived.explain import Explanation
from gitmilestone.derived.explain import explain as explain_query
from gitmilestone.derived.sqlite import Index
from gitmilestone.operations.asking.query import place
from gitmilestone.progress import SILENT, Watch
from gitmilestone.query.query import Query
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store


class Explained(NamedTuple):
    """Attributes:
    is_on_disk: Whether the index is; else it was made in memory from the files.
    milestones: How many it has.
    """

    how: Explanation
    is_on_disk: bool
    milestones: int


def explain(store: Store, files: Files, query: Query, watch: Watch = SILENT, *, after: str | None = None) -> Explained:
    """Answers a query, and says how. Arguments and errors as in `operations.query.answer`."""

    def read(index: Index) -> Explained:
        return Explained(explain_query(index, place(index, query, after)), index.is_on_disk, index.milestones)

    return read_index(store, files, read, watch)
