"""What a message echoes is bounded, however large: a key of 10 MB is told in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faces.conftest import Run

_LONG = "k" * 100_000
"""What a command line still takes."""
_HUGE = "k" * 10_000_000
FILES = {
    "operation.jsonl": f'{{"op": "{_HUGE}"}}\n',
    "key.jsonl": f'{{"op": "create", "{_HUGE}": 1}}\n',
    "raw.jsonl": _HUGE,
    "cell.csv": f"id,title,due\na,b,{_LONG}\n",
    "head.csv": f"{_LONG},x\n1,2\n",
}
COMMANDS = (
    *(("import" if name.endswith("csv") else "apply", name) for name in FILES),
    *(("show", _LONG), ("list", f"{_LONG}:x"), ("list", f"due:{_LONG}"), ("edit", "a", "--due", _LONG)),
    *(("new", _LONG), ("new", "x", "--id", _LONG), ("sql", _LONG), (f"--{_LONG}",), (_LONG,)),
    *(("list", "--format", _LONG), ("list", "--at", _LONG), ("depend", "add", "a", _LONG), ("review", _LONG)),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(word[:12] for word in words))
def test_an_echo_is_bounded(words: tuple[str, ...], repository: Path, run: Run) -> None:
    run("init")
    for name in {*words} & FILES.keys():
        (repository / name).write_text(FILES[name])
    done = run(*words)
    assert done.returncode in (1, 2, 128), done.stderr[:500]
    assert len(done.stdout) + len(done.stderr) < 20_000
