"""Runs as people name them on the command line: an id, a folder, a file, ``latest``, ``last-met``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from proofload.history.history import HistoryError, last_met, read_figures
from proofload.history.run_entry import FIGURES_FILE, Entry

LAST_MET = "last-met"
LATEST = "latest"
_LAST_MET = re.compile(rf"{LAST_MET}(?::([1-9][0-9]*))?", re.ASCII)


def chosen_runs(names: Iterable[str], known: Sequence[Entry], history: Path) -> list[Entry]:
    """Find runs by name, each once.

    Raises:
        HistoryError: everything that can't be found or read.
    """
    found, problems = dict[str, Entry](), list[str]()
    for name in names:
        try:
            found |= {one.id: one for one in _named(name, known, history)}
        except (HistoryError, OSError) as error:  # a name may be too long for a path
            problems.append(str(error))
    if problems:
        raise HistoryError("\n".join(problems))
    return list(found.values())


def baseline_runs(
    names: Iterable[str], candidate: list[Entry], known: Sequence[Entry], history: Path
) -> list[Entry]:
    """Find the runs of a baseline; none where ``last-met`` finds none.

    Raises:
        HistoryError: what is named can't be found or read, or is the candidate itself.
    """
    found, others = list[Entry](), list[str]()
    for name in names:
        if match := _LAST_MET.fullmatch(name):
            found += last_met(candidate, known, int(match.group(1) or 1))
        else:
            others.append(name)
    runs = {one.id: one for one in [*found, *chosen_runs(others, known, history)]}
    if both := [one.id for one in candidate if one.id in runs]:
        raise HistoryError(f"{', '.join(both)}: on both sides; a run can't be its own baseline")
    return list(runs.values())


def _named(name: str, known: Sequence[Entry], history: Path) -> list[Entry]:
    path = history.parent / LATEST if name == LATEST else Path(name)
    if name and path.is_dir():  # "" would be the working directory
        return read_figures(path / FIGURES_FILE)
    if path.is_file():
        return read_figures(path)
    begun = [one for one in known if one.id.startswith(name)] if name else []
    exact = [one for one in begun if one.id == name] or begun
    if len(exact) > 1:
        raise HistoryError(f"{name!r} begins {len(exact)} ids, e.g. {exact[0].id} and {exact[1].id}")
    if not exact:
        said = "give an id (`proofload history` lists them), a run's folder, or a file of --export"
        raise HistoryError(f"no run {name!r} in {history}: {said}")
    return exact
