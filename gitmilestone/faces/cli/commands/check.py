"""`git milestone check`"""

from __future__ import annotations

from gitmilestone.errors import InvalidValue
from gitmilestone.faces.cli.commands.sources import FINDINGS
from gitmilestone.faces.cli.printing.problems import format_report
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.layout import ROOT
from gitmilestone.model.problem import CODES
from gitmilestone.operations.checking.check import Report, check
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store


def run(context: Context, values: Values) -> int:
    if values["explain"]:
        return _explain(context, values["explain"])
    if values["fix"]:
        from gitmilestone.operations.editing.fix import fix

        for mended in fix(context.store, context):
            context.warn(f"mended {ROOT}/{mended.path}: {'; '.join(mended.changes)}")
    report = _check(context, values)
    if not report.is_initialised:
        context.warn("warning: there is no .milestones/ here; `git milestone init` begins")
    form = "json" if values["json"] else values["format"] or "text"
    context.write(format_report(report, form, context.style), has_commands=form == "github")
    if form == "text":
        context.warn(_summarise(report))
    errors = sum(1 for problem in report.problems if values["strict"] or problem.severity == "error")
    return FINDINGS if errors else 0


def _explain(context: Context, code: str) -> int:
    from gitmilestone.model.rule_pages import PAGES

    if code not in CODES:
        nearest = find_nearest(code, CODES)
        raise InvalidValue(f"there is no rule {code!r}", f"did you mean {nearest}?" if nearest else ", ".join(CODES))
    severity, sentence = CODES[code]
    context.write(f"{code}, {severity}: {sentence}\n\n{PAGES[code]}")
    return 0


def _check(context: Context, values: Values) -> Report:
    store = context.store
    if values["range"]:
        from gitmilestone.operations.checking.check_change import check_range

        return check_range(store, values["range"], context)
    return check(_choose_files(store, values), store, context)


def _choose_files(store: Store, values: Values) -> Files:
    if values["at"]:
        return store.files_at(values["at"])
    if values["staged"]:
        return store.staged_files()
    return store.files_at() if store.repository.work_dir is None else store.work_files()


def _summarise(report: Report) -> str:
    errors = sum(1 for problem in report.problems if problem.severity == "error")
    warnings = len(report.problems) - errors
    noun = "milestone" if report.checked == 1 else "milestones"
    if not report.problems:
        return f"checked {report.checked} {noun}: no problems"
    return f"checked {report.checked} {noun}: {count_nouns(errors, 'error')}, {count_nouns(warnings, 'warning')}"
