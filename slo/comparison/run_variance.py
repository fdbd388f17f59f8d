"""How much figures vary between runs: standard errors from the compared runs and from the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from statistics import variance

from slo.model import Figure, Noise, RunFigures

MIN_DEGREES_OF_FREEDOM = 4
"""Required of an estimate from A/A runs: five runs of one version, or more runs of several versions."""
STATISTICAL_POWER = 0.8
MAX_RUNS = 1000
"""A larger number of runs per side is not a useful recommendation."""


@dataclass(frozen=True, slots=True)
class StandardError:
    """A standard error of the effect, and its degrees of freedom."""

    value: float
    degrees_of_freedom: float


def transform_values(figure: Figure, runs: Sequence[RunFigures]) -> list[float] | None:
    """Return the logarithms of a figure's values, or the values if it is additive.

    ``None`` when a value is 0 or less and has no logarithm.
    """
    values = [run[figure.name] for run in runs]
    if figure.additive:
        return values
    return [log(value) for value in values] if all(value > 0 for value in values) else None


def estimate_noise(groups: Iterable[Sequence[RunFigures]], figures: Iterable[Figure]) -> dict[str, Noise]:
    """Pool the variation between runs over groups; figures with too few runs are absent from the result.

    A group holds the runs of one fingerprint; differences between groups are not noise.
    """
    all_groups, noise = [list(group) for group in groups], dict[str, Noise]()
    for figure in figures:
        sum_of_squares, degrees = 0.0, 0
        for group in all_groups:
            values = transform_values(figure, [run for run in group if figure.name in run])
            if values and len(values) > 1:
                sum_of_squares += variance(values) * (len(values) - 1)
                degrees += len(values) - 1
        if degrees >= MIN_DEGREES_OF_FREEDOM:
            noise[figure.name] = Noise(sqrt(sum_of_squares / degrees), degrees)
    return noise


def compute_runs_needed(deviation: float, margin: float, confidence: float) -> int | None:
    """Return the runs per side that show an unchanged figure as unchanged with a probability of 80 %.

    With so many runs, the interval of an unchanged figure lies within ± ``margin`` with that probability, and
    a change of twice the margin is shown with the same probability. ``deviation`` and ``margin`` are on the
    same scale. ``None``: more than ``MAX_RUNS``.
    """
    if margin <= 0:
        return None
    probabilities = ((1 + confidence) / 2, (1 + STATISTICAL_POWER) / 2)
    normal_quantiles = sum(compute_student_quantile(probability, inf) for probability in probabilities)
    # Student's quantiles are larger than the normal ones, so this is a lower bound.
    fewest_runs = 2 * (deviation / margin * normal_quantiles) ** 2
    for runs in range(max(2, int(min(fewest_runs, MAX_RUNS + 1))), MAX_RUNS + 1):
        quantiles = sum(compute_student_quantile(probability, 2 * runs - 2) for probability in probabilities)
        if deviation * sqrt(2 / runs) * quantiles <= margin:
            return runs
    return None


def estimate_standard_errors(
    before: Sequence[float], after: Sequence[float], noise: Noise | None, minimum_runs: int
) -> tuple[list[StandardError], float]:
    """Return the available standard errors, and the largest standard deviation they are based on."""
    large_sides = [side for side in (before, after) if len(side) >= max(minimum_runs, 2)]
    weights = 1 / len(before) + 1 / len(after)
    errors, deviations = [], [sqrt(variance(side)) for side in large_sides]
    if len(large_sides) == 2:  # noqa: PLR2004 - both sides
        errors.append(_compute_welch_error(before, after))
    elif large_sides:  # the other side is assumed to have the same variance
        errors.append(StandardError(deviations[0] * sqrt(weights), len(large_sides[0]) - 1))
    if noise and noise.degrees_of_freedom >= MIN_DEGREES_OF_FREEDOM:
        errors.append(StandardError(noise.standard_deviation * sqrt(weights), noise.degrees_of_freedom))
        deviations.append(noise.standard_deviation)
    return errors, max(deviations, default=0.0)


def _compute_welch_error(before: Sequence[float], after: Sequence[float]) -> StandardError:
    """Return Welch's standard error with Satterthwaite's degrees of freedom."""
    parts = [(variance(side) / len(side), len(side) - 1) for side in (before, after)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return StandardError(0.0, sum(degrees for _, degrees in parts))
    shares = sum((part / total) ** 2 / degrees for part, degrees in parts)
    return StandardError(sqrt(total), 1 / shares)


def estimate_sampling_error(
    figure: Figure, baseline: Sequence[RunFigures], candidate: Sequence[RunFigures]
) -> StandardError | None:
    """Return the smallest possible standard error of a share's difference: that of independent events.

    Runs without failures show no variation and are uncertain all the same: half an event is added to each
    kind (H. Jeffreys' prior). ``None`` if the figure is not a share or its number of events is unknown.
    """
    name = figure.events
    if not figure.additive or name is None or any(name not in run for run in (*baseline, *candidate)):
        return None
    side_events = [sum(run[name] for run in side) for side in (baseline, candidate)]
    if not all(side_events):
        return None
    counted = sum(run[figure.name] * run[name] for run in (*baseline, *candidate))
    share = (counted + 0.5) / (sum(side_events) + 1)
    return StandardError(sqrt(share * (1 - share) * sum(1 / events for events in side_events)), inf)


def compute_student_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return Student's quantile; with infinite degrees of freedom, the normal quantile."""
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import: see preload_scipy of slo.evaluation

    return float(stdtrit(min(degrees_of_freedom, 1e9), probability))


def compute_tail_probability(distance: float, standard_error: StandardError) -> float:
    """Return the one-sided probability that chance alone causes at least this distance."""
    if standard_error.value == 0:
        return 0.0 if distance > 0 else 1.0
    from scipy.special import stdtr  # noqa: PLC0415 - slow to import: see preload_scipy of slo.evaluation

    return float(stdtr(min(standard_error.degrees_of_freedom, 1e9), -distance / standard_error.value))
