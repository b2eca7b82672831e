"""`git milestone edit ID`"""

from __future__ import annotations

from typing import Any

from gitmilestone.errors import EnvironmentFault, InvalidContent, InvalidRequest, MilestoneError
from gitmilestone.faces.cli.commands.new import read_fields
from gitmilestone.faces.cli.commands.outcomes import edit_and_report
from gitmilestone.faces.cli.commands.sources import FINDINGS, find_id
from gitmilestone.faces.context import Context, Values
from gitmilestone.model.fields import EDITABLE_FIELDS
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.record import parse_labels, revise_fields
from gitmilestone.operations.editing.milestones import edit_fields, replace_text
from gitmilestone.snapshot.locate import get_file, id_of
from gitmilestone.store.files import read_file

_EDITABLE = frozenset(field.name for field in EDITABLE_FIELDS)


def run(context: Context, values: Values) -> int:
    milestone = find_id(context, values["id"])
    fields = _read_changes(context, values)
    added, removed = parse_labels(values["add_label"]), frozenset(values["remove_label"])
    if not fields and not added and not removed:
        return _edit_in_editor(context, values, milestone)

    def change(before: Milestone) -> Milestone:
        after = revise_fields(before, fields)
        labels = (set(after.labels) | set(added)) - removed
        return after._replace(labels=tuple(sorted(labels)))

    return edit_and_report(context, values, edit_fields(milestone, change), "edited")


def _read_changes(context: Context, values: Values) -> dict[str, Any]:
    fields = read_fields(context, values)
    if values["title"] is not None:
        fields["title"] = values["title"]
    if values["label"]:
        fields["labels"] = list(values["label"])
    if values["depends_on"]:
        fields["depends_on"] = list(values["depends_on"])
    for pair in values["set"]:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InvalidRequest(f"--set takes KEY=VALUE, not {pair!r}", "like --set due=2027-01-15")
        fields[_name(key)] = value
    for key in values["unset"]:
        fields[_name(key)] = None
    return fields


def _name(key: str) -> str:
    """A key that is no field is one of the user's own."""
    if key in _EDITABLE or key.startswith("x."):
        return key
    if key in ("created", "schema", "id") or key.partition(".")[0] == "tasks":
        raise InvalidRequest(f"`{key}` is not edited this way", "`git milestone edit ID` opens the whole file")
    return f"x.{key}"


def _edit_in_editor(context: Context, values: Values, text: str) -> int:
    """Opens the file in git's editor, again for as long as it has errors and the user goes on."""
    import click

    store = context.store
    files = store.staged_files() if values["no_commit"] else store.files_at()
    entry = get_file(context.store, files, text)
    milestone_id = id_of(entry)
    before = read_file(files, entry.path) or b""
    written = before
    while True:
        after = _run_editor(context, milestone_id, written)
        if after == before or not after.strip():
            context.write("nothing to change")
            return 0
        try:
            return edit_and_report(context, values, replace_text(milestone_id, before, after), "edited")
        except MilestoneError as error:
            _keep_rejected(context, after)
            if not isinstance(error, InvalidContent) or not context.stdin.isatty():
                raise
            for problem in error.problems:
                context.warn(str(problem))
            if not click.confirm("Edit again?", default=True, err=True):
                return FINDINGS
            written = after


def _run_editor(context: Context, milestone_id: str, content: bytes) -> bytes:
    """What the user makes of a text; in bytes, since an editor may write anything."""
    import subprocess
    import tempfile

    editor = context.store.git.check("var", "GIT_EDITOR").decode("utf-8", "surrogateescape").strip()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/{milestone_id}.yaml"
        with open(path, "wb") as file:
            file.write(content)
        # As git does it, so that an editor with options or quotes means the same.
        done = subprocess.run(["sh", "-c", f'{editor} "$@"', editor, path], env=context.environ, check=False)
        if done.returncode != 0:
            raise EnvironmentFault(f"there was a problem with the editor {editor!r}", "nothing was changed")
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            raise EnvironmentFault("the editor left no file", "nothing was changed") from None


def _keep_rejected(context: Context, text: bytes) -> None:
    """What somebody has typed is never lost."""
    context.store.write_state("REJECTED_EDIT", text.decode("utf-8", "surrogateescape"))
    context.warn(f"hint: your text is kept in {context.store.repository.state_dir}/REJECTED_EDIT")
