"""What a tier is."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from gitmilestone.progress import SILENT, Watch
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.derived.engine import Engine
    from gitmilestone.tiers.compare import Comparison

Result = TypeVar("Result")


class Site(NamedTuple):
    """Where a tier would keep its rows.

    Attributes:
        where: For people; "" where that is this clone.
        obstacle: Why it can't; "" where it can.
    """

    where: str = ""
    obstacle: str = ""


class Tier(Protocol):
    """Where a project's answers come from. An object without a state of its own: what it keeps lies elsewhere.

    Git is the only truth: whatever a tier has lost is built again, and nothing that it does can harm the files.
    """

    @property
    def name(self) -> str:
        """As `config/tier.yaml` says it."""

    @property
    def is_shared(self) -> bool:
        """Whether other clones and other programs see what it keeps: a mirror."""

    def find_obstacle(self, store: Store, *, is_asked: bool) -> str:
        """Why it can't be had in this clone, "" where it may be; connects to nothing, and starts nothing.

        Args:
            is_asked: Whether somebody has asked for it: what only the environment names may be meant for something
                else, and is not taken by itself.
        """

    def would_start(self, store: Store) -> bool:
        """Whether using it here would start a process that stays: a hook must not.

        Raises:
            MilestoneError: It can't be had.
        """

    def try_site(self, store: Store) -> Site:
        """Where it would be, and whether that answers; starts nothing."""

    def prepare(self, store: Store) -> None:
        """Starts what its rows are to be in.

        Raises:
            MilestoneError: It can't be had.
        """

    def build(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> "Comparison | None":
        """Brings it to HEAD, whatever there was, and compares all that it holds with `files`, which are HEAD's.

        None where it keeps nothing that could differ.

        Raises:
            MilestoneError: It can't be had, or the branch moved meanwhile.
        """

    def ask(self, store: Store, files: TreeFiles, read: "Callable[[Engine], Result]", watch: Watch = SILENT) -> Result:
        """What `read` makes of its rows, brought to HEAD, whose `files` are.

        Raises:
            MilestoneError: It can't be had, or the branch moved meanwhile.
        """

    def open(self, store: Store, files: TreeFiles, watch: Watch = SILENT) -> "Engine | None":
        """What answers for these files as it is, to be closed by a `with`; None where it would have to be built,
        brought along or started."""

    def follow(self, store: Store, watch: Watch = SILENT) -> None:
        """Brings it along after a write. What goes wrong is told, and raised never."""

    def drop(self, store: Store, unused_seconds: float = 0) -> None:
        """Takes away what it started here, once the project is on another tier; not what others may ask.

        Args:
            unused_seconds: Only what nobody has used for so long.
        """

    def describe(self, store: Store) -> str:
        """A line for `status`; "" where the one about the index says it all."""
