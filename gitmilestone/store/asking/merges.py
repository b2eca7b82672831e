"""Commits that join what was changed apart: merges, and what was picked, rebased or reverted."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitmilestone.errors import InvalidValue, UnknownRevision
from gitmilestone.model.layout import ROOT
from gitmilestone.store.asking.forks import Span
from gitmilestone.store.store import Store

_PICKED = r"(?m)^\(cherry picked from commit ([0-9a-f]{40,64})\)$"
_REVERTS = r"(?m)^This reverts commit ([0-9a-f]{40,64})\b(?:, reversing\s+changes made to ([0-9a-f]{40,64}))?"
"""git's own words; of a merge they also name the parent that was gone back to."""


class Merge(NamedTuple):
    """A commit, and what it was made of; all by their oids.

    Attributes:
        base: What both sides have it from; "" where that is what their histories have in common.
        original: The commit that it was made from, where its message does not say so.
    """

    commit: str
    ours: str
    theirs: str
    base: str = ""
    original: str = ""

    @property
    def name(self) -> str:
        """What `get_merge` takes."""
        return f"{self.original[:10]}..{self.commit[:10]}" if self.original else self.commit[:10]

    @property
    def kind(self) -> str:
        return "commit" if self.base else "merge"


def iter_merges(store: Store, span: Span) -> Iterator[Merge]:
    """Those in a span that touch `.milestones/`, parents first. O(commits there that touch it).

    git joins more than two branches without pairing files, so only merges of two are among them. Of what was picked or
    reverted, those whose message says so, and whose original is in this clone.
    """
    listed = store.git.check(
        "-c", "log.showSignature=false", "log", "-z", "--reverse", "--topo-order", "--full-history", "--no-color",
        "--encoding=UTF-8", "--format=%H %P%n%B", "--min-parents=1", "--max-parents=2",
        span.head, f"^{span.base}", "--", f":(top,literal){ROOT}",
    )  # fmt: skip
    for record in listed.decode("utf-8", "replace").split("\0"):
        oids, _, message = record.partition("\n")
        if found := _find_merge(store, oids.split(), message):
            yield found


def get_merge(store: Store, revision: str) -> Merge:
    """Args:
        revision: A commit; `ORIGINAL..COMMIT` of one that was made from another, and does not say so.

    Raises:
        UnknownRevision; InvalidValue: It joins nothing, as far as anybody knows.
    """
    original, dots, name = revision.rpartition("..")
    commit = _get_commit(store, name)
    if dots:
        found = _make_pick(store, commit, _get_commit(store, original))
    else:
        said = store.git.check("log", "-1", "--no-show-signature", "--encoding=UTF-8", "--format=%H %P%n%B", commit)
        oids, _, message = said.decode("utf-8", "replace").partition("\n")
        found = _find_merge(store, oids.split(), message)
    if found is None:
        raise InvalidValue(
            f"{revision!r} joins no two commits",
            "name a merge, as `git log --merges` lists them, or ORIGINAL..COMMIT of one that was picked or rebased",
        )
    return found


def iter_picks(store: Store, pairs: Iterable[tuple[str, str]]) -> Iterator[Merge]:
    """Of (original, commit) those commits that were made from one original."""
    made: dict[str, list[str]] = {}
    for original, commit in pairs:
        made.setdefault(commit, []).append(original)
    for commit, originals in made.items():
        if len(originals) == 1 and (found := _make_pick(store, commit, originals[0])):
            yield found


def _find_merge(store: Store, oids: list[str], message: str) -> Merge | None:
    if len(oids) == 3:
        return Merge(*oids)
    picked, reverted = re.findall(_PICKED, message), re.findall(_REVERTS, message)
    if len(oids) != 2 or not (picked or reverted):
        return None
    if picked:
        found = _make_pick(store, oids[0], picked[-1])
        return found and found._replace(original="")
    undone, parent = reverted[-1]
    parents = [parent] if parent else _find_parents(store, undone)
    is_known = len(parents) == 1 and _find_parents(store, undone) and store.objects.find(parents[0])
    return Merge(oids[0], oids[1], parents[0], undone) if is_known else None


def _make_pick(store: Store, commit: str, original: str) -> Merge | None:
    """None where one of them is not here, or has not one parent."""
    ours, before = _find_parents(store, commit), _find_parents(store, original)
    is_one = len(ours) == len(before) == 1
    return Merge(commit, ours[0], original, before[0], original) if is_one else None


def _find_parents(store: Store, commit: str) -> list[str]:
    found = store.objects.find(f"{commit}^{{commit}}")
    if found is None:
        return []
    return [oid.decode() for oid in re.findall(rb"(?m)^parent (\w+)$", found.content.partition(b"\n\n")[0])]


def _get_commit(store: Store, revision: str) -> str:
    commit = store.commit_at(revision)
    if commit is None:
        raise UnknownRevision("there is no commit yet", "`git milestone init` makes the first")
    return commit
