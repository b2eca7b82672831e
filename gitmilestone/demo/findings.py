"""What an import found in its source, and what it did about it."""

from __future__ import annotations

from typing import NamedTuple

KINDS: dict[str, tuple[str, str]] = {
    "template": ("template files", "left out"),
    "unparsable": ("files that are not valid YAML", "the milestone stayed as it was"),
    "number": ("numbers that two proposals have, or that differ from the folder's", "ids come from folders, so both stay"),
    "title": ("titles of the template", "made from the folder's name"),
    "status": ("statuses outside the source's own list", "read as what they mean"),
    "stage": ("stages outside the source's own list", "mended, or left out"),
    "release": ("releases that name no version", "mended, or left out"),
    "created": ("dates that are none", "mended, or the first commit's day"),
    "group": ("groups that are none, or misspelt", "mended, or left out"),
    "no-reference": ("references that say `none` in words", "left out"),
    "elsewhere": ("references to something that is no proposal", "left out"),
    "self": ("proposals that refer to themselves", "left out"),
    "mended-reference": ("references by another path, a link or a number", "resolved by their number"),
    "early": ("references to proposals that came later, or were away for a while", "a dependency while both are there"),
    "dangling": ("references to proposals that are not there", "left out"),
    "circle": ("circles of `replaces`", "made `relates`"),
    "moved": ("proposals that moved to another folder", "one milestone, edited"),
    "renamed": ("proposals that got another number or name", "a new milestone; what depended on the old one follows"),
    "deleted": ("proposals that were deleted", "the milestone too, and what depended on it no longer does"),
    "unchanged": ("commits without a fact that is kept here", "an empty commit"),
}
"""Kind -> what it is, and what was done; in the order in which they are told."""


class Finding(NamedTuple):
    """One thing that was not as it should be.

    Attributes:
        kind: A key of KINDS.
        commit: The source commit that showed it first.
        subject: The file, or "" where the whole commit is meant.
        what: What was found, and what was made of it.
    """

    kind: str
    commit: str
    subject: str
    what: str


class Findings:
    """Findings, each once, with how many records showed it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], tuple[Finding, int]] = {}

    def add(self, kind: str, commit: str, subject: str, what: str) -> None:
        key = (kind, subject or commit, what)
        first, count = self._found.get(key, (Finding(kind, commit, subject, what), 0))
        self._found[key] = first, count + 1

    def change_kind(self, subject: str, what: str, old: str, new: str) -> None:
        """Tells a finding again as one of another kind, as the history has shown it to be."""
        found = self._found.pop((old, subject, what), None)
        if found is not None:
            self._found[new, subject, what] = found[0]._replace(kind=new), found[1]

    def count(self) -> dict[str, int]:
        """Kind -> how many, in KINDS' order; kinds that did not occur are left out."""
        counts = dict.fromkeys(KINDS, 0)
        for kind, _, _ in self._found:
            counts[kind] += 1
        return {kind: count for kind, count in counts.items() if count}

    def __len__(self) -> int:
        return len(self._found)

    def format(self) -> str:
        """The whole list, one a line below a line for each kind."""
        lines = []
        for kind, count in self.count().items():
            what, done = KINDS[kind]
            lines.append(f"{count} {what}: {done}")
            lines += [_format_line(*item) for item in self._found.values() if item[0].kind == kind]
            lines.append("")
        return "\n".join(lines)


def _format_line(finding: Finding, count: int) -> str:
    subject = f" {finding.subject}:" if finding.subject else ""
    times = f" ({count} records)" if count > 1 else ""
    return f"  {finding.commit}{subject} {finding.what}{times}"
