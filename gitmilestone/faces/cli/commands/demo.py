"""`git milestone demo [DIR]`"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from importlib import import_module

from gitmilestone.demo.findings import KINDS, Findings
from gitmilestone.demo.history import SOURCE, SourceCommit, read_history
from gitmilestone.demo.replay import Replay
from gitmilestone.faces.cli import quick
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.scaling.pace import is_time
from gitmilestone.operations.scaling.switch import follow
from gitmilestone.snapshot.documents import get_document
from gitmilestone.store.installing.create import create_repository
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.tiers.table import get_tier

_REPORT = "demo-report.txt"
_BUSY = 5
_NEXT = (
    ('git milestone new "My first milestone" --due 2027-06-30', "it is a commit"),
    ("git milestone list is:blocked", "what waits for something that is open"),
    ("git milestone list --all sidecar", "search, closed ones too"),
    ("git milestone list --format markdown project:sig-cli", "a table to paste"),
    ("git milestone check", "a KEP that was completed with a task open"),
    ("git milestone status", "how much there is"),
    ("git log --oneline -3", "it is all git"),
    ("git milestone -h", "what else there is"),
)


def run(context: Context, values: Values) -> int:
    return show(context, _find_directory(context, values["dir"]), read_history())


def show(context: Context, directory: str, history: Sequence[SourceCommit]) -> int:
    """Replays a history into a new repository in that directory, reports, and shows around."""
    environ = create_repository(directory, context.environ)
    there = Context(environ, directory, context.stdin, context.stdout, context.stderr)
    context.write(f"Replaying {len(history):,} commits of {SOURCE} into {directory}")
    context.stdout.flush()
    begun = time.monotonic()
    replay = Replay(there.store, lambda moment: _follow(there, moment))
    with context.track("Replaying", len(history)) as progress:
        for _ in replay.run(history):
            progress.advance()
    get_tier(there.store.files_at()).follow(there.store, there)
    context.write(f"{len(history):,} commits, {len(replay)} milestones, {time.monotonic() - begun:.0f} s")
    _report(there, replay.findings)
    _show_around(there, replay.busiest, _find_busy_day(history))
    there.close()
    return 0


def _follow(there: Context, moment: datetime) -> None:
    """The tier grows with the project, as of the days when it did."""
    now = int(moment.timestamp())
    if is_time(there.store, now):
        follow(there.store, there, now, WriteOptions(when=moment))


def _find_directory(context: Context, given: str | None) -> str:
    if given:
        return context.resolve_path(given)
    from tempfile import mkdtemp

    return mkdtemp(prefix="git-milestone-demo-")


def _report(there: Context, findings: Findings) -> None:
    """Says by kind what was not as it should be, and where it is listed one by one."""
    store = there.store
    store.write_state(_REPORT, findings.format())
    counts = findings.count()
    width = max((len(KINDS[kind][0]) for kind in counts), default=0)
    there.write("\nWhat was not plain in the source, and what became of it:\n\n")
    for kind, count in counts.items():
        what, done = KINDS[kind]
        there.write(f"{count:5}  {what:<{width}}  {done}")
    there.write(f"\nOne by one: {store.repository.state_dir}/{_REPORT}")


def _show_around(there: Context, favourite: str, day: date) -> None:
    """Runs a few commands as a user would, and prints each above what it says."""
    next_day = day + timedelta(days=1)
    old, new = (there.store.revision_at(f"{moment}T00:00:00Z")[:12] for moment in (day, next_day))
    milestone = get_document(there.store, there.store.files_at(), favourite).milestone
    project = milestone.project if milestone else None
    tour = (
        (f"Open ones of {project}, the first five", ["list", f"project:{project}", "--limit", "5"]),
        ("The one that changed most often", ["show", favourite]),
        ("What happened to it last", ["log", favourite, "--limit", "3"]),
        (f"What changed from {day} to {next_day}", ["diff", old, new]),
    )
    there.write("\nA short tour:\n\n")
    if folder := _find_missing_folder(there):
        there.write(f'$ export PATH={shlex.quote(folder)}:"$PATH"')
    there.write(f"$ cd {shlex.quote(there.directory)}")
    for what, words in tour:
        there.write(f"\n# {what}\n$ git milestone {shlex.join(words)}")
        _run(there, words)
    there.write("\nWhat to try next:\n\n")
    for line, what in _NEXT:
        there.write(f"$ {line:<56}  # {what}")


def _find_missing_folder(there: Context) -> str:
    """Where this program lies, if git would not find it there; "" if it does."""
    folder, name = os.path.split(os.path.abspath(sys.argv[0]))
    is_found = folder in there.environ.get("PATH", "").split(os.pathsep)
    return folder if name == "git-milestone" and not is_found else ""


def _find_busy_day(history: Sequence[SourceCommit]) -> date:
    """The last day with some commits, but the first, before which there is nothing."""
    days = [source.time.date() for source in history]
    busy = [day for day in days if days.count(day) >= _BUSY and day > days[0]]
    return busy[-1] if busy else days[-1]


def _run(there: Context, words: Sequence[str]) -> None:
    parsed = quick.parse(words)
    assert parsed is not None  # as the words are ours
    module, _, function = parsed.command.run.partition(":")
    getattr(import_module(module), function)(there, parsed.values)
    there.stdout.flush()
