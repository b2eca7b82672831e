"""A page on each rule of `check`: why it is one, and the way out. Few commands need them."""

from __future__ import annotations

from collections.abc import Mapping

from gitmilestone.model.problem import CODES

PAGES: Mapping[str, str] = {
    "file-too-large": """\
A pull request is read by everybody's clone, so what one file can cost is bounded. The file is not read at all.

Move long texts elsewhere, and link to them.
""",
    "not-utf8": """\
The file is not read: guessing its encoding would change what it says.

Save it as UTF-8. `iconv -f latin1 -t utf-8 FILE` converts the most usual other one.
""",
    "byte-order-mark": """\
Some editors put one in front of UTF-8. The file is read all the same, and the mark differs from what git milestone
writes.

`git milestone check --fix` removes it.
""",
    "carriage-return": """\
A committed file has CRLF, or CR, at the end of lines, so it is shown as changed throughout once somebody's git
normalises it. The file is read all the same.

`git milestone check --fix` makes them LF. `.milestones/.gitattributes`, which `git milestone init` commits, keeps git
from making them again.
""",
    "converted": """\
`filter=...` (git-crypt, transcrypt, LFS on `*`) or `working-tree-encoding=...` in a `.gitattributes` concerns
milestones. They are read from what git has, and there they would be encrypted, a pointer, or in another encoding. So no
command writes them: it would have to go past what git is told to do.

`.milestones/** -filter` at the end of that `.gitattributes` leaves milestones as they are. What was committed through
the filter before: then `git add --renormalize .milestones`, and commit. Where milestones must be secret, so must the
repository be.
""",
    "symbolic-link": """\
A link can lead anywhere on the machine of whoever reads it. It is never followed, and stands for no milestone. The
same holds for a submodule.

Commit the file itself.
""",
    "unexpected-file": """\
Below `active/` and `completed/` lie milestones, in files that end in `.yaml`, below `config/` the settings. Nothing
reads this file.

Move it out of `.milestones/`.
""",
    "bad-id": """\
The file's name is the milestone's id: `a-z`, `0-9`, `.`, `_` and `-`, at most 63 characters, beginning with a letter
or a digit, and no name that Windows reserves (`con`, `nul`, ...). Any other can't be checked out everywhere. The file
is not read.

Rename it: `git mv .milestones/active/Launch.yaml .milestones/active/launch.yaml`.
""",
    "duplicate-id": """\
Two files have one id, in two folders. It comes of a merge by lines: one branch completed the milestone, which moved
its file, the other edited it where it was. The first by path is read, and no command writes to either.

Keep the right one, and delete the other.
""",
    "case-collision": """\
The names differ in the case of letters only, or in how an accent is composed. Windows and macOS take them for one
file: in a clone there, one of the two overwrites the other, and every `git status` shows an edit that nobody made.

Rename one of them, with `git mv`, on a system that tells them apart, or by `git milestone delete` and `new`.
""",
    "wrong-folder": """\
`completed/` is the archive: it holds completed and cancelled milestones only, while `active/` may hold any. Somebody
has reopened an archived one by hand, or moved a file, or one branch archived what another reopened. The milestone is
read as its `status` says.

`git milestone check --fix` moves the file back to `active/`. `git milestone reopen` does both at once.
""",
    "wrong-layout": """\
The project's `layout` says in which folders new files go. Files elsewhere are read all the same; a branch from before
a migration brings them.

`git milestone migrate format` moves them, in one commit.
""",
    "conflict-marker": """\
A merge was committed before its conflict was resolved, so the file says two things.

`git milestone resolve ID` asks field by field. By hand: keep one of the sides between `<<<<<<<` and `>>>>>>>`, and
delete the lines of the markers.
""",
    "yaml-syntax": """\
The file is not well-formed YAML, so nothing in it can be relied upon: a quote that is not closed, a text that begins
with a sign of YAML's own or has `: ` in it (it goes in quotes), a tab, a line that is indented by one space too few.

Mend it, or take the last good one: `git log -p -- FILE`, `git restore --source=REV FILE`.
""",
    "yaml-tag": """\
`!!python/object` and its like are how YAML makes a reader run code. No tag is read, not even a harmless one: every
value is text, and its field says what it means.

Remove the tag.
""",
    "yaml-alias": """\
`&name` and `*name` let a kilobyte of YAML stand for a gigabyte, and a review does not show what an alias stands for.

Write the value out.
""",
    "yaml-depth": """\
No milestone needs more than 32 levels, and deeper nesting has crashed readers.

Make it flatter, or move it into a file of its own outside of `.milestones/`.
""",
    "yaml-documents": """\
A line `---` begins a second document, which most readers would never see.

One milestone a file: move the second into another.
""",
    "not-a-mapping": """\
A milestone is `key: value` lines, beginning with `schema: 1`, `title: ...` and `status: ...`. This file, or the value
of this key, is something else, or empty.

`git milestone new` writes a whole file; `git milestone show ID --format yaml` shows one.
""",
    "duplicate-key": """\
A key occurs twice, and readers of YAML differ in which of them they take. It comes of a merge by lines, where both
branches added the key.

Keep the right one.
""",
    "unstorable-character": """\
A NUL, or one half of a surrogate pair: databases and JSON can't hold it, and it is never meant.

Delete the character.
""",
    "unknown-schema": """\
`schema` says in which format the file is written, `format` which the project writes. This version of git milestone
does not know that one.

Install the version that wrote it. If nobody has a newer one, it is a misprint: write `schema: 1`.
""",
    "mixed-format": """\
After a migration every file is in the format that the project's settings name. A merge with a branch from before
leaves a mixture. All are read as they are.

`git milestone migrate format` rewrites the rest, in one commit.
""",
    "stray-edit": """\
git joins files by how much alike they are, and milestones' files are alike: where one was moved, renamed or deleted on
one branch and another came there, an edit from the other branch can land in the wrong milestone, or be dropped, and
git says nothing. A merge on a forge, where no driver runs, does so most easily. What one side alone changed in a
milestone is compared with what the merge commit has under its id: by `--range`, in hooks and reviews. What a person
decided in a merge is left alone: values that neither side had, and whatever both sides changed. It is told until
somebody mends it, or edits the milestone there again.

`git milestone resolve --merge COMMIT` gives each milestone its own edits back, in a commit.
""",
    "stray-deletion": """\
One branch deleted a milestone, the other edited it, and git took another one for what became of it: so there was no
conflict, and what was edited is nowhere. It is told where the merge is as git alone makes it, and while the milestone
is not there.

`git milestone resolve --merge COMMIT` brings it back as it was edited. If it is to stay deleted, leave it so.
""",
    "missing-field": """\
A milestone without `schema`, `title` or `status`, or a task without `title`, is none. The file is not read.

Add the line. What a project requires beyond these is `required-field`.
""",
    "bad-value": """\
The value is not one that its field can hold: `due` is a day like `2027-01-15`, `status` one of five words, `estimate`
working days or weeks like `15d` or `3w`. The file is not read, because the rest of it might depend on that value.

[The files](files.md#a-milestone) lists what each field holds.
""",
    "comment-in-text": """\
In YAML a `#` behind a space begins a comment: `title: Update #2 (x)` says "Update". The file is read, and says less
than its author meant.

Put the whole value in quotes: `title: "Update #2 (x)"`. A comment that is meant has a space behind its `#`.
""",
    "unknown-key": """\
The key is no field of git milestone: misspelt, most likely (`onwer`), and what it says does not count. It is kept,
and can be searched as `x.KEY`.

Correct it; or name it under `fields` in `config/project.yaml`, if it is the project's own. In the settings themselves
an unknown key sets nothing.
""",
    "unknown-word": """\
The project lists its `projects`, `owners` or `labels` in `config/project.yaml`, and this word is none of them:
misspelt, or of somebody who has left.

Use one of the list, or add the word to it.
""",
    "required-field": """\
The project has said under `check.required` in `config/project.yaml` what has to be known of milestones in that
status: who answers for what is in progress, say, and when it is due.

`git milestone edit ID --owner ana@example.com`, or take the field out of the list.
""",
    "forbidden-transition": """\
The project has said under `check.transitions` in `config/project.yaml` which status may become which, and this one
went elsewhere. It is asked of a change: by `--range`, in hooks, reviews and writes, never of files alone. In a range
it is enough that the commits take allowed steps from the old status to the new one.

Go by the statuses in between, a commit each.
""",
    "date-order": """\
The milestone ends before it begins, so no plan can hold it.

`git milestone edit ID --start DAY`, or `--due DAY`.
""",
    "due-before-blocker": """\
An open milestone waits for another open one, which is due later: both days can't be kept. Only days that are written
in the files are compared, and only of a milestone and what it depends on directly; `git milestone review` follows the
whole chain of what a change pushes.

Move one of the two days, or remove the dependency.
""",
    "open-tasks": """\
The milestone says that all is done, and some of its tasks say that they are not. Its progress stays below 100 %.

`git milestone task done ID TASK`; remove the tasks that nobody will do; or `git milestone reopen ID`.
""",
    "too-many-dependencies": """\
The milestone depends on more others than anybody can follow: over 200. Every command serves them, at a cost that
follows their number; what is drawn or listed of them is cut.

Put a milestone in between that stands for many of them (a release, a team's share), and depend on that one. A project
that takes pull requests from strangers may want this to be an `error` under `check.severities`.
""",
    "self-dependency": """\
A milestone that waits for itself is never ready.

`git milestone check --fix` removes the dependency.
""",
    "dependency-cycle": """\
Each of these milestones waits for the next, and the last for the first: none is ever ready. Commands refuse to make a
cycle; two branches can, each with a half of it. The path is in the message, and can lead through other repositories.

`git milestone depend remove ID ON` for one of them, or make one `relates`, which orders nothing.
""",
    "dangling-dependency": """\
The milestone depends on one that does not exist: deleted by another branch, misspelt, or still to come with another
pull request. It counts as nothing to wait for.

`git milestone depend remove ID ON`, or commit the missing one.
""",
    "ambiguous-dependency": """\
`repository:id` names another repository by the end of its name, and the mirror holds several that end so.

Write more of the name: `plans/roadmap:launch` instead of `roadmap:launch`.
""",
}


def format_page(code: str) -> str:
    """The page on a rule, in Markdown, under its code."""
    severity, sentence = CODES[code]
    return f"### {code}\n\n**{severity}**: {sentence}.\n\n{PAGES[code]}"


def format_pages() -> str:
    """docs/rules.md."""
    head = (
        "# The rules of `check`\n\n"
        "This page is written by `python -m gitmilestone.faces.cli.reference rules`; "
        "`git milestone check --explain CODE` prints the part on one rule. A project "
        "[sets the severities](check.md#severities): those here hold where it sets none. A file that can't be read is "
        "left out of every answer, whatever its severity.\n\n"
    )
    return head + "\n".join(map(format_page, CODES))
