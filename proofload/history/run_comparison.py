"""Comparisons of runs: figures, noise between runs, and reasons to refuse a comparison."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from proofload.history.history import HISTORY_FILE, read_entries
from proofload.history.run_entry import COMPARABILITY_PARTS, RunEntry
from proofload.history.run_selection import select_baseline_runs
from slo.comparison import compare_runs, estimate_noise, refuse_comparison
from slo.model import (
    DEFAULT_FIGURES,
    MIN_EFFECT_RATIO,
    MIN_EFFECT_SECONDS,
    BaselinePolicy,
    Comparison,
    Criteria,
    Figure,
    RefusalReason,
    RunFigures,
)

NOISE_GROUP_PARTS = ("profile", "spec", "target", "machine")
"""Parts of the fingerprint that runs share if their variation is noise of this comparison."""
_WARNING_PARTS = ("target", "faults", "machine", "generator", "versions")
_COUNT_PREFIXES = ("requests", "events/")


def select_figures(
    patterns: Iterable[str], runs: Sequence[RunEntry], min_seconds: float, min_ratio: float
) -> tuple[Figure, ...]:
    """Return the figures that match patterns such as ``sli/*``.

    Raises:
        ValueError: a pattern matches no figure of the runs.
    """
    measured = [name for run in runs for name in run.figures if not name.startswith(_COUNT_PREFIXES)]
    available, names = list(dict.fromkeys([*DEFAULT_FIGURES, *measured])), list[str]()
    for pattern in patterns:
        matches = [name for name in available if fnmatchcase(name, pattern)]
        if not matches:
            raise ValueError(f"no figure {pattern!r}; available: {', '.join(available)}")
        names += matches
    return tuple(create_figure(name, min_seconds, min_ratio) for name in dict.fromkeys(names))


def create_figure(
    name: str, min_seconds: float = MIN_EFFECT_SECONDS, min_ratio: float = MIN_EFFECT_RATIO
) -> Figure:
    """Create a figure with the unit and direction that its name implies."""
    if name == "throughput":
        return Figure(name, higher_is_better=True)
    if name == "error_ratio":
        return Figure(name, "ratio", additive=True, smallest=min_ratio, events="requests")
    if name.startswith("sli/"):
        events = f"events/{name.removeprefix('sli/')}"
        return Figure(name, "ratio", higher_is_better=True, additive=True, smallest=min_ratio, events=events)
    return Figure(name, "seconds", smallest=min_seconds)


def compare_with_baseline(
    baseline: BaselinePolicy, entry: RunEntry, run_directory: Path, history_file: Path = HISTORY_FILE
) -> Comparison:
    """Compare a run with the baseline of its policy, before the run is in the history; write nothing.

    ``run_directory`` is the directory of the run: a baseline that names it is rejected.

    Raises:
        HistoryError: the history or a run of the baseline can't be found or read.
        ValueError: the policy names a figure that the runs don't have.
    """
    candidate = [entry]
    others = [run for run in read_entries(history_file) if run.id != entry.id]
    # The run itself is included: an id of the baseline that is its id, or the start of it, must be noticed.
    history = sorted([entry, *others], key=lambda run: (run.time, run.id), reverse=True)
    baseline_runs = select_baseline_runs(baseline.runs, candidate, history, history_file, run_directory)
    figures = select_figures(
        baseline.figures,
        [*candidate, *baseline_runs],
        baseline.min_effect_seconds,
        baseline.min_effect_ratio,
    )
    criteria = Criteria(figures, baseline.tolerance, baseline.confidence, baseline.minimum_runs)
    return compare_run_entries(candidate, baseline_runs, history, criteria)


def compare_run_entries(
    candidate: Sequence[RunEntry],
    baseline: Sequence[RunEntry],
    history: Iterable[RunEntry],
    criteria: Criteria,
) -> Comparison:
    """Compare runs; the noise between runs is estimated from ``history``."""
    comparison = _find_refusal(candidate, baseline, criteria) or compare_runs(
        [run.figures for run in baseline],
        [run.figures for run in candidate],
        criteria,
        estimate_noise(_group_noise_runs(candidate, baseline, history), criteria.figures),
    )
    return replace(
        comparison,
        candidate=tuple(run.id for run in candidate),
        baseline=tuple(run.id for run in baseline),
        warnings=tuple(_find_warnings(candidate, baseline)),
    )


def _find_refusal(
    candidate: Sequence[RunEntry], baseline: Sequence[RunEntry], criteria: Criteria
) -> Comparison | None:
    """Return an UNDECIDED comparison if the runs are not comparable, with the difference."""
    if not baseline:
        detail = "the history contains no MET run with the same profile, spec and target before the candidate"
        return refuse_comparison(criteria, RefusalReason.NO_BASELINE, detail)
    runs = [*baseline, *candidate]
    if different := [
        part for part in COMPARABILITY_PARTS if len({run.fingerprint.get(part) for run in runs}) > 1
    ]:
        detail = "; ".join(_describe_difference(part, candidate, baseline) for part in different)
        return refuse_comparison(criteria, RefusalReason.NOT_COMPARABLE, detail)
    if unsound := [f"{run.id} ({', '.join(run.failed_checks)})" for run in runs if not run.is_sound]:
        detail = f"checks failed in {'; '.join(unsound)}"
        return refuse_comparison(criteria, RefusalReason.UNSOUND_RUN, detail)
    return None


def _describe_difference(part: str, candidate: Sequence[RunEntry], baseline: Sequence[RunEntry]) -> str:
    sides = []
    for side in (candidate, baseline):
        values = {run.fingerprint.get(part) or "none" for run in side}
        names = {run.profile for run in side} if part == "profile" else set()
        sides.append(", ".join([*sorted(names), *sorted(values)]))
    if sides[0] == sides[1]:
        return f"several values of {part}: {sides[0]}"
    return f"different {part}: {sides[0]}; baseline: {sides[1]}"


def _find_warnings(candidate: Sequence[RunEntry], baseline: Sequence[RunEntry]) -> Iterator[str]:
    if not baseline:
        return
    for part in _WARNING_PARTS:
        if len({run.fingerprint.get(part) for run in (*candidate, *baseline)}) > 1:
            yield _describe_difference(part, candidate, baseline)
    for name, side in (("candidate", candidate), ("baseline", baseline)):
        if len({run.code for run in side}) > 1:
            yield f"the runs of the {name} have several code versions"


def _group_noise_runs(
    candidate: Sequence[RunEntry], baseline: Sequence[RunEntry], history: Iterable[RunEntry]
) -> list[list[RunFigures]]:
    """Return the figures of runs comparable to the baseline, grouped by identical conditions.

    Runs of a group differ only by noise, so regressions are left out, and runs before and after an accepted
    run are in different groups. Candidate runs are left out.
    """
    candidate_ids = {run.id for run in candidate}
    runs = {run.id: run for run in (*history, *baseline) if run.id not in candidate_ids and run.is_sound}
    accepted_times = sorted(run.time for run in runs.values() if run.accepted)
    baseline_conditions = {_noise_conditions_of(run) for run in baseline}
    groups = dict[tuple[object, ...], list[RunFigures]]()
    for run in runs.values():
        if _noise_conditions_of(run) in baseline_conditions and (run.accepted or not run.regression):
            accepted_before = bisect_right(accepted_times, run.time)
            conditions = (run.code, accepted_before, *sorted(run.fingerprint.items()))
            groups.setdefault(conditions, []).append(run.figures)
    return list(groups.values())


def _noise_conditions_of(run: RunEntry) -> tuple[str | None, ...]:
    return tuple(run.fingerprint.get(part) for part in NOISE_GROUP_PARTS)
