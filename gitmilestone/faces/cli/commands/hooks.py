"""`git milestone hooks install|uninstall|status`"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

from gitmilestone.errors import EnvironmentFault
from gitmilestone.faces.cli.commands.sources import FINDINGS
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.checking.hooks import HookStatus, get_hook_status, install_hooks, uninstall_hooks
from gitmilestone.store.installing.hook_files import Hook
from gitmilestone.store.installing.hook_text import compose_line
from gitmilestone.store.installing.hook_tools import ADVISED, Obstacle, Tool

_EXECUTABLE = "git-milestone"

_LOOKED_AFTER: dict[Tool, str] = {
    "pre-commit": "pre-commit looks after the hooks here. Add to the `repos:` of .pre-commit-config.yaml, then run "
    "`pre-commit install --hook-type pre-commit --hook-type commit-msg`; it does not tell hooks what the others need:",
    "husky": "husky looks after the hooks here. Add a line to each of these files, and make those that are not there; "
    "in pre-push below what reads its input too:",
    "lefthook": "lefthook looks after the hooks here. Add to lefthook.yml, then run `lefthook install`:",
    "simple-git-hooks": "simple-git-hooks writes the hooks here anew each time. Add to its settings, then run "
    "`npx simple-git-hooks`:",
    "shared": "core.hooksPath names a folder that other repositories share. Add a line to each of these files; a new "
    "one is executable and begins with `#!/bin/sh`; in pre-push below what reads its input too:",
    "tracked": "the hooks here are committed files, which everybody gets. Add a line to each of these; a new one is "
    "executable and begins with `#!/bin/sh`; in pre-push below what reads its input too:",
    "nowhere": "core.hooksPath names no folder: git runs no hooks here",
}
_PRE_COMMIT = """\
- repo: local
  hooks:
    - id: milestone-check
      name: milestones
      language: system
      entry: git milestone __hook pre-commit
      files: ^\\.milestones/
      pass_filenames: false
    - id: milestone-commit-msg
      name: milestones in the message
      language: system
      entry: sh -c '{commit_msg}' hook
      stages: [commit-msg]
"""
_LEFTHOOK = """\
{name}:
  commands:
    milestones:
      {input}run: sh -c '{line}' hook {{0}}
"""


def install(context: Context, values: Values) -> int:
    is_dry_run = values["dry_run"]
    program = _find_program(context)
    report = install_hooks(context.store, program, for_server=values["server"], is_dry_run=is_dry_run)
    would = "would be " if is_dry_run else ""
    for hook in report.hooks:
        if hook.state == "blocked":
            context.warn(f"error: {hook.name} was left alone: {hook.place} {hook.note}")
        else:
            context.write(f"{hook.name}: {would}installed in {context.style.cell(hook.place)}")
    if report.has_changed_drivers:
        context.write(f"merge and diff driver: {would}installed in git's configuration")
    if report.obstacle is not None:
        _advise(context, report.obstacle)
    elif not report.hooks and not report.has_changed_drivers:
        context.warn("the hooks are installed already: nothing to change")
    return FINDINGS if report.obstacle or any(hook.state == "blocked" for hook in report.hooks) else 0


def uninstall(context: Context, _: Values) -> int:
    report = uninstall_hooks(context.store)
    for hook in report.hooks:
        context.write(f"{hook.name}: removed from {context.style.cell(hook.place)}")
        if hook.note:
            context.warn(f"warning: {hook.note}")
    if report.has_changed_drivers:
        context.write("merge and diff driver: removed from git's configuration")
    if not report.hooks and not report.has_changed_drivers:
        context.warn("no hook of git milestone is installed: nothing to change")
    return 0


def status(context: Context, values: Values) -> int:
    program = _find_program(context)
    found = get_hook_status(context.store, program)
    if values["json"]:
        from gitmilestone.faces.envelope import dump_envelope

        obstacle = found.obstacle and found.obstacle._asdict()
        drivers = found.drivers and found.drivers._asdict()
        hooks = (_to_json(hook) for hook in found.hooks)
        facts = {"program": program, "looked_after_by": obstacle, "drivers": drivers}
        context.write(dump_envelope("hooks", hooks, context.style, **facts))
    else:
        _write_status(context, found)
    are_drivers_missing = found.drivers is not None and found.drivers.state != "installed"
    return FINDINGS if are_drivers_missing or any(hook.state != "installed" for hook in found.hooks) else 0


def _write_status(context: Context, found: HookStatus) -> None:
    for hook in found.hooks:
        note = f" ({hook.note})" if hook.note else ""
        context.write(f"{hook.name:<20}{hook.state:<11}{context.style.cell(hook.place)}{note}")
    states = {hook.state for hook in found.hooks}
    if found.drivers is not None:
        states.add(found.drivers.state)
        note = "" if found.drivers.merges else ", but the attributes name another one"
        context.write(f"{'merge driver':<20}{found.drivers.state}{note if found.drivers.state == 'installed' else ''}")
    if found.obstacle is not None and found.obstacle.tool == "nowhere":
        context.warn(f"hint: {found.obstacle.place}: {_LOOKED_AFTER['nowhere']}")
    elif states & {"absent", "outdated"}:
        does = "installs them" if found.obstacle is None else f"says what to add beside {found.obstacle.place}"
        context.warn(f"hint: `git milestone hooks install` {does}")


def _to_json(hook: Hook) -> dict[str, Any]:
    return {**hook._asdict(), "note": hook.note or None}


def _advise(context: Context, obstacle: Obstacle) -> None:
    context.warn(f"{obstacle.place}: {_LOOKED_AFTER[obstacle.tool]}")
    advice = compose_advice(obstacle)
    if advice:
        context.write(advice)
    context.warn("no hook was changed")


def compose_advice(obstacle: Obstacle) -> str:
    """What to add, and to which files; "" where nothing would help."""
    lines = {name: compose_line(name) for name in ADVISED[obstacle.tool]}
    if obstacle.tool == "pre-commit":
        return _PRE_COMMIT.format(commit_msg=lines["commit-msg"])
    if obstacle.tool == "lefthook":
        reads = {"pre-push": "use_stdin: true\n      "}
        return "".join(_LEFTHOOK.format(name=name, input=reads.get(name, ""), line=lines[name]) for name in lines)
    if obstacle.tool == "simple-git-hooks":
        import json

        return json.dumps(lines, indent=2) + "\n"
    folder = ".husky" if obstacle.tool == "husky" else obstacle.place
    return "".join(f"{folder}/{name}:\n    {line}\n" for name, line in lines.items())


def _find_program(context: Context) -> str:
    """The absolute path of our executable, for programs that start hooks without the user's PATH.

    Raises:
        EnvironmentFault: This runs from somewhere where there is none.
    """
    beside = os.path.join(os.path.dirname(sys.executable), _EXECUTABLE)
    for path in (os.path.abspath(sys.argv[0]), beside):
        if os.path.basename(path) == _EXECUTABLE and os.access(path, os.X_OK):
            return path
    found = shutil.which(_EXECUTABLE, path=context.environ.get("PATH"))
    if found is None:
        raise EnvironmentFault(f"there is no {_EXECUTABLE} that hooks could run", "`pip install gitmilestone`")
    return os.path.abspath(found)
