"""Both readers refuse the same: the quick ones, which know the canonical form, and the thorough one, which knows YAML.

Texts are canonical ones with something just within, at, or beyond a limit of what is read.
"""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.model.text import document
from gitmilestone.model.text.document import MAX_BYTES, Document, read_document
from gitmilestone.model.text.encode import encode
from gitmilestone.model.text.yaml_loader import MAX_DEPTH
from gitmilestone.model.text.yaml_nodes import MAX_KEY
from tests.strategies import milestones

HEAD = "schema: 1\ntitle: T\nstatus: planned\n"
_PATH = ".milestones/active/x.yaml"
_TARGET = "r" * 254 + ":" + "i" * 62


class _EveryKey:
    def __contains__(self, key: object) -> bool:
        return True


def near(limit: int, letter: str) -> st.SearchStrategy[str]:
    return st.integers(limit - 1, limit + 1).map(lambda length: letter * length)


SCALARS = st.one_of(
    near(1000, "l"),
    near(1000, "é"),
    near(999, "l").map('"{} "'.format),
    near(63, "i"),
    near(MAX_KEY, "k"),
    st.sampled_from(("0", "1", "00", "01", "-1", "+1", "1.", ".5", "1e3", "1.0001", "1.001", "٣", "1,5")),
    st.sampled_from(("1000000", "1000000.001", "1000001", "0001000000", "9" * 400, "1000000d", "200000w", "200001w")),
    st.sampled_from(("2027-02-29", "2028-02-29", "2027-2-1", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01")),
    st.sampled_from(("2027-01-01T24:00:00Z", "2027-01-01T00:00:60Z", "2027-01-01T00:00Z", "2027-01-01T00:00:00")),
    st.sampled_from(("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2027-01-01 00:00:00 +0100")),
    st.sampled_from(("con", "aux.x", "a.", "a.yaml", "a.lock", "-a", ".a", "A", "ﬁ", "a..b", "", "~", "null", "Null")),
    st.sampled_from(
        ('"\\x00"', '"\\ud800"', '"\\U00110000"', '"\\ufffe"', '"\\n"', '"\\r"', '"\\t"', '"\\x85"', '" "')
    ),
    st.sampled_from(("\0", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\u202e", "\ufeff", "\ufffe", "\ufffd", "a\tb")),
    st.sampled_from(("a #b", "a: b", "a:", "a :b", "- a", "? a", "a,b", "a;b", "'a'", '"a', 'a"', "&a", "*a", "!a")),
    st.sampled_from(("|", "|-", "|+", ">", "|2", "|\n", "|\n   a\n  b", "|-\n  a\n\n\n", "|\n  a\n   \n  b", "|\n\ta")),
    st.sampled_from(
        ("|\n  <<<<<<< a\n  =======", "|\n  ---\n  ...", "|\n  a\n # b", "%a", "@a", "`a", "[a]", "{a: b}")
    ),
    st.sampled_from((_TARGET, "r" * 100 + ":a", f"{_TARGET}i", f"{_TARGET}: relates", f'"{"r" * 100}:a": relates')),
)
KEYS = st.one_of(
    near(MAX_KEY, "k"),
    near(MAX_KEY, "é").map('"{}"'.format),
    near(1024, "k"),
    st.sampled_from(("a", "a b", "A", "1", "a-b", "~", "null", "no", "<<", "=", "-", '"a\\x00b"', "'a'", "", _TARGET)),
    st.sampled_from(("schema", "title", "status", "due", "labels", "depends_on", "tasks", "description", "id", "path")),
)
LINES = st.one_of(
    st.builds("{}: {}".format, KEYS, SCALARS),
    KEYS.map("{}:".format),
    st.builds("  - {}".format, SCALARS),
    st.builds("  {}:\n    title: a".format, KEYS),
    st.builds("  {}:\n    title: a".format, near(63, "i")),
    st.builds("    {}: {}".format, KEYS, SCALARS),
    st.integers(MAX_DEPTH - 2, MAX_DEPTH + 1).map(lambda depth: f"deep: {'[' * depth}{']' * depth}"),
    st.sampled_from(("", " ", "\t", "# a", " # a", "#\t", "---", "...", "--- a", "%YAML 1.1", "<<<<<<< a", "======="))
)  # fmt: skip


@st.composite
def near_misses(draw: st.DrawFn) -> bytes:
    """A canonical document, with lines put in, replaced, doubled and dropped, and other bytes around and in it."""
    lines = draw(st.one_of(milestones().map(lambda one: encode(one).decode()), st.just(HEAD))).split("\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        action = draw(st.sampled_from(("insert", "insert", "value", "drop", "double")))
        if action == "insert":
            lines.insert(at, draw(LINES))
        elif at < len(lines) and action == "value":
            key, colon, _ = lines[at].partition(": ")
            lines[at] = f"{key.removesuffix(':')}: {draw(SCALARS)}" if colon or key.endswith(":") else draw(LINES)
        elif at < len(lines):
            lines[at : at + 1] = [] if action == "drop" else [lines[at]] * 2
    content = draw(st.sampled_from(("\n", "\n", "\n", "\r\n", "\r"))).join(lines).encode("utf-8", "surrogatepass")
    around = st.sampled_from((b"", b"", b"", b"\xef\xbb\xbf", b"\n", b"\xff", b"\x00", b"\xed\xa0\x80", b"\xfe\xff"))
    return draw(around) + content + draw(around)


def read_thoroughly(content: bytes, known: frozenset[str] | _EveryKey) -> Document:
    with patch.object(document, "decode_canonical", return_value=None), patch.object(
        document, "load_canonical", return_value=None
    ):  # fmt: skip
        return read_document(_PATH, "x", content, known)  # type: ignore[arg-type]  # it contains all that is asked


@given(near_misses())
@example(f"{HEAD}{'k' * 101}: x\n".encode())
@example(f"{HEAD}{'k' * 100}: x\n".encode())
@example(f'{HEAD}depends_on:\n  - "{_TARGET}": relates\n'.encode())
@example(f'{HEAD}depends_on:\n  - "{"r" * 254}:{"i" * 63}": relates\n'.encode())
@example(f"{HEAD}owner: {'o' * 1001}\n".encode())
@example(f"{HEAD}tasks:\n  {'i' * 64}:\n    title: a\n".encode())
def test_both_readers_answer_alike(content: bytes) -> None:
    for known in (frozenset[str](), _EveryKey()):
        quick = read_document(_PATH, "x", content, known)  # type: ignore[arg-type]  # it contains all that is asked
        assert quick == read_thoroughly(content, known)


@given(near_misses())
def test_what_is_refused_does_not_depend_on_the_keys_that_are_known(content: bytes) -> None:
    one, other = (read_document(_PATH, "x", content, known) for known in (frozenset[str](), _EveryKey()))  # type: ignore[arg-type]
    assert (one.milestone, one.schema) == (other.milestone, other.schema)


def test_the_largest_file_is_read_and_one_byte_more_is_not() -> None:
    text = f"{HEAD}description: |\n  "
    content = (text + "d" * (MAX_BYTES - len(text) - 1) + "\n").encode()
    assert len(content) == MAX_BYTES
    for read in (content, content[:-1] + b"d\n"):
        quick, thorough = read_document(_PATH, "x", read), read_thoroughly(read, frozenset())
        assert quick == thorough
        assert (quick.milestone is not None) == (len(read) <= MAX_BYTES)


@given(near_misses())
def test_what_is_read_can_be_written_and_read_again(content: bytes) -> None:
    milestone = read_document(_PATH, "x", content).milestone
    if milestone is not None:
        assert read_document(_PATH, "x", encode(milestone)).milestone == milestone
