"""What an import found in its source, and what it did about it."""

from __future__ import annotations

from typing import NamedTuple

KINDS: dict[str, tuple[str, str]] = {
    "template": ("template files", "left out"),
    "unparsable": ("files that are not valid YAML", "the milestone stays as it was"),
    "number": ("numbers that two have, or not the folder's", "ids come from the folders"),
    "title": ("titles that are the template's", "made from the folder's name"),
    "status": ("statuses that the source does not define", "read as what they mean"),
    "stage": ("stages that the source does not define", "mended, or left out"),
    "release": ("releases that are no version", "mended, or left out"),
    "created": ("dates that are none", "mended, or the first commit's day"),
    "group": ("groups that are none, or misspelt", "mended, or left out"),
    "no-reference": ("references to `none`, in words", "left out"),
    "elsewhere": ("references to something else", "left out"),
    "self": ("references to oneself", "left out"),
    "mended-reference": ("references by a link, a number, an old path", "resolved by the number"),
    "early": ("references to what was not there yet", "a dependency since it is"),
    "dangling": ("references to what is not there", "left out"),
    "circle": ("circles of `replaces`", "made `relates`"),
    "moved": ("moves to another group", "one milestone, edited"),
    "renamed": ("new numbers and names", "a new milestone; dependencies follow"),
    "deleted": ("deletions", "the milestone too, and dependencies on it"),
    "unchanged": ("commits without a fact that is kept here", "empty commits"),
}
"""Kind -> what it is, and what was done; in the order in which they are told."""


class Finding(NamedTuple):
    """One thing that was not as it should be.

    Attributes:
        kind: A key of KINDS.
        commit: The source commit that showed it first.
        subject: The milestone's id, or the file; "" where the commit is meant.
        what: What was found, and what was made of it.
    """

    kind: str
    commit: str
    subject: str
    what: str


class Findings:
    """Findings, each once, with how many records showed it.

    Attributes:
        commit: The source commit that is being read.
    """

    def __init__(self) -> None:
        self.commit = ""
        self._found: dict[tuple[str, str, str], tuple[Finding, int]] = {}

    def add(self, kind: str, subject: str, what: str) -> None:
        key = (kind, subject or self.commit, what)
        first, count = self._found.get(key, (Finding(kind, self.commit, subject, what), 0))
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
