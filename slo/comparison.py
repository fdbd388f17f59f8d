"""Do runs differ from a baseline's by more than matters? Pure: figures of runs in, a conclusion out.

The unit is the run: requests of one run are alike, and pooled they pretend a certainty that is not there
(T. Kalibera, R. Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013). Two sides are compared by the
difference of the means of their logarithms, or of the figures themselves, with Welch's t interval
(B. Welch, Biometrika 34, 1947). Three regions decide, as in equivalence testing (D. Schuirmann, J.
Pharmacokinetics and Biopharmaceutics 15, 1987; D. Lakens, Social Psychological and Personality Science 8(4),
2017): beyond the margin, within it, or across its border. Claims of a change in any of several figures are
corrected by Holm's method (Scandinavian J. of Statistics 6, 1979); that all are within their margins needs no
correction (R. Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import expm1, inf, log, log1p, sqrt
from statistics import fmean, variance

from scipy.special import stdtr, stdtrit

from slo.compared import (
    Comparison,
    Conclusion,
    Criteria,
    Figure,
    FigureComparison,
    Noise,
    Refusal,
    RunFigures,
)

LEAST_DEGREES = 4
"""Degrees of freedom that a spread from A/A runs needs: five runs of one thing, or more of several."""
POWER = 0.8
MOST_RUNS = 1000
"""Beyond so many runs a side, a number of runs is no advice."""
_SURE = 1e-12


@dataclass(frozen=True, slots=True)
class _Spread:
    """A standard error of the effect, and the degrees of freedom behind it."""

    error: float
    degrees: float


@dataclass(frozen=True, slots=True)
class _Effect:
    """An effect on the scale of the arithmetic (logarithms, or differences), worse upwards.

    Of several spreads the one that is least sure counts.
    """

    point: float
    margin: float
    spreads: tuple[_Spread, ...]
    deviation: float

    def reach(self, confidence: float) -> float:
        """Give half the length of the interval."""
        return max(one.error * _quantile(1 - (1 - confidence) / 2, one.degrees) for one in self.spreads)

    def doubt(self) -> float:
        """Give the two-sided p-value of an effect no greater than the margin."""
        beyond = abs(self.point) - self.margin
        return max(min(1.0, 2 * _beyond(beyond, one)) for one in self.spreads)


def compare(
    baseline: Sequence[RunFigures],
    candidate: Sequence[RunFigures],
    criteria: Criteria,
    noise: Mapping[str, Noise],
) -> Comparison:
    """Compare each figure of the candidate's runs with the baseline's.

    ``noise`` is the spread between runs of the same thing, by figure (:func:`aa_noise`); it stands in for
    a spread that too few runs can't tell, and widens one that looks too small. Without runs of a baseline
    nothing is compared, and nothing passes.
    """
    if not baseline:
        return refused(criteria, Refusal.NO_BASELINE, "there is no run to compare with")
    found = [_compared(figure, baseline, candidate, criteria, noise) for figure in criteria.figures]
    effects = {name: effect for (name, _), effect in found if effect}
    shown = _holm({name: effect.doubt() for name, effect in effects.items()}, 1 - criteria.confidence)
    results = tuple(
        _concluded(result, effect, criteria, sure=name in shown) for (name, result), effect in found
    )
    return Comparison(overall(one.conclusion for one in results), criteria, results)


def refused(criteria: Criteria, why: Refusal, detail: str) -> Comparison:
    """Give the comparison that can't be made."""
    return Comparison(Conclusion.CANT_TELL, criteria, refusal=why, detail=detail)


def overall(conclusions: Iterable[Conclusion]) -> Conclusion:
    """Give one conclusion for many: a regression decides, then doubt; nothing compared is doubt too."""
    seen = set(conclusions)
    order = (Conclusion.REGRESSION, Conclusion.CANT_TELL, Conclusion.IMPROVEMENT, Conclusion.NO_DIFFERENCE)
    return next((one for one in order if one in seen), Conclusion.CANT_TELL)


def aa_noise(groups: Iterable[Sequence[RunFigures]], figures: Iterable[Figure]) -> dict[str, Noise]:
    """Pool the spread between runs over groups of the same thing; too few runs tell nothing.

    A group holds runs of one fingerprint; what differs between groups does not count as noise.
    """
    kept, found = [list(group) for group in groups], dict[str, Noise]()
    for figure in figures:
        squares, degrees = 0.0, 0
        for group in kept:
            values = _values(figure, [run for run in group if figure.name in run])
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
    normal = 2 * (deviation / margin * sum(_quantile(one, inf) for one in wanted)) ** 2
    # Student's quantiles are the larger ones: fewer runs than the normal ones ask for never do.
    for runs in range(max(2, int(min(normal, MOST_RUNS + 1))), MOST_RUNS + 1):
        reach = sum(_quantile(one, 2 * runs - 2) for one in wanted)
        if deviation * sqrt(2 / runs) * reach <= margin:
            return runs
    return None


# --- One figure ---------------------------------------------------------------------------------

_Found = tuple[tuple[str, FigureComparison], "_Effect | None"]


def _compared(
    figure: Figure,
    baseline: Sequence[RunFigures],
    candidate: Sequence[RunFigures],
    criteria: Criteria,
    noise: Mapping[str, Noise],
) -> _Found:
    """Give what is known of the figure, and its effect where there is enough to tell one."""
    result = FigureComparison(figure, Conclusion.CANT_TELL, "")
    missing = sum(figure.name not in run for run in (*baseline, *candidate))
    if missing:
        return (figure.name, replace(result, detail=f"not measured in {missing} of the runs")), None
    before, after = _values(figure, baseline), _values(figure, candidate)
    if before is None or after is None:
        return (figure.name, replace(result, detail="has values of 0 or less, which have no ratio")), None
    sign = -1 if figure.higher_is_better else 1
    change = fmean(after) - fmean(before)
    margin = _margin(figure, fmean(before), fmean(after), criteria.tolerance)
    result = replace(
        result,
        baseline=_shown(figure, fmean(before)),
        candidate=_shown(figure, fmean(after)),
        effect=_relative(figure, change),
        margin=_relative(figure, margin),
    )
    spreads, deviation = _spreads(before, after, noise.get(figure.name), criteria.minimum_runs)
    if not spreads:
        return (figure.name, replace(result, detail=_too_few(len(before), len(after), criteria))), None
    if sampling := _sampling(figure, baseline, candidate):
        spreads.append(sampling)
    return (figure.name, result), _Effect(sign * change, margin, tuple(spreads), deviation)


def _values(figure: Figure, runs: Sequence[RunFigures]) -> list[float] | None:
    """Give the values on the scale of the arithmetic; ``None`` where one has no logarithm."""
    values = [run[figure.name] for run in runs]
    if figure.additive:
        return values
    return [log(value) for value in values] if all(value > 0 for value in values) else None


def _margin(figure: Figure, before: float, after: float, tolerance: float) -> float:
    """Give the margin on the scale of the arithmetic; the same if the sides change places."""
    if figure.additive:
        return figure.smallest
    return log1p(max(tolerance, figure.smallest / _shown(figure, min(before, after))))


def _shown(figure: Figure, value: float) -> float:
    return value if figure.additive else 1 + expm1(value)


def _relative(figure: Figure, change: float) -> float:
    return change if figure.additive else expm1(change)


# --- Spreads ------------------------------------------------------------------------------------


def _spreads(
    before: Sequence[float], after: Sequence[float], noise: Noise | None, least: int
) -> tuple[list[_Spread], float]:
    """Give the standard errors that are known, and the largest spread between runs behind them."""
    known = [side for side in (before, after) if len(side) >= max(least, 2)]
    weights = 1 / len(before) + 1 / len(after)
    found, deviations = [], [sqrt(variance(side)) for side in known]
    if len(known) == 2:  # noqa: PLR2004 - both sides
        found.append(_welch(before, after))
    elif known:  # the other side is taken to vary as much
        found.append(_Spread(deviations[0] * sqrt(weights), len(known[0]) - 1))
    if noise and noise.degrees >= LEAST_DEGREES:
        found.append(_Spread(noise.deviation * sqrt(weights), noise.degrees))
        deviations.append(noise.deviation)
    return found, max(deviations, default=0.0)


def _welch(before: Sequence[float], after: Sequence[float]) -> _Spread:
    """Welch's standard error, and Satterthwaite's degrees of freedom."""
    parts = [(variance(side) / len(side), len(side) - 1) for side in (before, after)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return _Spread(0.0, sum(degrees for _, degrees in parts))
    shares = sum((part / total) ** 2 / degrees for part, degrees in parts)
    return _Spread(sqrt(total), 1 / shares)


def _sampling(
    figure: Figure, baseline: Sequence[RunFigures], candidate: Sequence[RunFigures]
) -> _Spread | None:
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
    return _Spread(sqrt(share * (1 - share) * sum(1 / side for side in sides)), inf)


def _quantile(probability: float, degrees: float) -> float:
    """Give Student's quantile; with endless degrees of freedom, the normal one."""
    return float(stdtrit(min(degrees, 1e9), probability))


def _beyond(distance: float, spread: _Spread) -> float:
    """Give the one-sided probability of a distance by chance."""
    if spread.error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stdtr(min(spread.degrees, 1e9), -distance / spread.error))


# --- Conclusions --------------------------------------------------------------------------------


def _holm(doubts: Mapping[str, float], error: float) -> set[str]:
    """Give the names whose claim stands when as many are made at once."""
    shown = set[str]()
    for place, (name, doubt) in enumerate(sorted(doubts.items(), key=lambda one: one[1])):
        if doubt > error / (len(doubts) - place):
            break
        shown.add(name)
    return shown


def _concluded(
    result: FigureComparison, effect: _Effect | None, criteria: Criteria, *, sure: bool
) -> FigureComparison:
    """Add the interval, and what it shows."""
    if effect is None:
        return result
    reach, figure = effect.reach(criteria.confidence), result.figure
    low, high = effect.point - reach, effect.point + reach
    conclusion, detail = _conclusion(low, high, effect.margin, sure=sure)
    turned = (-high, -low) if figure.higher_is_better else (low, high)
    needed = runs_needed(effect.deviation, effect.margin, criteria.confidence)
    return replace(
        result,
        conclusion=conclusion,
        detail=detail,
        low=_relative(figure, turned[0]),
        high=_relative(figure, turned[1]),
        noise=_relative(figure, effect.deviation),
        runs_needed=needed,
    )


def _conclusion(low: float, high: float, margin: float, *, sure: bool) -> tuple[Conclusion, str]:
    """Say what an interval shows, worse upwards."""
    if low > margin or high < -margin:
        if not sure:
            return Conclusion.CANT_TELL, "beyond the margin, but not sure enough for one of several figures"
        return (Conclusion.REGRESSION if low > margin else Conclusion.IMPROVEMENT), "beyond the margin"
    if -margin - _SURE <= low and high <= margin + _SURE:
        return Conclusion.NO_DIFFERENCE, "within the margin"
    if low > 0 or high < 0:
        word = "worse" if low > 0 else "better"
        return Conclusion.CANT_TELL, f"{word}, but perhaps by less than matters"
    return Conclusion.CANT_TELL, "the interval reaches from within the margin to beyond"


def _too_few(before: int, after: int, criteria: Criteria) -> str:
    return (
        f"{before} against {after} runs don't tell how much runs vary: "
        f"{criteria.minimum_runs} on one side do, or {LEAST_DEGREES + 1} like them in the history"
    )
