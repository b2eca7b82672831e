"""git's configuration is read as git reads it: every answer is compared with its own."""

from __future__ import annotations

import subprocess

import pytest

from gitmilestone.errors import EnvironmentFault, InvalidValue
from gitmilestone.model.git_settings import (
    GIT_SETTINGS,
    find_boolean,
    find_git_setting,
    get_boolean,
    get_colours,
    get_shared_mode,
)

VALUES = [
    *("true", "TRUE", "tRuE", "yes", "on", "false", "No", "OFF", "", "t", "y", "enable", "auto", "always", "never"),
    *(
        "0",
        "1",
        "2",
        "-1",
        "+5",
        "--1",
        "00",
        "010",
        "08",
        "0x10",
        "0X1f",
        "0x",
        "0xg",
        "1.0",
        "1e3",
        " 1",
        "1 ",
        "\t2",
    ),
    *("k", "0k", "1k", "2K", "1kb", "1 k", "1m", "1g", "2g", "3g", "-2g", "-1g", "2047m", "2048m", "true ", "ſ", "ı"),
    *("2147483647", "2147483648", "-2147483647", "-2147483648", "2097151k", "2097152k", "9" * 30, "１"),
]


def ask(*args: str) -> str:
    done = subprocess.run(["git", *args], capture_output=True, text=True, check=False)
    return done.stdout.strip()


@pytest.mark.parametrize("value", VALUES)
def test_booleans_are_those_of_git(value: str) -> None:
    said = ask("-c", f"x.y={value}", "config", "--type=bool", "x.y")
    assert find_boolean(value) == {"true": True, "false": False, "": None}[said]


@pytest.mark.parametrize("value", VALUES)
def test_colours_are_those_of_git(value: str) -> None:
    """`--get-colorbool` says whether git would colour where it writes to a terminal, and where it does not."""
    said = [
        ask("-c", f"color.x={value}", "-c", "core.pager=cat", "config", "--get-colorbool", "color.x", is_terminal)
        for is_terminal in ("true", "false")
    ]
    config = {"color.x": value}
    if said == ["", ""]:
        with pytest.raises(EnvironmentFault, match="bad boolean config value"):
            get_colours(config, "color.x")
    else:
        expected = {("true", "true"): "always", ("true", "false"): "auto", ("false", "false"): "never"}
        assert get_colours(config, "color.x") == expected[said[0], said[1]]


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def test_the_first_key_that_is_set_counts() -> None:
    assert get_colours({}, "color.milestone", "color.ui") == "auto"
    assert get_colours({"color.ui": "always"}, "color.milestone", "color.ui") == "always"
    assert get_colours({"color.ui": "always", "color.milestone": "0"}, "color.milestone", "color.ui") == "never"


def test_what_git_refuses_is_refused_and_named() -> None:
    with pytest.raises(EnvironmentFault, match=r"'maybe' for commit\.gpgSign"):
        get_boolean({"commit.gpgsign": "maybe"}, "commit.gpgSign")
    assert get_boolean({"commit.gpgsign": "2"}, "commit.gpgSign")
    assert not get_boolean({}, "commit.gpgSign")


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        *(("umask", 0), ("false", 0), ("0", 0), ("group", 0o660), ("true", 0o660), ("1", 0o660), ("yes", 0o660)),
        *(("all", 0o664), ("world", 0o664), ("everybody", 0o664), ("2", 0o664), ("0640", 0o640), ("660", 0o660)),
    ],
)
def test_permissions_of_a_shared_repository(value: str, mode: int) -> None:
    assert get_shared_mode({"core.sharedrepository": value}) == mode


def test_ours_are_read_by_their_row() -> None:
    assert all(find_git_setting({}, one.name) is None for one in GIT_SETTINGS)
    name = "milestone.autoMigrate"
    for text, value in (("Suggest", "suggest"), ("0", "off"), ("false", "off"), ("", "off"), ("2", "commit")):
        assert find_git_setting({name.lower(): text}, name) == value
    with pytest.raises(InvalidValue, match=r"milestone\.autoMigrate: 'sugest' is none of commit, suggest, off"):
        find_git_setting({name.lower(): "sugest"}, name)
    assert find_git_setting({"milestone.analytics.memory": "2 gb"}, "milestone.analytics.memory") == 2 << 30
