"""What git's configuration says: git's own reading of its booleans, and the one table of our settings in it.

A configuration is a mapping of lower-case keys to their last values, with "true" for a key without `=`.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from gitmilestone.errors import EnvironmentFault, InvalidValue

_WORDS = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off", ""), False),
}
_INTEGER = r"[ \t\n\v\f\r]*[+-]?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)([kmg]?)"
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_LARGEST = (1 << 31) - 1
_SHARED = {"": 0, "umask": 0, "group": 0o660, **dict.fromkeys(("all", "world", "everybody"), 0o664)}
_OLD_SHARED = {0: 0, 1: 0o660, 2: 0o664}
_SIZE = r"(\d{1,6}) ?([mg])i?b?"
_MIGRATES = ("commit", "suggest", "off")

Colours = Literal["always", "auto", "never"]


def find_boolean(text: str) -> bool | None:
    """A value as `git config --type=bool` reads it: a word, or a whole number; None where git refuses it."""
    word = text.lower()
    if word in _WORDS:
        return _WORDS[word]
    found = re.fullmatch(_INTEGER, word, re.ASCII)
    if not found:
        return None
    digits = found[1]
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    number = int(digits, base)
    return number != 0 if number <= _LARGEST // _FACTORS[found[2]] else None


def get_boolean(config: Mapping[str, str], name: str, default: bool = False) -> bool:
    """Raises EnvironmentFault where git would refuse to go on."""
    text = config.get(name.lower())
    if text is None:
        return default
    found = find_boolean(text)
    if found is None:
        raise _bad_boolean(name, text)
    return found


def get_colours(config: Mapping[str, str], *names: str) -> Colours:
    """When git colours, by the first of these keys that is set; anything that is true is `auto`."""
    for name in names:
        text = config.get(name.lower())
        if text is None:
            continue
        word = text.lower()
        if word in ("always", "auto", "never"):
            return "always" if word == "always" else "auto" if word == "auto" else "never"
        return "auto" if get_boolean(config, name) else "never"
    return "auto"


def get_shared_mode(config: Mapping[str, str]) -> int:
    """The permissions that `core.sharedRepository` gives the files of a git directory; 0 leaves them to umask."""
    name = "core.sharedRepository"
    text = config.get(name.lower(), "")
    if text in _SHARED:
        return _SHARED[text]
    if re.fullmatch("0*[0-7]{1,4}", text, re.ASCII):
        mode = int(text, 8)
        return _OLD_SHARED.get(mode, mode & 0o666)
    return _SHARED["group" if get_boolean(config, name) else "umask"]


def _bad_boolean(name: str, text: str) -> EnvironmentFault:
    return EnvironmentFault(f"bad boolean config value {text[:40]!r} for {name}", f"`git config {name} true`, or false")


class GitSetting(NamedTuple):
    """A setting of ours in git's configuration.

    Attributes:
        name: As people write it; git knows no case in it.
        value: What it takes, in words.
        default: In words.
        doc: What it is for, in Markdown.
        read: Text -> value; raises InvalidValue.
    """

    name: str
    value: str
    default: str
    doc: str
    read: Callable[[str], Any] = str


def read_bytes(text: str) -> int:
    """An amount of memory, in bytes."""
    found = re.fullmatch(_SIZE, text, re.ASCII | re.IGNORECASE)
    if not found or not int(found[1]):
        raise InvalidValue(f"an amount of memory is wanted, not {text[:40]!r}", "like 512MB or 4GB")
    return int(found[1]) * _FACTORS[found[2].lower()]


def read_migrates(text: str) -> str:
    """`commit`, `suggest` or `off`; a boolean means the first or the last."""
    word = text.lower()
    if word not in _MIGRATES:
        found = find_boolean(text)
        if found is None:
            raise InvalidValue(f"{text[:40]!r} is none of {', '.join(_MIGRATES)}", "`commit` where it is unset")
        return "commit" if found else "off"
    return word


GIT_SETTINGS: tuple[GitSetting, ...] = (
    GitSetting(
        "milestone.autoMigrate", "`commit`, `suggest`, `off`", "`commit`",
        "whether [a switch of the tier](scale.md) that is due is made after a write, only told, or neither",
        read_migrates,
    ),
    GitSetting(
        "milestone.analytics.memory", "like `512MB`, `4GB`", "`1GB`",
        "what a query of [`sql`](analytics.md) may take", read_bytes,
    ),
    GitSetting(
        "milestone.postgres.dsn", "as libpq takes it", "none",
        "the server that [the mirror](postgres.md) is on; it is never committed",
    ),
    GitSetting(
        "milestone.postgres.repository", "text", "host and path of `origin`",
        "the name of the repository in [the mirror](postgres.md)",
    ),
    GitSetting(
        "milestone.maxFiles", "a number, 10,000 or more", "2,000,000",
        "files of a state beyond which it is not read",
    ),
    GitSetting(
        "color.milestone", "`always`, `auto`, `never`, a boolean", "`color.ui`",
        "when text is coloured",
    ),
    GitSetting(
        "pager.milestone", "a boolean, or a command", "`true`",
        "whether long text goes through git's pager, or which one",
    ),
)  # fmt: skip
"""Every one that we read besides git's own, in the order of the documentation."""

_BY_NAME = {one.name: one for one in GIT_SETTINGS}


def find_git_setting(config: Mapping[str, str], name: str) -> Any:
    """The value of one of our settings, None where it is unset.

    Raises:
        InvalidValue: It is none.
    """
    setting = _BY_NAME[name]
    text = config.get(name.lower())
    if text is None:
        return None
    try:
        return setting.read(text)
    except InvalidValue as fault:
        raise InvalidValue(f"{name}: {fault.message}", fault.hint) from None
