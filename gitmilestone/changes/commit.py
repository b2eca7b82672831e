"""The only place that asks the store to write."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

from gitmilestone.changes.edit import Edited
from gitmilestone.derived.operation_log import record_write
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Outcome, Plan, WriteOptions, Written

DEFAULT = WriteOptions()


class Planned(Protocol[Outcome]):
    """An Edit or a Rewrite."""

    @property
    def actor(self) -> str: ...

    def plan(self, store: Store, files: Files, options: WriteOptions) -> Plan[Outcome]: ...


def commit_edit(store: Store, edit: Planned[Outcome], options: WriteOptions = DEFAULT) -> Written[Outcome]:
    """Commits an edit of the branch as it is, or nothing. What follows a write is not done: `carry_out` does it.

    Raises:
        As `Store.write`, and what the edit may raise.
    """
    started = perf_counter()
    written = store.write(lambda files: edit.plan(store, files, options), _with_actor(edit, options))
    if written.commit and isinstance(written.outcome, Edited):
        record_write(store.repository.state_dir, started, len(written.outcome.changes))
    return written


def rehearse(store: Store, edit: Planned[Outcome], options: WriteOptions = DEFAULT) -> Written[Outcome]:
    """What `commit_edit` would do: the same checks and refusals, but for hooks; nothing is written.

    Raises:
        As `commit_edit`.
    """
    return store.rehearse(lambda files: edit.plan(store, files, options), _with_actor(edit, options))


def _with_actor(edit: Planned[Outcome], options: WriteOptions) -> WriteOptions:
    return options._replace(author=edit.actor) if edit.actor else options
