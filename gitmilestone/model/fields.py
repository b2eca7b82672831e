"""The one list of fields.

Reading, validation, the JSON Schema, SQL columns, merge policy and the documentation derive from
these tables: a new field is one row here and one attribute of Milestone or Task.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import Literal, NamedTuple

from gitmilestone.model import kinds
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
    """

    name: str
    kind: Kind
    doc: str
    shape: Shape = "scalar"
    merge: Merge = "value"
    required: bool = False
    editable: bool = True


MILESTONE_FIELDS: tuple[Field, ...] = (
    Field("schema", kinds.SCHEMA, "The file's format version.", required=True, editable=False),
    Field("title", kinds.LINE, "What will be reached.", required=True),
    Field("status", kinds.STATUS, "Where it stands.", merge="status", required=True),
    Field("project", kinds.LINE, "The project it belongs to."),
    Field("owner", kinds.LINE, "Who answers for it."),
    Field("priority", kinds.PRIORITY, "How much it matters."),
    Field("start", kinds.DATE, "The first day of work."),
    Field("due", kinds.DATE, "The day it is due."),
    Field("estimate", kinds.ESTIMATE, "Work to be done, in working days."),
    Field("created", kinds.TIME, "When it was created.", merge="earliest", editable=False),
    Field("labels", kinds.LABEL, "Free words to find it by.", shape="labels", merge="set"),
    Field("depends_on", kinds.TARGET, "The milestones it waits for.", shape="dependencies", merge="set"),
    Field("tasks", kinds.ID, "Its tasks, by id.", shape="tasks", merge="tasks"),
    Field("description", kinds.BLOCK, "Anything else there is to say.", merge="lines"),
)
"""In the order of the canonical form."""

TASK_FIELDS: tuple[Field, ...] = (
    Field("title", kinds.LINE, "What is to be done.", required=True),
    Field("status", kinds.TASK_STATUS, "Where it stands; `planned` where unset.", merge="status"),
    Field("weight", kinds.NUMBER, "Its share in the milestone's progress; 1 where unset."),
    Field("completed", kinds.TIME, "When it was done.", merge="earliest", editable=False),
)

FIELDS: dict[str, Field] = {field.name: field for field in MILESTONE_FIELDS}
SCALAR_FIELDS: tuple[Field, ...] = tuple(field for field in MILESTONE_FIELDS if field.shape == "scalar")
EDITABLE_FIELDS: tuple[Field, ...] = tuple(field for field in MILESTONE_FIELDS if field.editable)
