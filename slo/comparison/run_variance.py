"""How much figures vary between runs: standard errors from the runs compared, and from the history (A/A)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from statistics import variance

from slo.model.comparison import Figure, Noise, RunFigures

LEAST_DEGREES = 4
"""Degrees of freedom that a spread from A/A runs needs: five runs of one thing, or more of several."""
POWER = 0.8
MOST_RUNS = 1000
"""Beyond so many runs a side, a number of runs is no advice."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard error of the effect, and the degrees of freedom behind it."""

    error: float
    degrees: float


def values_of(figure: Figure, runs: Sequence[RunFigures]) -> list[float] | None:
    """Give the values on the scale of the arithmetic; ``None`` where one has no logarithm."""
    values = [run[figure.name] for run in runs]
    if figure.additive:
        return values
    return [log(value) for value in values] if all(value > 0 for value in values) else None


def aa_noise(groups: Iterable[Sequence[RunFigures]], figures: Iterable[Figure]) -> dict[str, Noise]:
    """Pool the spread between runs over groups of the same thing; too few runs tell nothing.

    A group holds runs of one fingerprint; what differs between groups does not count as noise.
    """
    kept, found = [list(group) for group in groups], dict[str, Noise]()
    for figure in figures:
        squares, degrees = 0.0, 0
        for group in kept:
            values = values_of(figure, [run for run in group if figure.name in run])
            if values and len(values) > 1:
                squares += variance(values) * (len(values) - 1)
                degrees += len(values) - 1
        if degrees >= LEAST_DEGREES:
            found[figure.name] = Noise(sqrt(squares / degrees), degrees)
    return found


def runs_needed(deviation: float, margin: float, confidence: float) -> int | None:
    """Say how many runs a side show, with a probability of 80 %, that nothing changed.

    Where nothing changed, the interval lies within ± ``margin`` so often; both on the scale of
    ``deviation``. As many runs show a change of twice the margin. ``None``: more than a thousand.
    """
    if margin <= 0:
        return None
    wanted = ((1 + confidence) / 2, (1 + POWER) / 2)
    normal = 2 * (deviation / margin * sum(quantile(one, inf) for one in wanted)) ** 2
    # Student's quantiles are the larger ones: fewer runs than the normal ones ask for never do.
    for runs in range(max(2, int(min(normal, MOST_RUNS + 1))), MOST_RUNS + 1):
        reach = sum(quantile(one, 2 * runs - 2) for one in wanted)
        if deviation * sqrt(2 / runs) * reach <= margin:
            return runs
    return None


def spreads(
    before: Sequence[float], after: Sequence[float], noise: Noise | None, least: int
) -> tuple[list[Spread], float]:
    """Give the standard errors that are known, and the largest spread between runs behind them."""
    known = [side for side in (before, after) if len(side) >= max(least, 2)]
    weights = 1 / len(before) + 1 / len(after)
    found, deviations = [], [sqrt(variance(side)) for side in known]
    if len(known) == 2:  # noqa: PLR2004 - both sides
        found.append(_welch(before, after))
    elif known:  # the other side is taken to vary as much
        found.append(Spread(deviations[0] * sqrt(weights), len(known[0]) - 1))
    if noise and noise.degrees >= LEAST_DEGREES:
        found.append(Spread(noise.deviation * sqrt(weights), noise.degrees))
        deviations.append(noise.deviation)
    return found, max(deviations, default=0.0)


def _welch(before: Sequence[float], after: Sequence[float]) -> Spread:
    """Welch's standard error, and Satterthwaite's degrees of freedom."""
    parts = [(variance(side) / len(side), len(side) - 1) for side in (before, after)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return Spread(0.0, sum(degrees for _, degrees in parts))
    shares = sum((part / total) ** 2 / degrees for part, degrees in parts)
    return Spread(sqrt(total), 1 / shares)


def sampling(
    figure: Figure, baseline: Sequence[RunFigures], candidate: Sequence[RunFigures]
) -> Spread | None:
    """Give what a share of so many events varies by at least, were they independent.

    Runs without any failure show no spread and are not without doubt: half an event is added to each
    kind (H. Jeffreys' prior).
    """
    name = figure.events
    if not figure.additive or name is None or any(name not in run for run in (*baseline, *candidate)):
        return None
    sides = [sum(run[name] for run in side) for side in (baseline, candidate)]
    if not all(sides):
        return None
    held = sum(run[figure.name] * run[name] for run in (*baseline, *candidate))
    share = (held + 0.5) / (sum(sides) + 1)
    return Spread(sqrt(share * (1 - share) * sum(1 / side for side in sides)), inf)


def quantile(probability: float, degrees: float) -> float:
    """Give Student's quantile; with endless degrees of freedom, the normal one."""
    from scipy.special import stdtrit  # noqa: PLC0415 - see slo.intervals.prepare

    return float(stdtrit(min(degrees, 1e9), probability))


def beyond_by_chance(distance: float, spread: Spread) -> float:
    """Give the one-sided probability of a distance by chance."""
    if spread.error == 0:
        return 0.0 if distance > 0 else 1.0
    from scipy.special import stdtr  # noqa: PLC0415 - see slo.intervals.prepare

    return float(stdtr(min(spread.degrees, 1e9), -distance / spread.error))
