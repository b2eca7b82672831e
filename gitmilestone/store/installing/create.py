"""Makes a repository that nobody's configuration has a say in."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitmilestone.errors import Refused
from gitmilestone.store.git import Git
from gitmilestone.store.locks import refuse_unwritable

_NAME, _EMAIL = "git milestone", "git-milestone@example.invalid"


def create_repository(directory: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Makes an empty repository on a branch `main`, without templates or hooks.

    Returns:
        The environment to open it in: commits are by whoever git says the user is, and the user's hooks,
        signing and other configuration are left out. Where git can't say, the repository's own
        configuration names a stand-in, so that later commits there work too.

    Raises:
        Refused: There is something in that directory.
    """
    try:
        os.makedirs(directory, exist_ok=True)
        is_empty = not os.listdir(directory)
    except (FileExistsError, NotADirectoryError):
        raise Refused(f"{directory} is no folder", "name a new one") from None
    except OSError as error:
        raise refuse_unwritable(error, directory) from error
    if not is_empty:
        raise Refused(f"{directory} is not empty", "name a new folder, or an empty one")
    users = _drop_repository(environ)
    apart = {name: value for name, value in users.items() if not name.startswith("GIT_CONFIG")}
    apart |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git = Git(directory, apart)
    git.check("init", "--quiet", "--template=", "--initial-branch=main")
    name, email = _find_author(Git(directory, users)) or _name_stand_in(git)
    for role in ("AUTHOR", "COMMITTER"):
        apart[f"GIT_{role}_NAME"], apart[f"GIT_{role}_EMAIL"] = name, email
    return apart


def _drop_repository(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what names another repository, or would date and sign our commits."""
    kept = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_EXEC_PATH")
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("GIT_") or name in kept or name.startswith("GIT_CONFIG_")
    }


def _find_author(git: Git) -> tuple[str, str] | None:
    """Who the user is: NAME <EMAIL> SECONDS ZONE."""
    result = git.run("var", "GIT_AUTHOR_IDENT")
    if result.status != 0:
        return None
    name, _, rest = result.stdout.decode("utf-8", "surrogateescape").partition(" <")
    return name, rest.partition("> ")[0]


def _name_stand_in(git: Git) -> tuple[str, str]:
    git.check("config", "user.name", _NAME)
    git.check("config", "user.email", _EMAIL)
    return _NAME, _EMAIL
