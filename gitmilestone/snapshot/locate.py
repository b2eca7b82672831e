"""Where an id lies: the one answer, for whoever asks.

First the places where a layout puts it, which costs a few looks; then the index, where there is one; then a listing,
made once for a state. A file in a folder that no layout makes is found as well: `list` reads it, so does everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitmilestone.errors import AmbiguousId, InvalidContent, MilestoneNotFound
from gitmilestone.model.ids import check_id
from gitmilestone.model.layout import ROOT, SUFFIX, find_path_fault, find_place, possible_paths
from gitmilestone.snapshot.answer import has_index
from gitmilestone.store.files import FileEntry, Files, TreeFiles
from gitmilestone.store.store import Store

_SHOWN = 8
_ALIKE = 200


def locate(store: Store, files: Files, milestone_id: str) -> FileEntry | None:
    """The file of exactly that id, whether or not it can be read.

    Raises:
        InvalidContent: There are two.
    """
    found = locate_all(store, files, milestone_id)
    _refuse_several([entry.path for entry in found])
    return found[0] if found else None


def locate_all(store: Store, files: Files, milestone_id: str) -> Sequence[FileEntry]:
    """The files of exactly that id: one, but where somebody has made another by hand.

    Of one that lies where a layout puts it, another is not looked for in all the folders that layouts make, which
    would read them all: `list` and `check` tell of those.
    """
    found = _find_nearby(files, milestone_id)
    if found:
        return found
    if isinstance(files, TreeFiles) and files.is_costly_to_list and has_index(store, files):
        paths = _find_indexed(store, files, milestone_id).get(milestone_id, ())
        return [entry for path in paths if (entry := files.find(path))]
    return files.find_strays(milestone_id)


def locate_unindexed(files: Files, milestone_id: str) -> Sequence[FileEntry]:
    """The same without an index: for states that are not worth one, as the sides of a merge."""
    return _find_nearby(files, milestone_id) or files.find_strays(milestone_id)


def get_file(store: Store, files: Files, text: str) -> FileEntry:
    """The file of the milestone that `text` names, by its id or a unique beginning of it.

    Raises:
        InvalidId, MilestoneNotFound, AmbiguousId.
        InvalidContent: There are two.
    """
    prefix = check_id(text)
    paths: Sequence[str] = [entry.path for entry in _find_nearby(files, prefix)]
    if not paths:
        matches = _find_beginning(store, files, prefix)
        if not matches:
            raise MilestoneNotFound(f"there is no milestone {text!r}", _nearest(store, files, text), prefix)
        paths = _choose(text, prefix, matches)
    _refuse_several(paths)
    found = files.find(paths[0])
    if found is None:
        raise MilestoneNotFound(f"{ROOT}/{paths[0]} is gone", "")
    return found


def id_of(entry: FileEntry) -> str:
    """The id that the name of a milestone's file says."""
    return entry.path.rpartition("/")[2].removesuffix(SUFFIX)


def _refuse_several(paths: Sequence[str]) -> None:
    if len(paths) < 2:
        return
    from gitmilestone.derived.listing import duplicate

    name = paths[0].rpartition("/")[2].removesuffix(SUFFIX)
    problems = duplicate(f"{ROOT}/{paths[0]}", f"{ROOT}/{paths[1]}", name)
    raise InvalidContent(f"two files are called {name}", problems, "delete one of them, and commit that")


def _find_nearby(files: Files, milestone_id: str) -> list[FileEntry]:
    """Those at the usual places, and where there is one, its rivals in what is quickly looked through."""
    usual = [entry for path in possible_paths(milestone_id) if (entry := files.find(path)) is not None]
    if usual and isinstance(files, TreeFiles):
        usual += files.find_odd(milestone_id)
    return usual


def _find_beginning(store: Store, files: Files, prefix: str) -> Mapping[str, Sequence[str]]:
    """Id -> paths, of the milestones whose ids begin so."""
    if has_index(store, files):
        return _find_indexed(store, files, prefix)
    matches: dict[str, list[str]] = {}
    for entry in files.iter_entries():
        place = find_place(entry.path)
        if place and place.id.startswith(prefix) and not find_path_fault(place):
            matches.setdefault(place.id, []).append(entry.path)
    return matches


def _find_indexed(store: Store, files: Files, prefix: str) -> Mapping[str, Sequence[str]]:
    from gitmilestone.derived.database import read_index

    return read_index(store, files, lambda index: index.find_paths(prefix))


def _choose(text: str, prefix: str, matches: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if prefix in matches:
        return matches[prefix]
    if len(matches) > 1:
        shown = sorted(matches)[:_SHOWN]
        more = f" and {len(matches) - _SHOWN} more" if len(matches) > _SHOWN else ""
        raise AmbiguousId(f"{text!r} begins several ids: {', '.join(shown)}{more}", "give more of it")
    return next(iter(matches.values()))


def _nearest(store: Store, files: Files, text: str) -> str:
    from difflib import get_close_matches

    if has_index(store, files):
        from gitmilestone.derived.database import read_index

        # Comparing with all of a million takes minutes: with those that begin alike.
        heads = [text[:length] for length in range(len(text) - 1, 0, -1)]
        ids = read_index(store, files, lambda index: next(filter(None, (index.find_ids(h, _ALIKE) for h in heads)), []))
    else:
        ids = list(_find_beginning(store, files, ""))
    nearest = get_close_matches(text, ids, 3, 0.5)
    return f"did you mean {' or '.join(nearest)}?" if nearest else "`git milestone list --all` shows them all"
