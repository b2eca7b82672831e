"""Git's hooks and drivers of a project: installed, described, and removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitmilestone.store.installing.drivers import DriverStatus, describe_drivers, install_drivers, remove_drivers
from gitmilestone.store.installing.hook_files import Hook, HookFiles
from gitmilestone.store.installing.hook_text import CLIENT, SERVER
from gitmilestone.store.installing.hook_tools import Obstacle
from gitmilestone.store.store import Store


class HookReport(NamedTuple):
    """Attributes:
    hooks: Those that were changed, would be, or could not be; of a status all.
    obstacle: Who else looks after the hooks here, so that none is written.
    has_changed_drivers: Whether git merges and shows milestones otherwise than before, or would.
    """

    hooks: Sequence[Hook]
    obstacle: Obstacle | None = None
    has_changed_drivers: bool = False


class HookStatus(NamedTuple):
    """Attributes:
    drivers: None in a bare repository, where nothing is merged.
    """

    hooks: Sequence[Hook]
    obstacle: Obstacle | None
    drivers: DriverStatus | None


def install_hooks(store: Store, program: str, *, for_server: bool = False, is_dry_run: bool = False) -> HookReport:
    """Installs the hooks beside those that are there, and the drivers; again changes nothing.

    Args:
        program: Absolute path of our executable.
        for_server: The hooks that look at what is pushed here, and no drivers, as always in a bare repository.
    """
    is_server = for_server or store.repository.is_bare
    files = HookFiles(store.repository, program)
    obstacle = files.find_obstacle()
    if is_dry_run:
        hooks = [] if obstacle else [hook for hook in files.examine(_choose(is_server)) if hook.state != "installed"]
        is_missing = not is_server and describe_drivers(store, program).state != "installed"
        return HookReport(hooks, obstacle, is_missing)
    # First, as nothing is in their way.
    has_changed_drivers = not is_server and install_drivers(store, program)
    hooks = [] if obstacle else files.install(_choose(is_server))
    return HookReport(hooks, obstacle, has_changed_drivers)


def uninstall_hooks(store: Store) -> HookReport:
    """Takes ours out wherever they are, and the drivers."""
    return HookReport(HookFiles(store.repository, "").uninstall(), None, remove_drivers(store))


def get_hook_status(store: Store, program: str) -> HookStatus:
    """Every hook that belongs here, be it there or not, and any other of ours."""
    files = HookFiles(store.repository, program)
    expected = _choose(store.repository.is_bare)
    obstacle = files.find_obstacle()
    if obstacle and obstacle.tool != "nowhere":
        hooks = files.examine_beside(obstacle)
    else:
        found = files.examine((*CLIENT, *SERVER))
        hooks = [hook for hook in found if hook.name in expected or hook.state != "absent"]
    drivers = None if store.repository.is_bare else describe_drivers(store, program)
    return HookStatus(hooks, obstacle, drivers)


def _choose(is_server: bool) -> Sequence[str]:
    return SERVER if is_server else CLIENT
