"""Selects runs by name: an id, a run directory, a file, ``latest`` or ``last-met``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from proofload.history.history import HistoryError, read_figures
from proofload.history.run_entry import FIGURES_FILE, RunEntry
from slo.model import LAST_MET

LATEST = "latest"
BASELINE_MATCH_PARTS = ("profile", "spec", "target")
"""Parts of the fingerprint that ``last-met`` runs share with the candidate."""
_LAST_MET_PATTERN = re.compile(rf"{LAST_MET}(?::([1-9][0-9]*))?", re.ASCII)


def select_runs(names: Iterable[str], history: Sequence[RunEntry], history_file: Path) -> list[RunEntry]:
    """Return the runs with these names, each once.

    Raises:
        HistoryError: all names that can't be found or read.
    """
    runs, problems = dict[str, RunEntry](), list[str]()
    for name in names:
        try:
            runs |= {run.id: run for run in _find_named_runs(name, history, history_file)}
        except (HistoryError, OSError) as error:  # OSError: a name that is too long for a path
            problems.append(str(error))
    if problems:
        raise HistoryError("\n".join(problems))
    return list(runs.values())


def select_baseline_runs(
    names: Iterable[str],
    candidate: list[RunEntry],
    history: Sequence[RunEntry],
    history_file: Path,
    candidate_directory: Path | None = None,
) -> list[RunEntry]:
    """Return the runs of a baseline; the list is empty if ``last-met`` matches no run.

    ``candidate_directory`` is the directory of a candidate whose ``figures.json`` and link ``latest`` are not
    yet written; without this argument they are.

    Raises:
        HistoryError: a name can't be found or read, or a run is also a candidate.
    """
    last_met, own_runs, other_names = list[RunEntry](), list[RunEntry](), list[str]()
    for name in names:
        if match := _LAST_MET_PATTERN.fullmatch(name):
            last_met += find_last_met(candidate, history, int(match.group(1) or 1))
        elif candidate_directory and _is_name_of_directory(name, candidate_directory, history_file):
            own_runs += candidate
        else:
            other_names.append(name)
    baseline = [*last_met, *own_runs, *select_runs(other_names, history, history_file)]
    runs = {run.id: run for run in baseline}
    if both := [run.id for run in candidate if run.id in runs]:
        raise HistoryError(f"{', '.join(both)}: both candidate and baseline; a run can't be its own baseline")
    return list(runs.values())


def find_last_met(candidate: list[RunEntry], history: Iterable[RunEntry], count: int = 1) -> list[RunEntry]:
    """Return the newest possible baseline runs before the candidate with the same profile, spec and target.

    At most ``count`` runs; none is older than the newest accepted run, which starts a new baseline.
    """
    first = min(candidate, key=lambda run: run.time)
    candidate_ids = {run.id for run in candidate}
    matching = (
        run
        for run in sorted(history, key=lambda run: run.time, reverse=True)
        if run.can_be_baseline and run.time < first.time and run.id not in candidate_ids
        if all(run.fingerprint.get(part) == first.fingerprint.get(part) for part in BASELINE_MATCH_PARTS)
    )
    newest = list(islice(matching, count))
    return newest[: next((number for number, run in enumerate(newest, 1) if run.accepted), count)]


def _is_name_of_directory(name: str, run_directory: Path, history_file: Path) -> bool:
    """Return whether a name means a run directory, its ``figures.json``, or the link ``latest`` beside it."""
    path = _find_path(name, history_file)
    directory = path.parent if path.name == FIGURES_FILE else path
    own = os.path.realpath(run_directory)
    is_latest = directory.name == LATEST and os.path.realpath(directory.parent) == os.path.realpath(
        run_directory.parent
    )
    return bool(name) and (is_latest or os.path.realpath(directory) == own)


def _find_path(name: str, history_file: Path) -> Path:
    return history_file.parent / LATEST if name == LATEST else Path(name)


def _find_named_runs(name: str, history: Sequence[RunEntry], history_file: Path) -> list[RunEntry]:
    path = _find_path(name, history_file)
    if name and path.is_dir():  # "" would be the working directory
        return read_figures(path / FIGURES_FILE)
    if path.is_file():
        return read_figures(path)
    prefixed = [run for run in history if run.id.startswith(name)] if name else []
    matches = [run for run in prefixed if run.id == name] or prefixed
    if len(matches) > 1:
        raise HistoryError(f"{name!r} matches {len(matches)} ids, e.g. {matches[0].id} and {matches[1].id}")
    if not matches:
        hint = "give an id (`proofload history` lists them), a run directory, or a file of --export"
        raise HistoryError(f"no run {name!r} in {history_file}: {hint}")
    return matches
