"""Single faults of the doors, each of which fails a test: `python -m tests.mutations [FROM [TO]]` tries them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

from tests.repositories import ROOT

_COPIED = ("gitmilestone", "tests", "hooks", "share", "docs", "pyproject.toml")
_FAILED = 1  # what pytest says of tests that ran and failed; a module that can't be imported is another number


class Mutation(NamedTuple):
    """Attributes:
    file: Below `gitmilestone/`.
    old: What stands there, once.
    new: What is written in its place.
    tests: Of which one must fail, as pytest names them below `tests/`.
    """

    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _of(file: str, tests: str, *pairs: tuple[str, str, str]) -> Iterator[Mutation]:
    """Args:
    tests: The module that they are in.
    pairs: Each old, new, and names of tests.
    """
    for old, new, names in pairs:
        yield Mutation(file, old, new, tuple(f"{tests}::{name}" for name in names.split()))


MUTATIONS: tuple[Mutation, ...] = (
    *_of(
        "operations/carry_out.py",
        "operations/test_carry_out.py",
        ("        follow_write(store, watch, now)\n", "        pass\n", "test_every_write_takes_the_decision_that_is_due"),
        ("    if written.commit:", "    if True:", "test_what_is_not_committed_is_not_followed"),
        ("commit_edit(store, edit, options)\n", "commit_edit(store, edit)\n", "test_hooks_are_asked_of_a_write_only"),
        ("(store, watch, now)\n", "(store, SILENT, now)\n", "test_a_decision_that_fails_is_told_and_fails_no_write"),
        ("(store, watch, now)\n", "(store, watch)\n", "test_the_time_of_a_decision_is_now_unless_it_is_given"),
        ("if now is None else now", "", "test_the_time_of_a_decision_is_now_unless_it_is_given"),
        ("    if is_time(store, moment):", "    if True:", "test_a_write_soon_after_another_does_not_even_look"),
        (
            "    get_tier(store.files_at()).follow(store, watch)\n",
            "",
            "test_every_write_brings_the_mirror_along",
        ),
        (
            "    if is_time(store, moment):",
            "    get_tier(store.files_at()).follow(store, watch)\n    if is_time(store, moment):",
            "test_a_switch_is_followed_by_the_tier_that_it_makes",
        ),
        ("follow(store, watch)\n", "follow(store)\n", "test_a_mirror_that_is_away_is_told_and_fails_no_write"),
    ),
    *_of(
        "changes/commit.py",
        "operations/test_carry_out.py",
        (
            "edit.plan(store, files, options), _with_actor(edit, options))\n    if",
            "edit.plan(store, files, options), options)\n    if",
            "test_who_wants_an_edit_is_its_author_and_the_committer_stays",
        ),
        (
            "options._replace(author=edit.actor) if edit.actor else options",
            "options._replace(author=edit.actor)",
            "test_a_rewrite_has_an_actor_as_well",
        ),
        (
            "        record_write(store.repository.state_dir, started, len(written.outcome.changes))\n",
            "        pass\n",
            "test_a_write_is_metered_once_with_what_it_changed",
        ),
        ("written.commit and ", "", "test_a_write_is_metered_once_with_what_it_changed"),
        ("outcome.changes))", "outcome.milestones))", "test_a_write_is_metered_once_with_what_it_changed"),
        ("return store.rehearse(", "return store.write(", "test_a_rehearsal_says_what_a_write_would_and_writes_not_one_object"),
    ),
    *_of(
        "changes/edit.py",
        "changes/test_draft.py",
        (
            "verify=options.verify)",
            "verify=True)",
            "test_an_edit_has_what_its_draft_and_its_revision_say",
        ),
        (
            "allows_dependents=self.allows_dependents",
            "allows_dependents=False",
            "test_an_error_of_all_changes_is_told_as_who_drafted_them_says",
        ),
        ("(*revision.warnings, *draft.warnings)", "revision.warnings", "test_an_edit_has_what_its_draft_and_its_revision_say"),
        ("(*revision.warnings, *draft.warnings)", "tuple(draft.warnings)", "test_an_edit_has_what_its_draft_and_its_revision_say"),
        ("raise self.blame(error) from error", "raise", "test_an_error_of_all_changes_is_told_as_who_drafted_them_says"),
        ("draft.created, warnings", "frozenset(), warnings", "test_an_edit_has_what_its_draft_and_its_revision_say"),
        (", tuple(revision.tasks)\n", "\n", "test_an_edit_has_what_its_draft_and_its_revision_say"),
    ),
    *_of(
        "changes/draft.py",
        "changes/test_draft.py",
        (
            "                raise MilestoneNotFound(f\"{text} is deleted above\", \"\")\n",
            "                pass\n",
            "test_what_a_text_names",
        ),
        (
            "return self.resolve(milestone_id) if milestone_id in self._after else milestone_id",
            "return milestone_id",
            "test_a_beginning_names_the_edited_one",
        ),
        ("            return self._after[milestone_id]\n", "            pass\n", "test_what_is_there_before_and_after"),
        (
            "            return self._after[milestone_id] is not None\n",
            "            pass\n",
            "test_what_is_there_before_and_after",
        ),
        ("            if not self.exists(milestone_id):", "            if True:", "test_a_made_id_is_free"),
        ("        check_id(milestone.id)\n", "", "test_an_id_that_is_none_is_refused"),
        ("        if self.exists(milestone.id):", "        if self.find(milestone.id):", "test_one_that_can_not_be_read"),
        ("        self._texts.pop(milestone.id, None)\n", "", "test_a_text_is_written_as_it_is_and_counts_as_a_change"),
        (" or change.id in self._texts]", "]", "test_a_text_is_written_as_it_is_and_counts_as_a_change"),
        ("if change.old != change.new or", "if True or", "test_an_update_to_the_same_is_no_change"),
        ("if after and not self._find_path(name))", "if after)", "test_what_is_there_before_and_after"),
        ("        self._refuse_cycles()\n", "", "test_a_circle_is_refused"),
        ("        if not allows_dependents:\n", "        if True:\n", "test_one_on_which_others_depend_stays"),
        ("            self._refuse_dependents()\n", "            pass\n", "test_one_on_which_others_depend_stays"),
        ("        self._judge(verify=verify)\n", "        self._judge(verify=False)\n", "test_the_rules_of_the_project_judge"),
        ("        if errors and verify:", "        if errors:", "test_the_rules_of_the_project_judge"),
        (
            "            if old_path and path != old_path:\n",
            "            if False:\n",
            "test_what_is_reopened_leaves_the_archive",
        ),
        (" and milestone_id not in self._texts and", " and", "test_a_text_is_written_as_it_is_and_counts_as_a_change"),
        (" and milestone == self.before(milestone_id):", ":", "test_a_file_that_lies_anywhere_stays_there"),
        ("return path_of(milestone.id, self.project.layout)", 'return path_of(milestone.id, "flat")', "test_one_of_a_layout_has_its_place_and_its_schema"),
        (
            'else move_to("active", old_path)',
            "else old_path",
            "test_what_is_reopened_leaves_the_archive",
        ),
        ("        if written.milestone != milestone:", "        if False:", "test_one_that_can_not_be_written_is_not"),
        ('            return ""\n', '            pass\n', "test_an_update_to_the_same_is_no_change"),
        ('"../" * path.count("/")', '"../"', "test_one_of_a_layout_has_its_place_and_its_schema"),
        (
            " - set(self._old_blockers(name))",
            "",
            "test_a_circle_that_is_there_stops_no_other_edit",
        ),
        (
            "self._blockers_of(name) if name in self._after else index.blockers_of(name)",
            "index.blockers_of(name)",
            "test_a_circle_is_refused",
        ),
        (" if name not in self._after)", ")", "test_one_on_which_others_depend_stays"),
        (
            "                yield from _dependencies_of(after, targets)\n",
            "                pass\n",
            "test_one_on_which_others_depend_stays",
        ),
        ("if len(told) > _SHOWN", "if len(told) >= _SHOWN", "test_who_depends_is_told_up_to_some"),
        ("if len(names) > _SHOWN", "if len(names) > _SHOWN + 1", "test_who_depends_is_told_up_to_some"),
    ),
    *_of(
        "changes/faults.py",
        "changes/test_faults.py",
        ("len(edited) <= _LOOKED_AT", "len(edited) < _LOOKED_AT", "test_of_many_edits_only_errors_are_looked_for"),
        ("is_late_an_error or len", "len", "test_of_many_edits_only_errors_are_looked_for"),
        (" for fault in faults if fault not in known)", " for fault in faults)", "test_only_what_the_edit_makes_is_told"),
        ("        if was and (fault :=", "        if False and (fault :=", "test_a_step_that_the_project_leaves_out_is_refused"),
        ("    if is_late_an_error:\n", "    if True:\n", "test_others_are_not_looked_at_where_that_would_be_no_error"),
        (
            "if stays_open_longer(before(name), milestone)]",
            "if not stays_open_longer(before(name), milestone)]",
            "test_others_that_become_late_are_an_error_where_the_project_says_so",
        ),
        (" - edited.keys()", "", "test_others_that_become_late_are_an_error_where_the_project_says_so"),
        (
            "for fault in _iter_late(other, after) if fault not in known)",
            "for fault in _iter_late(other, after))",
            "test_others_that_become_late_are_an_error_where_the_project_says_so",
        ),
        ("(_iter_late(milestone, after)", "(_iter_late(milestone, before)", "test_one_that_is_new_is_told_of_and_dates_are_as_edited"),
    ),
    *_of(
        "snapshot/locate.py",
        "snapshot/test_locate.py",
        (
            "    _refuse_several([entry.path for entry in found])\n",
            "",
            "test_two_files_are_the_same_error_to_everybody",
        ),
        ("    _refuse_several(paths)\n", "", "test_two_files_are_the_same_error_to_everybody"),
        ("    if len(paths) < 2:", "    if len(paths) < 3:", "test_two_files_are_the_same_error_to_everybody"),
        (
            "    return files.find_strays(milestone_id)\n\n\ndef locate_unindexed",
            "    return ()\n\n\ndef locate_unindexed",
            "test_every_writer_finds_it",
        ),
        ("return _find_nearby(files, milestone_id) or files", "return files", "test_uncommitted_files_are_found_in_their_own_states"),
        ("and files.is_costly_to_list and", "and", "test_a_costly_tree_is_asked_of_its_index"),
        ("files.is_costly_to_list and has_index(store, files):", "False:", "test_a_costly_tree_is_asked_of_its_index"),
        ("        usual += files.find_odd(milestone_id)\n", "        pass\n", "test_two_files_are_the_same_error_to_everybody"),
        ("    if prefix in matches:\n", "    if False:\n", "test_an_id_that_begins_others_is_itself"),
        ("    if len(matches) > 1:", "    if len(matches) > 9:", "test_a_beginning_names_one_or_says_which"),
        ("if len(matches) > _SHOWN else", "if len(matches) >= _SHOWN else", "test_exactly_as_many_as_are_shown"),
        ("place.id.startswith(prefix)", "prefix in place.id", "test_a_beginning_names_one_or_says_which"),
        (" and not find_path_fault(place):", ":", "test_a_beginning_names_one_or_says_which"),
        (
            "    if found is None:\n        raise",
            "    if False:\n        raise",
            "test_a_file_that_goes_while_it_is_looked_for",
        ),
        ("text, ids, 3, 0.5)", "text, ids, 2, 0.5)", "test_a_beginning_names_one_or_says_which"),
    ),
    *_of(
        "snapshot/answer.py",
        "snapshot/test_answer.py",
        ("    return IndexFile(store.repository.state_dir).exists", "    return True", "test_a_mirror_answers_where_an_index_would_be_built test_who_depends_is_the_same_whoever_is_asked"),
        ("    return IndexFile(store.repository.state_dir).exists", "    return False", "test_an_index_that_is_there_answers"),
        ("        return False\n", "        pass\n", "test_an_index_that_is_there_answers"),
        ("files.estimate_count() < LARGE", "files.estimate_count() <= LARGE", "test_the_bound_is_met_by_as_many"),
        (" or files.estimate_count() < LARGE", "", "test_a_mirror_answers_where_an_index_would_be_built"),
        ("has_index(store, files) or ", "", "test_an_index_that_is_there_answers"),
        ("    with engine:\n        return", "    if True:\n        return", "test_an_engine_is_closed_also_where_reading_fails"),
        (".open(store, files, watch)", ".open(store, files)", "test_a_mirror_that_can_not_be_had_is_told_and_the_index_answers"),
    ),
    *_of(
        "snapshot/dependents.py",
        "snapshot/test_answer.py",
        ("len(ids) < _SEARCHED", "len(ids) <= _SEARCHED", "test_an_index_is_made_for_a_hundred_ids"),
        ("            if on.id in wanted:", "            if True:", "test_who_depends_is_the_same_whoever_is_asked"),
        ("{name: sorted(names) for", "{name: names for", "test_who_depends_is_the_same_whoever_is_asked"),
        (" and not has_index(store, files):", ":", "test_an_index_that_is_there_is_asked_who_depends"),
    ),
    *_of(
        "snapshot/documents.py",
        "snapshot/test_documents.py",
        ("frozenset(get_project(files).fields)\n    problems", "frozenset()\n    problems", "test_all_that_can_be_read_is_and_the_rest_are_problems"),
        ("    unreadable = len(problems)\n", "    unreadable = 0\n", "test_all_that_can_be_read_is_and_the_rest_are_problems"),
        ("            progress.advance()\n", "", "test_all_that_can_be_read_is_and_the_rest_are_problems"),
        ("            if first is not document:\n", "            if False:\n", "test_all_that_can_be_read_is_and_the_rest_are_problems"),
        ("    if document.milestone is None:\n        raise", "    if False:\n        raise", "test_one_by_its_id_or_its_beginning"),
        ("    if not entry.is_plain:\n", "    if False:\n", "test_a_link_is_never_followed"),
    ),
    *_of(
        "snapshot/settings.py",
        "snapshot/test_settings.py",
        ("(*problems, *more)", "problems", "test_a_fault_is_a_problem_of_that_file_and_stops_writers_only"),
        ("    if errors:\n", "    if settings.problems:\n", "test_what_is_no_fault_stops_nobody"),
        ("    if errors:\n", "    if False:\n", "test_a_fault_is_a_problem_of_that_file_and_stops_writers_only"),
        ("    if files.find(PROJECT_FILE) is None:\n", "    if False:\n", "test_where_there_are_none_defaults_answer_and_nobody_writes"),
        ("else (not_plain(path),)", "else problems", "test_a_link_in_their_place_is_the_one_problem"),
    ),
    *_of(
        "snapshot/merged.py",
        "snapshot/test_merged.py",
        ("        if self._entries is None:\n", "        if True:\n", "test_a_state_has_every_milestone_that_is_a_plain_file"),
        ("self.files.iter_entries() if entry.is_plain)", "self.files.iter_entries())", "test_a_state_has_every_milestone_that_is_a_plain_file"),
        ("for entry in found if entry.is_plain)", "for entry in found)", "test_a_state_has_every_milestone_that_is_a_plain_file"),
        ("chain(near, locate_unindexed(self.files, milestone_id))", "near", "test_both_changed_it_wherever_it_lies"),
        ("if len(listed) > 1 else None", "if len(listed) > 2 else None", "test_ancestors_that_were_merged_themselves"),
        ("for side in (heads.ours, heads.theirs):", "for side in (heads.ours,):", "test_what_one_side_changed_is_as_it_has_it"),
        (" or beneath.conflicts:", ":", "test_ancestors_that_contradict_each_other_are_both_asked"),
        ("    except Refused as fault:\n", "    except ZeroDivisionError as fault:\n", "test_a_side_that_can_not_be_read_has_a_fault"),
        ("here, there = (_read(store, side) for side in (ours, theirs))", "there, here = (_read(store, side) for side in (ours, theirs))", "test_another_milestone_in_a_place_near_by_has_nothing_of_it"),
    ),
    *_of(
        "tiers/compare.py",
        "tiers/test_compare.py",
        ("                if one.id not in seen:\n", "                if True:\n", "test_every_readable_file_is_compared_once"),
        ("if row is None or (row.path, row.milestone) != (path, one):", "if row is None or row.milestone != one:", "test_whatever_differs_is_named"),
        ("(row.path, row.milestone) != (path, one)", "row.path != path", "test_whatever_differs_is_named"),
        ("(row.path, row.milestone) != (path, one)", "row.path is not path or row.milestone is not one", "test_every_readable_file_is_compared_once test_one_that_is_lost_and_one_too_many"),
        ("    if records != reader.milestones:\n", "    if False:\n", "test_one_that_is_lost_and_one_too_many"),
        ("tuple(differing[:_BATCH])", "tuple(differing)", "test_of_many_that_differ_some_are_named"),
        ("{fingerprint(one)} {path}", "{fingerprint(one)}", "test_every_readable_file_is_compared_once"),
        ("advance(len(batch))", "advance(len(fresh))", "test_every_readable_file_is_compared_once"),
        (" if one.problem is None)", ")", "test_every_readable_file_is_compared_once"),
    ),
    *_of(
        "tiers/sqlite.py",
        "tiers/test_kept_here.py",
        ("        if not index.is_on_disk:\n", "        if False:\n", "test_where_none_can_be_kept_it_is_refused"),
        ("    if not place.exists:\n", "    if False:\n", "test_an_index_is_built_once_and_kept"),
        ('find_current(files.tree or "")', 'find_current(files.tree or "none")', "test_it_is_open_for_the_empty_tree_as_well"),
    ),
    *_of(
        "tiers/local.py",
        "tiers/test_kept_here.py",
        ("        return Site()", '        return Site("here")', "test_it_is_in_this_clone_and_nothing_is_started"),
        ("    is_shared = False", "    is_shared = True", "test_it_is_in_this_clone_and_nothing_is_started"),
    ),
    *_of(
        "tiers/postgresql.py",
        "tiers/test_postgresql.py",
        ("return not _get_server(store).is_running", "return _get_server(store).is_running", "test_what_it_is"),
        ("        if server.embedded is None:\n", "        if False:\n", "test_where_it_would_be"),
        ("is_asked=is_asked)", "is_asked=True)", "test_only_who_asks_takes_what_the_environment_names"),
        ("        sqlite.TIER.build(store, files, watch)", "        pass", "test_it_is_built_compared_and_asked"),
        ("        if mirror is None:\n            raise", "        if False:\n            raise", "test_who_asks_about_an_older_state_is_told_that_the_branch_moved"),
        ("            return None\n        try:", "            pass\n        try:", "test_one_that_is_away_is_asked_once"),
        (" if server.is_running else None", "", "test_a_server_of_ours_that_does_not_run_is_not_asked"),
        ("            return\n", "            pass\n", "test_one_that_is_away_is_asked_once"),
        ("own.unused_seconds >= unused_seconds", "own.unused_seconds > unused_seconds", "test_only_what_is_not_used_for_long_is_dropped"),
        ('else "the next write"', 'else "a write"', "test_what_can_not_be_had_is_told"),
        ("if seconds < 60", "if seconds <= 60", "test_one_that_is_away_is_asked_once"),
        ("        if mirror is None:\n            return", "        if False:\n            return", "test_it_says_how_far_it_is"),
    ),
    *_of(
        "tiers/absence.py",
        "tiers/test_postgresql.py",
        ("        note_absence(store, fault.message, int(time.time()))\n", "", "test_where_it_would_be"),
        ("    forget_absence(store)\n    return", "    return", "test_who_answers_again_is_away_no_more"),
        ("    if away:\n", "    if False:\n", "test_who_answers_again_is_away_no_more"),
        ('" ".join(said.split())', "said", "test_who_answers_again_is_away_no_more"),
    ),
    *_of(
        "tiers/absence.py",
        "tiers/test_absence.py",
        ("min(2 * before.pause, LONGEST)", "2 * before.pause", "test_the_pause_grows_up_to_an_hour_and_since_stays"),
        ("before.since if before else now", "now", "test_the_pause_grows_up_to_an_hour_and_since_stays"),
        ("now < found.until else None", "now <= found.until else None", "test_the_pause_grows_up_to_an_hour_and_since_stays"),
        ("found.since <= now and ", "", "test_a_clock_that_was_set_back_stops_nothing"),
        (" and found.until <= now + LONGEST", "", "test_a_clock_that_was_set_back_stops_nothing"),
        (" and server == _name(store)", "", "test_another_server_is_asked_at_once"),
    ),
    *_of(
        "tiers/table.py",
        "tiers/test_table.py",
        ("if name in TIERS else None", "", "test_what_is_no_tier_is_none"),
        ("{name}", "file", "test_each_name_has_its_module_and_each_module_its_name"),
    ),
    *_of(
        "model/record.py",
        "model/test_record.py",
        ('    if value is None or value == "":\n        if field.required:', '    if value is None:\n        if field.required:', "test_what_is_unset_is_its_default"),
        ("        if field.required:\n", "        if False:\n", "test_what_is_none_is_refused_by_its_name"),
        ("isinstance(value, bool) or not", "not", "test_what_is_none_is_refused_by_its_name"),
        ("    except OverflowError:\n", "    except ZeroDivisionError:\n", "test_what_is_none_is_refused_by_its_name"),
        ("FIELDS[name].kind is ESTIMATE", "FIELDS[name].kind is LABEL", "test_what_people_and_programs_write_is_read"),
        ('value.replace(";", ",")', "value", "test_what_people_and_programs_write_is_read"),
        (" for text in said if text}", " for text in said}", "test_what_people_and_programs_write_is_read"),
        ("if found.setdefault(dependency.id, dependency) != dependency:", "if False:", "test_what_is_none_is_refused_by_its_name"),
        ("text if field.kind in (LINE, BLOCK) else text.strip()", "text", "test_what_people_and_programs_write_is_read"),
        ("tuple(sorted({_parse(LABEL", "tuple(({_parse(LABEL", "test_what_people_and_programs_write_is_read"),
        ("for key in sorted(found))", "for key in found)", "test_what_people_and_programs_write_is_read"),
        ("    if kind not in DEPENDENCY_TYPES:\n", "    if False:\n", "test_what_is_none_is_refused_by_its_name"),
        ('("", *DEPENDENCY_TYPES) else', 'DEPENDENCY_TYPES else', "test_what_people_and_programs_write_is_read"),
        (" if name and last in", " if last in", "test_what_people_and_programs_write_is_read"),
        ("    if len({task.id for task in tasks}) < len(tasks):\n", "    if False:\n", "test_what_is_none_is_refused_by_its_name"),
        ('    if "title" not in parsed:\n', "    if False:\n", "test_what_is_none_is_refused_by_its_name"),
        ("        if value is not None:\n            parsed[name]", "        if True:\n            parsed[name]", "test_what_people_and_programs_write_is_read"),
        ("    extra = dict(milestone.extra)\n", "    extra = milestone.extra\n", "test_only_what_is_named_is_replaced"),
        (" and len(name) > len(_CUSTOM)", "", "test_a_key_that_is_no_field"),
        (" or not is_key(key):", ":", "test_a_key_that_is_no_field"),
        ("    if key in fields or not", "    if not", "test_a_key_that_is_no_field"),
        ("        extra.pop(key, None)\n", "        extra[key] = None\n", "test_only_what_is_named_is_replaced"),
        ("str(value).lower() if isinstance(value, bool) else str(value)", "str(value)", "test_only_what_is_named_is_replaced"),
        ('**({"extra": dict(task.extra)} if task.extra else {})', '"extra": dict(task.extra)', "test_what_json_says"),
        ("return None if value is None else field.kind.to_json(value)", "return field.kind.to_json(value)", "test_what_json_says"),
        ('"extra": dict(milestone.extra)}', "}", "test_what_json_says"),
    ),
    *_of(
        "model/field.py",
        "model/test_record.py",
        ("return self.required or ", "return ", "test_people_are_told_what_somebody_need_have_written"),
        ("if value is None or value == ():", "if value is None:", "test_people_are_told_what_somebody_need_have_written"),
        ("value != self.kind.parse(self.default)", "value != self.default", "test_people_are_told_what_somebody_need_have_written"),
    ),
    *_of(
        "model/fields.py",
        "model/test_record.py",
        (", key=lambda field: field.name != \"schema\"", ", key=lambda field: 0", "test_what_json_says"),
    ),
)  # fmt: skip


def apply(mutation: Mutation, package: Path) -> str:
    """The text of its file with the fault.

    Raises:
        AssertionError: What it changes does not stand there once.
    """
    text = (package / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1, f"{mutation.file}: {text.count(mutation.old)} of {mutation.old!r}"
    return text.replace(mutation.old, mutation.new)


class Copy:
    """A copy of the package and its tests, which may be broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, symlinks=True)
            else:
                shutil.copy(ROOT / name, folder / name)

    def run(self, tests: tuple[str, ...]) -> int:
        """What pytest's exit status is."""
        named = [f"tests/{name}" for name in tests]
        environ = {**os.environ, "PYTHONPATH": str(self.folder)}
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *named]
        return subprocess.run(words, cwd=self.folder, env=environ, capture_output=True, check=False).returncode

    def is_seen(self, mutation: Mutation) -> bool:
        """Whether its tests fail."""
        with self._mutated(mutation):
            return self.run(mutation.tests) == _FAILED

    @contextmanager
    def _mutated(self, mutation: Mutation) -> Iterator[None]:
        path = self.folder / "gitmilestone" / mutation.file
        whole, broken = path.read_bytes(), apply(mutation, self.folder / "gitmilestone")
        try:
            self._put(path, broken.encode())
            yield
        finally:
            self._put(path, whole)

    def _put(self, path: Path, content: bytes) -> None:
        """Python takes a file of the same second and the same length for the same."""
        path.write_bytes(content)
        Path(cache_from_source(str(path))).unlink(missing_ok=True)


def main(first: int = 0, last: int = len(MUTATIONS)) -> int:
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="milestone-mutations-") as folder:
        copy = Copy(Path(folder))
        for number, mutation in enumerate(MUTATIONS[first:last], first):
            if not copy.is_seen(mutation):
                survivors += 1
                print(f"{number} survives: {mutation.file}: {mutation.old!r} -> {mutation.new!r}", flush=True)
    print(f"{survivors} of {last - first} survive")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
