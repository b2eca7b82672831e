"""Our hooks where git looks for them: in its configuration, or in files that may be somebody else's too."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from gitmilestone.errors import EnvironmentFault
from gitmilestone.store.git import Git
from gitmilestone.store.installing.hook_aside import bring_back, is_linked, link_neighbours, put_aside
from gitmilestone.store.installing.hook_text import (
    BEFORE,
    CARRIED,
    CLIENT,
    SERVER,
    Split,
    compose_block,
    compose_command,
    compose_whole,
    insert,
    make_file,
    split,
    takes_block,
)
from gitmilestone.store.installing.hook_tools import (
    ADVISED,
    Obstacle,
    find_line,
    find_obstacle,
    is_by_pre_commit,
    read,
)
from gitmilestone.store.installing.replace import replace_file
from gitmilestone.store.locks import refuse_unwritable
from gitmilestone.store.repository import Repository

State = Literal["installed", "outdated", "absent", "blocked"]

_CONFIGURED_SINCE = (2, 54)
_SECTION = "hook.milestone-"
_LEGACY = ".legacy"
"""Behind the name of a hook that pre-commit has found in its place: it runs it."""


class Hook(NamedTuple):
    """Attributes:
    place: The file, or the section of git's configuration.
    note: What is odd about it; "" where nothing is.
    """

    name: str
    state: State
    place: str
    note: str = ""


class HookFiles:
    """The hooks of one repository, ours and others'.

    Args:
        program: Absolute path of the executable that they run.
    """

    def __init__(self, repository: Repository, program: str) -> None:
        self.repository = repository
        self.program = program
        self.stubs = find_stubs()
        self.git: Git = repository.git
        self.is_configured = read_version(self.git) >= _CONFIGURED_SINCE

    def find_obstacle(self) -> Obstacle | None:
        """Who else looks after the hooks, if somebody does."""
        return find_obstacle(self.repository, is_configured=self.is_configured)

    def examine_beside(self, obstacle: Obstacle) -> list[Hook]:
        """Those that may run beside what another tool runs, called by it or by git, and any other of ours."""
        hooks, moved = [], self._find_moved()
        for hook in self.examine((*CLIENT, *SERVER)):
            legacy = self._path(hook.name) + _LEGACY
            line = find_line(self.repository, obstacle, hook.name) if hook.state == "absent" else None
            if line is not None:
                hooks.append(Hook(hook.name, "installed", line))
            elif moved.get(hook.name) == legacy and is_by_pre_commit(self._path(hook.name)):
                hooks.append(Hook(hook.name, "installed", legacy, "pre-commit runs it"))
            elif hook.state != "absent" or hook.name in ADVISED[obstacle.tool]:
                hooks.append(hook)
        return hooks

    def examine(self, names: Iterable[str]) -> list[Hook]:
        configured = self._read_configuration() if self.is_configured else {}
        moved = self._find_moved()
        return [self._examine(name, configured.get(name), moved.get(name, "")) for name in names]

    def _find_moved(self) -> dict[str, str]:
        """Name of a hook -> a file of ours that is not where git looks for it."""
        return {found.name: path for path, found in self._iter_ours() if path != self._path(found.name)}

    def _iter_ours(self) -> Iterator[tuple[str, Split]]:
        """Every file that has a block of ours, also under the names that other tools give to what they find."""
        for folder in dict.fromkeys((self.repository.hooks_dir, os.path.join(self.repository.common_dir, "hooks"))):
            try:
                names = sorted(os.listdir(folder))
            except OSError:  # none, or no folder
                continue
            for name in names:
                path = os.path.join(folder, name)
                found = split(read(path) or b"")
                if found is not None and found.name in (*CLIENT, *SERVER):
                    yield path, found

    def _examine(self, name: str, command: str | None, moved: str) -> Hook:
        if command is not None:
            is_current = command == compose_command(name, self.program, self.stubs)
            return Hook(name, "installed" if is_current else "outdated", f"{_SECTION}{name}")
        path = self._path(name)
        content = read(path)
        found = split(content) if content is not None else None
        if content is None or found is None:
            is_folder = os.path.isdir(path) and not os.path.islink(path)
            if is_folder and not self.is_configured:
                return Hook(name, "blocked", path, "is a folder")
            is_taken = os.path.lexists(path + BEFORE) and os.path.lexists(path) and not _takes_block(path, content)
            if is_taken and not self.is_configured:
                return Hook(name, "blocked", path, f"{path}{BEFORE} is there already")
            note = f"moved to {moved}, which git does not run" if moved else ""
            return Hook(name, "absent", f"{_SECTION}{name}" if self.is_configured else path, note)
        is_current = (
            not self.is_configured
            and os.access(path, os.X_OK)
            and found.block.rstrip(b"\n") == self._recompose(name, found).rstrip(b"\n")
            and (found.is_whole or takes_block(found.rest))
            and not (found.has_put_aside and not is_linked(self.repository.hooks_dir))
        )
        carries = "runs git-lfs too" if _carries_lfs(found) and self._has_lfs() else ""
        return Hook(name, "installed" if is_current else "outdated", path, carries)

    def _has_lfs(self) -> bool:
        """Whether git-lfs has begun here, as our hooks ask it."""
        if os.path.isdir(os.path.join(self.repository.common_dir, "lfs")):
            return True
        return self.git.run("config", "--local", "lfs.repositoryformatversion").status == 0

    def _compose(self, name: str) -> bytes:
        return compose_block(name, self.program, self.stubs)

    def _recompose(self, name: str, found: Split) -> bytes:
        """The block as this version has it."""
        block = self._compose(name)
        return compose_whole(block, name, found.has_put_aside) if found.is_whole else block

    def install(self, names: Iterable[str]) -> list[Hook]:
        """Installs those of the hooks that are not there as they should be; returns what it did or could not do."""
        done = []
        for hook in self.examine(names):
            if hook.state == "installed":
                continue
            if hook.state != "blocked":
                self._change(self._configure if self.is_configured else self._write, hook.name)
                hook = self.examine([hook.name])[0]
            done.append(hook)
        return done

    def uninstall(self) -> list[Hook]:
        """Takes all of ours out, wherever it is; every other byte, and its permissions, stay or come back."""
        done = []
        for name in self._read_configuration():
            self.git.check("config", "--local", "--remove-section", _SECTION + name)
            done.append(Hook(name, "absent", _SECTION + name))
        carried = False
        for path, found in [*self._iter_ours()]:
            self._change(_remove, path)
            aside = _find_aside(path, found)
            kept = f"{aside} was kept: {path} was edited" if aside and os.path.lexists(aside) else ""
            done.append(Hook(found.name, "absent", path, kept))
            carried = carried or _carries_lfs(found)
        if carried and self._has_lfs() and self.git.run("lfs", "update").status != 0:
            note = "git-lfs has no hook here any more, and would upload nothing: `git lfs update` says what to do"
            done[-1] = done[-1]._replace(note=note)
        return done

    def _change(self, change: Callable[[str], None], what: str) -> None:
        try:
            change(what)
        except OSError as error:
            raise refuse_unwritable(error, self.repository.hooks_dir) from error

    def _path(self, name: str) -> str:
        return os.path.join(self.repository.hooks_dir, name)

    def _read_configuration(self) -> dict[str, str]:
        """Name of a hook -> the command of ours that the repository's configuration gives it."""
        listed = self.git.run("config", "--local", "--null", "--get-regexp", r"^hook\.milestone-.*\.command$").stdout
        found = {}
        for item in listed.decode("utf-8", "surrogateescape").split("\0"):
            key, _, command = item.partition("\n")
            if key:
                found[key.removeprefix(_SECTION).removesuffix(".command")] = command
        return found

    def _configure(self, name: str) -> None:
        if split(read(self._path(name)) or b"") is not None:  # from before git was updated
            _remove(self._path(name))
        for key, value in iter_settings(name, self.program, self.stubs):
            self.git.check("config", "--local", "--replace-all", key, value)

    def _write(self, name: str) -> None:
        path = self._path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        content = read(path)
        found = split(content or b"")
        if found is not None and not found.is_whole and not takes_block(found.rest):  # as it has been edited since
            replace_file(path, found.rest)
            content, found = found.rest, None
        if content is not None and found is not None:
            new = self._recompose(name, found)
            content = content.replace(found.block, new if found.block.endswith(b"\n") else new.rstrip(b"\n"))
            replace_file(path, content, stat.S_IMODE(os.stat(path).st_mode) | 0o111)
        elif content is not None and _takes_block(path, content):
            replace_file(path, insert(content, self._compose(name)))
        else:
            whole = compose_whole(self._compose(name), name, put_aside(path))
            replace_file(path, make_file(whole), 0o777 & ~_read_umask())
        link_neighbours(self.repository.hooks_dir)


def find_stubs() -> str:
    """The folder of the hooks' texts: in the installed package, or beside it in a checkout."""
    package = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    for folder in (os.path.join(package, "hooks"), os.path.join(os.path.dirname(package), "hooks")):
        if os.path.exists(os.path.join(folder, CLIENT[0])):
            return folder
    raise EnvironmentFault(f"{package}/hooks is missing", "install gitmilestone again")


def read_version(git: Git) -> tuple[int, ...]:
    words = git.check("version").decode("utf-8", "replace").split()
    parts = words[2].split(".")[:2] if len(words) > 2 else []
    return tuple(int(part) for part in parts if part.isdecimal())


def iter_settings(name: str, program: str, stubs: str) -> Iterator[tuple[str, str]]:
    """(key, value) of git's configuration, the event last: git dies over one that has no command."""
    yield f"{_SECTION}{name}.command", compose_command(name, program, stubs)
    yield f"{_SECTION}{name}.event", name


def _remove(path: str) -> None:
    """Takes our block out of a file; of one that is ours alone, brings back what was there before."""
    content = read(path) or b""
    found = split(content)
    if found is None:
        return
    if found.is_ours_alone:
        bring_back(path, _find_aside(path, found))
    else:
        replace_file(path, found.rest)
    link_neighbours(os.path.dirname(path))


def _find_aside(path: str, found: Split) -> str:
    """What was put aside for that file of ours; "" where nothing was: a file of that name is its owner's."""
    return os.path.join(os.path.dirname(path), found.name + BEFORE) if found.has_put_aside else ""


def _carries_lfs(found: Split) -> bool:
    return found.is_whole and not found.has_put_aside and found.name in CARRIED


def _takes_block(path: str, content: bytes | None) -> bool:
    """Not a link, whose file may be anybody's, nor what git passes over, which a block would bring to life."""
    return content is not None and not os.path.islink(path) and os.access(path, os.X_OK) and takes_block(content)


def _read_umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
