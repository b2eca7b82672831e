"""What a query can ask about: the fields, and how the text of a value is understood."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Sequence
from typing import Literal, NamedTuple

from gitmilestone.model.fields import MILESTONE_FIELDS, SCALAR_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, DATE, ID, LINE, PRIORITY, TIME, Kind

Reading = Literal["text", "words", "choice", "date", "number"]

CUSTOM = "x."
"""Before the key of a custom field."""

ALIASES = {"label": "labels", "depends": "depends_on", "task": "tasks"}
NUMBERS = ("REAL", "INTEGER")


class Searched(NamedTuple):
    """A field that a query can name.

    Attributes:
        reading: `text`: equal or a prefix, whatever the case; `words`: words in it.
        ordered: Whether `<` and ranges make sense.
        sortable: Whether it has one value to sort by.
    """

    name: str
    reading: Reading
    ordered: bool = False
    sortable: bool = True
    kind: Kind = LINE

    @property
    def choices(self) -> Sequence[str]:
        """Every value of a `choice`, from the lowest."""
        words: Sequence[str] = self.kind.schema["enum"]
        return words


_WORDS = ("title", "description")
"""The fields that are searched for words as fields of their own; any other text is, as a whole, among OTHERS."""


def _derive(field: Field) -> Searched:
    kind, name = field.kind, field.name
    if field.shape != "scalar":
        return Searched(name, "words" if field.shape == "tasks" else "text", sortable=False)
    if name in _WORDS:
        return Searched(name, "words", sortable=kind is not BLOCK)
    if kind is DATE or kind is TIME:
        return Searched(name, "date", ordered=True, kind=kind)
    if kind.sql in NUMBERS:
        return Searched(name, "number", ordered=True, kind=kind)
    if "enum" in kind.schema:
        return Searched(name, "choice", ordered=kind is PRIORITY, kind=kind)
    return Searched(name, "text", kind=kind)


SEARCHED: dict[str, Searched] = {
    "id": Searched("id", "text", kind=ID),
    "path": Searched("path", "text"),
    "progress": Searched("progress", "number", ordered=True),
    **{field.name: _derive(field) for field in MILESTONE_FIELDS},
}
KEYED = tuple(field.name for field in SCALAR_FIELDS if SEARCHED[field.name].reading == "text")
"""The fields whose folded text is a column of its own, `NAME_key`."""

OTHERS = "others"
TEXTS = (*(name for name, field in SEARCHED.items() if field.reading == "words"), OTHERS)
"""The columns of the full-text index: one for each field of words; all other texts share the last."""
