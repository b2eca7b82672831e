"""What a runner of continuous integration would obey in a job's log: its workflow commands.

GitHub's obeys `::name::` behind the white space at a line's start, and `##[name]` anywhere in a line; Azure's
`##vso[name]`, TeamCity's `##teamcity[name]`. Both find them in .NET's way, past characters that nobody sees. GitLab's
sections need a carriage return and an escape sequence, of which `terminal.neutralise` leaves neither.
"""

from __future__ import annotations

import re

_UNSEEN = (
    "[\0-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Texts, for `re` to compile at their first use.
_BRACKETED = rf"#(?={_UNSEEN}*#(?:\w|{_UNSEEN})*\[)"
_LEADING = rf"(^|[\r\n])((?:[^\S\r\n]|{_UNSEEN}|\033\[[0-9;]*m)*):(?={_UNSEEN}*:)"


def make_inert(text: str) -> str:
    """`text` in which no line is a command: its first character is spelled, as control characters are."""
    return re.sub(_LEADING, r"\1\2\\x3a", keep_commands(text)) if ":" in text else keep_commands(text)


def keep_commands(text: str) -> str:
    """The same for lines of our own that begin with a command, and may have somebody's text behind it."""
    return re.sub(_BRACKETED, r"\\x23", text) if "#" in text else text


def make_json_inert(text: str) -> str:
    """JSON in ASCII, with the same values, in which no line is a command."""
    return text.replace("##", r"#\u0023")


def format_command(name: str, message: str, **properties: str) -> str:
    """One of GitHub's workflow commands; nothing in its values can end it or begin another."""
    told = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
