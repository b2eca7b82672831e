"""Texts in Markdown, for forges: they show what a value says, and do nothing about it."""

from __future__ import annotations

import re

from gitmilestone.faces.terminal import neutralise

_GAP = "\u200b"
_MARKUP = re.compile(r"""[!-$&*:<>@\[-`{-~\u200b]""")
# Forges look through the text that Markdown has made: for `@name`, `#1`, `!1`, `a/b#1`, `:smile:`, `www.`, commits.
_SIGNS = re.compile(r"[!#$%&:@^~\[{]|(?i:\bwww(?=\.)|\bgh(?=-\d))|[0-9A-Fa-f]{6}(?=[0-9A-Fa-f])")


def escape_markdown(text: str) -> str:
    """A text that a forge shows as it is: no HTML, no link, no mention, no reference, no second cell."""
    text = neutralise(" ".join(text.replace(_GAP, "").split()))
    text = _SIGNS.sub(lambda found: found[0] + _GAP, text)
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)
