"""From runs to a comparison: which figures, which runs are noise of one another, and what forbids it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from proofload.history.run_entry import MUST_AGREE, Entry
from slo.comparison.compare_runs import compare, refused
from slo.comparison.run_variance import aa_noise
from slo.model.comparison import Comparison, Criteria, Figure, Refusal, RunFigures

DEFAULT_FIGURES = (
    "response_time_p50",
    "response_time_p95",
    "response_time_p99",
    "error_ratio",
    "throughput",
)
LEAST_SECONDS = 0.001
LEAST_RATIO = 0.001
"""Smallest effects that matter, where nothing else is asked for."""
ALIKE = ("profile", "spec", "target", "machine")
"""What runs have in common whose spread tells something of this comparison's noise."""
_WARNED = ("target", "faults", "machine", "generator", "versions")
_COUNTS = ("requests", "events/")


def figures_for(
    patterns: Iterable[str], runs: Sequence[Entry], least_seconds: float, least_ratio: float
) -> tuple[Figure, ...]:
    """Choose the figures that patterns such as ``sli/*`` name.

    Raises:
        ValueError: a pattern names none that the runs have.
    """
    there = dict.fromkeys(name for run in runs for name in run.figures if not name.startswith(_COUNTS))
    known, names = [*dict.fromkeys([*DEFAULT_FIGURES, *there])], list[str]()
    for pattern in patterns:
        found = [name for name in known if fnmatchcase(name, pattern)]
        if not found:
            raise ValueError(f"no figure {pattern!r}; there are {', '.join(known)}")
        names += found
    return tuple(figure(name, least_seconds, least_ratio) for name in dict.fromkeys(names))


def figure(name: str, least_seconds: float = LEAST_SECONDS, least_ratio: float = LEAST_RATIO) -> Figure:
    """Say what kind of figure a name is of."""
    if name == "throughput":
        return Figure(name, higher_is_better=True)
    if name == "error_ratio":
        return Figure(name, "ratio", additive=True, smallest=least_ratio, events="requests")
    if name.startswith("sli/"):
        events = f"events/{name.removeprefix('sli/')}"
        return Figure(
            name, "ratio", higher_is_better=True, additive=True, smallest=least_ratio, events=events
        )
    return Figure(name, "seconds", smallest=least_seconds)


def compare_runs(
    candidate: Sequence[Entry], baseline: Sequence[Entry], known: Iterable[Entry], criteria: Criteria
) -> Comparison:
    """Compare runs; ``known`` are those of the history, from which the noise between runs is learnt."""
    found = _refused(candidate, baseline, criteria) or compare(
        [one.figures for one in baseline],
        [one.figures for one in candidate],
        criteria,
        aa_noise(_noise_groups(candidate, baseline, known), criteria.figures),
    )
    return replace(
        found,
        candidate=tuple(one.id for one in candidate),
        baseline=tuple(one.id for one in baseline),
        warnings=tuple(_warnings(candidate, baseline)),
    )


def _refused(candidate: Sequence[Entry], baseline: Sequence[Entry], criteria: Criteria) -> Comparison | None:
    """Refuse what would compare different things, and say what differs."""
    if not baseline:
        said = "no MET run of the same profile, spec and target is in the history before the candidate"
        return refused(criteria, Refusal.NO_BASELINE, said)
    runs = [*baseline, *candidate]
    if different := [part for part in MUST_AGREE if len({run.fingerprint.get(part) for run in runs}) > 1]:
        said = "; ".join(_difference(part, candidate, baseline) for part in different)
        return refused(criteria, Refusal.NOT_COMPARABLE, said)
    if unsound := [f"{run.id} ({', '.join(run.failed_checks)})" for run in runs if not run.sound]:
        return refused(criteria, Refusal.UNSOUND_RUN, f"checks failed in {'; '.join(unsound)}")
    return None


def _difference(part: str, candidate: Sequence[Entry], baseline: Sequence[Entry]) -> str:
    sides = []
    for side in (candidate, baseline):
        values = {run.fingerprint.get(part) or "none" for run in side}
        names = {run.profile for run in side} if part == "profile" else set()
        sides.append(", ".join([*sorted(names), *sorted(values)]))
    if sides[0] == sides[1]:
        return f"not all of one {part}: {sides[0]}"
    return f"not the same {part}: {sides[0]}; the baseline's: {sides[1]}"


def _warnings(candidate: Sequence[Entry], baseline: Sequence[Entry]) -> Iterator[str]:
    if not baseline:
        return
    for part in _WARNED:
        if len({run.fingerprint.get(part) for run in (*candidate, *baseline)}) > 1:
            yield _difference(part, candidate, baseline)
    for name, side in (("candidate", candidate), ("baseline", baseline)):
        if len({run.code for run in side}) > 1:
            yield f"the {name}'s runs are of several versions of the code"


def _noise_groups(
    candidate: Sequence[Entry], baseline: Sequence[Entry], known: Iterable[Entry]
) -> list[list[RunFigures]]:
    """Give the figures of runs like the baseline's, those of the same thing together; no candidate's.

    A regression is not the same thing, whatever its code says; nor is what ran before an accepted run.
    """
    judged = {one.id for one in candidate}
    runs = {one.id: one for one in (*known, *baseline) if one.id not in judged and one.sound}
    renewed = sorted(one.time for one in runs.values() if one.accepted)
    like = {tuple(one.fingerprint.get(part) for part in ALIKE) for one in baseline}
    found = dict[tuple[object, ...], list[RunFigures]]()
    for run in runs.values():
        same = tuple(run.fingerprint.get(part) for part in ALIKE) in like
        if same and (run.accepted or not run.regression):
            era = bisect_right(renewed, run.time)
            found.setdefault((run.code, era, *sorted(run.fingerprint.items())), []).append(run.figures)
    return list(found.values())
