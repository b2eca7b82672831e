"""What a field's value can be: how its text is read and written, its SQL type, its JSON Schema."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from gitmilestone.model import formats
from gitmilestone.model.ids import ID_PATTERN, REPOSITORY_PATTERN, find_id_fault, find_target_fault
from gitmilestone.model.vocabulary import PRIORITIES, STATUSES, TASK_STATUSES


class BadValue(ValueError):
    """A text that is no value of its kind; the message completes "FIELD ..."."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Kind(NamedTuple):
    """A type of value.

    Attributes:
        name: For documentation.
        parse: Text -> value; raises BadValue.
        format: Value -> text, such that parse(format(v)) == v.
        sql: Column type in SQLite and Postgres alike; "" where it lives in a table of its own.
        schema: JSON Schema of the value as YAML editors see it; `type` is one word or several.
    """

    name: str
    parse: Callable[[str], Any]
    format: Callable[[Any], str]
    sql: str
    schema: Mapping[str, Any]

    def to_json(self, value: Any) -> str | float:
        """A value in JSON's types: a number where editors see one, whole where it is whole; else its text."""
        if self.schema.get("type") == "number" or isinstance(value, int):
            return int(value) if value == int(value) else float(value)
        return self.format(value)


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOOSE_DATE = r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
_UTC_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_TIME = r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)? ?(?:([Zz])|([+-]\d{2}):?(\d{2}))?"
_ESTIMATE = re.compile(r"(\d+(?:\.\d{1,2})?)([dw])", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d{1,3})?", re.ASCII)
_LIMIT = 1_000_000
_LONGEST_LINE = 1000
_DAYS_A_WEEK = 5


def refuse_unstorable(text: str) -> None:
    """Databases refuse a NUL or a lone surrogate, or stop reading at it."""
    fault = "\0" if "\0" in text else ""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        fault = text[error.start]
    if fault:
        raise BadValue(f"holds {fault!a}, which no database stores", "remove that character")


def parse_line(text: str) -> str:
    # What is printable holds no control, surrogate or line end: the usual case, without a regular expression.
    if text.isprintable() and len(text) <= _LONGEST_LINE and text and not text.isspace():
        return text
    refuse_unstorable(text)
    if text.splitlines() not in ([], [text]):
        raise BadValue(f"is one line of text, not {text[:40]!r}", "put longer text into `description`")
    if not text.strip():
        raise BadValue("is blank", "give it a text")
    if len(text) > _LONGEST_LINE:
        message = f"has at most {_LONGEST_LINE} characters, not {len(text)}"
        raise BadValue(message, "put longer text into `description`")
    return text


def parse_block(text: str) -> str | None:
    """Lines, each ended by a newline alone, whatever system they come from; without a character there are none."""
    refuse_unstorable(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text or None


def parse_label(text: str) -> str:
    parse_line(text)
    if text != text.strip() or "," in text or ";" in text:
        raise BadValue(f"can't be {text!r}: no `,`, no `;`, no space at the ends")
    return text


def parse_id(text: str) -> str:
    fault = find_id_fault(text)
    if fault:
        raise BadValue(f"can't be {text[:80]!r}: {fault}")
    return text


def parse_target(text: str) -> str:
    fault = find_target_fault(text)
    if fault:
        raise BadValue(f"can't be {text[:80]!r}: {fault}")
    return text


def parse_date(text: str) -> date:
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise BadValue(f"is {text}, a day that does not exist") from None
    loose = re.fullmatch(_LOOSE_DATE, text, re.ASCII)
    hint = "did you mean {}-{:0>2}-{:0>2}?".format(*loose.groups()) if loose else "like 2027-01-15"
    raise BadValue(f"is a date YYYY-MM-DD, not {text[:40]!r}", hint)


def parse_time(text: str) -> datetime:
    """A time in UTC, whole seconds; a bare date is its midnight."""
    example = "like 2026-11-22T10:00:00Z"
    if _DATE.fullmatch(text):
        return datetime.combine(parse_date(text), datetime.min.time(), UTC)
    iso = text
    if not _UTC_TIME.fullmatch(text):
        found = re.fullmatch(_TIME, text, re.ASCII)
        if not found:
            raise BadValue(f"is a time with a zone, not {text[:40]!r}", example)
        day, clock, utc, hours, minutes = found.groups()
        if not utc and not hours:
            raise BadValue(f"is {text[:40]}, a time without a zone", "end it with Z for UTC, or +01:00")
        iso = f"{day}T{clock}" + ("Z" if utc else f"{hours}:{minutes}")
    try:
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue(f"is {text[:40]}, a time that does not exist", example) from None


def format_time(moment: datetime) -> str:
    return moment.isoformat()[:19] + "Z"


def parse_estimate(text: str) -> float:
    """Working days; a week has five."""
    found = _ESTIMATE.fullmatch(text)
    if not found:
        raise BadValue(f"is working days or weeks, not {text[:40]!r}", "like 15d or 3w")
    days = _parse_bounded(found[1])
    return days if found[2] == "d" else _parse_bounded(f"{days * _DAYS_A_WEEK:.2f}")


def format_estimate(days: float) -> str:
    return f"{format_number(days)}d"


def parse_number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadValue(f"is a number of 0 or more, not {text[:40]!r}", "like 3 or 0.5")
    return _parse_bounded(text)


def _parse_bounded(text: str) -> float:
    whole = text.partition(".")[0].lstrip("0")
    if len(whole) > len(str(_LIMIT)) or float(text) > _LIMIT:
        raise BadValue(f"is out of range: at most {_LIMIT}, not {text[:20]}")
    return float(text)


def format_number(number: float) -> str:
    return f"{number:.10g}"


def parse_schema(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadValue(f"is the file's format version, not {text[:40]!r}", f"write `schema: {formats.NEWEST}`")
    return int(_parse_bounded(text))


def find_nearest(word: str, words: Iterable[str]) -> str:
    """The one of `words` that a misspelt `word` most likely means, or ""."""
    return _find_nearest(word[:100].lower().replace("-", "_").replace(" ", "_"), tuple(words))


@lru_cache(256)
def _find_nearest(word: str, words: tuple[str, ...]) -> str:
    # A project's own key is in each of its files: comparing costs more than reading a file.
    from difflib import get_close_matches

    nearest = get_close_matches(word, words, 1)
    return nearest[0] if nearest else ""


def choice(name: str, words: tuple[str, ...]) -> Kind:
    known = frozenset(words)

    def parse(text: str) -> str:
        if text in known:
            return text
        nearest = find_nearest(text, words)
        hint = f"did you mean `{nearest}`?" if nearest else ""
        raise BadValue(f"is one of {', '.join(words)}, not {text[:40]!r}", hint)

    return Kind(name, parse, str, "TEXT", {"enum": list(words)})


# An unquoted `1.10` or `no` is text to us; editors see a number or a truth value, and must not complain.
_AS_TEXT = ("string", "number", "boolean")

LINE = Kind("one line of text", parse_line, str, "TEXT", {"type": _AS_TEXT, "minLength": 1, "maxLength": _LONGEST_LINE})
BLOCK = Kind("text", parse_block, str, "TEXT", {"type": _AS_TEXT})
DATE = Kind("date, YYYY-MM-DD", parse_date, date.isoformat, "TEXT", {"type": "string", "format": "date"})
TIME = Kind("time, UTC", parse_time, format_time, "TEXT", {"type": "string", "format": "date-time"})
ESTIMATE = Kind(
    "working days (15d) or weeks (3w)",
    parse_estimate,
    format_estimate,
    "REAL",
    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})?[dw]$"},
)
NUMBER = Kind(
    "number, 0 or more", parse_number, format_number, "REAL", {"type": "number", "minimum": 0, "maximum": _LIMIT}
)
SCHEMA = Kind("format version", parse_schema, str, "INTEGER", {"const": formats.NEWEST})
STATUS = choice("status", STATUSES)
TASK_STATUS = choice("status", TASK_STATUSES)
PRIORITY = choice("priority", PRIORITIES)
LABEL = Kind("label", parse_label, str, "TEXT", {"type": _AS_TEXT, "minLength": 1, "pattern": "^[^,;\n]+$"})
ID = Kind("id", parse_id, str, "TEXT", {"type": _AS_TEXT, "pattern": f"^{ID_PATTERN}$"})
TARGET = Kind(
    "id, or repository:id",
    parse_target,
    str,
    "TEXT",
    {"type": _AS_TEXT, "pattern": f"^(?:{REPOSITORY_PATTERN}:)?{ID_PATTERN}$"},
)
