"""Every milestone survives being written and read; the quick ways of reading say what the thorough one says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.model.milestone import Milestone
from gitmilestone.model.text.decode import Decoder
from gitmilestone.model.text.decode_canonical import decode_canonical
from gitmilestone.model.text.document import read_document
from gitmilestone.model.text.encode import encode
from gitmilestone.model.text.yaml_canonical import load_canonical
from gitmilestone.model.text.yaml_loader import load
from gitmilestone.model.text.yaml_nodes import Mapping, Node, Scalar, Sequence, as_plain
from tests.strategies import milestones

_PATH = ".milestones/active/x.yaml"


def iter_scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar, keys included, in the order of the text."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from iter_scalars(item)
    else:
        for entry in node.entries.values():
            yield entry.key
            yield from iter_scalars(entry.value)


def is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and not (value and all(isinstance(item, str) for item in value))
    )


def is_fast(milestone: Milestone) -> bool:
    """Whether all of it is in the form that the fast reader knows: custom lists and mappings are not."""
    in_tasks = [value for task in milestone.tasks for value in task.extra.values()]
    keys = [*milestone.extra, *(key for task in milestone.tasks for key in task.extra)]
    return not (
        any(": " in key for key in keys)
        or any(is_nested(value) for value in milestone.extra.values())
        or any(isinstance(value, dict | list) for value in in_tasks)
    )


@given(milestones())
def test_decode_is_the_inverse_of_encode(milestone: Milestone) -> None:
    document = read_document(_PATH, milestone.id, encode(milestone))
    assert document.milestone == milestone, document.problems
    assert all(problem.code in ("unknown-key", "date-order") for problem in document.problems)


@given(milestones())
def test_equal_milestones_are_equal_bytes(milestone: Milestone) -> None:
    turned = milestone._replace(extra=dict(reversed(list(milestone.extra.items()))))
    assert encode(turned) == encode(milestone)


@given(milestones())
def test_the_fast_reader_reads_what_is_encoded(milestone: Milestone) -> None:
    text = encode(milestone).decode()
    assert (load_canonical(text) is not None) == is_fast(milestone)
    known = milestone._replace(extra={}, tasks=tuple(task._replace(extra={}) for task in milestone.tasks))
    is_late = known.start and known.due and known.due < known.start
    for modeline in ("", "# yaml-language-server: $schema=x.json"):
        text = encode(known, modeline).decode()
        assert decode_canonical(known.id, text) == (None if is_late else known)
    plain = {key: value for key, value in milestone.extra.items() if isinstance(value, str) and key.isalpha()}
    marked = known._replace(extra={key: value for key, value in plain.items() if key.isascii() and key.islower()})
    at_once = decode_canonical(known.id, encode(marked).decode(), frozenset(marked.extra))
    assert at_once in (None, marked)


@given(milestones())
def test_other_readers_of_yaml_see_the_same_texts(milestone: Milestone) -> None:
    loaded = yaml.safe_load(encode(milestone))
    texts = {name: getattr(milestone, name) for name in ("title", "project", "owner", "description")}
    assert {name: loaded[name] for name in texts} == texts
    assert loaded["labels"] == (list(milestone.labels) or None)
    assert list(loaded["tasks"] or ()) == [task.id for task in milestone.tasks]


PIECES = st.sampled_from(
    (
        *("schema:", " 1", "title:", "tasks:", "labels:", "description: |", "key: value", "a", "foo bar", "  text"),
        *("  - ", "    ", "  ", "-", "- ", "?", ":", ": ", " ", "#", "# comment", "\n", "\n\n", "\t", "---", "..."),
        *('"', "'", "\\", "\\n", "\\x41", "\\x00", "\\ud800", "|", "|-", "|+", "|2", ">", "[", "]", "{", "}", ","),
        *("&a", "*a", "!", "%", "@", "`", "=", "<<", "no", "~", "null", "0", "1.10"),
        *("é", "\u200d", "\xa0", "\u2028", "\x85", "\u202e", "\ufeff"),
    )
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A canonical text with a few pieces put in, cut out, or doubled."""
    text = encode(draw(milestones())).decode()
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)) | st.just(start))
        piece = draw(st.one_of(PIECES, st.just("\n"), st.just(text[start:end] * 2), st.just("")))
        text = text[:start] + piece + text[end:]
    return text


def lines_of_pieces() -> st.SearchStrategy[str]:
    line = st.lists(PIECES, max_size=4).map("".join)
    return st.lists(line, min_size=1, max_size=6).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(mutated() | lines_of_pieces())
@example("title: " + "x" * 3000 + "\nlabels:\n  - " + "y" * 3000 + "\n")
@example("k" * 1100 + ": x\n")
@example('title: "a"b"\n')
@example("title: a:\n")
@example("tasks:\n\n  a:\n\n    title: x\n\nlabels:\n\n  - a\n")
def test_the_fast_reader_agrees_with_the_hardened_one(text: str) -> None:
    fast = load_canonical(text)
    if fast is None:
        return
    thorough = load(text)
    assert isinstance(thorough, Mapping)
    assert as_plain(fast) == as_plain(thorough)
    assert list(iter_scalars(fast)) == list(iter_scalars(thorough))


class EveryKey:
    def __contains__(self, key: object) -> bool:
        return True


@given(mutated())
@example('schema: 1\ntitle: x\nstatus: planned\nrisk: high\n\nteam: "a b"\nlabels:\n')
@example("schema: 1\ntitle: x\nstatus: planned\nrisk: ~\nlabels:\n")
@example("schema: 1\ntitle: x\nstatus: planned\nrisk: high\nrisk: low\n")
@example("schema: 1\ntitle: x\nstatus: planned\ntitle: y\n")
@example("schema: 1\ntitle: x\nstatus: planned\nrisk: # none\n")
@example("schema: 1\ntitle: x\nstatus: planned\nno: no\n")
@example("schema: 1\ntitle: x\nstatus: planned\ntasks:\n  a:\n    status: planned\n")
def test_decoding_canonical_text_at_once_agrees_with_the_located_way(text: str) -> None:
    for known in (frozenset[str](), EveryKey()):
        at_once = decode_canonical("x", text, known)
        if at_once is None:
            continue
        root = load(text)
        assert isinstance(root, Mapping)
        decoder = Decoder(_PATH, known)
        assert decoder.decode("x", root, text) == at_once
        assert list(at_once.extra) == [key for key in root.entries if key in at_once.extra]
        assert not decoder.problems


@pytest.mark.parametrize("word", ["no", "on", "12:30", "0777", "1.10", "0x1F", "1e5", "null", "~", "2026-01-02"])
def test_words_that_yaml_would_cast_are_text(word: str) -> None:
    text = f"schema: 1\ntitle: '{word}'\nstatus: planned\nlabels:\n  - {word}\ntasks:\n  a:\n    title: '{word}'\n"
    milestone = read_document(_PATH, "x", text.encode()).milestone
    assert milestone
    assert (milestone.title, milestone.labels, milestone.tasks[0].title) == (word, (word,), word)
