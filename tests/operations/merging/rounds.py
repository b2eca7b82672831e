"""Random edits of two branches, and what real git makes of them in every way that it joins them."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gitmilestone.faces import merge_driver
from gitmilestone.faces.context import Context
from gitmilestone.store.installing.drivers import install_drivers, remove_drivers
from gitmilestone.store.store import Store

STATUSES = ("planned", "in_progress", "blocked", "completed", "cancelled")
_KEYS = ("project", "owner", "priority", "start", "due", "estimate")
WAYS = ("merge", "rebase", "cherry-pick", "stash pop", "revert")
_FOLDERS = ("active", "completed")


class Fork(NamedTuple):
    """Path below `.milestones/` -> text, of each state.

    Attributes:
        notes: What each side has put into comments, by id.
        renames: (from, to), of the milestones of `base` to which a side has given another id.
    """

    base: dict[str, str]
    ours: dict[str, str]
    theirs: dict[str, str]
    notes: list[tuple[str, str]]
    renames: set[tuple[str, str]]


def by_id(state: dict[str, str]) -> dict[str, str]:
    return {path.rpartition("/")[2].removesuffix(".yaml"): text for path, text in state.items()}


class _Writer:
    """Milestones of one round as text, in the form that we write, or in one that somebody writes by hand."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.number = number
        self.is_canonical = chance.random() < 0.5
        self.order = ["title", "status", *_KEYS, "created", "labels", "tasks", "description"]
        if not self.is_canonical:
            chance.shuffle(self.order)
        self.gap = "\n" if self.is_canonical or chance.random() < 0.3 else ""
        self.is_quoted = not self.is_canonical and chance.random() < 0.2

    def new(self, name: str, created: str) -> dict[str, Any]:
        chance = self.chance
        value: dict[str, Any] = {"title": f"Do {name} of {self.number}", "status": chance.choice(STATUSES[:3])}
        if created:
            value["created"] = created
        for key in _KEYS:
            if chance.random() < 0.35:
                value[key] = self.draw(key)
        value["labels"] = sorted(chance.sample(["api", "ui", "db", "docs", "ops"], chance.randrange(3)))
        value["tasks"] = {f"t{at}": {"title": f"Task {at} of {name}"} for at in range(chance.randrange(3))}
        if chance.random() < 0.4:
            value["description"] = "".join(f"{line}.\n" for line in chance.sample(["One", "Two", "Three", "Four"], 3))
        return value

    def draw(self, key: str) -> str:
        number = self.chance.randrange(1, 10)
        words = {"priority": self.chance.choice(["low", "medium", "high"]), "estimate": f"{number}d"}
        return words.get(key) or (f"2027-0{number}-15" if key in ("start", "due") else f"{key}{number}")

    def write(self, value: dict[str, Any]) -> str:
        notes = value.get("#", {})
        lines = ["schema: 1\n"]
        for key in self.order:
            lines += [f"{note}\n" for note in notes.get(key, ())]
            tail = f" {notes[key + '!']}" if key + "!" in notes else ""
            lines += self._write_key(key, value.get(key), tail)
        text = self.gap.join(line for line in lines if line)
        return text + "".join(f"{note}\n" for note in notes.get("", ()))

    def _write_key(self, key: str, item: Any, tail: str) -> list[str]:
        if key == "labels":
            head = [f"labels:{tail}\n"] if item or self.is_canonical else []
            joined = self.gap.join(f"  - {label}\n" for label in item or ())
            return [head[0] + joined] if head else []
        if key == "tasks":
            if not item:
                return ["tasks:\n\n"] if self.is_canonical else []
            blocks = ["".join(self._write_task(name, task)) for name, task in item.items()]
            return [f"tasks:{tail}\n" + self.gap.join(blocks) + ("\n" if self.is_canonical else "")]
        if key == "description" and item:
            return [f"description: |{tail}\n" + "".join(f"  {line}\n" for line in item.removesuffix("\n").split("\n"))]
        if not item:
            return [f"{key}:{tail}\n"] if self.is_canonical else []
        shown = f'"{item}"' if self.is_quoted and key in ("title", "owner") else item
        return [f"{key}: {shown}{tail}\n"]

    def _write_task(self, name: str, task: dict[str, str]) -> Iterator[str]:
        yield f"  {name}:\n"
        full = {"status": "planned", "weight": "1", "completed": ""} if self.is_canonical else {}
        for key, item in {"title": task["title"], **full, **task}.items():
            yield f"    {key}: {item}\n" if item else f"    {key}:\n"


def draw_fork(seed: int) -> Fork:
    chance = random.Random(seed)
    writer = _Writer(chance, seed)
    in_bulk = chance.choice(["2026-11-22T10:00:00Z", ""])
    base: dict[str, dict[str, Any]] = {}
    for at in range(chance.randrange(1, 6)):
        created = in_bulk if chance.random() < 0.7 else f"2026-11-2{at}T10:00:00Z"
        value = writer.new(f"m{at}", created)
        folder = "completed" if value["status"] in STATUSES[3:] and chance.random() < 0.5 else "active"
        base[f"{folder}/m{at}.yaml"] = value
    notes: list[tuple[str, str]] = []
    renames: set[tuple[str, str]] = set()
    sides = [_edit(writer, base, side, in_bulk, notes, renames) for side in ("ours", "theirs")]
    states = ({path: writer.write(value) for path, value in state.items()} for state in (base, *sides))
    return Fork(*states, notes, renames)


def _edit(
    writer: _Writer,
    base: dict[str, dict[str, Any]],
    side: str,
    created: str,
    notes: list[tuple[str, str]],
    renames: set[tuple[str, str]],
) -> dict[str, dict[str, Any]]:
    import copy

    chance = writer.chance
    state = copy.deepcopy(base)
    born = {path: path.rpartition("/")[2].removesuffix(".yaml") for path in base}
    for step in range(chance.randrange(1, 5)):
        paths = sorted(state)
        what = chance.choice(
            ["edit"] * 5 + ["task", "note", "create", "create", "delete", "complete", "archive", "rename"]
        )
        if what == "create":
            name = f"n{step}" if chance.random() < 0.2 else f"{side[0]}{step}"
            if chance.random() < 0.4 and paths:
                value = copy.deepcopy(state[chance.choice(paths)]) | {"title": f"Do {name} of {writer.number}"}
                value.pop("#", None)
            else:
                value = writer.new(name, created)
            state[f"active/{name}.yaml"] = value
            continue
        if not paths:
            continue
        path = chance.choice(paths)
        value = state[path]
        if what == "delete":
            del state[path]
        elif what in ("complete", "archive"):
            value["status"] = chance.choice(STATUSES[3:])
            if what == "archive":
                _move(path, "completed/" + path.rpartition("/")[2], state, born)
        elif what == "rename":
            _move(path, f"active/{side[0]}r{step}.yaml", state, born)
        elif what == "note":
            key = chance.choice(["", *(key for key in ("title", "status", "owner", "labels") if value.get(key))])
            note = f"# {side} {writer.number}.{step}"
            name = path.rpartition("/")[2].removesuffix(".yaml")
            known = value.setdefault("#", {})
            if key and f"{key}!" not in known and chance.random() < 0.5:
                known[f"{key}!"] = note
            else:
                known.setdefault(key, []).append(note)
            notes.append((name, note))
        else:
            _edit_value(writer, value, what)
    ends = {path: path.rpartition("/")[2].removesuffix(".yaml") for path in state}
    renames |= {(name, ends[path]) for path, name in born.items() if path in state and ends[path] != name}
    return state


def _move(old: str, new: str, *of: dict[str, Any]) -> None:
    for one in of:
        if old in one:
            one[new] = one.pop(old)


def _edit_value(writer: _Writer, value: dict[str, Any], what: str) -> None:
    chance = writer.chance
    if what == "task":
        tasks = value["tasks"]
        name = chance.choice([*tasks, f"k{chance.randrange(3)}"])
        if name in tasks and chance.random() < 0.3:
            del tasks[name]
        else:
            tasks.setdefault(name, {"title": f"Task {name}"})["status"] = chance.choice(STATUSES[:2])
        return
    for key in chance.sample([*_KEYS, "title", "status", "labels", "description"], chance.randrange(1, 4)):
        if key == "labels":
            value["labels"] = sorted({*value["labels"]} ^ {chance.choice(["api", "ui", "db", "docs", "ops"])})
        elif key == "description":
            value[key] = value.get(key, "") + f"More {chance.randrange(99)}.\n"
        elif key == "title":
            value[key] += chance.choice([" now", " again"])
        elif key == "status":
            value[key] = chance.choice(STATUSES)
        elif chance.random() < 0.2:
            value.pop(key, None)
        else:
            value[key] = writer.draw(key)


class Project:
    """One repository for all rounds. Its driver is a shell that hands over to this process."""

    def __init__(self, place: Path) -> None:
        self.path = place / "project"
        self.place = place
        self.git("init", "-q", str(self.path), directory=place)
        self.git("config", "core.logAllRefUpdates", "false")
        self.git("config", "gc.auto", "0")
        self.git("config", "core.fsync", "none")
        self.program = place / "driver"
        for name in ("asked", "answered"):
            os.mkfifo(place / name)
        self.program.write_text(
            f'#!/bin/sh\n{{ printf "%s\\0" "$@"; printf "\\0"; env -0 | grep -az ^GITHEAD_; }} > {place}/asked\n'
            f"read status < {place}/answered\nexit $status\n"
        )
        self.program.chmod(0o755)
        threading.Thread(target=self._serve, daemon=True).start()
        self.crashes: list[str] = []

    def git(self, *args: str, stdin: bytes = b"", directory: Path | None = None) -> tuple[int, str]:
        done = subprocess.run(["git", *args], cwd=directory or self.path, input=stdin, capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def _serve(self) -> None:
        while True:
            said = (self.place / "asked").read_bytes()
            status = 4
            try:
                status = self._merge(said)
            except BaseException as fault:  # else git would wait for ever
                self.crashes.append(repr(fault))
            finally:
                signal.alarm(0)
                (self.place / "answered").write_text(f"{status}\n")

    def _merge(self, said: bytes) -> int:
        listed, _, environ = said.partition(b"\0\0")
        _, what, _, *args = listed.decode().split("\0")
        names = ("base", "ours", "theirs", "size", "path")
        values = {"what": what, **dict(zip(names, args, strict=False)), "labels": args[5:]}
        heads = dict(pair.split("=", 1) for pair in environ.decode().split("\0") if "=" in pair)
        stream = io.StringIO()
        for name in names[:3]:
            values[name] = str(self.path / values[name])
        return merge_driver.run(Context({**os.environ, **heads}, str(self.path), stream, stream, stream), values)

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        store = Store.open(str(self.path), {**os.environ})
        try:
            yield store
        finally:
            store.close()

    def use_driver(self, *, is_on: bool) -> None:
        with self.store() as store:
            if is_on:
                install_drivers(store, str(self.program))
                (self.path / ".git" / "info" / "attributes").write_text(".milestones/**/*.yaml merge=milestone\n")
            else:
                remove_drivers(store)

    def lay(self, fork: Fork) -> None:
        """The states as commits: `base`, `ours` and `theirs` on it, and `undone`, which takes `theirs` back."""
        stream: list[bytes] = []
        parents = {"base": "", "ours": "base", "theirs": "base", "undone": "theirs"}
        for mark, (name, parent) in enumerate(parents.items(), 1):
            state = fork.base if name == "undone" else getattr(fork, name)
            stream.append(f"commit refs/heads/{name}\nmark :{mark}\n".encode())
            stream.append(b"committer Ana <ana@example.com> 1700000000 +0000\ndata 1\nx\n")
            stream += [f"from refs/heads/{parent}\n".encode()] if parent else []
            stream.append(b"deleteall\nM 644 inline .milestones/config/project.yaml\ndata 10\nschema: 1\n\n")
            for path, text in state.items():
                content = text.encode()
                stream.append(b"M 644 inline .milestones/%s\ndata %d\n%s\n" % (path.encode(), len(content), content))
        for name in ("rebase-merge", "rebase-apply", "sequencer"):
            shutil.rmtree(self.path / ".git" / name, ignore_errors=True)
        self.git("update-ref", "-d", "refs/stash")
        (self.path / ".git" / "logs" / "refs" / "stash").unlink(missing_ok=True)
        refs = b"".join(b"reset refs/heads/%s\n" % name.encode() for name in parents)
        del refs
        for name in parents:
            (self.path / ".git" / "refs" / "heads" / name).unlink(missing_ok=True)
        status, said = self.git("fast-import", "--quiet", "--force", stdin=b"".join(stream))
        assert status == 0, said
        self.switch("ours")

    def switch(self, revision: str) -> None:
        shutil.rmtree(self.path / ".milestones", ignore_errors=True)
        status, said = self.git("checkout", "-q", "-f", "--detach", revision)
        assert status == 0, said
        self.git("reset", "-q", "--hard")

    def join(self, way: str, fork: Fork) -> int:
        """git's own exit status; `ours` and `theirs` are always the states of these names."""
        if way == "stash pop":
            self.switch("base")
            self.git("read-tree", "-u", "--reset", "theirs")
            self.git("reset", "-q", "--mixed", "base")
            self.git("add", "-A")
            self.git("stash", "-q")
            self.switch("ours")
            return self.git("stash", "pop", "-q")[0] if fork.theirs != fork.base else 0
        if way == "rebase":
            self.switch("theirs")
            return self.git("rebase", "-q", "ours")[0]
        args = {"merge": ("merge", "-q", "--no-edit", "theirs"), "cherry-pick": ("cherry-pick", "theirs")}
        return self.git(*args.get(way, ("revert", "--no-edit", "undone")))[0]

    def read(self) -> dict[str, str]:
        """The files as they lie; a second one of an id is kept under another name, which nobody expects."""
        found: dict[str, str] = {}
        for folder in _FOLDERS:
            for path in sorted((self.path / ".milestones" / folder).rglob("*.yaml")):
                found[path.stem if path.stem not in found else f"{path.stem} twice"] = path.read_text()
        return found

    @property
    def is_unmerged(self) -> bool:
        return bool(self.git("ls-files", "-u")[1])


Check = Callable[[], None]
