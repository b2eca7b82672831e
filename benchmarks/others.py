"""The same jobs by other tools of the command line that keep tasks in files: Backlog.md and Taskwarrior.

They do other things besides, and leave out others: neither makes a git commit where ours does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from threading import Timer
from typing import NamedTuple

from benchmarks.measure import Timing, hermetic, run, time_in_turn
from benchmarks.others_files import encode_backlog_task, encode_taskwarrior, find_uuid, name_backlog_file
from benchmarks.repositories import get_repository, iter_milestones
from gitmilestone.model.milestone import Milestone

HEADINGS = ("job", "milestones", "git milestone", "Backlog.md", "Taskwarrior")
INSTALL = """\
Both tools are wanted on PATH:
    npm install --prefix DIR backlog.md    (then add DIR/node_modules/.bin to PATH)
    apt-get install taskwarrior"""

_SECONDS = 20.0
_PAGE = "50"
_RUNS = 3
_TASKRC = "data.location={folder}\nconfirmation=off\nverbose=nothing\nhooks=off\nnews.version=2.6.0\n"

Jobs = Mapping[str, Callable[[int], Sequence[str]]]
"""Name of a job -> its command, for the how manieth time it is done."""


class Tool(NamedTuple):
    name: str
    directory: str
    environ: Mapping[str, str]
    jobs: Jobs


class TooSlowError(Exception):
    """A command takes longer than anybody waits."""


def are_installed() -> bool:
    return all(map(shutil.which, ("backlog", "task")))


def iter_compared(sizes: Sequence[int], executable: str, folder: str) -> Iterator[list[list[str]]]:
    """Rows for each size; a tool that needs more than 20 seconds for one command is left out of the larger ones."""
    made: dict[str, Callable[[str, int], Tool]] = {
        "Backlog.md": _make_backlog,
        "Taskwarrior": _make_taskwarrior,
    }
    for size in sizes:
        tools = [_make_ours(folder, size, executable)]
        for name, make in [*made.items()]:
            try:
                tools.append(make(folder, size))
            except TooSlowError:
                del made[name]
        rows = []
        for job in tools[0].jobs:
            found = _time_job(job, tools)
            rows.append([job, f"{size:,}", *(found.get(name, "") for name in HEADINGS[2:])])
            for tool in tools:
                if tool.name in made and found[tool.name].startswith(">"):
                    del made[tool.name]
        for tool in tools[1:]:
            shutil.rmtree(tool.directory)
        yield rows


def _time_job(job: str, tools: Sequence[Tool]) -> dict[str, str]:
    """In turn, after a first run that shows who can do it at all."""
    actions: dict[str, Callable[[], object]] = {}
    found: dict[str, str] = {}
    for tool in tools:
        numbers = iter(range(_RUNS + 1))
        actions[tool.name] = lambda tool=tool, numbers=numbers: _run(tool, tool.jobs[job](next(numbers)))  # type: ignore[misc]
        try:
            actions[tool.name]()
        except TooSlowError:
            found[tool.name] = f"> {_SECONDS:.0f} s"
            del actions[tool.name]
    timings: dict[str, Timing] = time_in_turn(actions, _RUNS, warmups=0)
    return {**found, **{name: str(timing) for name, timing in timings.items()}}


def _run(tool: Tool, command: Sequence[str], stdin: bytes = b"", seconds: float = _SECONDS) -> bytes:
    """Ends what takes too long, and whatever it has started.

    The output goes to a file: Backlog.md ends before a pipe has taken all of a long list.
    """
    with TemporaryFile() as given, TemporaryFile() as output, TemporaryFile() as errors:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(
            command,
            cwd=tool.directory,
            env=tool.environ,
            stdin=given,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        # `wait(seconds)` would look only every 50 ms whether it has ended.
        timer = Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        status = process.wait()
        timer.cancel()
        if status == -signal.SIGKILL:
            raise TooSlowError
        for file in (output, errors):
            file.seek(0)
        if status != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {errors.read().decode(errors='replace')}")
        return output.read()


def _make_ours(folder: str, size: int, executable: str) -> Tool:
    made = get_repository(folder, size)
    listed = run([executable, "list", "--format", "ids", "--limit", str(_RUNS + 1)], made.directory)
    ids = listed.decode().split()
    jobs: Jobs = {
        "list, first 50": lambda _: [executable, "list", "--limit", _PAGE],
        "list, all open": lambda _: [executable, "list"],
        "show one": lambda _: [executable, "show", ids[0]],
        "create one": lambda number: [executable, "new", f"Written {number}"],
        "complete one": lambda number: [executable, "complete", ids[number]],
    }
    return Tool("git milestone", made.directory, hermetic(), jobs)


def _make_backlog(folder: str, size: int) -> Tool:
    """Its own Markdown files, committed; initialised by itself, and counted by its own list."""
    directory = _make_folder(folder, f"backlog-{size}")
    open_ones = ["backlog", "task", "list", "--plain", "--exclude-status", "Done"]
    jobs: Jobs = {
        "list, first 50": lambda _: [*open_ones, "--limit", _PAGE],
        "list, all open": lambda _: open_ones,
        "show one": lambda _: ["backlog", "task", "view", "task-1", "--plain"],
        "create one": lambda number: ["backlog", "task", "create", f"Written {number}", "--plain"],
        "complete one": lambda number: ["backlog", "task", "edit", f"task-{number + 1}", "--status", "Done"],
    }
    tool = Tool("Backlog.md", directory, hermetic(), jobs)
    run(["git", "init", "-q", "-b", "main", directory], "/")
    _run(tool, ["backlog", "init", "bench", "--defaults", "--agent-instructions", "none"])
    numbers: dict[str, int] = {}
    for number, milestone in enumerate(_open_first(size), 1):
        numbers[milestone.id] = number
        path = os.path.join(directory, "backlog", "tasks", name_backlog_file(milestone, number))
        with open(path, "w", encoding="utf-8") as file:
            file.write(encode_backlog_task(milestone, number, numbers))
    run(["git", "add", "."], directory)
    run(["git", "commit", "-q", "-m", "tasks"], directory)
    _check_count(tool, _run(tool, ["backlog", "task", "list", "--plain"]).count(b"TASK-"), size)
    return tool


def _make_taskwarrior(folder: str, size: int) -> Tool:
    """By its own import; its storage is no repository."""
    directory = _make_folder(folder, f"taskwarrior-{size}")
    os.mkdir(os.path.join(directory, "tasks"))
    settings = os.path.join(directory, "taskrc")
    with open(settings, "w", encoding="utf-8") as file:
        file.write(_TASKRC.format(folder=os.path.join(directory, "tasks")))
    milestones = list(_open_first(size))
    uuids = [find_uuid(milestone.id) for milestone in milestones[: _RUNS + 1]]
    jobs: Jobs = {
        "list, first 50": lambda _: ["task", f"limit:{_PAGE}", "list"],
        "list, all open": lambda _: ["task", "list"],
        "show one": lambda _: ["task", uuids[0], "info"],
        "create one": lambda number: ["task", "add", f"Written {number}"],
        "complete one": lambda number: ["task", uuids[number], "done"],
    }
    tool = Tool("Taskwarrior", directory, {**hermetic(), "TASKRC": settings}, jobs)
    _run(tool, ["task", "import", "-"], encode_taskwarrior(milestones), seconds=600)
    _check_count(tool, int(_run(tool, ["task", "count"])), size)
    return tool


def _open_first(size: int) -> list[Milestone]:
    """The open ones first, so that small numbers name what can be completed."""
    return sorted(iter_milestones(size), key=lambda milestone: not milestone.is_open)


def _make_folder(folder: str, name: str) -> str:
    directory = os.path.join(folder, name)
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory)
    return directory


def _check_count(tool: Tool, count: int, size: int) -> None:
    if count != size:
        raise RuntimeError(f"{tool.name} sees {count} of {size} tasks")
