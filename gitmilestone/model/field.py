"""What a field is: declared beside its attribute, in `gitmilestone.model.milestone`."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import Any, Literal, NamedTuple

from gitmilestone.model.kinds import Kind

Merge = Literal["value", "status", "earliest", "lines", "set", "tasks"]
Shape = Literal["scalar", "labels", "dependencies", "tasks"]


class Field(NamedTuple):
    """A key of a milestone's file.

    Attributes:
        kind: Of the value; of one item where `shape` is not scalar.
        shape: How the value lies in YAML: a scalar, a list of labels, of dependencies, a mapping of tasks.
        merge: What becomes of changes on both sides, which `model/merging/merge.py` carries out. `value`: a conflict;
            `status`: the further one; `earliest`: the earlier one; `lines`: both, as git joins a file;
            `set`: additions and removals of both; `tasks`: task by task, field by field.
        required: Whether a file without it is an error.
        editable: Whether commands let people set it.
        name: The attribute's.
        default: What a file without it says, as its text; "" where that is nothing.
    """

    kind: Kind
    doc: str
    shape: Shape = "scalar"
    merge: Merge = "value"
    required: bool = False
    editable: bool = True
    name: str = ""
    default: str = ""

    def says(self, value: Any) -> bool:
        """Whether a value is worth a word to people: it is no absent one, nor what nobody need write."""
        if value is None or value == ():
            return False
        return self.required or not self.default or value != self.kind.parse(self.default)
