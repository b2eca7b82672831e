"""The one table of a project's settings: what can be said in `config/project.yaml` and in `config/tier.yaml`.

Reading, what is said of a wrong value, the JSON Schema and docs/files.md derive from it: a setting is one row here,
and an attribute of the value that callers take (`model/config.py`).
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from typing import Any, NamedTuple

from gitmilestone.model import formats
from gitmilestone.model.fields import EDITABLE_FIELDS
from gitmilestone.model.kinds import BadValue, Kind, choice, parse_line
from gitmilestone.model.layout import LAYOUTS
from gitmilestone.model.milestone import STATUSES
from gitmilestone.model.problem import CODES
from gitmilestone.model.tiers import LIMITS, TIERS

SCORE = "score"
METRICS = (
    "milestone_count",
    "data_volume_mb",
    "dependency_depth",
    "concurrent_users",
    "coordination_complexity",
    "query_frequency",
    "query_complexity",
    "average_query_ms",
    "write_operations_per_second",
)
_LIMITED = (SCORE, *METRICS)
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"


class Setting(NamedTuple):
    """A row.

    Attributes:
        name: As in the file, with a dot for each level.
        kind: Of the value; of one item where it is a list.
        doc: What it is for, in Markdown.
        default: What counts where it is not said, or wrong. Of a mapping, each key's own stays where it is left out.
        is_list: Whether the value is a list.
        keys: Of a mapping of such values, the keys that it may have; () where it is none.
        noun: What such a key is.
        is_spread: Whether one value in the mapping's place is meant of every key.
        more_words: Another setting, a list, whose words the kind takes as well.
        is_needed: Whether a key without a value is wrong, and not one that is left out.
        code: Of the problem of a wrong value.
    """

    name: str
    kind: Kind
    doc: str
    default: Any
    is_list: bool = False
    keys: tuple[str, ...] = ()
    noun: str = "setting"
    is_spread: bool = False
    more_words: str = ""
    is_needed: bool = False
    code: str = "bad-value"


def number(below: float | None = None) -> Kind:
    """Numbers of 0 or more, whole ones as int."""
    name = "a number, 0 or more" if below is None else f"a number below {below:g}"

    def parse(text: str) -> float:
        found = float(text) if re.fullmatch(_NUMBER, text, re.ASCII) else None
        if found is None or (below is not None and found >= below):
            raise BadValue(f"is {name}, not {text[:40]!r}")
        return int(found) if found == int(found) else found

    bound = {} if below is None else {"exclusiveMaximum": below}
    return Kind(name, parse, lambda value: f"{value:g}", "", {"type": "number", "minimum": 0, **bound})


def _parse_format(text: str) -> int:
    if text in [str(known.version) for known in formats.FORMATS]:
        return int(text)
    raise BadValue(f"is {text[:40]}, not {formats.describe_known()}", "install the version that wrote it")


_FORMAT = Kind("a format's number", _parse_format, str, "", {"enum": [known.version for known in formats.FORMATS]})
_WORD = Kind("word", parse_line, str, "", {"type": ("string", "number", "boolean"), "minLength": 1})
_LAYOUT = choice("layout", tuple(LAYOUTS))
_SEVERITY = choice("severity", ("error", "warning", "off"))
_FIELD = choice("field", tuple(field.name for field in EDITABLE_FIELDS))
_STATUS = choice("status", STATUSES)
_AMOUNT = number()
_PART = number(below=1)


def _limits(tier: str) -> Setting:
    doc = f"from what `score`, or value of a metric alone, the tier `{tier}` is wanted"
    return Setting(f"scale.{tier}", _AMOUNT, doc, dict(LIMITS[tier]), keys=_LIMITED)


PROJECT_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "format", _FORMAT, "in which [format](#formats) files are written", formats.FORMATS[0].version,
        is_needed=True, code="unknown-schema",
    ),
    Setting("layout", _LAYOUT, "where new files go: one of the layouts above", "flat", is_needed=True),
    Setting("fields", _WORD, "keys of your own that milestones may have", (), is_list=True),
    Setting("projects", _WORD, "where given, `check` warns of any other project", (), is_list=True),
    Setting("owners", _WORD, "where given, `check` warns of any other owner", (), is_list=True),
    Setting("labels", _WORD, "where given, `check` warns of any other label", (), is_list=True),
    Setting("archive.after_days", _AMOUNT, "days for which a milestone has been closed before `archive` moves it", 30),
    Setting(
        "check.severities", _SEVERITY, "what a [rule](rules.md) is in this project; left out: what it is in the list",
        {}, keys=tuple(CODES), noun="rule",
    ),
    Setting(
        "check.required", _FIELD, "the fields that have to be set in a status; one list alone is meant of every status",
        {}, is_list=True, keys=STATUSES, noun="status", is_spread=True, more_words="fields",
    ),
    Setting(
        "check.transitions", _STATUS, "what a status may become; one that is left out may become any",
        {}, is_list=True, keys=STATUSES, noun="status",
    ),
    Setting(
        "scale.weights", _AMOUNT, "what one of a metric adds to the score",
        {
            "milestone_count": 2,
            "dependency_depth": 5,
            "concurrent_users": 3,
            "data_volume_mb": 0.1,
            "coordination_complexity": 10,
            "query_frequency": 1.5,
            "write_operations_per_second": 2,
        },
        keys=METRICS,
    ),
    *(_limits(tier) for tier in TIERS[1:]),
    Setting(
        "scale.measure.monitoring_interval", _AMOUNT,
        "seconds that rates are taken over, and between two decisions at least", 300,
    ),
    Setting("scale.measure.user_days", _AMOUNT, "days whose committers count as present users", 14),
    Setting("scale.migrate.migration_delay", _AMOUNT, "seconds for which a decision has to hold", 3600),
    Setting(
        "scale.migrate.rollback_threshold", _AMOUNT,
        "milliseconds of a query behind a switch, from which on it is taken back", 5000,
    ),
    Setting(
        "scale.migrate.down_margin", _PART, "the part by which all has to lie below a tier's limits to leave it", 0.2
    ),
    Setting(
        "scale.migrate.retry_growth", _AMOUNT,
        "the part by which the score has to grow before a switch that was taken back is tried again", 0.25,
    ),
)  # fmt: skip
"""Of `config/project.yaml`, in the order of the documentation."""

TIER_SETTINGS: tuple[Setting, ...] = (
    Setting("tier", choice("tier", TIERS), "where [answers come from](scale.md)", TIERS[0], is_needed=True),
)
"""Of `config/tier.yaml`."""
