"""Why a text is not YAML, in words for people who write milestones, with the way out.

libyaml says where it stopped and what it was about; what to do about it is seen from the line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTE_IT = "put the value in quotes"
_RESERVED = "@`%*&!?,]}"


class Explanation(NamedTuple):
    """Attributes:
    line: From 1.
    """

    line: int
    message: str
    hint: str


class _Place(NamedTuple):
    """Attributes:
    source: The line at fault.
    column: From 0, where reading stopped in it.
    context: What was being read, in libyaml's words.
    problem: What was wrong with it, in libyaml's words.
    """

    source: str
    column: int
    context: str
    problem: str

    @property
    def before(self) -> str:
        return self.source[: self.column]

    @property
    def rest(self) -> str:
        return self.source[self.column :].strip()

    @property
    def name(self) -> str:
        """What the value belongs to."""
        found = re.match(r"\s*(?:- +)?([^\s:#'\"\[{-][^:\[{]*?):(?: |$)", self.before)
        return f"`{found[1][:40]}`" if found else "the value"


def explain(text: str, error: object) -> Explanation:
    """Args:
    error: A `yaml.MarkedYAMLError`.
    """
    context, problem = str(getattr(error, "context", "") or ""), str(getattr(error, "problem", "") or "")
    first, last = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    # What is not closed, or turns out to be no key, is at fault where it begins, not where that shows.
    begins = re.search("quoted|flow|simple key|alias|anchor|tag|directive", context) and "escape" not in problem
    mark = (first if begins else None) or last or first
    lines = text.split("\n")
    line = min(mark.line, len(lines) - 1) if mark else 0
    place = _Place(lines[line], mark.column if mark else 0, context, problem)
    header = lines[first.line] if first and "block scalar" in context else ""
    told = _tell_tab(place, header) or _tell(place)
    return Explanation(line + 1, *told)


def _tell_tab(place: _Place, header: str) -> tuple[str, str] | None:
    indent = place.source[: len(place.source) - len(place.source.lstrip())]
    if "\t" not in indent or place.column > len(indent):
        return None
    spaces = len(indent.partition("\t")[0]) - (len(header) - len(header.lstrip(" ")))
    if header and spaces > 0:
        message = "a block of text begins with a tab, and from there its indent is not to be told"
        return message, f"say it behind the sign that opens the block, `|{spaces}`, or use spaces"
    return "a tab is in front of what the line says", "a tab can't indent YAML: use two spaces"


def _tell(place: _Place) -> tuple[str, str]:
    """Message and hint."""
    if re.match(r"[<=>|]{7,}", place.source):
        return "this line is no `key: value`", "this looks like what a merge conflict leaves"
    for words, tell in _BY_CONTEXT:
        if words in place.context and (told := tell(place)):
            return told
    if place.rest[:1] in tuple(_RESERVED):
        return _tell_reserved(place)
    for words, tell in _BY_PROBLEM:
        if words in place.problem and (told := tell(place)):
            return told
    return "it can't be read as YAML from here", f"{_QUOTE_IT} if it has signs in it that YAML uses itself"


def _tell_reserved(place: _Place) -> tuple[str, str]:
    sign = place.rest[0]
    is_flow = re.search(r"[\[{]", place.before)
    name = "a value" if is_flow else place.name
    whole = re.split(r"[,\]}]", place.rest[1:])[0] if is_flow else place.rest[1:]
    if not _is_quotable(whole + sign):
        whole = "..."
    key = "" if is_flow else place.before.lstrip()
    return f"{name} begins with `{sign}`, which YAML keeps for itself", f'{_QUOTE_IT}: {key}"{sign}{whole}"'


def _tell_quoted(place: _Place) -> tuple[str, str]:
    if "Unicode" in place.problem:
        return "an escape of a character that Unicode does not have", "remove it"
    if "end of stream" in place.problem or "document" in place.problem:
        hint = "end the text with the same quote; a `'` between single quotes is written twice"
        return f"{place.name} begins with a quote that is not closed", hint
    return r"a `\` between double quotes begins an escape, and this is none", r"write it twice, or use single quotes"


def _tell_header(place: _Place) -> tuple[str, str]:
    del place
    message = "behind the `|` or `>` that opens a block of text there is text already"
    return message, f"begin it on the next line, indented by two spaces; or {_QUOTE_IT}"


def _tell_no_key(place: _Place) -> tuple[str, str]:
    found = re.match(r"\s*([\w.-]+):(\S.*)", place.source)
    if found:
        return f"there is no space behind `{found[1][:40]}:`", f"write `{found[1][:40]}: {found[2][:40]}`"
    message = f"{place.source.strip()[:40]!r} is no `key: value`"
    return message, "indent what belongs to the text above, and open that text with `|`"


def _tell_flow(place: _Place) -> tuple[str, str] | None:
    sign = place.rest[:1]
    if sign not in ("[", "{"):
        return None
    hint = f"end it with `{']' if sign == '[' else '}'}`; a text that begins so goes in quotes"
    return f"{place.name} begins with `{sign}`, which is not closed, or not parted by commas", hint


def _tell_colon(place: _Place) -> tuple[str, str]:
    if ": " in place.before or place.before.lstrip().startswith("- "):
        value = place.source.partition(": ")[2].strip()
        quoted = f': {place.name[1:-1]}: "{value}"' if _is_quotable(value) and place.name[0] == "`" else ""
        return f"{place.name} has a colon in it, which YAML takes for the end of another key", _QUOTE_IT + quoted
    message = f"`{place.before.strip()[:40]}` is indented further than what is above it"
    return message, "indent keys of one level alike; a text of several lines is opened with `|`"


def _is_quotable(value: str) -> bool:
    return 0 < len(value) <= 60 and not re.search(r'["\\]| #', value)


def _tell_item(place: _Place) -> tuple[str, str]:
    hint = f"write one item a line, each after `  - `; if it is text, {_QUOTE_IT}"
    return f"{place.name} begins with `-`, as the items of a list do", hint


def _tell_structure(place: _Place) -> tuple[str, str]:
    if re.match(r"- |-$", place.rest) and not place.before.strip():
        return (
            "this item is not indented as its list is",
            "indent all items of a list alike, two spaces below their key",
        )
    if place.rest[:1] == ":" and not place.before.strip():
        return "there is no key in front of the colon", "write `key: value`"
    if re.search(r"""["'\]}]\s*$""", place.before):
        return (
            f"there is text behind the end of {place.name}",
            "put all of it in quotes; a quote in it is written twice",
        )
    return "this line is not indented as those around it", "indent keys of one level alike, and the lines of a text too"


def _tell_document(place: _Place) -> tuple[str, str]:
    del place
    return "another document, or a directive, is here", "remove the lines that begin with `---`, `...` or `%`"


# What libyaml and PyYAML's own reader have in common of their words.
_BY_CONTEXT = (
    ("quoted scalar", _tell_quoted),
    ("block scalar", _tell_header),
    ("simple key", _tell_no_key),
    ("flow", _tell_flow),
)
_BY_PROBLEM = (
    ("document start", _tell_document),
    ("sequence entries", _tell_item),
    ("mapping values", _tell_colon),
    ("expected key", _tell_structure),
    ("block end", _tell_structure),
    ("'-' indicator", _tell_structure),
)
