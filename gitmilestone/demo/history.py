"""The history that is replayed: facts read from the proposals of kubernetes/enhancements (see NOTICE)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

SOURCE = "kubernetes/enhancements"
_SHIPPED = "history.jsonl.xz"


class SourceChange(NamedTuple):
    """What a source commit did to one file.

    Attributes:
        path: `keps/GROUP/.../NUMBER-SLUG/kep.yaml`.
        facts: As the file states them after the commit; None where it was deleted, or is not valid YAML.
    """

    path: str
    facts: Mapping[str, Any] | None
    is_readable: bool = True

    @property
    def is_deletion(self) -> bool:
        return self.is_readable and self.facts is None


class SourceCommit(NamedTuple):
    """A commit of the source repository.

    Attributes:
        commit: The first digits of its oid.
        time: The committer's.
    """

    commit: str
    time: datetime
    changes: tuple[SourceChange, ...]


def read_history() -> list[SourceCommit]:
    """The history that is shipped, oldest first. 30 ms."""
    import lzma
    import os

    path = os.path.join(os.path.dirname(__file__), _SHIPPED)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return parse_history(lines)


def parse_history(lines: Iterable[str]) -> list[SourceCommit]:
    """Reads one JSON object a line: {"commit", "time", "changes": [{"path", "kep", "unparsable"}]}."""
    import json

    history = []
    for line in lines:
        record = json.loads(line)
        changes = tuple(
            SourceChange(change["path"], change.get("kep"), not change.get("unparsable"))
            for change in record["changes"]
        )
        history.append(SourceCommit(record["commit"], datetime.fromtimestamp(record["time"], UTC), changes))
    return history
