"""The text of a value in a query -> what it is compared with."""

from __future__ import annotations

import re
from datetime import date, timedelta

from gitmilestone.model.kinds import BadValue, find_nearest, parse_date, parse_number
from gitmilestone.model.milestone import CLOSED_STATUSES, OPEN_STATUSES, STATUSES
from gitmilestone.query.query import Value
from gitmilestone.query.searched import Searched

STATUS_GROUPS = {"open": OPEN_STATUSES, "closed": CLOSED_STATUSES, "all": STATUSES}
_NAMED_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_RELATIVE = re.compile(r"([+-][0-9]{1,6})([dw])")
_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")


def read_span(field: Searched, text: str, today: date) -> tuple[Value, Value]:
    """The first and the last value that a text means: 2027-01 is all of January. Raises BadValue."""
    if field.reading == "date":
        return _read_days(text, today)
    value = _read_number(field, text) if field.reading == "number" else read_choice(field, text)[0]
    return value, value


def read_choice(field: Searched, text: str) -> tuple[str, ...]:
    """The words of the vocabulary that a text means: several for a group of statuses. Raises BadValue."""
    word = text.lower().replace("-", "_")
    groups = STATUS_GROUPS if field.name == "status" else {}
    if word in groups:
        return groups[word]
    if word in field.choices:
        return (word,)
    words = (*field.choices, *groups)
    nearest = find_nearest(word, words)
    hint = f"did you mean `{field.name}:{nearest}`?" if nearest else ""
    raise BadValue(f"is one of {', '.join(words)}, not {text[:40]!r}", hint)


def read_day(text: str, today: date) -> date:
    """One day: `tomorrow`, `+2w`, or as in a file. Raises BadValue."""
    relative = text.lower() in _NAMED_DAYS or _RELATIVE.fullmatch(text.lower())
    return _read_days(text, today)[0] if relative else parse_date(text)


def _read_number(field: Searched, text: str) -> float:
    if field.name != "progress":
        return float(field.kind.parse(text))
    number = parse_number(text[:-1]) / 100 if text.endswith("%") else parse_number(text)
    if number > 1:
        raise BadValue(f"is at most 100%, not {text[:20]}", "like 50% or 0.5")
    return number


def _read_days(text: str, today: date) -> tuple[date, date]:
    word = text.lower()
    relative, period = _RELATIVE.fullmatch(word), _PERIOD.fullmatch(word)
    if word in _NAMED_DAYS:
        first = last = _add_days(today, _NAMED_DAYS[word])
    elif relative:
        first = last = _add_days(today, int(relative[1]) * (7 if relative[2] == "w" else 1))
    elif period:
        first, last = _read_period(text, int(period[1]), int(period[2] or 1), int(period[2] or 12))
    else:
        first = last = parse_date(text)
    return first, last


def _add_days(day: date, days: int) -> date:
    try:
        return day + timedelta(days)
    except OverflowError:
        raise BadValue(f"is a day in the years 1 to 9999, not {days:+}d from now") from None


def _read_period(text: str, year: int, first_month: int, last_month: int) -> tuple[date, date]:
    try:
        last_day = date(year, 12, 31) if last_month == 12 else date(year, last_month + 1, 1) - timedelta(1)
        return date(year, first_month, 1), last_day
    except ValueError:
        raise BadValue(f"is {text}, which is in no calendar") from None
