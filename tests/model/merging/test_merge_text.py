"""The laws of the three-way merge of files: what people wrote stays, and the values are those that `merge` says."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from gitmilestone.errors import InvalidContent, Refused
from gitmilestone.model.fields import FIELDS
from gitmilestone.model.merging.comments import find_texts
from gitmilestone.model.merging.lines import iter_chunks, match_lines, split_lines
from gitmilestone.model.merging.merge import SIDES, Decision, Given, Side, merge
from gitmilestone.model.merging.merge_text import ConflictStyle, Markers, merge_texts, split_sides
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.text.document import read_document, revise
from gitmilestone.model.text.encode import encode
from tests.model.edits import edited
from tests.model.handwritten import handwritten, handwritten_files
from tests.older_format import register
from tests.strategies import milestones

_PATH = ".milestones/active/x.yaml"
STYLES: tuple[ConflictStyle, ...] = ("merge", "diff3", "zdiff3")
Texts = tuple[bytes, bytes, bytes]


def read(content: str | bytes) -> Milestone:
    document = read_document(_PATH, "x", content.encode() if isinstance(content, str) else content)
    assert document.milestone, document.problems
    return document.milestone


def is_one(base: Milestone, ours: Milestone, theirs: Milestone) -> bool:
    """Whether nobody could think that they are two milestones, which are not merged."""
    return base.title == ours.title == theirs.title or base.created == ours.created == theirs.created is not None


@st.composite
def triples(draw: st.DrawFn) -> Texts:
    """A base and two sides: edited in place, by us or by a hand that wrote it anew."""
    start = draw(milestones(st.just("x")))
    base = draw(st.just(encode(start)) | handwritten_files(start))
    document = read_document(_PATH, "x", base)
    sides = []
    for _ in range(2):
        after = draw(edited(start))
        try:
            revised = revise(document, after)
        except Refused:
            revised = encode(after)
        sides.append(draw(st.just(revised) | st.just(revised) | handwritten_files(after)))
    assume(is_one(start, *map(read, sides)))
    return base, sides[0], sides[1]


@given(triples())
def test_one_side_alone_comes_out_byte_for_byte(texts: Texts) -> None:
    base, ours, theirs = texts
    assert merge_texts(_PATH, base, ours, base) == (ours, ())
    assert merge_texts(_PATH, base, base, theirs) == (theirs, ())
    assert merge_texts(_PATH, base, ours, ours) == (ours, ())
    assert merge_texts(_PATH, None, ours, ours) == (ours, ())


@given(triples(), st.sampled_from(STYLES), st.booleans())
def test_the_text_says_what_the_values_come_to(texts: Texts, style: ConflictStyle, has_base: bool) -> None:
    base, ours, theirs = texts
    sides = read(base) if has_base else None, read(ours), read(theirs)
    try:
        merged = merge_texts(_PATH, base if has_base else None, ours, theirs, markers=Markers(style=style))
    except Refused:
        assume(False)
    note(merged.content.decode())
    if base in (ours, theirs) or ours == theirs:
        return
    assert merged.conflicts == merge(*sides).conflicts
    taken = split_sides(merged.content.decode())
    assert taken is not None
    assert read(taken["ours"]) == merge(*sides).milestone
    assert read(taken["theirs"]) == merge(*sides, otherwise="theirs").milestone
    assert ("<<<<<<< ours\n" in merged.content.decode()) == bool(merged.conflicts)


@given(milestones(st.just("x")), st.data())
def test_a_comment_of_either_side_stays(start: Milestone, data: st.DataObject) -> None:
    base = data.draw(st.just(encode(start).decode()) | handwritten(start))
    document = read_document(_PATH, "x", base.encode())
    sides: list[bytes] = []
    for note_of in ("# ours", "# theirs"):
        after = data.draw(edited(start))
        try:
            lines = revise(document, after).decode().split("\n")
        except Refused:
            assume(False)
        keys = [at for at, line in enumerate(lines) if re.match(r"[a-z_]+:", line)]
        lines.insert(data.draw(st.sampled_from(keys)) if keys else 0, note_of)
        sides.append("\n".join(lines).encode())
        assume(read_document(_PATH, "x", sides[-1]).milestone == after)
    assume(is_one(start, *map(read, sides)))
    lines = merge_texts(_PATH, base.encode(), *sides).content.decode().split("\n")
    assert lines.count("# ours") == lines.count("# theirs") == 1


@given(triples(), st.sampled_from(SIDES[1:]))
def test_decisions_leave_no_markers(texts: Texts, side: Side) -> None:
    base, ours, theirs = texts
    try:
        left = merge_texts(_PATH, base, ours, theirs).conflicts
        decisions: dict[str, Decision] = {conflict.field: side for conflict in left}
        merged = merge_texts(_PATH, base, ours, theirs, decisions)
    except Refused:
        assume(False)
    assert merged.conflicts == ()
    assert read(merged.content) == merge(read(base), read(ours), read(theirs), decisions).milestone


@given(milestones(st.just("x")), st.data(), st.sampled_from(STYLES))
def test_markers_are_in_the_fields_that_conflict_only(
    start: Milestone, data: st.DataObject, style: ConflictStyle
) -> None:
    """In the canonical form, where nothing is between two fields but what is in neither."""
    sides = start, data.draw(edited(start)), data.draw(edited(start))
    assume(is_one(*sides))
    texts = [encode(side) for side in sides]
    merged = merge_texts(_PATH, *texts, markers=Markers(style=style))
    note(merged.content.decode())
    disputed = {name.split(".")[1 if name.startswith("x.") else 0] for name, *_ in merged.conflicts}
    taken = split_sides(merged.content.decode())
    assert taken is not None
    one, other = read(taken["ours"]), read(taken["theirs"])
    differing = {name for name in FIELDS if getattr(one, name) != getattr(other, name)}
    assert differing <= disputed
    for field in FIELDS.keys() - disputed - {"tasks", "description"}:
        lines = [line for line in merged.content.decode().split("\n") if line.startswith(f"{field}:")]
        assert len(lines) == 1, field


HEAD = "schema: 1\n\ntitle: T\n\nstatus: planned\n\n"


def merge_text(base: str, ours: str, theirs: str, style: ConflictStyle = "merge") -> str:
    markers = Markers(style=style)
    return merge_texts(_PATH, base.encode(), ours.encode(), theirs.encode(), markers=markers).content.decode()


def test_both_sides_are_readable_and_the_rest_is_merged() -> None:
    base = f"{HEAD}owner: ana\n\ndue: 2027-01-15\n\nlabels:\n"
    ours = base.replace("ana", "bo").replace("labels:\n", "labels:\n  - a\n")
    theirs = base.replace("ana", "cy").replace("labels:\n", "labels:\n  - b\n").replace("-15", "-20")
    hunk = "<<<<<<< ours\nowner: bo\n=======\nowner: cy\n>>>>>>> theirs\n"
    assert merge_text(base, ours, theirs) == f"{HEAD}{hunk}\ndue: 2027-01-20\n\nlabels:\n  - a\n\n  - b\n"
    assert "||||||| base\nowner: ana\n=======" in merge_text(base, ours, theirs, style="diff3")


def test_a_description_has_markers_around_its_hunk_only() -> None:
    base = f"{HEAD}description: |\n  One.\n\n  Two.\n\n  Three.\n"
    ours = base.replace("Two", "Zwei")
    theirs = base.replace("Two", "Dos").replace("Three", "Tres")
    hunk = "<<<<<<< ours\n  Zwei.\n=======\n  Dos.\n>>>>>>> theirs\n"
    assert merge_text(base, ours, theirs) == f"{HEAD}description: |\n  One.\n\n{hunk}\n  Tres.\n"


def test_a_task_that_one_side_removed_and_the_other_edited() -> None:
    base = f"{HEAD}tasks:\n  a:\n    title: A\n\n  b:\n    title: B\n"
    ours = base.replace("  a:\n    title: A\n\n", "")
    theirs = base.replace("title: A", "title: Eh # really")
    hunk = "<<<<<<< ours\n=======\n  a:\n    title: Eh # really\n\n>>>>>>> theirs\n"
    merged = merge_text(base, ours, theirs)
    assert merged == f"{HEAD}tasks:\n{hunk}  b:\n    title: B\n"


def test_comments_of_both_sides_stay() -> None:
    base = f"{HEAD}owner: ana\n\nlabels:\n  - m\n"
    ours = base.replace("ana", "ana # till May").replace("  - m\n", "  - m\n\n  - x # ours\n")
    theirs = base.replace("  - m\n", "  - m\n\n  - y # theirs\n") + "\n# the end\n"
    merged = merge_text(base, ours, theirs)
    assert {"# till May", "# ours", "# theirs", "# the end"} == {
        line[line.index("#") :] for line in merged.split("\n") if "#" in line
    }
    assert read(merged).labels == ("m", "x", "y")


def test_a_key_that_both_add_is_there_once() -> None:
    """git's own merge takes both, cleanly, where other lines are between them."""
    base = "schema: 1\ntitle: T\nstatus: planned\nlabels: [a]\nproject: p\n"
    ours = base.replace("title: T\n", "title: T\nowner: ana\n")
    theirs = base + "owner: ana\n"
    merged = merge_text(base, ours, theirs)
    assert merged.count("owner: ana") == 1
    assert read(merged).owner == "ana"


def test_a_side_in_another_layout_loses_nothing() -> None:
    base = f"{HEAD}owner: ana\n\nlabels:\n  - a\n"
    ours = '{"schema": 1, "title": "T", "status": "planned", "owner": "bo", "labels": ["a"]}'
    theirs = base.replace("  - a\n", "  - a\n\n  - b\n")
    assert read(merge_text(base, ours, theirs)) == Milestone("x", "T", owner="bo", labels=("a", "b"))


def test_what_cannot_be_read_is_not_merged() -> None:
    good = HEAD.encode()
    for texts in ((b"a: [", good, good + b"owner: x\n"), (good, b"a: [", good), (good, good + b"x: y\n", b"\xff")):
        with pytest.raises(InvalidContent):
            merge_texts(_PATH, *texts) if texts[0] != texts[2] else merge_texts(_PATH, b"", *texts[1:])
    assert merge_texts(_PATH, good, good, b"a: [") == (b"a: [", ())


def test_a_branch_from_before_a_migration_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    base = b"schema: 1\n\ntitle: T\n\nstatus: planned\n\nneeds:\n\nowner:\n"
    ours = b"schema: 2\n\ntitle: T\n\nstatus: planned\n\ndepends_on:\n\nowner:\n"
    theirs = base.replace(b"needs:\n", b"needs:\n  - store\n")
    expected = ours.replace(b"depends_on:\n", b"depends_on:\n  - store\n")
    assert merge_texts(_PATH, base, ours, theirs) == (expected, ())
    assert merge_texts(_PATH, base, theirs, ours) == (expected, ())


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< a\nx\n",
        "=======\n",
        "<<<<<<< a\n<<<<<<< a\n=======\n>>>>>>> b\n",
        "<<<<<<< a\n=======\n||||||| b\n>>>>>>> c\n",
    ],
)
def test_markers_out_of_order_have_no_sides(text: str) -> None:
    assert split_sides(text) is None


def test_a_value_of_ones_own_is_written() -> None:
    base = f"{HEAD}owner: ana # who else\n".encode()
    sides = base.replace(b"ana", b"bo"), base.replace(b"ana", b"cy")
    merged = merge_texts(_PATH, base, *sides, {"owner": Given("di")})
    assert merged == (base.replace(b"ana", b"di"), ())


TEXTS = st.lists(st.sampled_from("ab\n"), max_size=12).map(lambda letters: "".join(f"{one}\n" for one in letters))


@given(TEXTS, TEXTS)
def test_matched_lines_are_the_same_and_rise(old: str, new: str) -> None:
    olds, news = split_lines(old), split_lines(new)
    pairs = match_lines(olds, news)
    assert all(olds[at] == news[to] for at, to in pairs)
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
    assert match_lines(olds, olds) == [(at, at) for at in range(len(olds))]


@given(TEXTS, TEXTS, TEXTS)
def test_chunks_are_the_texts_cut_up(base: str, ours: str, theirs: str) -> None:
    chunks = list(iter_chunks(*map(split_lines, (base, ours, theirs))))
    for at, text in enumerate((base, ours, theirs)):
        assert "".join(line for chunk in chunks for line in chunk[at]) == text
    is_common = [chunk.base == chunk.ours == chunk.theirs for chunk in chunks]
    assert all(one != two for one, two in pairwise(is_common))


def test_matching_hostile_texts_ends_soon() -> None:
    many = ["a\n", "b\n"] * 40_000
    assert len(match_lines([*many, "x\n"], ["y\n", *many])) in (0, len(many))


PLAIN = "schema: 1\ntitle: A\nstatus: planned\n"


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (PLAIN, f"{PLAIN}# never before the audit\n", PLAIN.replace("planned", "blocked  # waits for legal")),
        (PLAIN, PLAIN.replace("planned", "planned # ours"), PLAIN.replace("planned", "planned # theirs")),
        (PLAIN, f"# top\n{PLAIN}", PLAIN.replace("A\n", "B # two\n")),
        (f"{PLAIN}labels: [a]\n", f"{PLAIN}labels: [a, b] # ours\n", f"{PLAIN}labels: [a, c] # theirs\n"),
        (
            f"{PLAIN}tasks:\n  t:\n    title: T\n",
            f"{PLAIN}tasks:\n  t:\n    title: T # ours\n    status: in_progress\n",
            f"{PLAIN}tasks:\n  t:\n    # theirs\n    title: T # too\n",
        ),
        (f"{PLAIN}owner: ana\n", f"{PLAIN}owner: ana # ours\n# end", f"{PLAIN}owner: bo # theirs\n# other end"),
        (f"{PLAIN}description: |\n  x\n", f"{PLAIN}description: | # ours\n  x\n", f"{PLAIN}description: | # t\n  x\n"),
    ],
)
def test_a_comment_that_a_side_wrote_is_there(base: str, ours: str, theirs: str, is_turned: bool) -> None:
    sides = (theirs, ours) if is_turned else (ours, theirs)
    merged = merge_text(base, *sides)
    assert {text for side in sides for text in find_texts(side)} == find_texts(merged)
    assert read(merged) == merge(*map(read, (base, *sides))).milestone


@pytest.mark.parametrize("value", ['"a # b"', "'a # b'", "|\n  a # b\n  # c", ">\n  a\n  # b", "a#b", '"a\n  # b"'])
def test_a_hash_in_a_value_is_no_comment(value: str) -> None:
    text = f"schema: 1\ntitle: A # one\nstatus: planned\nx: {value}\n# two\n"
    assert find_texts(text) == {"# one", "# two"}
    merged = merge_text(text, text.replace(value, "gone"), text.replace("planned", "blocked"))
    assert merged == text.replace(value, "gone").replace("planned", "blocked")


def test_other_sides_tasks_are_as_they_were_written() -> None:
    base = f"{HEAD}tasks:\n  a:\n    title: A\n\n  b:\n    title: B\n"
    ours = base.replace("  b:\n    title: B\n", "  c:\n    title: C # ours\n")
    theirs = base.replace("title: B", "title: Bee") + "\n  # soon\n  s:\n    title: S\n"
    merged = merge_text(base, ours, theirs)
    assert "<<<<<<< ours\n=======\n  b:\n    title: Bee\n>>>>>>> theirs\n" in merged
    assert "  # soon\n  s:\n    title: S\n" in merged
    assert "  c:\n    title: C # ours\n" in merged
    assert "status: planned\n    weight" not in merged


@pytest.mark.parametrize("is_turned", [False, True])
def test_tasks_that_both_add_keep_their_comments(is_turned: bool) -> None:
    base = f"{HEAD}tasks:\n  a:\n    title: A # first\n"
    sides = [
        f"{base}\n  # new\n  d:\n    title: D\n    status: planned\n\n  z:\n    title: Z # zz\n",
        f"{base}\n  # other\n  e:\n    title: E\n",
    ]
    merged = merge_text(base, *sides[:: -1 if is_turned else 1])
    assert merged == f"{sides[0]}\n  # other\n  e:\n    title: E\n"


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_comment_that_one_side_removed_is_gone(is_turned: bool) -> None:
    base = f"{HEAD}# ask ana first\nowner: ana\n"
    sides = [base.replace("owner: ana", "owner: bo"), f"{HEAD}owner: ana\n"]
    assert merge_text(base, *sides[:: -1 if is_turned else 1]) == f"{HEAD}owner: bo\n"


def test_a_mapping_of_ones_own_stays_as_it_is_laid_out() -> None:
    base = f"{HEAD}links:\n  spec: u1\n\n  # the code\n  code: u2\n\n  docs: u3\n"
    ours, theirs = base.replace("u1", "U1"), base.replace("u1", "V1").replace("u2", "V2")
    hunk = "<<<<<<< ours\n  spec: U1\n=======\n  spec: V1\n>>>>>>> theirs\n"
    assert merge_text(base, ours, theirs) == theirs.replace("  spec: V1\n", hunk)


def test_descriptions_with_line_ends_of_a_forge_join_by_lines() -> None:
    def write(*lines: str) -> bytes:
        text = "".join(f"{line}\\r\\n" for line in lines)
        return f'schema: 1\ntitle: T\nstatus: planned\ndescription: "{text}"\n'.encode()

    base, ours = write("one", "two", "three"), write("ONE", "two", "three")
    merged = merge_texts("x.yaml", base, ours, write("one", "two", "THREE"))
    assert not merged.conflicts
    milestone = read_document("x.yaml", "x", merged.content).milestone
    assert milestone is not None
    assert milestone.description == "ONE\ntwo\nTHREE\n"
